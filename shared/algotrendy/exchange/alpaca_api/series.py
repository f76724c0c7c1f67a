"""Read the market's past in either direction, a window at a time, up to now and never beyond.

Everything here is pure and may run on another thread than the exchange.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from algotrendy.exchange.alpaca_api.adjustments import Adjuster, Adjustment
from algotrendy.exchange.alpaca_api.effort import Effort
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
_DAYS_A_WINDOW: Final = 8
_LONGEST_BAR_NS: Final = 366 * DAY_NS
_LAST_NS: Final = to_ns(datetime.max.replace(tzinfo=UTC))

T = TypeVar("T")
_Bars = Callable[[int, int, int], Iterator[BarEvent]]
Row = tuple[int, Json]
Rows = Callable[[str, int, int], Iterator[Row]]
"""Gives a symbol's rows from a first to a last moment, both included."""


class _Paused(Exception):  # noqa: N818 - reads as what it means
    """Says that reading has lasted long enough, and at what moment it goes on."""

    def __init__(self, at_ns: int) -> None:
        super().__init__(at_ns)
        self.at_ns = at_ns


@dataclass(frozen=True, slots=True)
class Past:
    """What can be known of a market now.

    Attributes:
        calendar: When daily bars of shares are whole; None where days are UTC's.
        ascending: Oldest first.
        adjustment: Of the bars.
        effort: How long to read; then a page ends.
    """

    market: MarketSource
    calendar: TradingCalendar
    now_ns: int
    crypto: bool
    ascending: bool = True
    adjustment: Adjustment = "raw"
    effort: Effort = field(default_factory=Effort)

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
        adjusted = self._adjusted(symbol, first)
        for begin, end in self._windows(first, last, _BARS_A_WINDOW * span):
            if DAY_NS % span == 0:
                found = adjusted(span, begin, end)
            else:
                # The market knows only spans that part a day.
                whole_end = begin - (begin - end) // span * span
                minutes = adjusted(MINUTE_NS, begin, whole_end)
                found = combined(minutes, lambda bar: bar.time_ns // span * span)
            yield from self._turned(found)

    def _days(
        self, symbol: str, timeframe: Timeframe, start_ns: int, end_ns: int
    ) -> Iterator[BarEvent]:
        start_ns, end_ns = self._within(start_ns, end_ns)
        if end_ns < start_ns:
            return
        first = timeframe.first_day(date_of(start_ns, crypto=self.crypto))
        last = date_of(end_ns, crypto=self.crypto)
        adjusted = self._adjusted(symbol, midnight_ns(first, crypto=True))
        for left, right in self._spans_of_days(timeframe, first, last):
            begin, end = (midnight_ns(day, crypto=True) for day in (left, right))
            days = (bar for bar in adjusted(DAY_NS, begin, end) if self._over(bar))
            found = combined(days, lambda bar: self._begin(timeframe.first_day(day_of(bar))))
            yield from self._turned(b for b in found if start_ns <= b.time_ns <= end_ns)

    def _spans_of_days(
        self, timeframe: Timeframe, first: date, last: date
    ) -> Iterator[tuple[date, date]]:
        """Part days into weeks or months, as far as now, in the order in which they are wanted."""
        spans = []
        while first <= last:
            after = timeframe.next_first_day(first)
            if not timeframe.is_grouped:
                after = min(first + timedelta(days=_DAYS_A_WINDOW), last + timedelta(days=1))
            spans.append((first, after))
            first = after
        for left, right in spans if self.ascending else reversed(spans):
            begin, end = self._begin(left), self._begin(right)
            self._take_breath(begin if self.ascending else end - 1)
            yield left, right

    def _adjusted(self, symbol: str, start_ns: int) -> _Bars:
        if self.adjustment == "raw":
            bars: _Bars = partial(self.market.bars, symbol)
        else:
            known_ns = self.now_ns + 1
            bars = Adjuster(self.market, symbol, self.adjustment, start_ns, known_ns).bars
        return lambda span_ns, begin_ns, end_ns: self._awaited(bars(span_ns, begin_ns, end_ns))

    def _awaited(self, bars: Iterable[BarEvent]) -> Iterator[BarEvent]:
        for bar in bars:
            self.effort.keep_on()
            yield bar

    def _take_breath(self, at_ns: int) -> None:
        if self.effort.is_spent():
            raise _Paused(at_ns)

    def _within(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Leave out what lies before the market's begin or after its end, or now."""
        first, last = self.market.span()
        end_ns = min(end_ns, self.now_ns)
        # The bar of a day or a month is named by its begin, which may be before the market's.
        end_ns = end_ns if last is None else min(end_ns, last + DAY_NS)
        return max(start_ns, first - _LONGEST_BAR_NS), end_ns

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
        start = max(start, (first // length - 1) * length)
        if last is not None:
            end = min(end, last + DAY_NS)
        places = range(start, end, length)
        for begin in places if self.ascending else reversed(places):
            over = min(begin + length, end)
            self._take_breath(begin if self.ascending else over - 1)
            yield begin, over

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
    last = place
    paused: tuple[str, int, int] | None = None

    def of_symbol(symbol: str) -> Iterator[tuple[str, int, Json]]:
        nonlocal paused
        start, end = span
        seen = 0
        if place is not None and symbol == place[0]:
            start, end = (place[1], end) if ascending else (start, place[1])
            seen = place[2]
        try:
            for time_ns, row in rows(symbol, start, end):
                if seen and place is not None and time_ns == place[1]:
                    seen -= 1
                    continue
                yield symbol, time_ns, row
        except _Paused as pause:
            # The first window may begin before the range.
            paused = symbol, min(max(start, pause.at_ns), end), 0

    def flow() -> Iterator[tuple[str, int, Json]]:
        for symbol in ordered if place is None else ordered[ordered.index(place[0]) :]:
            yield from of_symbol(symbol)
            if paused is not None:
                return

    found: dict[str, list[JsonValue]] = {}
    read, rest = 0, flow()
    for symbol, time_ns, row in islice(rest, limit):
        found.setdefault(symbol, []).append(row)
        last = _after(last, symbol, time_ns)
        read += 1
    # Only a full page looks whether there is more.
    more = read == limit and (next(rest, None) or paused)
    return Page(found, _written(last if more else paused if read < limit else None))


def _after(last: tuple[str, int, int] | None, symbol: str, time_ns: int) -> tuple[str, int, int]:
    again = last is not None and last[:2] == (symbol, time_ns)
    return symbol, time_ns, (last[2] + 1 if again and last is not None else 1)


def _written(place: tuple[str, int, int] | None) -> str | None:
    if place is None:
        return None
    return base64.urlsafe_b64encode("|".join(str(part) for part in place).encode()).decode()


def _parsed(token: str, symbols: Sequence[str]) -> tuple[str, int, int]:
    try:
        symbol, time_ns, seen = base64.urlsafe_b64decode(token.encode()).decode().split("|")
        place = symbol, int(time_ns), int(seen)
    except (binascii.Error, ValueError):
        raise Refused(Reason.MALFORMED, "page_token must come from the page before") from None
    if symbol not in symbols or not 0 <= place[1] <= _LAST_NS or place[2] < 0:
        raise Refused(Reason.MALFORMED, "page_token must come from a page of these symbols")
    return place
