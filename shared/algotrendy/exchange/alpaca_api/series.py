"""Read the market's past in either direction, a window at a time, up to now and never beyond.

Everything here is pure and may run on another thread than the exchange.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from typing import Final, TypeVar

from algotrendy.exchange.alpaca_api.timeframes import (
    DAY_NS,
    MINUTE_NS,
    Timeframe,
    combined,
    date_of,
    day_of,
    midnight_ns,
)
from algotrendy.exchange.alpaca_api.wire import Json, bar_json, quote_json, trade_json
from algotrendy.exchange.floor import to_ns
from algotrendy.exchange.market.events import BarEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.market.source import MarketSource
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.errors import JsonValue
from algotrendy.market_data.calendar import TradingCalendar

_TICK_WINDOW_NS: Final = 60 * MINUTE_NS
_BARS_A_WINDOW: Final = 60
_DAYS_A_WINDOW: Final = 366 * 2

T = TypeVar("T")
Row = tuple[int, Json]
Rows = Callable[[str, int, int], Iterator[Row]]
"""Gives a symbol's rows from a first to a last moment, both included."""


@dataclass(frozen=True, slots=True)
class Past:
    """What can be known of a market now.

    Attributes:
        calendar: When daily bars of shares are whole; None where days are UTC's.
        ascending: Oldest first.
    """

    market: MarketSource
    calendar: TradingCalendar
    now_ns: int
    crypto: bool
    ascending: bool = True

    def trades(self, symbol: str, start_ns: int, end_ns: int) -> Iterator[Row]:
        """Give trades."""
        for tick in self._ticks(symbol, start_ns, end_ns):
            if isinstance(tick, TradeEvent):
                yield tick.time_ns, trade_json(tick, crypto=self.crypto)

    def quotes(self, symbol: str, start_ns: int, end_ns: int) -> Iterator[Row]:
        """Give quotes."""
        for tick in self._ticks(symbol, start_ns, end_ns):
            if isinstance(tick, QuoteEvent):
                yield tick.time_ns, quote_json(tick, crypto=self.crypto)

    def bars(self, timeframe: Timeframe) -> Rows:
        """Give a reader of bars of a timeframe."""

        def rows(symbol: str, start_ns: int, end_ns: int) -> Iterator[Row]:
            read = self._days if timeframe.is_daily else self._minutes
            for bar in read(symbol, timeframe, start_ns, end_ns):
                yield bar.time_ns, bar_json(bar)

        return rows

    def _ticks(self, symbol: str, start_ns: int, end_ns: int) -> Iterator[QuoteEvent | TradeEvent]:
        for begin, end in self._windows(start_ns, min(end_ns, self.now_ns) + 1, _TICK_WINDOW_NS):
            yield from self._turned(self.market.ticks(symbol, begin, end))

    def _minutes(
        self, symbol: str, timeframe: Timeframe, start_ns: int, end_ns: int
    ) -> Iterator[BarEvent]:
        span = timeframe.span_ns
        first = -(-start_ns // span) * span
        # Only whole bars: one that ends after now would tell what is to come.
        last = min(end_ns, self.now_ns - span) + 1
        for begin, end in self._windows(first, last, _BARS_A_WINDOW * span):
            if DAY_NS % span == 0:
                found = self.market.bars(symbol, span, begin, end)
            else:
                # The market knows only spans that part a day.
                whole_end = begin - (begin - end) // span * span
                minutes = self.market.bars(symbol, MINUTE_NS, begin, whole_end)
                found = combined(minutes, lambda bar: bar.time_ns // span * span)
            yield from self._turned(found)

    def _days(
        self, symbol: str, timeframe: Timeframe, start_ns: int, end_ns: int
    ) -> Iterator[BarEvent]:
        first = timeframe.first_day(date_of(start_ns, crypto=self.crypto))
        # The last week or month is made whole, as far as now.
        later = timedelta(days=31 * timeframe.months + 7 * timeframe.weeks + 1)
        last = date_of(min(end_ns, self.now_ns), crypto=self.crypto) + later
        begin, end = midnight_ns(first, crypto=True), midnight_ns(last, crypto=True)
        grouped = timeframe.weeks or timeframe.months
        length = max(end - begin, DAY_NS) if grouped else _DAYS_A_WINDOW * DAY_NS
        for left, right in self._windows(begin, end, length):
            days = (bar for bar in self.market.bars(symbol, DAY_NS, left, right) if self._over(bar))
            found = combined(days, lambda bar: self._begin(timeframe.first_day(day_of(bar))))
            yield from self._turned(b for b in found if start_ns <= b.time_ns <= end_ns)

    def _begin(self, day: date) -> int:
        return midnight_ns(day, crypto=self.crypto)

    def _over(self, bar: BarEvent) -> bool:
        """Say whether a daily bar is whole: shares' are when their session has closed."""
        day = day_of(bar)
        if not self.crypto and self.calendar.first <= day <= self.calendar.last:
            session = self.calendar.session(day)
            if session is not None:
                return to_ns(session.close) <= self.now_ns
        return bar.time_ns + DAY_NS <= self.now_ns

    def _windows(self, start: int, end: int, length: int) -> Iterator[tuple[int, int]]:
        """Part ``start <= time < end`` into windows, in the order in which they are wanted."""
        first, last = self.market.span()
        # A daily bar begins before its session does: one window more.
        start = max(start, (first // length - 1) * length)
        if last is not None:
            end = min(end, last + DAY_NS)
        places = range(start, end, length)
        for begin in places if self.ascending else reversed(places):
            yield begin, min(begin + length, end)

    def _turned(self, found: Iterable[T]) -> Iterator[T]:
        return iter(found) if self.ascending else reversed(list(found))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of each symbol, and where the next page begins."""

    rows: dict[str, list[JsonValue]]
    token: str | None


def paged(
    rows: Rows,
    symbols: Sequence[str],
    span: tuple[int, int],
    limit: int,
    token: str | None,
    *,
    ascending: bool,
) -> Page:
    """Read one page of all symbols together, one symbol after the other.

    Args:
        span: First and last moment, both included.
        token: Of the page before.
    """
    ordered = sorted(symbols)
    place = None if token is None else _parsed(token, ordered)

    def of_symbol(symbol: str) -> Iterator[tuple[str, int, Json]]:
        start, end = span
        seen = 0
        if place is not None and symbol == place[0]:
            start, end = (place[1], end) if ascending else (start, place[1])
            seen = place[2]
        for time_ns, row in rows(symbol, start, end):
            if seen and place is not None and time_ns == place[1]:
                seen -= 1
                continue
            yield symbol, time_ns, row

    wanted = ordered if place is None else ordered[ordered.index(place[0]) :]
    flow = chain.from_iterable(of_symbol(symbol) for symbol in wanted)
    found: dict[str, list[JsonValue]] = {}
    last: tuple[str, int, int] | None = place
    for symbol, time_ns, row in islice(flow, limit):
        found.setdefault(symbol, []).append(row)
        again = last is not None and last[:2] == (symbol, time_ns)
        last = symbol, time_ns, (last[2] + 1 if again and last is not None else 1)
    more = last is not None and next(flow, None) is not None
    return Page(found, _written(last) if more and last is not None else None)


def _written(place: tuple[str, int, int]) -> str:
    return base64.urlsafe_b64encode("|".join(str(part) for part in place).encode()).decode()


def _parsed(token: str, symbols: Sequence[str]) -> tuple[str, int, int]:
    try:
        symbol, time_ns, seen = base64.urlsafe_b64decode(token.encode()).decode().split("|")
        place = symbol, int(time_ns), int(seen)
    except (binascii.Error, ValueError):
        raise Refused(Reason.MALFORMED, "page_token must come from the page before") from None
    if symbol not in symbols or place[1] < 0 or place[2] < 1:
        raise Refused(Reason.MALFORMED, "page_token must come from a page of these symbols")
    return place
