"""Describe the record of a bar, in both of its forms, and make the records of states and rules."""

from __future__ import annotations

from functools import cache
from typing import Final

from algotrendy.kernel.records import Fields, Record

CHART_BAR: Final[Fields] = (
    ("began", "i8"),  # time of its first trade; of a time bar, begin of the interval
    ("ended", "i8"),  # time of its last trade; of a time bar, end of the interval
    ("known", "i8"),  # when it was known whole: the time of the trade that closed it, or `ended`
    # As drawn.
    ("open", "f8"),
    ("high", "f8"),
    ("low", "f8"),
    ("close", "f8"),
    # As traded; of a bar without a trade of its own, the price of the trade that closed it.
    ("first", "f8"),
    ("highest", "f8"),
    ("lowest", "f8"),
    ("last", "f8"),
    ("volume", "f8"),
    ("ticks", "i8"),
    ("direction", "i8"),  # 1 up, -1 down, 0 neither
)


class ChartBar(Record):
    """One bar of a chart; times are nanoseconds since 1970 UTC.

    It is drawn from open to close. A brick's or an averaged bar's prices are nobody's trades: what
    was traded meanwhile says first, highest, lowest and last.
    """

    fields = CHART_BAR
    __slots__ = tuple(name for name, _ in CHART_BAR)
    began: int
    ended: int
    known: int
    open: float
    high: float
    low: float
    close: float
    first: float
    highest: float
    lowest: float
    last: float
    volume: float
    ticks: int
    direction: int


@cache
def record_type(fields: Fields) -> type[Record]:
    """Make the slotted class of a field table."""
    names = tuple(name for name, _ in fields)
    return type("Row", (Record,), {"__slots__": names, "fields": fields})
