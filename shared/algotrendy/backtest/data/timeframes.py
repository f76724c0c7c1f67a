"""Read names of timeframes such as 5Min and 1Month, and say when their bars end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.moments import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.styles import KINDS

Unit = Literal["Min", "Hour", "Day", "Week", "Month"]

_FORMAT: Final = re.compile(r"([1-9]\d?)(Min|Hour|Day|Week|Month)", re.ASCII)
_NS: Final[dict[Unit, int]] = {
    "Min": MINUTE_NS,
    "Hour": HOUR_NS,
    "Day": DAY_NS,
    "Week": 7 * DAY_NS,
    "Month": 0,
}
_UNITS: Final[tuple[Unit, ...]] = ("Week", "Day", "Hour", "Min")
_MONTH_DAYS: Final = ((28, 31, 1), (89, 92, 3), (365, 366, 12))
_COUNTS: Final[dict[Unit, Sequence[int]]] = {
    "Min": range(1, 60),
    "Hour": range(1, 24),
    "Day": (1,),
    "Week": (1,),
    "Month": (1, 2, 3, 6, 12),
}


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of a bar: so many minutes, hours or months, one day, or one week.

    A day is a date of the market, a week begins on a Monday, and months are counted from January.
    """

    count: int
    unit: Unit

    def __str__(self) -> str:
        """Give the name, as ``5Min``."""
        return f"{self.count}{self.unit}"

    @property
    def ns(self) -> int:
        """Count the nanoseconds; 0 for months, which differ in length."""
        return self.count * _NS[self.unit]

    @property
    def is_intraday(self) -> bool:
        """Say whether several bars make a day."""
        return self.unit in ("Min", "Hour")

    def ends(self, begins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the ends of bars by their begins, both in nanoseconds since 1970 UTC."""
        if self.unit != "Month":
            return begins + self.ns
        months = begins.view("M8[ns]").astype("M8[M]") + self.count
        return months.astype("M8[ns]").astype(np.int64)

    def order(self) -> tuple[int, int]:
        """Give what timeframes are sorted by, the shortest first."""
        return (self.count if self.unit == "Month" else 0), self.ns


def parse_timeframe(text: str, field: str = "timeframe") -> Timeframe:
    """Read a timeframe, or raise Invalid with those there are."""
    found = _FORMAT.fullmatch(str(text))
    if found is not None:
        count, unit = int(found[1]), cast("Unit", found[2])
        if count in _COUNTS[unit]:
            return Timeframe(count, unit)
    expected = "1Min to 59Min, 1Hour to 23Hour, 1Day, 1Week or 1, 2, 3, 6 or 12Month"
    raise Invalid(field, expected, text)


def is_style(name: str) -> bool:
    """Say whether the bars of a dataset are those of a chart style, such as ``renko:size=1``."""
    return name.partition(":")[0] in KINDS


def is_intraday(name: str) -> bool:
    """Say of a dataset's timeframe or style whether several bars may make a day."""
    return is_style(name) or parse_timeframe(name).is_intraday


def order_of(name: str) -> tuple[int, int]:
    """Give what timeframes are sorted by, the shortest first; a chart style comes before them."""
    return (0, 0) if is_style(name) else parse_timeframe(name, "timeframes").order()


def infer_timeframe(times: NDArray[np.int64], field: str = "timeframe") -> Timeframe:
    """Tell the timeframe by the least distance between bars, which must be the commonest too.

    A week is 7 days, 28 to 31 days are a month, 89 to 92 three of them, 365 and 366 twelve. Bars
    at an odd distance are not guessed at: a bar taken for a shorter one would be seen too early.

    Args:
        times: Begins of bars, nanoseconds since 1970 UTC, at least two.

    Raises:
        Invalid: If the distances do not tell, which asks for the name of one.
    """
    distances = np.diff(times)
    distances = distances[distances > 0]
    if not len(distances):
        raise Invalid(field, "named, where no bar is later than another", f"{len(times)} bars")
    values, counts = np.unique(distances, return_counts=True)
    spans = int(values[0]), int(values[np.argmax(counts)])
    least, commonest = (_of_span(span) for span in spans)
    if least is None or least != commonest:
        actual = "at least {:g} s, and mostly {:g} s".format(*(span / SECOND_NS for span in spans))
        raise Invalid(field, "named, where the distances of bars do not tell it", actual)
    return least


def _of_span(span_ns: int) -> Timeframe | None:
    days = span_ns // DAY_NS
    for shortest, longest, months in _MONTH_DAYS:
        if shortest <= days <= longest:
            return Timeframe(months, "Month")
    for unit in _UNITS:
        count = span_ns // _NS[unit]
        if count * _NS[unit] == span_ns and count in _COUNTS[unit]:
            return Timeframe(count, unit)
    return None
