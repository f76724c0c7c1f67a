"""Listen to the streaming service for as long as it takes: reconnect, resume, renew the token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Invalid,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from algotrendy.market_data.streaming.backing_off import Backoff
from algotrendy.market_data.streaming.protocol import USUAL_BARS, Code
from algotrendy.market_data.streaming.topics import parse_channel

_OPEN_S: Final = 10.0
_MISSED_HEARTBEATS: Final = 3
_FAULTS: Final = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError)
Message = dict[str, Any]


class StreamClient:
    """Subscribes to channels of symbols, and gives every message.

    Beside the service's own messages it gives some of the type ``connection``, with a reason and
    the states ``connected`` and ``lost``. After a loss bars go on behind the last one that was
    given; a snapshot says what is missing.

    Args:
        token: Gives an access token that counts; asked at each connection and renewal.
        last: How many bars or trades the first snapshots hold.
        backoff: Makes the waits between two tries.
        tries: How often to try to connect until the first time that it works.
    """

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        symbols: Sequence[str],
        channels: Sequence[str],
        backoff: Backoff,
        last: int = USUAL_BARS,
        tries: int = 3,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parsed = [parse_channel(text, f"channels[{at}]") for at, text in enumerate(channels)]
        names = [f"{channel}:{style}" if style else str(channel) for channel, style in parsed]
        self._bars = [n for n, (c, _) in zip(names, parsed, strict=True) if c.value == "bars"]
        self._plain = [name for name in names if name not in self._bars]
        self._symbols = list(symbols)
        self._url = url
        self._token = token
        self._backoff = backoff
        self._last = last
        self._tries = tries
        self._sleep = sleep
        self._newest: dict[tuple[str, str], int] = {}
        self._was_connected = False

    async def listen(self) -> AsyncGenerator[Message, None]:
        """Give messages until the caller stops.

        Raises:
            Unavailable: If it cannot be connected to even once.
            Unauthenticated, Rejected, Invalid: If the service refuses what is asked.
        """
        while True:
            reason = ""
            try:
                async with aclosing(self._once()) as messages:
                    async for message in messages:
                        yield message
            except _FAULTS as error:
                reason = _reason(error)
            except InvalidURI as error:
                raise Invalid("url", "ws://HOST:PORT/v1/stream", self._url) from error
            wait_s = self._backoff.failed()
            if not self._was_connected and self._backoff.failures >= self._tries:
                raise Unavailable("streaming", f"{self._url} does not answer ({reason})")
            yield {"type": "connection", "state": "lost", "reason": reason, "again_in_s": wait_s}
            await self._sleep(wait_s)

    async def _once(self) -> AsyncGenerator[Message, None]:
        token = await asyncio.to_thread(self._token)
        async with connect(
            self._url,
            additional_headers={"Authorization": f"Bearer {token}"},
            open_timeout=_OPEN_S,
            close_timeout=1.0,
            max_size=None,
            compression=None,
        ) as connection:
            patience_s = _OPEN_S
            error: Message = {}
            is_subscribed = False
            while True:
                try:
                    async with asyncio.timeout(patience_s):
                        message: Message = json.loads(await connection.recv())
                except ConnectionClosed:
                    _require_hope(error)
                    raise
                match message["type"]:
                    case "welcome":
                        patience_s = _MISSED_HEARTBEATS * message["heartbeat_s"]
                    case "authenticated" if not is_subscribed:
                        is_subscribed = True
                        await self._subscribe(connection)
                        yield {"type": "connection", "state": "connected", "reason": ""}
                    case "expiring":
                        token = await asyncio.to_thread(self._token)
                        await _send(connection, {"type": "auth", "token": token})
                    case "error":
                        error = message
                        if "close" not in message:
                            raise _refusal(message)
                    case "bar" | "snapshot":
                        self._note(message)
                yield message

    async def _subscribe(self, connection: ClientConnection) -> None:
        self._was_connected = True
        self._backoff.worked()
        if self._plain:
            channels = {"symbols": self._symbols, "channels": self._plain, "last": self._last}
            await _send(connection, {"type": "subscribe", **channels})
        fresh: dict[str, list[str]] = {}
        for name in self._bars:
            for symbol in self._symbols:
                after = self._newest.get((symbol, name))
                if after is None:
                    fresh.setdefault(name, []).append(symbol)
                    continue
                asked = {"symbols": [symbol], "channels": [name], "after": after}
                await _send(connection, {"type": "subscribe", **asked})
        for name, symbols in fresh.items():
            channels = {"symbols": symbols, "channels": [name], "last": self._last}
            await _send(connection, {"type": "subscribe", **channels})

    def _note(self, message: Message) -> None:
        if message["type"] == "bar":
            self._newest[message["symbol"], f"bars:{message['style']}"] = message["number"]
        elif "bars" in message:
            key = message["symbol"], message["channel"]
            if message["reason"] == "lost":
                self._newest.pop(key, None)
            if message["bars"]:
                self._newest[key] = message["bars"][-1]["number"]


async def _send(connection: ClientConnection, message: Message) -> None:
    await connection.send(json.dumps(message))


def _require_hope(error: Message) -> None:
    """Raise where connecting again would end in the same way."""
    code = error.get("code")
    if code in (Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.TOO_MANY_CONNECTIONS):
        raise _refusal(error)


def _refusal(error: Message) -> AlgoTrendyError:
    message = str(error["message"])
    if error["code"] == Code.UNAUTHENTICATED:
        return Unauthenticated(message.removeprefix("not signed in: "))
    if error["code"] == Code.INVALID:
        return Rejected(message, status=422)
    return Rejected(message, code=error["code"])


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        return f"{error.rcvd.code} {error.rcvd.reason}".strip()
    return str(error) or type(error).__name__
