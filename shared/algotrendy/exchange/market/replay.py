"""Play stored bars and stored trades again, as quotes and trades of every minute.

A bar says where the price was, not when: the way from its open through its high and low to its
close is drawn, the same each time, so that its trades come to its open, high, low, close and volume
exactly. What is drawn is no record of that day. Of a daily bar nothing is known about extended
hours, so nothing is played in them. A bar without volume has quotes and no trades. A volume too
small for whole units is parted into fractions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from random import Random

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS, Tally, in_steps, tally, total
from algotrendy.exchange.market.chance import chance_of
from algotrendy.exchange.market.events import Dividend, QuoteEvent, Split, TradeEvent
from algotrendy.exchange.market.paths import (
    Grid,
    MinutePlan,
    activity_of,
    corner_prices,
    quote,
    trades_of,
    with_quotes,
)
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.market.splits import find_splits
from algotrendy.exchange.market.tape import nanoseconds, session_near
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.series import BarSeries, day_ns, session_date

SPREAD = 0.0001
"""Of the quotes around replayed prices, as a part of the price; at least one price step."""

_NAME = "replay"
_BARS_KEPT = 16
_MINUTES_KEPT = 16
_LEAST_LOTS = 64
_CORNERS = 4
_SHOWN = 100
_IDS_A_DAY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class StoredBars:
    """Bars of one symbol as they were traded, and as adjusted for splits and dividends."""

    raw: BarSeries
    adjusted: BarSeries


@dataclass(slots=True)
class _Way:
    """A drawn bar; entry i of ``plans`` is the minute from ``prices[i]`` to the next."""

    start_ns: int
    grid: Grid
    prices: list[int]
    plans: list[MinutePlan | None]


class BarTape:
    """One symbol, from stored bars of any timeframe.

    Args:
        dates: Of the first and the last bar.
        load: Reads the bars, on first use.
        seed: Of the ways through them.
    """

    tells = (Split,)

    def __init__(
        self,
        asset: Asset,
        calendar: TradingCalendar,
        dates: tuple[date, date],
        load: Callable[[], StoredBars],
        seed: int = 0,
    ) -> None:
        self.asset = asset
        self.calendar = calendar
        self._dates = dates
        self._load = load
        self._name = (_NAME, seed, asset.symbol)
        self._ways = lru_cache(_BARS_KEPT)(self._draw)
        self._minutes = lru_cache(_MINUTES_KEPT)(self._draw_ticks)

    def span(self) -> tuple[int, int | None]:
        """Give begin of the first date and end of the last, UTC."""
        return day_ns(self._dates[0]), day_ns(self._dates[1]) + DAY_NS

    def ticks(self, minute_ns: int) -> Sequence[QuoteEvent | TradeEvent]:
        """Give the quotes and trades of a minute."""
        return self._minutes(minute_ns)

    def minute(self, minute_ns: int) -> Tally | None:
        """Tell what the trades of a minute come to."""
        if (found := self._find(minute_ns)) is None:
            return None
        way, index = found
        plan = way.plans[index]
        return None if plan is None else plan.tally(way.grid)

    def day(self, session: date) -> Tally | None:
        """Give a stored daily bar, or the sum of the shorter bars in the regular hours.

        How many trades a stored day had and its VWAP are not stored: 0, and the typical price.
        """
        if self._span_ns == DAY_NS:
            index = self._index(day_ns(session))
            return None if index is None else self._stored(index)
        if (found := self.calendar.session(session)) is None:
            return None
        minutes = range(nanoseconds(found.open), nanoseconds(found.close), MINUTE_NS)
        tallies = [done for time in minutes if (done := self.minute(time)) is not None]
        return total(tallies) if tallies else None

    def actions(self, session: date) -> Sequence[Split | Dividend]:
        """Tell of the splits that the bars give away; dividends cannot be told from them."""
        ratio = self._splits.get(session)
        found = self.calendar.session(session)
        if ratio is None or found is None:
            return ()
        return (Split(self.asset.symbol, nanoseconds(found.pre_open), *ratio),)

    @cached_property
    def _bars(self) -> StoredBars:
        return self._load()

    @cached_property
    def _splits(self) -> dict[date, tuple[int, int]]:
        return find_splits(self._bars.raw, self._bars.adjusted)

    @cached_property
    def _span_ns(self) -> int:
        return int(self._bars.raw.timeframe.span.total_seconds()) * 1_000_000_000

    def _index(self, time_ns: int) -> int | None:
        times = self._bars.raw.times
        index = bisect_left(times, time_ns)
        return index if index < len(times) and times[index] == time_ns else None

    def _numbers(self, index: int) -> tuple[list[float], float]:
        raw = self._bars.raw
        prices = [column[index] for column in (raw.open, raw.high, raw.low, raw.close)]
        return prices, raw.volume[index]

    def _stored(self, index: int) -> Tally:
        prices, volume = self._numbers(index)
        # Three thirds of a step each: the typical price is a third of a sum.
        (open_, high, low, close), parts = in_steps(prices)
        (lots,), size_parts = in_steps([volume])
        return Tally(
            open_ * 3,
            high * 3,
            low * 3,
            close * 3,
            lots,
            0,
            lots * (high + low + close),
            parts * 3,
            size_parts,
        )

    def _find(self, minute_ns: int) -> tuple[_Way, int] | None:
        session = session_near(self.calendar, minute_ns)
        if session is None:
            return None
        if self._span_ns < DAY_NS:
            start_ns = minute_ns // self._span_ns * self._span_ns
            index, minutes = self._index(start_ns), self._span_ns // MINUTE_NS
        else:
            start_ns, end_ns = nanoseconds(session.open), nanoseconds(session.close)
            if not start_ns <= minute_ns < end_ns:
                return None
            index, minutes = self._index(day_ns(session.date)), (end_ns - start_ns) // MINUTE_NS
        if index is None:
            return None
        return self._ways(index, start_ns, minutes), (minute_ns - start_ns) // MINUTE_NS

    def _draw(self, index: int, start_ns: int, minutes: int) -> _Way:
        prices, volume = self._numbers(index)
        grid, steps, lots = grid_of(self.asset, prices, volume)
        chance = chance_of(*self._name, "bar", start_ns)
        way = draw_way(grid, steps, lots, start_ns, minutes, chance)
        if self._span_ns == DAY_NS:
            if way.plans[0] is not None:
                way.plans[0].opening = True
            if way.plans[-1] is not None:
                way.plans[-1].closing = True
        return way

    def _draw_ticks(self, minute_ns: int) -> Sequence[QuoteEvent | TradeEvent]:
        if (found := self._find(minute_ns)) is None:
            return ()
        way, index = found
        plan, last_price = way.plans[index], way.prices[index] / way.grid.price_parts
        symbol = self.asset.symbol
        chance = chance_of(*self._name, "minute", minute_ns)
        if plan is None:
            time_ns = minute_ns + int(chance.random() * MINUTE_NS)
            return (quote(symbol, time_ns, last_price, way.grid, chance),)
        trades = trades_of(plan, way.grid, symbol, chance)
        return with_quotes(trades, minute_ns, last_price, way.grid, chance)


class TradeTape:
    """One symbol, from stored trades; the quotes around them are drawn.

    Args:
        dates: Of the first and the last trade, UTC.
        load: Reads the trades of a UTC date, oldest first: times (ns), prices, sizes.
        seed: Of the quotes.
    """

    tells = ()

    def __init__(
        self,
        asset: Asset,
        calendar: TradingCalendar,
        dates: tuple[date, date],
        load: Callable[[date], tuple[Sequence[int], Sequence[float], Sequence[float]]],
        seed: int = 0,
    ) -> None:
        self.asset = asset
        self.calendar = calendar
        self._dates = dates
        self._load = load
        self._name = (_NAME, seed, asset.symbol)
        self._days = lru_cache(4)(self._trades_of_day)

    def span(self) -> tuple[int, int | None]:
        """Give begin of the first date and end of the last, UTC."""
        return day_ns(self._dates[0]), day_ns(self._dates[1]) + DAY_NS

    def ticks(self, minute_ns: int) -> Sequence[QuoteEvent | TradeEvent]:
        """Give the trades of a minute, each behind the quote that it met."""
        trades, first, last = self._range(minute_ns, minute_ns + MINUTE_NS)
        if first == last:
            return ()
        before = trades[max(0, first - 1)].price
        chance = chance_of(*self._name, "ticks", minute_ns)
        grid, _, _ = grid_of(self.asset, [before] * 4, _SHOWN)
        return with_quotes(trades[first:last], minute_ns, before, grid, chance)

    def minute(self, minute_ns: int) -> Tally | None:
        """Tell what the trades of a minute come to."""
        trades, first, last = self._range(minute_ns, minute_ns + MINUTE_NS)
        return tally(trades[first:last])

    def day(self, session: date) -> Tally | None:
        """Tell what the trades of the regular hours of a session come to."""
        if (found := self.calendar.session(session)) is None:
            return None
        trades, first, last = self._range(nanoseconds(found.open), nanoseconds(found.close))
        return tally(trades[first:last])

    def actions(self, session: date) -> Sequence[Split | Dividend]:  # noqa: ARG002
        """Trades tell of none."""
        return ()

    def _range(self, start_ns: int, end_ns: int) -> tuple[Sequence[TradeEvent], int, int]:
        # Regular hours in New York, and every minute, lie within one UTC date.
        day = session_date(start_ns)
        if not self._dates[0] <= day <= self._dates[1]:
            return (), 0, 0
        trades, times = self._days(day)
        return trades, bisect_left(times, start_ns), bisect_left(times, end_ns)

    def _trades_of_day(self, day: date) -> tuple[list[TradeEvent], list[int]]:
        times, prices, sizes = self._load(day)
        first_id = day.toordinal() * _IDS_A_DAY
        trades = [
            TradeEvent(self.asset.symbol, time_ns, price, size, first_id + index)
            for index, (time_ns, price, size) in enumerate(
                zip(times, prices, sizes, strict=True), 1
            )
        ]
        return trades, list(times)


def grid_of(asset: Asset, prices: Sequence[float], volume: float) -> tuple[Grid, list[int], int]:
    """Find the steps in which a bar's prices and volume are whole numbers, and count them."""
    # Below a dollar a share is quoted in hundredths of a cent.
    fine = "/" not in asset.symbol and min(prices) < 1
    step = 0.0001 if fine else float(asset.price_step)
    (_, *steps), parts = in_steps([step, *prices])
    quote_step = in_steps([step, 1 / parts])[0][0]
    (lots,), size_parts = in_steps([volume])
    while 0 < lots < _LEAST_LOTS:
        lots, size_parts = lots * 10, size_parts * 10
    shown = _SHOWN * size_parts
    if lots:
        # A thin market, or one of whole bitcoins, shows less.
        shown = max(1, min(shown, lots // 1_000))
    return Grid(parts, quote_step, size_parts, shown, SPREAD), steps, lots


def draw_way(
    grid: Grid, bar: Sequence[int], lots: int, start_ns: int, minutes: int, chance: Random
) -> _Way:
    """Part a bar into minutes whose trades come to its open, high, low, close and volume.

    Args:
        bar: Open, high, low, close in steps of the grid.
        lots: Its volume; 0, or at least 64.
    """
    open_, high, low, close = bar
    low_first = chance.random() < (0.7 if close >= open_ else 0.3)
    corners = corner_prices((open_, high, low, close), low_first)
    between = corners[1:-1]
    turns = sorted(chance.sample(range(minutes), len(between))) if minutes > 1 else []
    extremes = dict(zip(turns, between, strict=True)) if turns else {}
    prices = _boundaries(grid, bar, minutes, extremes, chance)
    way = _Way(start_ns, grid, prices, [None] * minutes)
    for index, share in enumerate(_shares(lots, minutes, {0, minutes - 1, *turns})):
        if not share:
            continue
        if minutes == 1:
            stops = corners
        else:
            stops = [prices[index]]
            if index in extremes:
                stops.append(extremes[index])
            if len(stops) > 1 or prices[index + 1] != prices[index]:
                stops.append(prices[index + 1])
        way.plans[index] = _plan(start_ns + index * MINUTE_NS, stops[-share:], share, chance)
    return way


def _boundaries(
    grid: Grid, bar: Sequence[int], minutes: int, extremes: dict[int, int], chance: Random
) -> list[int]:
    """Draw the prices between the minutes: from knot to knot, with a walk around the line."""
    open_, high, low, close = bar
    knots = [(0.0, open_), *((i + 0.5, price) for i, price in extremes.items())]
    knots.append((float(minutes), close))
    step, width = grid.quote_step, (high - low) / (2 * minutes**0.5)
    draw = chance.random
    prices, offset, at = [open_], 0.0, 0
    for index in range(1, minutes):
        while knots[at + 1][0] < index:
            at, offset = at + 1, 0.0
        (begin, here), (end, there) = knots[at], knots[at + 1]
        offset += (draw() - 0.5) * 2 * width
        # The walk is led back to the line by the next knot.
        left = (end - index) / (end - begin)
        price = here + (there - here) * (1 - left) + offset * left
        prices.append(min(high, max(low, int(price) // step * step)))
    prices.append(close)
    return prices


def _shares(lots: int, minutes: int, busy: set[int]) -> list[int]:
    """Part a volume over minutes, more of it at both ends; busy minutes have lots for a corner."""
    if not lots:
        return [0] * minutes
    spare = lots - _CORNERS * len(busy)
    shares, done, reached = [], 0, 0.0
    for index, weight in enumerate(activity_of(minutes)):
        reached += weight
        until = spare if index == minutes - 1 else min(spare, int(spare * (reached / minutes)))
        shares.append(until - done + (_CORNERS if index in busy else 0))
        done = until
    return shares


def _plan(start_ns: int, corners: list[int], lots: int, chance: Random) -> MinutePlan:
    pairs = min(int(chance.random() * 3), (lots - len(corners)) // 2)
    low, high = min(corners), max(corners)
    pair_lots = int((lots - len(corners)) // 2 * (0.3 + 0.4 * chance.random())) if pairs else 0
    pair_lots = max(pairs, pair_lots)
    each, rest = divmod(lots - 2 * pair_lots, len(corners))
    sizes = [each] * len(corners)
    sizes[0] += rest
    return MinutePlan(start_ns, list(zip(corners, sizes, strict=True)), low, high, pairs, pair_lots)
