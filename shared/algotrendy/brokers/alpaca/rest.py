"""Send requests to Alpaca: each once, under its rate limit, its errors as the platform's."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

from algotrendy.brokers.alpaca.leave import Leave
from algotrendy.brokers.alpaca.pace import Pace, retry_after_s
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.live import Mode
from algotrendy.kernel.clock import seconds_passed
from algotrendy.kernel.errors import (
    Conflict,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)

if TYPE_CHECKING:
    from algotrendy.brokers.alpaca.client import Answer, OnceClient

SERVICE = "alpaca"
Method = Literal["GET", "POST", "PATCH", "DELETE"]

_FORBIDDEN_NUMBERS = range(40_310_000, 40_320_000)


class Away(Unknown):
    """Says that Alpaca answered 503 to a change: most likely, but not surely, it did nothing."""

    def __init__(self, operation: str) -> None:
        super().__init__(operation, "Alpaca answered 503")


class AlpacaRest:
    """alpaca-py's blocking client, in a few threads of our own, with a session for each.

    Args:
        version: The first part of every path.
    """

    def __init__(self, settings: AlpacaSettings, version: str = "v2") -> None:
        self._settings = settings
        self._version = version
        self._pace = Pace(time.monotonic, time.time, settings.patience_s)
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="alpaca")
        self._own = threading.local()
        self._clients: list[OnceClient] = []
        self._lock = threading.Lock()
        self._closed = False

    async def read(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Get something.

        Raises:
            Rejected: If Alpaca says no.
            Unavailable: If it does not answer, or not in a way that can be read.
        """
        return await self._ask("GET", path, query, path)

    async def change(
        self, method: Method, path: str, operation: str, data: Mapping[str, Any] | None = None
    ) -> Any:
        """Ask for a change, once: it leaves soon or not at all, and never once nobody waits for it.

        Args:
            operation: What it is, for the error.

        Raises:
            Rejected: If Alpaca says no.
            Unavailable: If it did not do it, for sure.
            Unknown: If it may or may not have done it.
        """
        return await self._ask(method, path, data, operation)

    async def close(self) -> None:
        """End the sessions, after what is under way; a second call does nothing."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    async def _ask(
        self, method: Method, path: str, data: Mapping[str, Any] | None, operation: str
    ) -> Any:
        self._require_open()
        changes = method != "GET"
        leave = self._leave(changes=changes)
        wait_s = self._pace.take(changes=changes)
        if wait_s:
            await asyncio.sleep(wait_s)
            self._require_open()
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(
                self._threads, self._once, method, path, data, operation, leave
            )
        finally:
            # A thread that is connecting goes on when its request is given up.
            leave.withdraw()
        self._pace.heard(answer.headers)
        self._judge(answer, path, operation, changes=changes)
        return answer.json

    def _leave(self, *, changes: bool) -> Leave:
        until_s = seconds_passed() + self._settings.send_within_s if changes else math.inf
        return Leave(seconds_passed, until_s)

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable(SERVICE, "the connection to it was closed by us")

    def _once(
        self,
        method: str,
        path: str,
        data: Mapping[str, Any] | None,
        operation: str,
        leave: Leave,
    ) -> Answer:
        from algotrendy.brokers.alpaca.client import NoAnswer
        from algotrendy.brokers.alpaca.wire import NeverSent

        try:
            return self._client().ask(method, path, data, leave.holds)
        except NeverSent as error:
            raise Unavailable(SERVICE, str(error)) from error
        except NoAnswer as error:
            if method != "GET":
                raise Unknown(operation, f"Alpaca did not answer ({error})") from error
            raise Unavailable(SERVICE, f"it did not answer ({error})") from error

    def _client(self) -> OnceClient:
        client: OnceClient | None = getattr(self._own, "client", None)
        if client is None:
            from algotrendy.brokers.alpaca.client import OnceClient

            settings = self._settings
            client = OnceClient(
                settings.key_id,
                settings.secret,
                settings.rest_url,
                (settings.connect_timeout_s, settings.read_timeout_s),
                paper=settings.mode is Mode.PAPER,
                version=self._version,
            )
            self._own.client = client
            with self._lock:
                self._clients.append(client)
        return client

    def _judge(self, answer: Answer, path: str, operation: str, *, changes: bool) -> None:
        """Let a good answer pass, and raise what any other means."""
        status = answer.status
        if 200 <= status < 300:
            if isinstance(answer.json, str):
                raise unreadable(operation, "no JSON", changes=changes)
            return
        if status == 429:
            wait_s = self._pace.refused(answer.headers)
            raise Unavailable(SERVICE, "too many requests", retry_after_s=wait_s)
        if status >= 500 or 300 <= status < 400:
            if not changes:
                raise Unavailable(SERVICE, f"it answered {status}", retry_after_s(answer.headers))
            if status == 503:
                raise Away(operation)
            raise Unknown(operation, f"Alpaca answered {status}")
        raise refusal(status, answer.json, path)


def refusal(status: int, json: Any, path: str) -> Rejected:
    """Say in the platform's errors what a status of 400 to 499 and its body say."""
    body: Mapping[str, Any] = json if isinstance(json, Mapping) else {"message": json}
    number = body.get("code")
    message = str(body.get("message") or f"Alpaca answered {status}")[:500]
    facts = {
        str(name): value for name, value in body.items() if name not in ("code", "message")
    } | {"status": status, "broker_code": number}
    is_about_trading = isinstance(number, int) and number in _FORBIDDEN_NUMBERS
    if status == 401 or (status == 403 and not is_about_trading):
        # Alpaca answers 403 without a number of the 4031s to keys that it does not know.
        return Unauthenticated(f"Alpaca does not take these keys: {message}")
    if status == 404:
        return NotFound("order or position", path.rpartition("/")[2], message)
    if status in (409, 410):
        return Conflict(message, **facts)
    return Rejected(message, **facts)


def unreadable(operation: str, why: str, *, changes: bool) -> Unknown | Unavailable:
    """Say that an answer came which cannot be read."""
    if changes:
        return Unknown(operation, f"Alpaca's answer cannot be read: {why}")
    return Unavailable(SERVICE, f"its answer cannot be read: {why}")
