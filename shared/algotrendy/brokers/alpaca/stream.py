"""Listen to Alpaca's trade updates through alpaca-py's socket, and notice when it tells nothing.

alpaca-py connects, signs in and subscribes; its own loop is left out, because it reconnects
without telling anybody, and waits for ever on a socket that lives and says nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

from algotrendy.brokers.alpaca.answers import NotOffered, update_of
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.port import BrokerUpdate, StreamGap
from algotrendy.kernel.errors import Invalid, Rejected, Unauthenticated, Unavailable, Unknown

_PING_S = 10
_STEADY_S = 10.0
_LISTEN = json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}})

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""When the newest order changed, where there is none."""

NewestChange = Callable[[], Awaitable[datetime]]


class _Broken(Exception):  # noqa: N818 - reads as what it means
    """Says that the socket is of no more use, and why."""


class _Over(Exception):  # noqa: N818
    """Says that we are closing."""


class UpdateStream:
    """The updates of one account, on one socket at a time.

    A socket that has said nothing for ``silence_s`` is put to the proof in two ways. It must
    answer a subscription again; and the newest change of any order that REST tells of must have
    been heard. A socket that fails is given up, and a StreamGap comes with the next.

    Args:
        newest_change: Tells when any order changed last, by the broker's clock; BEFORE_ALL where
            there is none.
        closed: Ends the stream when it is set.
        random: Gives 0 to 1, for the wait before connecting again.
    """

    def __init__(
        self,
        settings: AlpacaSettings,
        newest_change: NewestChange,
        closed: asyncio.Event,
        random: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._newest_change = newest_change
        self._closed = closed
        self._random = random
        self._failures = 0

    async def items(self) -> AsyncIterator[BrokerUpdate | StreamGap]:
        """Give updates until closed, with a StreamGap at each connect.

        Raises:
            Unauthenticated: If Alpaca does not take the keys, here or at its REST API.
        """
        reason = "connected"
        while not self._closed.is_set():
            socket = _Socket(self._settings, self._newest_change, self._closed)
            try:
                await socket.open()
                yield StreamGap(reason)
                async for update in socket.updates():
                    yield update
            except _Broken as error:
                reason = str(error)
            except _Over:
                return
            finally:
                await socket.close()
            self._failures = 1 if socket.was_steady else self._failures + 1
            await self._wait()

    async def _wait(self) -> None:
        least, most = self._settings.backoff_s
        whole = min(most, least * 2.0 ** min(self._failures - 1, 30))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(whole / 2 + whole / 2 * self._random()):
                await self._closed.wait()


class _Socket:
    """One connection."""

    def __init__(
        self, settings: AlpacaSettings, newest_change: NewestChange, closed: asyncio.Event
    ) -> None:
        self._settings = settings
        self._newest_change = newest_change
        self._closing = asyncio.create_task(closed.wait())
        self._stream: Any = None
        self._receiving: asyncio.Task[str | bytes] | None = None
        self._known: datetime | None = None
        self._is_subscribed = False
        self._opened_at = 0.0
        self._told = False

    @property
    def was_steady(self) -> bool:
        """Say whether it told something, or lived for a while."""
        age_s = asyncio.get_running_loop().time() - self._opened_at
        return self._told or bool(self._opened_at and age_s > _STEADY_S)

    async def open(self) -> None:
        """Connect, sign in, subscribe, and wait for the answer to that."""
        vendor = await asyncio.to_thread(import_module, "alpaca.trading.stream")
        settings = self._settings
        parameters = {
            "ping_interval": _PING_S,
            "ping_timeout": _PING_S,
            "close_timeout": 1,
            "max_queue": 1024,
        }
        self._stream = vendor.TradingStream(
            settings.key_id,
            settings.secret,
            raw_data=True,
            url_override=settings.updates_url,
            websocket_params=parameters,
        )
        self._stream.subscribe_trade_updates(_never)
        try:
            async with asyncio.timeout(settings.answer_s):
                await self._start()
        except TimeoutError as error:
            raise _Broken(f"no answer within {settings.answer_s} s of connecting") from error
        self._opened_at = asyncio.get_running_loop().time()
        try:
            self._known = await self._newest()
        except _Broken:
            # The gap that comes now says enough; the next silence asks again.
            self._known = None

    async def updates(self) -> AsyncIterator[BrokerUpdate]:
        """Give what comes; put the socket to the proof when nothing does."""
        while True:
            frame = await self._next(self._settings.silence_s)
            if frame is None:
                async for update in self._prove():
                    yield update
            elif (update_or_none := self._read(frame)) is not None:
                yield update_or_none

    async def close(self) -> None:
        """End the connection; nothing of it may raise."""
        for task in (self._closing, self._receiving):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
        if self._stream is not None:
            with contextlib.suppress(Exception):
                await self._stream.close()

    async def _start(self) -> None:
        starting = asyncio.create_task(self._stream._start_ws())
        try:
            await asyncio.wait({starting, self._closing}, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.done():
                raise _Over
            await starting
        except (json.JSONDecodeError, AttributeError) as error:
            raise _Broken("an answer that cannot be read") from error
        except ValueError as error:
            # What alpaca-py raises when the keys are not taken; it has no error of its own.
            raise Unauthenticated("Alpaca's stream does not take these keys") from error
        except (OSError, EOFError, _websocket_error()) as error:
            raise _Broken(f"no connection ({type(error).__name__})") from error
        finally:
            starting.cancel()
        while not self._is_subscribed:
            frame = await self._next(None)
            if frame is not None:
                self._read(frame)

    async def _prove(self) -> AsyncIterator[BrokerUpdate]:
        """Ask for an answer, and for news of the newest change; give what comes meanwhile.

        Raises:
            _Broken: If either does not come.
        """
        loop = asyncio.get_running_loop()
        self._is_subscribed = False
        try:
            await self._stream._ws.send(_LISTEN)
        except (OSError, _websocket_error()) as error:
            raise _Broken("the connection broke") from error
        newest = await self._newest()
        end = loop.time() + self._settings.answer_s
        while not self._is_subscribed or self._lacks(newest):
            frame = await self._next(end - loop.time()) if loop.time() < end else None
            if frame is None:
                raise _Broken("the stream was mute" if self._is_subscribed else "no answer to us")
            if (update := self._read(frame)) is not None:
                yield update
        self._known = self._later(newest)

    def _lacks(self, newest: datetime | None) -> bool:
        return newest is not None and self._known is not None and newest > self._known

    def _later(self, moment: datetime | None) -> datetime | None:
        moments = [m for m in (self._known, moment) if m is not None]
        return max(moments, default=None)

    async def _newest(self) -> datetime | None:
        """Ask for the newest change; None when nobody answers now.

        Raises:
            Unauthenticated: If the keys are not taken: no later question would be answered.
            _Broken: If the question is refused otherwise, so that it proves nothing.
        """
        try:
            return await self._newest_change()
        except Unavailable:
            # It is asked again with the next silence.
            return None
        except Unauthenticated:
            raise
        except (Rejected, Unknown) as error:
            raise _Broken("orders could not be read to prove the stream") from error

    async def _next(self, timeout_s: float | None) -> str | bytes | None:
        """Wait for a frame; None when none came in time."""
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._stream._ws.recv())
        done, _ = await asyncio.wait(
            {self._receiving, self._closing},
            timeout=timeout_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._closing in done:
            raise _Over
        if not done:
            return None
        received, self._receiving = self._receiving, None
        try:
            return received.result()
        except (OSError, EOFError, _websocket_error()) as error:
            raise _Broken("the connection broke") from error

    def _read(self, frame: str | bytes) -> BrokerUpdate | None:
        """Read a frame; None for one that tells of no order."""
        try:
            message = json.loads(frame, parse_float=Decimal)
            if message.get("stream") == "listening":
                self._is_subscribed = "trade_updates" in message["data"]["streams"]
                return None
            if message.get("stream") != "trade_updates":
                return None
            update = update_of(message["data"])
        except NotOffered:
            self._told = True
            return None
        except (ValueError, AttributeError, KeyError, TypeError, Invalid) as error:
            raise _Broken("an update that cannot be read") from error
        self._told = True
        self._known = self._later(update.order.updated_at)
        return update


async def _never(_update: object) -> None:
    """Stand in for alpaca-py's handler: frames are read here."""


def _websocket_error() -> type[Exception]:
    import websockets

    return websockets.WebSocketException
