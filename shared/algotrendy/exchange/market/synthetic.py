"""Draw a market from a seed: any day, minute or tick of it, without what went before.

The price of a symbol is a random walk that is drawn from the coarse to the fine (P. Lévy's
construction of Brownian motion by midpoints): independent levels 256 trading days apart, days
between them, minutes between a day's open and close, trades within a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import exp, log, sqrt
from random import Random

from algotrendy.exchange.market.bars import MINUTE_NS, Tally, in_steps
from algotrendy.exchange.market.chance import chance_of, normal, normal_of
from algotrendy.exchange.market.events import Dividend, QuoteEvent, Split, TradeEvent
from algotrendy.exchange.market.listings import DEFAULT_LISTINGS, Listing
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
from algotrendy.exchange.market.tape import TapeMarket, nanoseconds, session_near
from algotrendy.exchange.market.walks import DrawnMinute, draw_minutes, walk_between
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.market_data.calendar import Session, TradingCalendar, always_open, us_equities

_BLOCK = 256
_BLOCK_SPREAD = 0.12
_OVERNIGHT = 0.35
_INTRADAY = 0.85
_EXTENDED_ACTIVITY = 0.06
_EXTENDED_CALM = 0.3
_REACH = 0.6
"""How far a minute goes beyond its ends, as a part of what it moves."""
_AUCTION_SHARES = (0.01, 0.03)
_LEGS_KEPT = 12
_MINUTES_KEPT = 16
_DIVIDEND_MONTHS = (2, 5, 8, 11)
_DIVIDEND_DAY = 10


class SyntheticMarket(TapeMarket):
    """A market that a seed makes up.

    Args:
        seed: Another seed, another market; the same seed always the same.
        listings: What is traded.
        calendar: When equities are traded; US hours by default. Pairs are traded at all times.
        activity: How many times as many trades as the listings say.
    """

    def __init__(
        self,
        seed: int,
        listings: Sequence[Listing] = DEFAULT_LISTINGS,
        *,
        calendar: TradingCalendar | None = None,
        activity: float = 1.0,
    ) -> None:
        if not 0 < activity <= 100:
            raise Invalid("activity", "above 0 and at most 100", activity)
        hours = calendar or us_equities()
        super().__init__([SyntheticTape(seed, item, hours, activity) for item in listings])


@dataclass(slots=True)
class _Leg:
    """One part of a session; entry i of ``minutes`` is that from ``grid[i]`` to the next.

    Attributes:
        auctions: Lots of the auctions that the first minute begins with and the last ends with.
    """

    start_ns: int
    grid: list[int]
    minutes: list[DrawnMinute | None]
    auctions: tuple[int, int] | None = None

    def plan(self, index: int) -> MinutePlan | None:
        """Give the plan of a minute with trades."""
        drawn = self.minutes[index]
        if drawn is None:
            return None
        open_, high, low, close, low_first, lots, _, pairs, pair_lots, _ = drawn
        prices = corner_prices((open_, high, low, close), low_first)
        each, rest = divmod(lots - 2 * pair_lots, len(prices))
        corners = [(price, each) for price in prices]
        corners[0] = (open_, each + rest)
        time_ns = self.start_ns + index * MINUTE_NS
        plan = MinutePlan(time_ns, corners, low, high, pairs, pair_lots)
        if self.auctions is not None and index in (0, len(self.minutes) - 1):
            place = -1 if index else 0
            price, at_corner = corners[place]
            corners[place] = (price, at_corner + self.auctions[place])
            plan.opening, plan.closing = not index, bool(index)
        return plan

    def tally(self, grid: Grid) -> Tally | None:
        """Tell what all its trades come to, without their plans."""
        drawn = [minute for minute in self.minutes if minute is not None]
        if not drawn:
            return None
        opens, highs, lows, closes, _, lots, corners, pairs, _, values = zip(*drawn, strict=True)
        volume, value = sum(lots), sum(values)
        if self.auctions is not None:
            first, last = self.auctions
            volume += first + last
            value += first * opens[0] + last * closes[-1]
        trades = sum(corners) + 2 * sum(pairs)
        high, low = max(highs), min(lows)
        steps = grid.price_parts, grid.size_parts
        return Tally(opens[0], high, low, closes[-1], volume, trades, value, *steps)


_BEFORE, _REGULAR, _AFTER = range(3)


class SyntheticTape:
    """One symbol of the synthetic market."""

    tells = (Split, Dividend)

    def __init__(
        self, seed: int, listing: Listing, calendar: TradingCalendar, activity: float = 1.0
    ) -> None:
        self.asset: Asset = listing.asset
        crypto = listing.asset.asset_class == AssetClass.CRYPTO
        self.calendar = always_open() if crypto else calendar
        self._auctions = not crypto
        self._listing = listing
        self._name = (seed, listing.asset.symbol)
        self._rate = listing.trades_a_minute * activity
        (step,), parts = in_steps([float(listing.asset.price_step)], least_decimals=2)
        lots = 10_000 if crypto else 1
        shown = max(1, round(listing.trade_size * lots / 10)) if crypto else 100
        self._grid = Grid(parts, step, lots, shown, listing.spread)
        self._legs = lru_cache(_LEGS_KEPT)(self._draw_leg)
        self._closes = lru_cache(4_096)(self._draw_close)
        self._day_tallies = lru_cache(16_384)(self._draw_day_tally)
        self._minutes = lru_cache(_MINUTES_KEPT)(self._draw_ticks)

    def span(self) -> tuple[int, int | None]:
        """Give the time of the calendar; a market round the clock begins in 1990 and has no end."""
        first = max(self.calendar.first, date(1990, 1, 1))
        begin = self.calendar.session(first) or self.calendar.next_session(first)
        if self.calendar.last.year > 9_000:
            return nanoseconds(begin.pre_open), None
        end = self.calendar.session(self.calendar.last)
        end = end or self.calendar.previous_session(self.calendar.last)
        return nanoseconds(begin.pre_open), nanoseconds(end.post_close)

    def ticks(self, minute_ns: int) -> Sequence[QuoteEvent | TradeEvent]:
        """Give the quotes and trades of a minute."""
        return self._minutes(minute_ns)

    def minute(self, minute_ns: int) -> Tally | None:
        """Tell what the trades of a minute come to."""
        found = self._find(minute_ns)
        if found is None:
            return None
        plan = found[0].plan(found[1])
        return None if plan is None else plan.tally(self._grid)

    def day(self, session: date) -> Tally | None:
        """Tell what the trades of the regular hours come to."""
        return self._day_tallies(session)

    def actions(self, session: date) -> Sequence[Split | Dividend]:
        """Pay the quarter's dividend on its first session from the 10th of the middle month."""
        cash = self._listing.dividend
        found = self.calendar.session(session)
        if found is None or not cash or not self._is_ex_date(session):
            return ()
        return (Dividend(self.asset.symbol, nanoseconds(found.pre_open), format(cash, "f")),)

    def _is_ex_date(self, session: date) -> bool:
        if session.month not in _DIVIDEND_MONTHS or session.day < _DIVIDEND_DAY:
            return False
        if session == self.calendar.first:
            return True
        return self.calendar.previous_session(session).date < session.replace(day=_DIVIDEND_DAY)

    def _find(self, minute_ns: int) -> tuple[_Leg, int] | None:
        session = session_near(self.calendar, minute_ns)
        if session is None or minute_ns >= nanoseconds(session.post_close):
            return None
        if minute_ns >= nanoseconds(session.close):
            part = _AFTER
        else:
            part = _REGULAR if minute_ns >= nanoseconds(session.open) else _BEFORE
        leg = self._legs(session, part)
        return leg, (minute_ns - leg.start_ns) // MINUTE_NS

    def _draw_day_tally(self, session: date) -> Tally | None:
        if (found := self.calendar.session(session)) is None:
            return None
        # Not kept: a year of days would drive out the days that are being played.
        return self._draw_leg(found, _REGULAR).tally(self._grid)

    def _draw_ticks(self, minute_ns: int) -> Sequence[QuoteEvent | TradeEvent]:
        found = self._find(minute_ns)
        if found is None:
            return ()
        leg, index = found
        grid, plan = self._grid, leg.plan(index)
        chance = chance_of(*self._name, "minute", minute_ns)
        last_price = leg.grid[index] / grid.price_parts
        if plan is None:
            time_ns = minute_ns + int(chance.random() * MINUTE_NS)
            return (quote(self.asset.symbol, time_ns, last_price, grid, chance),)
        trades = trades_of(plan, grid, self.asset.symbol, chance)
        return with_quotes(trades, minute_ns, last_price, grid, chance)

    def _draw_close(self, index: int) -> float:
        """Draw the logarithm of a day's close over the listing's price."""
        name, volatility = self._name, self._listing.volatility
        block, place = divmod(index, _BLOCK)
        low, high = 0, _BLOCK
        left = _BLOCK_SPREAD * normal_of(*name, "block", block)
        right = _BLOCK_SPREAD * normal_of(*name, "block", block + 1)
        while place != low:
            middle = (low + high) // 2
            draw = normal_of(*name, "day", block * _BLOCK + middle)
            # The finest steps have fat tails: most are calm, a few are three times as large.
            if high - low <= 4:
                draw *= 1.5 if abs(draw) > 1.7 else 0.6
            value = (left + right) / 2 + volatility * sqrt((high - low) / 4) * draw
            if place < middle:
                high, right = middle, value
            else:
                low, left = middle, value
        return left

    def _draw_leg(self, session: Session, part: int) -> _Leg:
        """Draw the regular hours of a session, or what is before or after them."""
        volatility = self._listing.volatility
        day = chance_of(*self._name, "session", session.date)
        index = _trading_day(session.date, every_day=not self._auctions)
        close, before = self._closes(index), self._closes(index - 1)
        lively = exp(0.3 * normal(day.random()))
        gap, drift = normal(day.random()), normal(day.random())
        if self._auctions and session.pre_open < session.open:
            open_ = before + volatility * _OVERNIGHT * gap + (close - before) * 0.3
            after = close + volatility * 0.1 * drift
        else:
            open_, after = before, close
        times = (session.pre_open, session.open, session.close, session.post_close)
        start_ns, end_ns = (nanoseconds(time) for time in times[part : part + 2])
        begin, end = (before, open_, close, after)[part : part + 2]
        width = volatility * _INTRADAY * lively * (1.0 if part == _REGULAR else _EXTENDED_CALM)
        step = self._grid.quote_step
        scale = log(self._listing.price * self._grid.price_parts / step)
        chance = chance_of(*self._name, "part", session.date, part)
        minutes = (end_ns - start_ns) // MINUTE_NS
        grid = walk_between(minutes, begin + scale, end + scale, width, step, chance)
        leg = _Leg(start_ns, grid, [])
        if minutes:
            self._draw_minutes(leg, part == _REGULAR, lively, width / sqrt(minutes), chance)
        return leg

    def _draw_minutes(
        self, leg: _Leg, regular: bool, lively: float, width: float, chance: Random
    ) -> None:
        count = len(leg.grid) - 1
        rate = self._rate * lively
        if not regular:
            rates = [_EXTENDED_ACTIVITY] * count
        else:
            rates = activity_of(count) if self._auctions else [1.0] * count
        reach = width * _REACH
        size = self._listing.trade_size * self._grid.size_parts
        least: tuple[int, ...] = ()
        if regular and self._auctions:
            # There is an auction on every day, whatever the minute around it is like.
            first, last = (int(rate * size * count * share) for share in _AUCTION_SHARES)
            leg.auctions, least = (first, last), (0, count - 1)
        expected = [rate * each for each in rates]
        leg.minutes = draw_minutes(
            leg.grid, expected, least, reach, size, self._grid.quote_step, chance
        )


def _trading_day(day: date, *, every_day: bool) -> int:
    """Count days, or for a market with weekends weekdays: a weekend is no longer than a night."""
    if every_day:
        return day.toordinal()
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * 5 + min(weekday, 5)
