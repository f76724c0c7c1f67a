"""Read what Alpaca's market data says, from its sockets and its history, as it was said.

Source: https://docs.alpaca.markets/docs/real-time-stock-pricing-data, and the tape codes of the
statuses there. A field that cannot be read does not stop a tick: a price becomes NaN, a time 0, and
who stores it puts it aside and counts it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgpack  # type: ignore[import-untyped]
import orjson

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data.streaming.feeds import Item, Status, Told
from algotrendy.market_data.streaming.messages import (
    FIRST_NS,
    LAST_NS,
    LONGEST_ID,
    LONGEST_VENUE,
    Fix,
    Quote,
    Trade,
)

JSON: Final = "application/json"
MSGPACK: Final = "application/msgpack"

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)")
_HALTED: Final = frozenset(("2", "H", "P"))
_TRADED: Final = frozenset(("3", "T"))
_HOUR_NS: Final = 3_600_000_000_000
_NEW_YORK: Final = ZoneInfo("America/New_York")
_EVERY_OTHER_DAY: Final = "e"
# What history says of a trade that does not stand; "corrected" is said of one that does.
_TAKEN_BACK: Final = frozenset(("canceled", "incorrect"))


def messages_in(frame: str | bytes, *, packed: bool) -> list[Mapping[str, Any]]:
    """Take a frame apart.

    Args:
        packed: Whether binary frames are msgpack; text is JSON whatever was asked for.

    Raises:
        Unavailable: If it cannot be read: nobody knows what was lost with it.
    """
    try:
        if packed and isinstance(frame, bytes):
            found = msgpack.unpackb(frame)
        else:
            found = orjson.loads(frame)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Unavailable("alpaca", "a frame that cannot be read") from error
    listed = found if isinstance(found, list) else [found]
    return [message for message in listed if isinstance(message, dict)]


def item_of(message: Mapping[str, Any], received: int) -> Item | None:
    """Read a message of data; None for what is none of trades, quotes, fixes and statuses."""
    match message.get("T"):
        case "t":
            return trade_of(str(message.get("S")), message, received)
        case "q":
            return _quote(message, received)
        case "c":
            return _correction(message, received)
        case "x":
            return _cancel(message, received)
        case "s":
            return _status(message)
        case _:
            return None


def trade_of(symbol: str, row: Mapping[str, Any], received: int) -> Trade:
    """Read a trade of the stream or of the history."""
    return Trade(
        symbol,
        time_ns(row.get("t")),
        _number(row.get("p")),
        _number(row.get("s")),
        _text(row.get("x"), LONGEST_VENUE),
        _text(row.get("i"), LONGEST_ID),
        received,
    )


def told_of(symbol: str, row: Mapping[str, Any], received: int) -> list[Told]:
    """Read a row of history: a trade, and that it was taken back where it was."""
    trade = trade_of(symbol, row, received)
    if row.get("u") not in _TAKEN_BACK or not trade.id:
        return [trade]
    _, time, price, size, venue, id_, _ = trade
    return [trade, Fix(symbol, venue, id_, time, "cancel", price, size, received)]


def with_own_id(item: Item) -> Item:
    """Mark the ids of every other day, so that they are unique within a UTC day.

    Ids of shares begin anew each day in New York, whose evening, until 20:00, is part of the next
    UTC day in winter. Trades and their fixes have the same mark all through that day, whichever
    side of midnight UTC either of them is told on.
    """
    if not isinstance(item, Trade | Fix) or not item.id or not _is_odd(item.time // _HOUR_NS):
        return item
    if isinstance(item, Fix) and item.new_id:
        item = item._replace(new_id=(_EVERY_OTHER_DAY + item.new_id)[:LONGEST_ID])
    return item._replace(id=(_EVERY_OTHER_DAY + item.id)[:LONGEST_ID])


@lru_cache(maxsize=256)
def _is_odd(hour: int) -> bool:
    """Say of an hour since 1970 UTC whether its day in New York is one of every other."""
    return datetime.fromtimestamp(hour * 3_600, _NEW_YORK).toordinal() % 2 == 1


def time_ns(value: object) -> int:
    """Read a time as nanoseconds since 1970 UTC; 0 where it is none."""
    if isinstance(value, str):
        found = _TIME.fullmatch(value)
        if found is None:
            return 0
        whole, fraction = found.groups()
        try:
            return _fitting(_seconds(whole) * 1_000_000_000 + int((fraction or "0").ljust(9, "0")))
        except ValueError:
            return 0
    return _fitting(value.to_unix_nano()) if isinstance(value, msgpack.Timestamp) else 0


def _fitting(time: int) -> int:
    return time if FIRST_NS <= time <= LAST_NS else 0


# Many ticks come in one second.
@lru_cache(maxsize=256)
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _quote(message: Mapping[str, Any], received: int) -> Quote:
    return Quote(
        str(message.get("S")),
        time_ns(message.get("t")),
        _number(message.get("bp")),
        _number(message.get("bs")),
        _number(message.get("ap")),
        _number(message.get("as")),
        received,
    )


def _cancel(message: Mapping[str, Any], received: int) -> Fix | None:
    return _fix(message, ("i", "p", "s"), received)


def _correction(message: Mapping[str, Any], received: int) -> Fix | None:
    fix = _fix(message, ("oi", "cp", "cs"), received)
    if fix is None:
        return None
    new_id = _text(message.get("ci"), LONGEST_ID)
    return fix._replace(kind="correct", new_id="" if new_id == fix.id else new_id)


def _fix(message: Mapping[str, Any], names: tuple[str, str, str], received: int) -> Fix | None:
    id_, price, size = (message.get(name) for name in names)
    # One that does not say which trade it mends, mends none.
    if not _text(id_, LONGEST_ID):
        return None
    return Fix(
        str(message.get("S")),
        _text(message.get("x"), LONGEST_VENUE),
        _text(id_, LONGEST_ID),
        time_ns(message.get("t")),
        "cancel",
        _number(price),
        _number(size),
        received,
    )


def _status(message: Mapping[str, Any]) -> Status | None:
    code = str(message.get("sc"))
    if code not in _HALTED | _TRADED:
        return None
    words = f"{code} {message.get('sm') or ''} {message.get('rm') or ''}".strip()
    return Status(str(message.get("S")), time_ns(message.get("t")), code in _TRADED, words[:200])


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _text(value: object, longest: int) -> str:
    return "" if value is None else str(value)[:longest]
