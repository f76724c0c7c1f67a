"""Make columns of bars for tests: prices that differ from bar to bar, and nothing by chance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from algotrendy.backtest.data.columns import WHOLE_SESSION, Columns, IntArray, columns
from algotrendy.backtest.data.moments import DAY_NS, MINUTE_NS, datetime_ns


def at(text: str) -> int:
    """Count the nanoseconds to a moment in UTC."""
    return datetime_ns(datetime.fromisoformat(text).replace(tzinfo=UTC))


def bars_at(
    times: Sequence[int] | IntArray,
    span: int = DAY_NS,
    *,
    price: float = 100.0,
    phase: Sequence[int] | int = WHOLE_SESSION,
) -> Columns:
    """Make a bar a time: bar k opens at price + k, and closes half a unit higher."""
    begins = np.array(times, dtype=np.int64)
    count = np.arange(len(begins), dtype=np.float64)
    opens = price + count
    arrays = {
        "time": begins,
        "open": opens,
        "high": opens + 1.0,
        "low": opens - 1.0,
        "close": opens + 0.5,
        "volume": 1_000.0 + count,
    }
    return columns(arrays, known=begins + span, phase=phase)


def daily(first: str, count: int, *, price: float = 100.0) -> Columns:
    """Make a bar a day, weekends too."""
    begin = at(first)
    return bars_at([begin + day * DAY_NS for day in range(count)], price=price)


def weekdays(first: str, last: str, *, price: float = 100.0) -> Columns:
    """Make a bar a day from Monday to Friday, both dates included."""
    days = range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)
    dates = [day for day in map(date.fromordinal, days) if day.weekday() < 5]
    return bars_at([at(day.isoformat()) for day in dates], price=price)


def minutes(first: str, count: int, *, every: int = 1, price: float = 100.0) -> Columns:
    """Make a bar of so many minutes each, one after the other."""
    begin, span = at(first), every * MINUTE_NS
    return bars_at(begin + span * np.arange(count), span, price=price)
