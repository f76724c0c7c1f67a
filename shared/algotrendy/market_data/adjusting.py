"""Adjust raw bars for splits and dividends, as Alpaca does: those before an ex-date."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.actions import ActionKind, CorporateAction
from algotrendy.market_data.calendar import NEW_YORK
from algotrendy.market_data.series import Adjustment, BarSeries, RawBars, day_ns

_ZONE = ZoneInfo(NEW_YORK)
_NS_PER_S = 1_000_000_000

KINDS: dict[Adjustment, frozenset[ActionKind]] = {
    "raw": frozenset(),
    "split": frozenset({ActionKind.SPLIT}),
    "dividend": frozenset({ActionKind.DIVIDEND}),
    "all": frozenset({ActionKind.SPLIT, ActionKind.DIVIDEND}),
}


@dataclass(frozen=True, slots=True)
class Closes:
    """Raw closes by the time of their bars, increasing: what dividends are measured by."""

    times: Sequence[int]
    closes: Sequence[float]
    timeframe: Timeframe

    def before(self, day: date) -> float | None:
        """Give the last close before an ex-date, or None when there is none."""
        place = bisect_left(self.times, begin_ns(day, self.timeframe))
        return self.closes[place - 1] if place else None


def begin_ns(day: date, timeframe: Timeframe) -> int:
    """Give the time of the first bar that may belong to a session date.

    Daily bars have 00:00 UTC of their session; shorter ones their own time, and New York's date.
    """
    if timeframe is Timeframe.DAY:
        return day_ns(day)
    midnight = datetime(day.year, day.month, day.day, tzinfo=_ZONE)
    return int(midnight.timestamp()) * _NS_PER_S


def adjusted(
    raw: RawBars, adjustment: Adjustment, actions: Sequence[CorporateAction], closes: Closes
) -> BarSeries:
    """Put bars on the basis after the last of the actions.

    A split divides the prices of earlier bars by its ratio and multiplies their volumes with it. A
    dividend multiplies their prices by what part of the close before the ex-date it leaves, and
    leaves volumes. A split comes before a dividend of the same day, which is paid on new shares.

    Args:
        raw: As traded; their ``factor`` is not looked at.
        adjustment: Which actions count.
        actions: Of the company, from any time.
        closes: As traded, those before each ex-date that lies after the first bar.
    """
    prices, volumes = factors(raw, adjustment, actions, closes)
    columns = (raw.open, raw.high, raw.low, raw.close)
    open_, high, low, close = (
        tuple(value * factor for value, factor in zip(column, prices, strict=True))
        for column in columns
    )
    volume = tuple(value * factor for value, factor in zip(raw.volume, volumes, strict=True))
    return BarSeries(
        raw.symbol, raw.timeframe, raw.times, open_, high, low, close, volume, adjustment
    )


def factors(
    raw: RawBars, adjustment: Adjustment, actions: Sequence[CorporateAction], closes: Closes
) -> tuple[list[float], list[float]]:
    """Give what to multiply prices and volumes with, bar by bar; see ``adjusted``."""
    wanted = sorted(
        (action for action in actions if action.kind in KINDS[adjustment]),
        key=lambda action: (action.day, action.kind is ActionKind.DIVIDEND, action.number),
    )
    splits = {
        action.day: action.value
        for action in actions
        if action.kind is ActionKind.SPLIT and action.value
    }
    times: list[int] = []
    steps: list[tuple[float, float]] = [(1.0, 1.0)]
    price = volume = 1.0
    for action in reversed(wanted):
        value = action.value or 0.0
        if action.kind is ActionKind.SPLIT:
            price, volume = price / value, volume * value
        else:
            close = closes.before(action.day)
            # Where nothing was traded before, there is nothing to adjust either.
            basis = None if close is None else close / splits.get(action.day, 1.0)
            if basis is not None and value < basis:
                price *= 1 - value / basis
        times.append(begin_ns(action.day, raw.timeframe))
        steps.append((price, volume))
    times.reverse()
    count = len(times)
    # A bar is scaled by all actions whose first session begins after it.
    found = [steps[count - bisect_right(times, time)] for time in raw.times]
    return [price for price, _ in found], [volume for _, volume in found]


def by_factor(raw: RawBars, adjustment: Adjustment) -> BarSeries:
    """Adjust by what the source says of each bar, for want of actions.

    Raises:
        Invalid: For splits or dividends alone: a factor mixes both and cannot be taken apart.
    """
    if adjustment == "all" or adjustment == "raw":
        return raw.adjusted(adjustment)
    if any(factor != 1.0 for factor in raw.factor):
        expected = (
            f"raw or all: of {raw.symbol} there is a factor from its source and no corporate "
            "actions, see algotrendy actions import"
        )
        raise Invalid("adjustment", expected, adjustment)
    return replace(raw.adjusted("raw"), adjustment=adjustment)
