"""Keep what one client of market data has subscribed to, and refuse as Alpaca refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from algotrendy.exchange.alpaca_api.frames import Message

ALL: Final = "*"
STOCK_CHANNELS: Final = (
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
)
CRYPTO_CHANNELS: Final = ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars")
# What other streams of Alpaca have: asking for these here is another mistake than a typing error.
_ELSEWHERE: Final = frozenset((*STOCK_CHANNELS, *CRYPTO_CHANNELS, "news", "imbalances"))
# Alpaca adds these to whoever takes a symbol's trades.
_WITH_TRADES: Final = ("corrections", "cancelErrors")
_LIMITED: Final = ("trades", "quotes")
_SHARE: Final = re.compile(r"[A-Z0-9][A-Z0-9.]{0,19}|\*")
_PAIR: Final = re.compile(r"[A-Z0-9]{1,10}/[A-Z0-9]{1,10}|\*")


class Fault(Enum):
    """An error of the market data stream: its code and its text are Alpaca's."""

    INVALID_SYNTAX = (400, "invalid syntax")
    NOT_AUTHENTICATED = (401, "not authenticated")
    AUTH_FAILED = (402, "auth failed")
    ALREADY_AUTHENTICATED = (403, "already authenticated")
    AUTH_TIMEOUT = (404, "auth timeout")
    SYMBOL_LIMIT = (405, "symbol limit exceeded")
    CONNECTION_LIMIT = (406, "connection limit exceeded")
    SLOW_CLIENT = (407, "slow client")
    NOT_ENABLED = (408, "v2 not enabled")
    INSUFFICIENT_SUBSCRIPTION = (409, "insufficient subscription")
    INVALID_ACTION = (410, "invalid subscribe action for this feed")
    INTERNAL = (500, "internal error")

    @property
    def message(self) -> Message:
        """Give what the client is sent."""
        code, text = self.value
        return {"T": "error", "code": code, "msg": text}


class Refusal(Exception):  # noqa: N818 - reads as what it means
    """Says that a message was refused; nothing was changed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


class Subscriptions:
    """What a client hears: symbols by channel, in the order in which they were asked for.

    Args:
        pairs: Whether symbols are pairs such as BTC/USD; if not, they are shares.
    """

    def __init__(self, channels: Sequence[str], *, pairs: bool = False) -> None:
        self._symbol = _PAIR if pairs else _SHARE
        self._by_channel: dict[str, dict[str, None]] = {channel: {} for channel in channels}

    def __contains__(self, wanted: tuple[str, str]) -> bool:
        """Say whether a (channel, symbol) is wanted."""
        symbols = self._by_channel.get(wanted[0])
        return symbols is not None and (wanted[1] in symbols or ALL in symbols)

    def change(self, message: Mapping[object, object], *, add: bool, limit: int) -> None:
        """Add to what is wanted, or take away.

        Args:
            limit: Most trade and quote channels together; 0: any.

        Raises:
            Refusal: If the message is not well made, or asks for too much.
        """
        asked = self._asked(message)
        changed = {channel: dict(symbols) for channel, symbols in self._by_channel.items()}
        for channel, symbols in asked.items():
            with_it = _WITH_TRADES if channel == "trades" else ()
            for each in (channel, *(extra for extra in with_it if extra in changed)):
                for symbol in symbols:
                    if add:
                        changed[each][symbol] = None
                    else:
                        changed[each].pop(symbol, None)
        if add and limit and sum(len(changed[channel]) for channel in _LIMITED) > limit:
            raise Refusal(Fault.SYMBOL_LIMIT)
        self._by_channel = changed

    def acknowledgement(self) -> Message:
        """List everything that is wanted now."""
        wanted = {channel: list(symbols) for channel, symbols in self._by_channel.items()}
        return {"T": "subscription", **wanted}

    def _asked(self, message: Mapping[object, object]) -> dict[str, list[str]]:
        asked: dict[str, list[str]] = {}
        for channel, symbols in message.items():
            if channel == "action":
                continue
            if channel not in _ELSEWHERE:
                raise Refusal(Fault.INVALID_SYNTAX)
            if not isinstance(symbols, list):
                raise Refusal(Fault.INVALID_SYNTAX)
            if channel not in self._by_channel:
                raise Refusal(Fault.INVALID_ACTION)
            named = [one for one in symbols if isinstance(one, str) and self._symbol.fullmatch(one)]
            if len(named) < len(symbols):
                raise Refusal(Fault.INVALID_SYNTAX)
            asked[str(channel)] = named
        return asked
