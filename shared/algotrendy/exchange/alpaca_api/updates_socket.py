"""Serve Alpaca's stream of trade updates at ``/stream``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from starlette.websockets import WebSocket

from algotrendy.exchange.alpaca_api.auth import account_of
from algotrendy.exchange.alpaca_api.connection import Connection, End, Ended
from algotrendy.exchange.alpaca_api.frames import EncodedOnce, Message, update_message
from algotrendy.exchange.alpaca_api.wire import order_json
from algotrendy.exchange.feed import Feed
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import Account, Update

STREAM: Final = "trade_updates"
_ACTIONS: Final = "authenticate, auth or listen"
_NEXT_WITHIN_S: Final = 1.0
_encoded: WeakKeyDictionary[Floor, EncodedOnce] = WeakKeyDictionary()


async def serve(websocket: WebSocket, floor: Floor) -> None:
    """Speak the protocol with one client until either side ends it."""
    await websocket.accept()
    stream = _UpdatesStream(Connection(websocket, floor, always_binary=True), floor)
    await stream.run()


class _UpdatesStream:
    def __init__(self, connection: Connection, floor: Floor) -> None:
        self._connection = connection
        self._floor = floor
        self._account: Account | None = None
        self._feed: Feed[Update] | None = None
        self._begun = asyncio.Event()
        self._is_listening = False
        self._held: bytes | None = None
        self._later: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._once = _encoded.setdefault(floor, EncodedOnce())
        connection.farewell_of = {
            End.NOT_AUTHENTICATED: _error("authentication timeout"),
            End.SLOW: _error("slow client"),
            End.GOING_AWAY: _error("the exchange is closed"),
            End.INTERNAL: _error("internal server error"),
        }

    async def run(self) -> None:
        try:
            await self._connection.run(self._obey, self._tell, self._watch_late)
        finally:
            for task in self._later:
                task.cancel()

    # What the client asks

    async def _obey(self) -> None:
        while True:
            await self._connection.say(self._answer(await self._connection.receive()))

    def _answer(self, frame: str | bytes) -> Message:
        try:
            message = self._connection.encoding.decode(frame)
        except ValueError:
            return _error("invalid message: expected an object in JSON or msgpack")
        if not isinstance(message, dict):
            return _error("invalid message: expected an object with the field action")
        match message.get("action"):
            case "authenticate":
                data = message.get("data")
                keys = data if isinstance(data, dict) else {}
                return self._authenticate(keys.get("key_id"), keys.get("secret_key"))
            case "auth":
                return self._authenticate(message.get("key"), message.get("secret"))
            case "listen":
                return self._listen(message.get("data"))
            case other:
                return _error(f"invalid action: expected {_ACTIONS}, was {_shown(other)}")

    def _authenticate(self, key_id: object, secret: object) -> Message:
        found = None
        if isinstance(key_id, str) and isinstance(secret, str):
            found = account_of(self._floor.venue, key_id, secret)
        if found is None or (self._account is not None and found.id != self._account.id):
            return _authorization("unauthorized", "authenticate")
        if self._account is None:
            self._account = found
            self._feed = self._floor.updates(found.id)
            self._connection.listen_to(self._feed)
            self._connection.is_authenticated = True
            self._begun.set()
        return _authorization("authorized", "authenticate")

    def _listen(self, data: object) -> Message:
        if self._account is None:
            return _authorization("unauthorized", "listen")
        streams = data.get("streams") if isinstance(data, dict) else None
        if not isinstance(streams, list) or not all(isinstance(name, str) for name in streams):
            return _error("invalid data.streams: expected a list of names of streams")
        # The list replaces the one before; streams that are not here are left out of the answer.
        self._is_listening = STREAM in streams
        return {
            "stream": "listening",
            "data": {"streams": [STREAM] if self._is_listening else []},
        }

    # What the client hears

    async def _tell(self) -> None:
        await self._begun.wait()
        feed, chaos = self._feed, self._floor.chaos
        assert feed is not None  # noqa: S101 - there is one since it has begun
        while True:
            for update in (await feed.get(), *feed.waiting()):
                if not self._is_listening:
                    continue
                fate = chaos.for_update(update)
                if fate.disconnect:
                    raise Ended(End.BROKEN)
                if chaos.faults.mute_updates:
                    chaos.injected["mute_updates"] += 1
                    continue
                encoded = self._encode(update)
                if fate.delay_s:
                    self._send_later(encoded, fate.delay_s, fate.copies)
                elif fate.after_next and self._held is None:
                    self._hold(encoded)
                else:
                    await self._send(encoded, fate.copies)

    async def _send(self, encoded: bytes, copies: int) -> None:
        for _ in range(copies):
            await self._connection.tell(encoded)
        if copies and self._held is not None:
            held, self._held = self._held, None
            await self._connection.tell(held)

    def _hold(self, encoded: bytes) -> None:
        self._held = encoded

        async def let_go() -> None:
            await asyncio.sleep(_NEXT_WITHIN_S)
            if self._held is encoded:
                self._held = None
                await self._connection.tell(encoded)

        self._spawn(let_go())

    def _send_later(self, encoded: bytes, delay_s: float, copies: int) -> None:
        async def send() -> None:
            await asyncio.sleep(delay_s)
            for _ in range(copies):
                await self._connection.tell(encoded)

        self._spawn(send())

    def _spawn(self, job: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(job)
        self._later.add(task)
        task.add_done_callback(self._on_later_done)

    def _on_later_done(self, task: asyncio.Task[None]) -> None:
        self._later.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self._failed.done():
            self._failed.set_exception(error)

    async def _watch_late(self) -> None:
        await self._failed

    def _encode(self, update: Update) -> bytes:
        return self._once.get(
            update, "update", self._connection.encoding, lambda: self._message(update)
        )

    def _message(self, update: Update) -> Message:
        venue, order = self._floor.venue, update.order
        legs = [venue.order(order.account_id, leg) for leg in order.legs] or None
        return update_message(update, order_json(order, venue.asset(order.symbol), legs))


def _authorization(status: str, action: str) -> Message:
    return {"stream": "authorization", "data": {"status": status, "action": action}}


def _error(message: str) -> Message:
    return {"action": "error", "data": {"error_message": message}}


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    text = str(value)
    return "nothing" if value is None else text if len(text) <= 40 else text[:40] + "…"
