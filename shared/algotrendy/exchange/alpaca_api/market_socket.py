"""Serve Alpaca's streams of market data: ``/v2/{feed}`` and ``/v1beta3/crypto/us``.

Nothing comes on the channel of statuses: this market halts nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final
from weakref import WeakKeyDictionary

from starlette.websockets import WebSocket

from algotrendy.exchange.alpaca_api.auth import KEY_HEADER, SECRET_HEADER, account_of
from algotrendy.exchange.alpaca_api.connection import Connection, End, Ended, deny
from algotrendy.exchange.alpaca_api.frames import Message
from algotrendy.exchange.alpaca_api.problems import refusal
from algotrendy.exchange.alpaca_api.subscriptions import (
    CRYPTO_CHANNELS,
    STOCK_CHANNELS,
    Fault,
    Refusal,
    Subscriptions,
)
from algotrendy.exchange.alpaca_api.tape import Tape
from algotrendy.exchange.alpaca_api.wire import ASSET_CLASSES
from algotrendy.exchange.feed import Feed
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.events import MarketEvent
from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.refusal import Reason

_CRYPTO: Final = "/v1beta3/crypto/us"
_FEEDS: Final = frozenset(("iex", "sip", "delayed_sip", "otc", "test"))
_MOST_IN_A_FRAME: Final = 256
_CONNECTED: Final[Message] = {"T": "success", "msg": "connected"}
_AUTHENTICATED: Final[Message] = {"T": "success", "msg": "authenticated"}
# After these Alpaca hangs up.
_FINAL: Final = frozenset(
    (Fault.CONNECTION_LIMIT, Fault.NOT_ENABLED, Fault.INSUFFICIENT_SUBSCRIPTION)
)
_open: WeakKeyDictionary[Floor, Counter[tuple[str, str]]] = WeakKeyDictionary()


async def serve(websocket: WebSocket, floor: Floor, feed: str) -> None:
    """Speak the protocol with one client until either side ends it.

    Args:
        feed: As in the path: ``iex``, ``sip``, ``test``, ``delayed_sip``, or ``us`` for crypto.
    """
    if feed not in _FEEDS and websocket.url.path != _CRYPTO:
        known = ", ".join(sorted(_FEEDS))
        message = f"feed must be one of {known}"
        await deny(websocket, refusal(Reason.NOT_FOUND, message))
        return
    await websocket.accept()
    stream = _MarketStream(Connection(websocket, floor, in_arrays=True), floor, feed)
    await stream.run(websocket.headers)


class _MarketStream:
    def __init__(self, connection: Connection, floor: Floor, feed: str) -> None:
        self._connection = connection
        self._floor = floor
        self._name = feed
        self._is_crypto = "/crypto/" in connection.path
        channels = CRYPTO_CHANNELS if self._is_crypto else STOCK_CHANNELS
        self._wanted = Subscriptions(channels, pairs=self._is_crypto)
        self._tape = Tape(floor, connection.encoding, crypto=self._is_crypto)
        self._account: Account | None = None
        self._ticks: Feed[MarketEvent] | None = None
        self._begun = asyncio.Event()
        self._seats = _open.setdefault(floor, Counter())
        connection.farewell_of = {
            End.NOT_AUTHENTICATED: Fault.AUTH_TIMEOUT.message,
            End.SLOW: Fault.SLOW_CLIENT.message,
            End.INTERNAL: Fault.INTERNAL.message,
        }

    async def run(self, headers: Mapping[str, str]) -> None:
        async def obey() -> None:
            await self._connection.say(_CONNECTED)
            if KEY_HEADER in headers:
                keys = {"key": headers[KEY_HEADER], "secret": headers.get(SECRET_HEADER)}
                await self._reply({"action": "auth", **keys})
            while True:
                await self._reply(self._decoded(await self._connection.receive()))

        try:
            await self._connection.run(obey, self._tell)
        finally:
            if self._account is not None:
                self._seats[self._seat(self._account)] -= 1

    # What the client asks

    def _decoded(self, frame: str | bytes) -> object:
        try:
            return self._connection.encoding.decode(frame)
        except ValueError:
            return None

    async def _reply(self, message: object) -> None:
        try:
            answer = self._answer(message)
        except Refusal as refusal:
            if refusal.fault in _FINAL:
                raise Ended(End.REFUSED, refusal.fault.message) from None
            answer = refusal.fault.message
        await self._connection.say(answer)

    def _answer(self, message: object) -> Message:
        if not isinstance(message, dict):
            raise Refusal(Fault.INVALID_SYNTAX)
        action = message.get("action")
        if action == "auth":
            return self._authenticate(message.get("key"), message.get("secret"))
        if action not in ("subscribe", "unsubscribe"):
            raise Refusal(Fault.INVALID_SYNTAX)
        if self._account is None:
            raise Refusal(Fault.NOT_AUTHENTICATED)
        limit = self._floor.chaos.faults.channel_limit
        self._wanted.change(message, add=action == "subscribe", limit=limit)
        return self._wanted.acknowledgement()

    def _authenticate(self, key: object, secret: object) -> Message:
        if self._account is not None:
            raise Refusal(Fault.ALREADY_AUTHENTICATED)
        if not isinstance(key, str) or not isinstance(secret, str):
            raise Refusal(Fault.INVALID_SYNTAX)
        account = account_of(self._floor.venue, key, secret)
        if account is None:
            raise Refusal(Fault.AUTH_FAILED)
        if self._name in self._floor.chaos.faults.refused_feeds:
            raise Refusal(Fault.INSUFFICIENT_SUBSCRIPTION)
        if not self._is_crypto and not self._has_stocks():
            raise Refusal(Fault.NOT_ENABLED)
        if self._seats[self._seat(account)] > 0:
            raise Refusal(Fault.CONNECTION_LIMIT)
        self._seats[self._seat(account)] += 1
        self._account = account
        self._connection.is_authenticated = True
        self._ticks = self._floor.ticks()
        self._connection.listen_to(self._ticks)
        self._begun.set()
        return _AUTHENTICATED

    def _seat(self, account: Account) -> tuple[str, str]:
        return account.id, self._connection.path

    def _has_stocks(self) -> bool:
        return any(ASSET_CLASSES[a.asset_class] != "crypto" for a in self._floor.venue.assets())

    # What the client hears

    async def _tell(self) -> None:
        await self._begun.wait()
        ticks, chaos = self._ticks, self._floor.chaos
        assert ticks is not None  # noqa: S101 - there are some since it has begun
        while True:
            batch: list[bytes] = []
            for event in (await ticks.get(), *ticks.waiting()):
                batch.extend(self._tape.messages(event, self._wanted))
            if chaos.faults.mute_market_data:
                chaos.injected["mute_market_data"] += len(batch)
                continue
            for start in range(0, len(batch), _MOST_IN_A_FRAME):
                part = batch[start : start + _MOST_IN_A_FRAME]
                await self._connection.tell(self._connection.encoding.array(part), len(part))
