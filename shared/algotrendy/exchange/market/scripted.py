"""A market that says what it is told to say: by a test, or by a person through the exchange."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from itertools import groupby
from math import isfinite

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS, tally
from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    Split,
    TradeEvent,
)
from algotrendy.exchange.market.source import Action, Asset
from algotrendy.exchange.market.tape import day_of, require_span, told_at
from algotrendy.kernel.decimals import parse_decimal
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.calendar import TradingCalendar, always_open

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LEAST, _MOST = 1e-9, 1e12


class ScriptedMarket:
    """A ``MarketSource`` whose history is what was pushed so far; minute bars are made of trades.

    Args:
        assets: What is traded.
        calendar: A day's bar holds the regular hours of its sessions; UTC days by default.
    """

    def __init__(self, assets: Sequence[Asset], calendar: TradingCalendar | None = None) -> None:
        self._assets = {asset.symbol: asset for asset in sorted(assets, key=lambda a: a.symbol)}
        self._calendar = calendar or always_open()
        self._told: list[MarketEvent] = []
        self._told_ns: list[int] = []
        self._trades: dict[str, list[TradeEvent]] = {symbol: [] for symbol in self._assets}
        self._minute: dict[str, list[TradeEvent]] = {}
        self._last_ids = dict.fromkeys(self._assets, 0)

    def push(self, event: MarketEvent) -> list[MarketEvent]:
        """Say something; give what the market then says, in order: bars that it ended come first.

        A trade without an id gets the next one of its symbol.

        Raises:
            NotFound: Unknown symbol.
            Invalid: A number that no market says, a bar (they are made of trades), or a time
                before that of the last event.
        """
        event = self._checked(event)
        said: list[MarketEvent] = list(self._ended_bars(event.time_ns))
        if isinstance(event, TradeEvent):
            self._last_ids[event.symbol] = event.id
            self._trades[event.symbol].append(event)
            self._minute.setdefault(event.symbol, []).append(event)
        said.append(event)
        self._told += said
        self._told_ns += [told_at(item) for item in said]
        return said

    def check(self, events: Sequence[MarketEvent]) -> None:
        """Refuse what ``push`` would refuse of these events, one after the other, saying nothing.

        Raises:
            NotFound, Invalid: As ``push``.
        """
        trial = copy(self)
        trial._told_ns, trial._last_ids = self._told_ns[-1:], dict(self._last_ids)
        for event in events:
            checked = trial._checked(event)
            trial._told_ns = [checked.time_ns]
            if isinstance(checked, TradeEvent):
                trial._last_ids[checked.symbol] = checked.id

    def assets(self) -> Sequence[Asset]:
        """List what is traded, by symbol."""
        return list(self._assets.values())

    def span(self) -> tuple[int, int | None]:
        """Give the time of the first event; there is no end."""
        return (self._told_ns[0] if self._told_ns else 0), None

    def events(self, start_ns: int, end_ns: int) -> Iterator[MarketEvent]:
        """Give what was said in the range, in order of time."""
        first, last = (bisect_left(self._told_ns, time) for time in (start_ns, end_ns))
        yield from self._told[first:last]

    def bars(self, symbol: str, span_ns: int, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
        """Give bars, made of the trades so far, that begin in the range, oldest first."""
        require_span(span_ns)
        begin_of = self._day_begin if span_ns == DAY_NS else _multiple_of(span_ns)
        for begin_ns, trades in groupby(self._of(symbol), lambda trade: begin_of(trade.time_ns)):
            if begin_ns is None or not start_ns <= begin_ns < end_ns:
                continue
            if (found := tally(trades)) is not None:
                yield found.bar(symbol, begin_ns, span_ns)

    def ticks(self, symbol: str, start_ns: int, end_ns: int) -> Iterator[QuoteEvent | TradeEvent]:
        """Give one symbol's quotes and trades in the range, oldest first."""
        self._of(symbol)
        for event in self.events(start_ns, end_ns):
            if event.symbol == symbol and isinstance(event, QuoteEvent | TradeEvent):
                yield event

    def actions(
        self, symbol: str, kind: type[Action], start_ns: int, end_ns: int
    ) -> Sequence[Action]:
        """Give one symbol's splits or dividends of the range."""
        self._of(symbol)
        said = self.events(start_ns, end_ns)
        return [item for item in said if isinstance(item, kind) and item.symbol == symbol]

    def _of(self, symbol: str) -> list[TradeEvent]:
        try:
            return self._trades[symbol]
        except KeyError:
            known = ", ".join(self._assets)
            raise NotFound("symbol", symbol, f"there are {known}") from None

    def _day_begin(self, time_ns: int) -> int | None:
        day = day_of(self._calendar, time_ns)
        return None if day is None else (day.toordinal() - _EPOCH_DAY) * DAY_NS

    def _ended_bars(self, now_ns: int) -> Iterator[BarEvent]:
        ended = [
            (trades[0].time_ns // MINUTE_NS * MINUTE_NS, symbol)
            for symbol, trades in self._minute.items()
            if trades[0].time_ns // MINUTE_NS < now_ns // MINUTE_NS
        ]
        for begin_ns, symbol in sorted(ended):
            if (found := tally(self._minute.pop(symbol))) is not None:
                yield found.bar(symbol, begin_ns, MINUTE_NS)

    def _checked(self, event: MarketEvent) -> MarketEvent:
        self._of(event.symbol)
        if self._told_ns and event.time_ns < self._told_ns[-1]:
            expected = f"at least that of the last event, {self._told_ns[-1]}"
            raise Invalid("time_ns", expected, event.time_ns)
        match event:
            case QuoteEvent():
                _check_quote(event)
            case TradeEvent():
                _check_number("price", event.price, above_zero=True)
                _check_number("size", event.size, above_zero=True)
                return self._numbered(event)
            case Split():
                if event.new < 1 or event.old < 1:
                    raise Invalid("new", "1 or more for old of 1 or more", (event.new, event.old))
            case Dividend():
                if parse_decimal(event.cash, "cash") <= 0:
                    raise Invalid("cash", "above zero", event.cash)
            case BarEvent():
                raise Invalid("event", "a quote, a trade, a split or a dividend", "a bar")
        return event

    def _numbered(self, trade: TradeEvent) -> TradeEvent:
        last = self._last_ids[trade.symbol]
        if not trade.id:
            return replace(trade, id=last + 1)
        if trade.id <= last:
            raise Invalid("id", f"above the last, {last}", trade.id)
        return trade


def _multiple_of(span_ns: int) -> Callable[[int], int | None]:
    return lambda time_ns: time_ns // span_ns * span_ns


def _check_quote(quote: QuoteEvent) -> None:
    for field in ("bid", "ask", "bid_size", "ask_size"):
        _check_number(field, getattr(quote, field))
    # A side without a price is a side that nobody quotes.
    if quote.ask and quote.bid > quote.ask:
        raise Invalid("bid", f"at most the ask, {quote.ask!r}", quote.bid)


def _check_number(field: str, number: float, *, above_zero: bool = False) -> None:
    if not isfinite(number) or number < 0 or (above_zero and not number):
        raise Invalid(field, "a finite number above 0" if above_zero else "0 or more", number)
    # The venue counts in billionths; beyond these its decimals have no room, or become nothing.
    if number and not _LEAST <= number <= _MOST:
        raise Invalid(field, f"between {_LEAST:g} and {_MOST:g}", number)
