"""Keep what the market last said of every symbol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from algotrendy.exchange.market.events import BarEvent, QuoteEvent, TradeEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECIMALS = Decimal("0.000000001")
_MICROSECOND = timedelta(microseconds=1)


def to_ns(moment: datetime) -> int:
    """Turn a time into nanoseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def from_ns(time_ns: int) -> datetime:
    """Turn nanoseconds since 1970 into a time, microseconds kept."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)


@lru_cache(maxsize=65_536)
def exact(value: float) -> Decimal:
    """Turn a price or quantity of the rules into the decimal that was meant, to 9 decimals."""
    found = Decimal(repr(float(value))).quantize(_DECIMALS).normalize()
    return found if int(found.as_tuple().exponent) <= 0 else found.quantize(Decimal(1))


class Prices:
    """The last quote and the last price of every symbol."""

    def __init__(self) -> None:
        self._quotes: dict[str, QuoteEvent] = {}
        self._last: dict[str, tuple[int, float]] = {}
        self._tick_ns: dict[str, int] = {}
        self._known: dict[str, Decimal | None] = {}

    def on_quote(self, event: QuoteEvent) -> None:
        """Take note of a quote."""
        self._quotes[event.symbol] = event
        self._known.pop(event.symbol, None)
        self._tick_ns[event.symbol] = event.time_ns

    def on_trade(self, event: TradeEvent) -> None:
        """Take note of a trade."""
        self._last[event.symbol] = (event.time_ns, event.price)
        self._known.pop(event.symbol, None)
        self._tick_ns[event.symbol] = event.time_ns

    def on_bar(self, event: BarEvent) -> None:
        """Take note of a bar's close, unless ticks have said more."""
        end_ns = event.time_ns + event.span_ns
        if self._last.get(event.symbol, (-1, 0.0))[0] < end_ns and not self.has_ticks(event):
            self._last[event.symbol] = (end_ns, event.close)
            self._known.pop(event.symbol, None)

    def has_ticks(self, bar: BarEvent) -> bool:
        """Say whether quotes or trades told the bar's span already."""
        return self._tick_ns.get(bar.symbol, -1) >= bar.time_ns

    def on_split(self, symbol: str, new: int, old: int) -> None:
        """Restate the last price in new shares, and forget the quote."""
        self._quotes.pop(symbol, None)
        self._known.pop(symbol, None)
        if (last := self._last.get(symbol)) is not None:
            self._last[symbol] = (last[0], float(exact(last[1] * old / new)))

    def quote(self, symbol: str) -> QuoteEvent | None:
        """Give the last quote."""
        return self._quotes.get(symbol)

    def last_trade(self, symbol: str) -> float | None:
        """Give the price of the last trade or bar."""
        last = self._last.get(symbol)
        return None if last is None else last[1]

    def last(self, symbol: str) -> Decimal | None:
        """Give the price of the last trade, else the middle of the quote."""
        if symbol not in self._known:
            self._known[symbol] = self._find_last(symbol)
        return self._known[symbol]

    def to_buy(self, symbol: str) -> Decimal | None:
        """Give the ask, else the last price."""
        quote = self._quotes.get(symbol)
        return exact(quote.ask) if quote is not None and quote.ask > 0 else self.last(symbol)

    def to_sell(self, symbol: str) -> Decimal | None:
        """Give the bid, else the last price."""
        quote = self._quotes.get(symbol)
        return exact(quote.bid) if quote is not None and quote.bid > 0 else self.last(symbol)

    def _find_last(self, symbol: str) -> Decimal | None:
        if (last := self._last.get(symbol)) is not None:
            return exact(last[1])
        if (quote := self._quotes.get(symbol)) is None:
            return None
        if quote.bid > 0 and quote.ask > 0:
            return (exact(quote.bid) + exact(quote.ask)) / 2
        return exact(quote.ask or quote.bid) or None
