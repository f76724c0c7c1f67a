"""Bars as the store of bars has them, and as clients are told of them."""

from __future__ import annotations

from typing import Any

from algotrendy.market_data.streaming.encoding import bar_fields
from algotrendy.market_data.streaming.tails import Bar

SECOND = 1_000_000_000
BEGAN = 1_795_789_800 * SECOND


def stored_bar(number: int, known: int | None = None) -> dict[str, Any]:
    """Give a bar with all of its fields, as JSON has them in the store."""
    began = BEGAN + number * 60 * SECOND
    price = 100.0 + number
    return {
        "number": number,
        "began": began,
        "ended": began + 60 * SECOND,
        "known": began + 60 * SECOND if known is None else known,
        "open": price,
        "high": price + 1,
        "low": price - 1,
        "close": price + 0.5,
        "first": price,
        "highest": price + 1,
        "lowest": price - 1,
        "last": price + 0.5,
        "volume": 12.5,
        "ticks": 7,
        "direction": 1,
    }


def bar_named(number: int, known: int | None = None) -> bytes:
    """Give its fields as clients are told."""
    return bar_fields(stored_bar(number, known))


def bar(number: int, known: int | None = None) -> Bar:
    """Give a bar of a number; ``known`` 0 makes it an unfinished one."""
    return Bar(number, bar_named(number, known))
