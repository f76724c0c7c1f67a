"""Say when a strategy's scheduled callbacks are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any, Literal, get_args

from algotrendy.kernel.errors import Invalid

Period = Literal["session", "week", "month", "quarter"]
Moment = Literal["begin", "end", "time", "bars"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a callback is due; made by the functions below.

    Attributes:
        moment: At the begin or end of a period, at a time of day, or every so many bars.
        period: Of which the begin or the end is meant.
        count: Every how many bars.
        at: Time of day where the market is.
    """

    moment: Moment
    period: Period = "session"
    count: int = 0
    at: time | None = None


def every_open() -> Schedule:
    """Call after the first bar of each session's regular hours."""
    return Schedule("begin")


def every_close() -> Schedule:
    """Call after the last bar of each session."""
    return Schedule("end")


def every_day_at(at: time | str) -> Schedule:
    """Call after the first bar that ends at a time of day or later, where the market is.

    A session that has no bar as late as that has no call.
    """
    if isinstance(at, str):
        try:
            at = time.fromisoformat(at)
        except ValueError as error:
            raise Invalid("schedule.at", "a time of day such as 15:30", at) from error
    if at.tzinfo is not None:
        raise Invalid("schedule.at", "a time without a zone: it is the market's", at.isoformat())
    return Schedule("time", at=at)


def every_bars(count: int) -> Schedule:
    """Call after every so many steps, the first time after the first so many."""
    if count < 1:
        raise Invalid("schedule.count", "at least 1 bar", count)
    return Schedule("bars", count=count)


def every_begin(period: Period) -> Schedule:
    """Call after the first bar of the first session of each week, month or quarter.

    A period whose first session has no bar begins with the first that has.
    """
    return Schedule("begin", _known_period(period))


def every_end(period: Period) -> Schedule:
    """Call after the last bar of the last session of each week, month or quarter."""
    return Schedule("end", _known_period(period))


def nothing_between(market: Any, own: Any, p: Any) -> None:
    """Decide nothing: for a strategy that only acts when one of its schedules is due."""


def _known_period(period: Period) -> Period:
    if period not in get_args(Period):
        raise Invalid("schedule.period", "one of " + ", ".join(get_args(Period)), period)
    return period
