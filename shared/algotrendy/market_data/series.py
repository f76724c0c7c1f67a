"""Bar series: what an import stores (raw) and what a reader gets (raw or adjusted)."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from typing import Literal, Self

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol

Adjustment = Literal["raw", "split", "dividend", "all"]

PRICE_LIMITS = (1e-9, 1e12)
VOLUME_LIMIT = 1e18
FACTOR_LIMITS = (1e-9, 1e9)
YEAR_LIMITS = (1800, 2199)

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_NS_PER_DAY = 86_400 * 1_000_000_000


def day_ns(session: date) -> int:
    """Give 00:00 UTC of a session date in nanoseconds since 1970: the time of a daily bar."""
    return (session.toordinal() - _EPOCH_DAY) * _NS_PER_DAY


def session_span(start: date | None, end: date | None) -> tuple[int | None, int | None]:
    """Give the first and last nanosecond of a range of session dates, both included."""
    first = None if start is None else day_ns(start)
    return first, None if end is None else day_ns(end) + _NS_PER_DAY - 1


def session_date(time_ns: int) -> date:
    """Give the UTC date of a bar's time; for a daily bar, its session."""
    return date.fromordinal(_EPOCH_DAY + time_ns // _NS_PER_DAY)


def row_fault(open_: float, high: float, low: float, close: float) -> tuple[str, str] | None:
    """Name the field that keeps four prices from being one bar, and why; None when they are."""
    if high < low:
        return "high", f"{high!r} is below low {low!r}"
    if not low <= open_ <= high:
        return "open", f"{open_!r} is outside low {low!r} to high {high!r}"
    if not low <= close <= high:
        return "close", f"{close!r} is outside low {low!r} to high {high!r}"
    return None


@dataclass(frozen=True, slots=True)
class BarSeries:
    """Bars of one symbol, oldest first, one entry a bar in every column.

    Attributes:
        times: Bar times in nanoseconds since 1970 UTC, strictly increasing; a daily bar has
            00:00 UTC of its session date.
        open, high, low, close: Prices in quote currency, on the basis that ``adjustment`` names.
        volume: As traded, or scaled by the splits that prices are adjusted for. Where a source's
            factor adjusts the prices it is as traded, see ``RawBars.adjusted``.
        adjustment: "raw" as traded on the day; "split", "dividend" or "all" on the basis after
            the splits, the dividends or both.
    """

    symbol: Symbol
    timeframe: Timeframe
    times: tuple[int, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    adjustment: Adjustment = "raw"

    def __post_init__(self) -> None:
        _require_equal_lengths(self.times, self._columns())

    def __len__(self) -> int:
        return len(self.times)

    def head(self, count: int) -> BarSeries:
        """Give the first bars, at most ``count`` of them."""
        open_, high, low, close, volume = (column[:count] for column in self._columns())
        return replace(
            self,
            times=self.times[:count],
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )

    def validate(self) -> Self:
        """Check every bar; the first bad one raises.

        Raises:
            Invalid: Naming the column and the index, as ``bars[7].high``.
        """
        _check_times(self.times)
        for index in range(len(self)):
            _check_bar(index, *(column[index] for column in self._columns()))
        return self

    def sha256(self) -> str:
        """Hash symbol, timeframe, adjustment and every value: equal series, equal hash."""
        head = f"{self.symbol}|{self.timeframe}|{self.adjustment}|{len(self)}"
        return _digest(head, self.times, self._columns())

    def _columns(self) -> tuple[tuple[float, ...], ...]:
        return self.open, self.high, self.low, self.close, self.volume


@dataclass(frozen=True, slots=True)
class RawBars:
    """Bars as their source gives them, with the factor that adjusts them: what is stored.

    Attributes:
        factor: Adjusted close over raw close, per bar; 1.0 where the source has none. It holds
            as of the source's last date, so bars of two sources may stand on two bases.
        source: Where the bars come from, e.g. "bokeh_sampledata 2026.1" or "csv:prices.csv".
    """

    symbol: Symbol
    timeframe: Timeframe
    times: tuple[int, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    factor: tuple[float, ...]
    source: str

    def __post_init__(self) -> None:
        _require_equal_lengths(self.times, self._columns())

    def __len__(self) -> int:
        return len(self.times)

    def validate(self) -> Self:
        """Check that there are bars, each bar, and its factor; the first fault raises."""
        if not self.times:
            raise Invalid("bars", "at least one bar", f"no bars of {self.symbol}")
        self.adjusted("raw").validate()
        least, most = FACTOR_LIMITS
        for index, factor in enumerate(self.factor):
            if not least <= factor <= most:
                expected = f"a factor of {least:g} to {most:g}"
                raise Invalid(f"bars[{index}].factor", expected, factor)
        return self

    def adjusted(self, adjustment: Literal["raw", "all"]) -> BarSeries:
        """Give the series as traded, or adjusted by its source's factor.

        "all" multiplies each of open, high, low and close by the bar's factor, one float64
        multiplication each. Volume stays as traded: the factor mixes splits, which would scale
        volume, with dividends, which would not, and cannot be taken apart.
        """
        prices = (self.open, self.high, self.low, self.close)
        if adjustment == "all":
            open_, high, low, close = (_scaled(column, self.factor) for column in prices)
            prices = (open_, high, low, close)
        return BarSeries(
            self.symbol, self.timeframe, self.times, *prices, self.volume, adjustment=adjustment
        )

    def sha256(self) -> str:
        """Hash everything, the source's name too: an equal import has an equal hash."""
        head = f"{self.symbol}|{self.timeframe}|{self.source}|{len(self)}"
        return _digest(head, self.times, self._columns())

    def _columns(self) -> tuple[tuple[float, ...], ...]:
        return self.open, self.high, self.low, self.close, self.volume, self.factor


def _scaled(values: tuple[float, ...], factors: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(value * factor for value, factor in zip(values, factors, strict=True))


def _require_equal_lengths(times: tuple[int, ...], columns: Sequence[tuple[float, ...]]) -> None:
    for column in columns:
        if len(column) != len(times):
            raise Invalid("bars", f"{len(times)} values a column", len(column))


def _check_times(times: tuple[int, ...]) -> None:
    for index in range(1, len(times)):
        if times[index] <= times[index - 1]:
            raise Invalid(f"bars[{index}].time", "later than the bar before it", times[index])


def _check_bar(
    index: int, open_: float, high: float, low: float, close: float, volume: float
) -> None:
    for name, price in (("open", open_), ("high", high), ("low", low), ("close", close)):
        if not (isfinite(price) and price > 0):
            raise Invalid(f"bars[{index}].{name}", "a finite price above 0", price)
    if not (isfinite(volume) and volume >= 0):
        raise Invalid(f"bars[{index}].volume", "a finite volume of at least 0", volume)
    if fault := row_fault(open_, high, low, close):
        field, reason = fault
        raise Invalid(f"bars[{index}].{field}", "inside low to high", reason)


def _digest(head: str, times: tuple[int, ...], columns: Sequence[tuple[float, ...]]) -> str:
    digest = hashlib.sha256(head.encode())
    # Native order: every machine that this runs on is little-endian.
    digest.update(array("q", times).tobytes())
    for column in columns:
        digest.update(array("d", column).tobytes())
    return digest.hexdigest()
