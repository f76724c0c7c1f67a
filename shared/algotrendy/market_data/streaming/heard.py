"""Keep what a client of the stream was told, as far as somebody wants to see it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

Told = Mapping[str, Any]
Key = tuple[str, str]
"""A symbol and a style."""


class Heard:
    """Takes messages of the service, or of its client.

    Attributes:
        trades, quotes: The newest of each symbol.
        bars: The last bars of each symbol and style, with rising numbers.
        partials: The unfinished bar that follows on them, where one was told.
        snapshots: The number of the last bar that the newest snapshot had which began anew.
        statuses: How each source stands, in words.

    Args:
        kept: How many bars of a symbol and style are kept.
    """

    def __init__(self, symbols: Sequence[str], styles: Sequence[str], kept: int) -> None:
        self.symbols = symbols
        self.trades: dict[str, Told] = {}
        self.quotes: dict[str, Told] = {}
        self.bars: dict[Key, deque[Told]] = {
            (symbol, style): deque(maxlen=kept) for symbol in symbols for style in styles
        }
        self.partials: dict[Key, Told] = {}
        self.snapshots: dict[Key, int] = {}
        self.statuses: dict[str, str] = {}

    def take(self, message: Told) -> None:
        """Take a message."""
        match message["type"]:
            case "trade":
                self.trades[message["symbol"]] = message
            case "quote":
                self.quotes[message["symbol"]] = message
            case "bar":
                self._add((message["symbol"], message["style"]), [message])
            case "partial":
                self.partials[message["symbol"], message["style"]] = message
            case "snapshot":
                self._snapshot(message)
            case "status":
                source = message.get("feed", message["source"])
                self._note(source, message["state"], message["reason"])
            case "connection":
                self._note("connection", message["state"], message["reason"])

    def _note(self, source: str, state: str, reason: str) -> None:
        told = f"{source}: {state.replace('_', ' ')}"
        self.statuses[source] = f"{told} ({reason})" if reason else told

    def _snapshot(self, message: Told) -> None:
        symbol, channel = message["symbol"], message["channel"]
        if message.get("trades"):
            self.trades[symbol] = message["trades"][-1]
        if message.get("quote"):
            self.quotes[symbol] = message["quote"]
        key = symbol, channel.partition(":")[2]
        if message.get("partial"):
            self.partials[key] = message["partial"]
        if "bars" in message:
            kept, bars = self.bars[key], message["bars"]
            is_anew = bool(kept and bars) and bars[0]["number"] <= kept[-1]["number"]
            if message["reason"] == "subscribed" or is_anew:
                kept.clear()
                self.snapshots[key] = bars[-1]["number"] if bars else 0
            self._add(key, bars)
        if message.get("missing"):
            first, last = message["missing"]["first"], message["missing"]["last"]
            self._note(f"{symbol} {channel}", "missing", f"bars {first} to {last}")

    def _add(self, key: Key, bars: Sequence[Told]) -> None:
        self.bars[key].extend(bars)
        partial = self.partials.get(key)
        if bars and partial is not None and partial["number"] <= bars[-1]["number"]:
            del self.partials[key]
