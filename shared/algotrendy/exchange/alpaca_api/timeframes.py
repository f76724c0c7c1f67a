"""Read timeframes such as 5Min and 1Month, and make longer bars of shorter ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from algotrendy.exchange.floor import to_ns
from algotrendy.exchange.market.events import BarEvent
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.market_data.calendar import NEW_YORK

MINUTE_NS: Final = 60_000_000_000
DAY_NS: Final = 1_440 * MINUTE_NS
_EPOCH: Final = date(1970, 1, 1)
_ZONE: Final = ZoneInfo(NEW_YORK)
_FORMAT: Final = re.compile(r"([1-9]\d?)([A-Za-z]+)")
# Clients write units large and small; one letter M alone is a month.
_UNITS: Final = {
    "min": "minute",
    "t": "minute",
    "hour": "hour",
    "h": "hour",
    "day": "day",
    "d": "day",
    "week": "week",
    "w": "week",
    "month": "month",
}
_MONTHS: Final = (1, 2, 3, 6, 12)


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of bars: ``span_ns`` under a day, else days, weeks or months.

    Attributes:
        span_ns: Of the bars that the market is asked for.
        weeks, months: How many of them make one bar here; 0: a bar is a bar of the market.
    """

    span_ns: int
    weeks: int = 0
    months: int = 0

    @property
    def is_daily(self) -> bool:
        """Say whether bars stand for days of trading rather than for minutes."""
        return self.span_ns == DAY_NS

    @property
    def is_grouped(self) -> bool:
        """Say whether a bar is made of several days."""
        return bool(self.weeks or self.months)

    def next_first_day(self, day: date) -> date:
        """Give the first day of the bar after the one that begins on a day."""
        if self.months:
            month = day.month - 1 + self.months
            return date(day.year + month // 12, month % 12 + 1, 1)
        return day + timedelta(days=7 if self.weeks else 1)

    def first_day(self, day: date) -> date:
        """Give the first day of the bar that a day belongs to."""
        if self.weeks:
            return day - timedelta(days=day.weekday())
        if self.months:
            return date(day.year, day.month - (day.month - 1) % self.months, 1)
        return day


def parse_timeframe(text: str) -> Timeframe:
    """Read a timeframe.

    Raises:
        Refused: 400 when it is none.
    """
    found = _FORMAT.fullmatch(text)
    if found is not None:
        count, written = int(found[1]), found[2]
        unit = "month" if written == "M" else _UNITS.get(written.lower())
        if unit == "minute" and count <= 59:
            return Timeframe(count * MINUTE_NS)
        if unit == "hour" and count <= 23:
            return Timeframe(count * 60 * MINUTE_NS)
        if unit in ("day", "week") and count == 1:
            return Timeframe(DAY_NS, weeks=int(unit == "week"))
        if unit == "month" and count in _MONTHS:
            return Timeframe(DAY_NS, months=count)
    expected = "[1-59]Min, [1-23]Hour, 1Day, 1Week or [1,2,3,6,12]Month"
    raise Refused(Reason.MALFORMED, f"timeframe must be {expected}, was {text[:20]!r}")


def combined(bars: Iterable[BarEvent], begin_of: Callable[[BarEvent], int]) -> Iterator[BarEvent]:
    """Make one bar of those that follow each other and begin the same; oldest first."""
    whole: BarEvent | None = None
    for bar in bars:
        begin = begin_of(bar)
        if whole is not None and whole.time_ns == begin:
            span_ns = bar.time_ns + bar.span_ns - begin
            whole = replace(whole.joined(bar), span_ns=span_ns)
            continue
        if whole is not None:
            yield whole
        whole = replace(bar, time_ns=begin)
    if whole is not None:
        yield whole


def day_of(bar: BarEvent) -> date:
    """Give the session's date of a daily bar."""
    return _EPOCH + timedelta(days=bar.time_ns // DAY_NS)


def midnight_ns(day: date, *, crypto: bool) -> int:
    """Give when a day begins: where shares are traded in New York, for pairs in UTC."""
    return to_ns(datetime.combine(day, time(), UTC if crypto else _ZONE))


def date_of(time_ns: int, *, crypto: bool) -> date:
    """Give the date that a moment lies in, there."""
    moment = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
    return (moment if crypto else moment.astimezone(_ZONE)).date()
