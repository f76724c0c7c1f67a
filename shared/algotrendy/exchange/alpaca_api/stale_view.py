"""Tell positions as they were some seconds ago, as Alpaca does when its views disagree."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.problems import problem_json
from algotrendy.exchange.feed import FeedEnded
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.refusal import Reason, Refused

PATH: Final = "/v2/positions"
Row = dict[str, Any]
Rows = list[Row]
_NOT_HERE: Final = problem_json(Reason.NOT_FOUND.number, "position does not exist")


async def answer_of(app: ASGIApp, scope: Scope, receive: Any) -> list[Message]:
    """Let the app answer, and keep its answer."""
    answer: list[Message] = []

    async def keep(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, keep)
    return answer


def status_and_body(answer: list[Message]) -> tuple[int, bytes]:
    """Take an answer apart."""
    status = next((m["status"] for m in answer if m["type"] == "http.response.start"), 500)
    return status, b"".join(m.get("body", b"") for m in answer if m["type"].endswith("body"))


class StaleViews:
    """Remembers the positions of the accounts that ask while the fault is on.

    Args:
        app: Answers ``GET /v2/positions`` as things are.
        passed: Tells seconds that only grow.
    """

    def __init__(
        self, app: ASGIApp, floor: Floor, passed: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._floor = floor
        self._passed = passed
        self._views: dict[str, _View] = {}

    async def remember(self, scope: Scope) -> None:
        """See to it that the positions of whoever asks are known from now on."""
        if not self._floor.chaos.stale_view_s:
            await self.forget()
            return
        try:
            account_id = signed_in(self._floor.venue, Headers(scope=scope)).id
        except Refused:
            return
        if account_id not in self._views:
            view = _View(self._app, self._floor, account_id, scope, self._passed)
            self._views[account_id] = view
            await view.begin()

    async def forget(self) -> None:
        """Tell things as they are again."""
        views, self._views = self._views, {}
        for view in views.values():
            view.end()

    def older(self, scope: Scope, status: int, body: bytes) -> tuple[int, bytes]:
        """Give the older answer to a GET of positions, or the one that there is."""
        if status not in (200, 404) or not self._floor.chaos.stale_view_s:
            return status, body
        account_id = signed_in(self._floor.venue, Headers(scope=scope)).id
        rows = self._views[account_id].rows() if account_id in self._views else None
        if rows is None:
            return status, body
        self._floor.chaos.injected["stale_view_s"] += 1
        _, _, wanted = scope["path"].partition(f"{PATH}/")
        if not wanted:
            return 200, orjson.dumps(rows)
        for row in rows:
            if wanted in (row.get("symbol"), row.get("asset_id")):
                return 200, orjson.dumps(row)
        return 404, orjson.dumps(_NOT_HERE)


class _View:
    """One account's positions at each of its fills."""

    def __init__(
        self,
        app: ASGIApp,
        floor: Floor,
        account_id: str,
        scope: Scope,
        passed: Callable[[], float],
    ) -> None:
        self._app = app
        self._floor = floor
        self._feed = floor.updates(account_id)
        self._passed = passed
        self._seen: deque[tuple[float, Rows]] = deque()
        self._task: asyncio.Task[None] | None = None
        keep = {b"apca-api-key-id", b"apca-api-secret-key", b"authorization"}
        self._scope: Scope = {
            **scope,
            "method": "GET",
            "path": PATH,
            "raw_path": PATH.encode(),
            "query_string": b"",
            "headers": [header for header in scope["headers"] if header[0] in keep],
        }

    async def begin(self) -> None:
        await self._look()
        self._task = asyncio.create_task(self._watch())

    def end(self) -> None:
        self._feed.close()

    def rows(self) -> Rows | None:
        """Give the positions of so long ago; None when nothing has changed since."""
        then = self._passed() - self._floor.chaos.stale_view_s
        while len(self._seen) > 1 and self._seen[1][0] <= then:
            self._seen.popleft()
        return self._seen[0][1] if len(self._seen) > 1 else None

    async def _watch(self) -> None:
        try:
            while True:
                await self._feed.get()
                self._feed.waiting()
                await self._look()
        except FeedEnded:
            return

    async def _look(self) -> None:
        status, body = status_and_body(await answer_of(self._app, dict(self._scope), _no_body))
        if status == 200:
            self._seen.append((self._passed(), orjson.loads(body)))
            self.rows()


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
