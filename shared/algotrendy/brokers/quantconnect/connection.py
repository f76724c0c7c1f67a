"""Send signed requests to QuantConnect's REST API v2, and say honestly what became of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from time import monotonic as system_monotonic
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from algotrendy.brokers.quantconnect.models import Answer
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)

URL = "https://www.quantconnect.com/api/v2"
SERVICE = "quantconnect"
TIMEOUT_S = 30.0
# No limit is documented for all calls; this one is ours, so that a loop never hammers them.
REQUESTS_PER_MINUTE = 60
ATTEMPTS = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
# How both of their own clients know a wrong user id or token; it comes with status 200.
_WRONG_HASH = "Hash doesn't match"

AnswerT = TypeVar("AnswerT", bound=Answer)
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who calls: the user id, and the token, which is hashed and never sent."""

    user_id: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a user id that is no number, and an empty token."""
        if not (self.user_id.isascii() and self.user_id.isdigit()):
            raise Invalid("user_id", "a number, as on your QuantConnect account page", self.user_id)
        if not self.token.strip():
            raise Invalid("token", "present", None)

    def sign(self, at: datetime) -> tuple[httpx.BasicAuth, dict[str, str]]:
        """Give the basic auth and the header of one request; they are good for 7200 s."""
        timestamp = str(int(at.timestamp()))
        hashed = hashlib.sha256(f"{self.token}:{timestamp}".encode()).hexdigest()
        return httpx.BasicAuth(self.user_id, hashed), {"Timestamp": timestamp}


class Away(Unknown):
    """Says that a call was answered with 503, which does not prove that it was not done.

    Args:
        retry_after_s: When it asks to be asked again, if it says so.
    """

    def __init__(self, path: str, retry_after_s: float | None) -> None:
        super().__init__(path, "status 503")
        self.retry_after_s = retry_after_s


class Pacer:
    """Lets at most so many requests begin in any minute."""

    def __init__(
        self,
        per_minute: int = REQUESTS_PER_MINUTE,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        if per_minute < 1:
            raise Invalid("requests_per_minute", "1 or more", per_minute)
        self._began: deque[float] = deque(maxlen=per_minute)
        self._sleep = sleep
        self._monotonic = monotonic
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Return when the next request may begin."""
        async with self._turn:
            if len(self._began) == self._began.maxlen:
                left = self._began[0] + 60 - self._monotonic()
                if left > 0:
                    await self._sleep(left)
            self._began.append(self._monotonic())


class Connection:
    """Speaks with the API. Every call of it is a POST, also those that only read.

    Args:
        clock: Gives the time that the signature holds.
        sleep: Waits before a call that may be repeated is repeated.
        transport: Of httpx, for another way than the network.
    """

    def __init__(
        self,
        credentials: Credentials,
        clock: Clock,
        *,
        url: str = URL,
        pacer: Pacer | None = None,
        timeout_s: float = TIMEOUT_S,
        sleep: Sleep = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        _require_private(url)
        self._credentials = credentials
        self._clock = clock
        self._url = url.rstrip("/")
        self._pacer = pacer or Pacer()
        self._sleep = sleep
        self._http = httpx.AsyncClient(timeout=timeout_s, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connections; a second call does nothing."""
        await self._http.aclose()

    async def ask(
        self, path: str, answer: type[AnswerT], *, attempts: int = ATTEMPTS, **body: Any
    ) -> AnswerT:
        """Call what can be called twice: reads, and writes that set a value.

        Raises:
            Unavailable: If there is no answer after so many attempts.
        """
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, attempts + 1):
            try:
                return await self._call(path, answer, body)
            except (Unavailable, Unknown) as error:
                wanted = error.retry_after_s if isinstance(error, Unavailable | Away) else None
                if attempt == attempts or (wanted or 0) > _LONGEST_PAUSE_S:
                    if isinstance(error, Unavailable):
                        raise
                    raise Unavailable(SERVICE, f"{path}: {error.reason}", wanted) from error
                await self._sleep(max(wanted or 0, pause_s))
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        raise Invalid("attempts", "1 or more", attempts)

    async def once(self, path: str, answer: type[AnswerT], **body: Any) -> AnswerT:
        """Call what must not happen twice; never repeated.

        Raises:
            Unavailable: If it was surely not done: no connection came about, or a 429.
            Unknown: If it may have been done, and the answer was lost.
        """
        return await self._call(path, answer, body)

    async def _call(self, path: str, answer: type[AnswerT], body: dict[str, Any]) -> AnswerT:
        await self._pacer.wait()
        auth, headers = self._credentials.sign(self._clock.now())
        sent = {name: value for name, value in body.items() if value is not None}
        try:
            response = await self._http.post(
                f"{self._url}/{path}", json=sent, auth=auth, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unavailable(SERVICE, f"{self._url} cannot be reached ({error})") from error
        except httpx.RequestError as error:
            raise Unknown(path, f"no answer came back ({type(error).__name__})") from error
        return _read(path, response, answer)


def _require_private(url: str) -> None:
    address = httpx.URL(url)
    is_here = address.host in ("localhost", "127.0.0.1", "::1")
    if not (address.host and (address.scheme == "https" or (address.scheme == "http" and is_here))):
        # A signature is good for two hours in anybody's hands.
        raise Invalid("url", "an https address, or http on this machine", url)


def _read(path: str, response: httpx.Response, answer: type[AnswerT]) -> AnswerT:
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise Unavailable(SERVICE, f"{path}: too many requests", _retry_after(response))
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        # Something on the way may say so after it passed the request on.
        raise Away(path, _retry_after(response))
    if response.is_server_error:
        raise Unknown(path, f"status {response.status_code}")
    try:
        body = json.loads(response.text, parse_float=Decimal)
        if not isinstance(body, dict):
            raise ValueError("no JSON object")
    except ValueError as error:
        if response.is_success:
            raise Unknown(path, "the answer is no JSON object") from error
        body = {}
    if refusal := _refusal(path, response, body):
        raise refusal
    try:
        return answer.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unknown(path, f"the answer's {where} is not as documented: {first['msg']}") from error


def _refusal(path: str, response: httpx.Response, body: dict[str, Any]) -> AlgoTrendyError | None:
    told = _errors(body)
    # Some answers, such as the portfolio's, are documented without ``success``.
    if response.is_success and body.get("success", not told):
        return None
    message = "; ".join(told) or response.reason_phrase or "no reason given"
    wrong_hash = any(error.startswith(_WRONG_HASH) for error in told)
    if wrong_hash or response.status_code == httpx.codes.UNAUTHORIZED:
        return Unauthenticated(f"QuantConnect refuses the user id or the token: {message}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return NotFound("QuantConnect call", path, message)
    return Rejected(
        f"QuantConnect refused {path}: {message}",
        call=path,
        status=response.status_code,
        reasons=told,
    )


def _errors(body: dict[str, Any]) -> list[str]:
    for name in ("errors", "messages", "Message"):
        if found := body.get(name):
            return [str(item) for item in found] if isinstance(found, list) else [str(found)]
    return []


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return None
