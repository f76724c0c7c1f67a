"""Turn what the consumer of ticks decided into rows of the lake's datasets, and back.

``ticks`` has streamed trades beside imported ones: their source is ``stream:<feed>``, their place
the symbol's running number from 1. ``quarantined_ticks`` has what was refused, prices and sizes as
text, for they need not be numbers. ``tick_fixes`` has cancels and corrections,
``stream_holes`` what is known not to have been told. ``chart_bars`` has the bars made of streamed
trades.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from algotrendy.market_data.adapters.lake_ticks import STREAMED
from algotrendy.market_data.charts.records import CHART_BAR, ChartBar
from algotrendy.market_data.streaming.accepting import (
    Accepted,
    Fixed,
    Lacking,
    Quarantined,
    Seen,
    utc_date,
)
from algotrendy.market_data.streaming.bars import Closed
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.streaming.stores import NewBars
from algotrendy.platform.lake_columns import optional_field

if TYPE_CHECKING:
    from arro3.core import Table

_TEXT, _WHOLE, _NUMBER = "utf8", "int64", "float64"
_TICKS: Final = (
    ("symbol", _TEXT),
    ("date", _TEXT),
    ("time", _WHOLE),
    ("place", _WHOLE),
    ("price", _NUMBER),
    ("size", _NUMBER),
    ("source", _TEXT),
    ("venue", _TEXT),
    ("id", _TEXT),
    ("received", _WHOLE),
)
_OPTIONAL: Final = frozenset({"venue", "id", "received"})
_QUARANTINED: Final = (
    ("symbol", _TEXT),
    ("number", _WHOLE),
    ("after", _WHOLE),
    ("key", _TEXT),
    ("reason", _TEXT),
    ("feed", _TEXT),
    ("time", _WHOLE),
    ("price", _TEXT),
    ("size", _TEXT),
    ("venue", _TEXT),
    ("id", _TEXT),
    ("which", _WHOLE),
    ("received", _WHOLE),
)
_FIXES: Final = (
    ("symbol", _TEXT),
    ("date", _TEXT),
    ("number", _WHOLE),
    ("key", _TEXT),
    ("feed", _TEXT),
    ("kind", _TEXT),
    ("time", _WHOLE),
    ("price", _NUMBER),
    ("size", _NUMBER),
    ("venue", _TEXT),
    ("id", _TEXT),
    ("new_id", _TEXT),
    ("received", _WHOLE),
)
_HOLES: Final = (
    ("symbol", _TEXT),
    ("number", _WHOLE),
    ("key", _TEXT),
    ("feed", _TEXT),
    ("what", _TEXT),
    ("first", _WHOLE),
    ("last", _WHOLE),
    ("reason", _TEXT),
)
_BARS: Final = (
    ("symbol", _TEXT),
    ("style", _TEXT),
    ("date", _TEXT),
    ("number", _WHOLE),
    ("ticks_before", _WHOLE),
    *((name, _WHOLE if kind == "i8" else _NUMBER) for name, kind in CHART_BAR),
)
BAR_COLUMNS: Final = ("number", "ticks_before", *(name for name, _ in CHART_BAR))


def tick_rows(symbol: str, accepted: Iterable[Accepted]) -> list[tuple[Any, ...]]:
    """Write accepted trades."""
    rows = []
    for item in accepted:
        trade = item.seen.trade
        told = (trade.venue, trade.id, trade.received)
        source = STREAMED + item.seen.feed
        begin = (symbol, utc_date(trade.time), trade.time, item.place)
        rows.append((*begin, trade.price, trade.size, source, *told))
    return rows


def quarantine_rows(symbol: str, rows: Iterable[Quarantined], first: int) -> list[tuple[Any, ...]]:
    """Write what was refused, numbered from ``first`` on."""
    found = []
    for number, row in enumerate(rows, start=first):
        trade, seen = row.seen.trade, row.seen
        begin = (symbol, number, row.after, row.key, str(row.reason), seen.feed, trade.time)
        told = (trade.venue, trade.id, seen.which, trade.received)
        found.append((*begin, repr(trade.price), repr(trade.size), *told))
    return found


def fix_rows(symbol: str, rows: Iterable[Fixed], first: int) -> list[tuple[Any, ...]]:
    """Write fixes, numbered from ``first`` on; a cancel's odd price is left out."""
    found = []
    for number, row in enumerate(rows, start=first):
        fix = row.fix
        price, size = (value if isfinite(value) else None for value in (fix.price, fix.size))
        begin = (symbol, utc_date(fix.time), number, row.key, row.feed, fix.kind, fix.time)
        found.append((*begin, price, size, fix.venue, fix.id, fix.new_id, fix.received))
    return found


def hole_rows(symbol: str, rows: Iterable[Lacking], first: int) -> list[tuple[Any, ...]]:
    """Write holes, numbered from ``first`` on."""
    return [
        (symbol, number, row.key, row.feed, *row.hole[1:])
        for number, row in enumerate(rows, start=first)
    ]


def bar_rows(new: NewBars) -> list[tuple[Any, ...]]:
    """Write bars; their date is the UTC date on which they were known."""
    return [
        (
            *new.key,
            utc_date(item.bar.known),
            item.number,
            item.ticks_before,
            *(getattr(item.bar, name) for name, _ in CHART_BAR),
        )
        for item in new.closed
    ]


def tick_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Make the table of streamed trades."""
    return _table(_TICKS, rows, _OPTIONAL)


def quarantine_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Make the table of what was refused."""
    return _table(_QUARANTINED, rows)


def fix_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Make the table of fixes."""
    return _table(_FIXES, rows, frozenset({"price", "size"}))


def hole_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Make the table of holes."""
    return _table(_HOLES, rows)


def bar_table(rows: Sequence[tuple[Any, ...]]) -> Table:
    """Make the table of bars."""
    return _table(_BARS, rows)


def seen_of(symbol: str, row: dict[str, Any]) -> Seen:
    """Read a row of the quarantine."""
    price, size = float(row["price"]), float(row["size"])
    told = (row["venue"], row["id"], row["received"])
    return Seen(Trade(symbol, row["time"], price, size, *told), row["feed"], row["which"])


def closed_of(row: dict[str, Any]) -> Closed:
    """Read a row of the bars."""
    bar = ChartBar(**{name: row[name] for name, _ in CHART_BAR})
    return Closed(row["number"], row["ticks_before"], bar)


def _table(
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[Any, ...]],
    optional: frozenset[str] = frozenset(),
) -> Table:
    from arro3.core import Array, DataType, Field, Schema
    from arro3.core import Table as ArrowTable

    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    fields, arrays = [], []
    for (name, kind), column in zip(columns, values, strict=True):
        type_ = getattr(DataType, kind)()
        is_optional = name in optional
        fields.append(optional_field(name, type_) if is_optional else Field(name, type_))
        arrays.append(Array(list(column), type_))
    return ArrowTable.from_arrays(arrays, schema=Schema(fields))
