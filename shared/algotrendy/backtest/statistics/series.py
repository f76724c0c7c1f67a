"""Hold what every figure is computed from: checked returns, what they make of 1, and their times.

Undefined figures are None throughout the package; undefined values of an array are nan.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algotrendy.backtest.statistics.annual import TRADING_DAYS, check_periods
from algotrendy.kernel.errors import Invalid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DAY_NS = 86_400_000_000_000
YEAR_NS = 365.25 * DAY_NS
MOST = 1e12
"""The greatest return of one bar, gain or loss."""
_PIECE = 8_192

Unit = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A run's returns.

    Attributes:
        returns: Simple, one a bar, oldest first, shape (n,). They end with ruin: nothing follows a
            return of -1 or less.
        wealth: What 1 became, shape (n + 1,); the first is 1.
        times: Nanoseconds UTC of each value of ``wealth``, shape (n + 1,), or None.
        periods_per_year: Bars in a year, for annualising.
    """

    returns: FloatArray
    wealth: FloatArray
    times: IntArray | None
    periods_per_year: float

    @property
    def years(self) -> float:
        """Give the calendar time in years of 365.25 days; without times, bars over those a year."""
        if self.times is None:
            return len(self.returns) / self.periods_per_year
        return float(self.times[-1] - self.times[0]) / YEAR_NS


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Returns compounded over calendar days, months or years (UTC).

    Attributes:
        labels: Days, months or years since 1970, shape (k,); periods without a bar are not there.
        returns: Shape (k,).
    """

    labels: IntArray
    returns: FloatArray


def from_equity(
    equity: ArrayLike, times: ArrayLike | None = None, periods_per_year: float = TRADING_DAYS
) -> Series:
    """Take an equity curve, the first value being what the run began with.

    Args:
        equity: Quote currency, shape (n + 1,), finite, the first > 0.
        times: Nanoseconds UTC or datetime64, increasing, as many.
        periods_per_year: Bars in a year, > 0.

    Raises:
        Invalid: Naming the field, and the row where there is one.
    """
    values = numbers("equity", equity)
    check_periods(periods_per_year)
    if len(values) == 0:
        raise Invalid("equity", "at least one value", 0)
    if values[0] <= 0.0:
        raise Invalid("equity", "above 0 in row 0", float(values[0]))
    stamps = None if times is None else _instants(times, (len(values),))
    if values.min() <= 0.0:
        ruined = int((values <= 0.0).argmax())
        values = values[: ruined + 1]
        stamps = None if stamps is None else stamps[: ruined + 1]
    returns = simple_returns("equity", values)
    return Series(returns, values / values[0], stamps, periods_per_year)


def from_returns(
    returns: ArrayLike, times: ArrayLike | None = None, periods_per_year: float = TRADING_DAYS
) -> Series:
    """Take simple returns.

    Args:
        returns: Fractions, shape (n,), finite.
        times: Nanoseconds UTC or datetime64, increasing: when each return ends, shape (n,), or with
            the beginning of the first in front, shape (n + 1,). Of n times the beginning is taken
            to lie one mean distance before the first.
        periods_per_year: Bars in a year, > 0.

    Raises:
        Invalid: Naming the field, and the row where there is one.
    """
    values = numbers("returns", returns)
    check_periods(periods_per_year)
    check_size("returns", values)
    stamps = None
    if times is not None:
        stamps = _with_beginning(_instants(times, (len(values), len(values) + 1)), len(values))
    if values.min(initial=0.0) <= -1.0:
        ruined = int((values <= -1.0).argmax())
        values = values[: ruined + 1]
        stamps = None if stamps is None else stamps[: ruined + 2]
    wealth = np.empty(len(values) + 1)
    wealth[0] = 1.0
    np.add(values, 1.0, out=wealth[1:])
    with np.errstate(over="ignore"):
        wealth.cumprod(out=wealth)
    if not np.isfinite(wealth[-1]):
        raise Invalid("returns", "such that what 1 becomes is a number", "beyond all floats")
    return Series(values, wealth, stamps, periods_per_year)


def daily_returns(series: Series) -> FloatArray | None:
    """Compound the returns over each UTC day; None without times or returns."""
    if series.times is not None and len(series.returns):
        ends = series.times[1:]
        if len(ends) == 1 or (ends[1:] - ends[:-1]).min() >= DAY_NS:
            return series.returns
    days = compounded(series, "day")
    return None if days is None else days.returns


def simple_returns(field: str, values: FloatArray) -> FloatArray:
    """Give the return of each value over the one before; all but the last are above 0.

    Raises:
        Invalid: If one is greater than any market makes.
    """
    with np.errstate(over="ignore"):
        returns = values[1:] / values[:-1]
    returns -= 1.0
    check_size(field, returns)
    return returns


def compounded(series: Series, unit: Unit) -> Periods | None:
    """Compound the returns over each calendar period; None without times or returns."""
    if series.times is None or len(series.returns) == 0:
        return None
    times = series.times[1:]
    labels, ends = _days(times) if unit == "day" else _spans(times, unit)
    if len(ends) == len(times):
        return Periods(labels, series.returns)
    after = series.wealth[ends + 1]
    before = np.concatenate((series.wealth[:1], after[:-1]))
    return Periods(labels, after / before - 1.0)


def numbers(field: str, values: ArrayLike) -> FloatArray:
    """Give finite float64 numbers in one dimension.

    Raises:
        Invalid: Naming the field and the first row that is not finite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise Invalid(field, "numbers", type(values).__name__) from error
    if array.ndim != 1:
        raise Invalid(field, "of one dimension", f"{array.ndim} dimensions")
    # A sum is finite only where all its terms are: one pass, and no array of booleans.
    with np.errstate(all="ignore"):
        suspicious = not math.isfinite(float(array.sum()))
    if suspicious:
        wrong = np.flatnonzero(~np.isfinite(array))
        if len(wrong):
            raise Invalid(field, "finite in every row", f"{array[wrong[0]]} in row {wrong[0]}")
        raise Invalid(field, "of a finite sum", "a sum beyond all floats")
    return array


def pieces(count: int) -> Iterator[slice]:
    """Cut so many values into pieces whose intermediate results stay in the processor's cache."""
    return (slice(begin, begin + _PIECE) for begin in range(0, count, _PIECE))


def sum_of_squares(values: FloatArray) -> float:
    """Sum the squares."""
    found = []
    for piece in pieces(len(values)):
        part = values[piece]
        found.append(float((part * part).sum()))
    return math.fsum(found)


def check_size(field: str, returns: FloatArray) -> None:
    """Refuse what no market makes, and no fourth power of which would be a number."""
    for row in (returns.argmax(), returns.argmin()) if len(returns) else ():
        if not abs(returns[row]) <= MOST:
            raise Invalid(
                field, f"without a return beyond {MOST:g}", f"{returns[row]:g} in bar {row}"
            )


def defined(value: Any) -> float | None:
    """Give a plain float, or None for nan and infinity."""
    number = float(value)
    return number if math.isfinite(number) else None


def ratio(above: float | None, below: float | None) -> float | None:
    """Divide; None where either is undefined, below is 0, or the result is beyond all floats."""
    if above is None or below is None or below == 0.0:
        return None
    return defined(above / below)


def _instants(times: ArrayLike, lengths: tuple[int, ...]) -> IntArray:
    array = np.asarray(times)
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ns]").astype(np.int64)
    elif array.dtype.kind not in "iu" and array.size:
        raise Invalid("times", "whole nanoseconds or datetime64", str(array.dtype))
    if array.ndim != 1 or len(array) not in lengths:
        expected = " or ".join(str(length) for length in lengths)
        raise Invalid("times", f"of length {expected}", str(array.shape))
    stamps: IntArray = array.astype(np.int64, copy=False)
    if len(stamps) > 1:
        back = stamps[1:] <= stamps[:-1]
        if back.any():
            row = int(back.argmax()) + 1
            raise Invalid("times", "later in every row", f"row {row}: {stamps[row]}")
    return stamps


def _with_beginning(stamps: IntArray, count: int) -> IntArray:
    if len(stamps) == count + 1 or count == 0:
        return stamps
    distance = (stamps[-1] - stamps[0]) // (count - 1) if count > 1 else DAY_NS
    return np.concatenate((stamps[:1] - distance, stamps))


def _days(times: IntArray) -> tuple[IntArray, IntArray]:
    days = times // DAY_NS
    changes = days[1:] != days[:-1]
    if changes.all():
        return days, np.arange(len(days))
    ends = np.append(np.flatnonzero(changes), len(days) - 1)
    return days[ends], ends


def _spans(times: IntArray, unit: Unit) -> tuple[IntArray, IntArray]:
    kind = "datetime64[M]" if unit == "month" else "datetime64[Y]"
    first, last = times[[0, -1]].astype("datetime64[ns]").astype(kind).astype(np.int64)
    labels = np.arange(first, last + 2)
    starts = labels.astype(kind).astype("datetime64[D]").astype(np.int64) * DAY_NS
    at = np.searchsorted(times, starts)
    full = at[1:] > at[:-1]
    return labels[:-1][full], at[1:][full] - 1
