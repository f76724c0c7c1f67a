"""Hold what a market says, one event at a time; times in nanoseconds since 1970 UTC."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class QuoteEvent:
    """The best bid and offer from now on; sizes in units."""

    symbol: str
    time_ns: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


@dataclass(frozen=True, slots=True)
class TradeEvent:
    """A trade of the market at large; ``id`` grows within a symbol."""

    symbol: str
    time_ns: int
    price: float
    size: float
    id: int = 0


@dataclass(frozen=True, slots=True)
class BarEvent:
    """A whole bar, told at its end.

    Attributes:
        time_ns: Begin of its span.
        span_ns: Length; a daily bar's is 86,400 s from 00:00 UTC of its session date.
        trades: How many trades made it.
        vwap: Volume-weighted average price.
    """

    symbol: str
    time_ns: int
    span_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int
    vwap: float

    def joined(self, later: BarEvent) -> BarEvent:
        """Give this bar with what a later one brought; its begin and its length stay."""
        volume = self.volume + later.volume
        value = self.vwap * self.volume + later.vwap * later.volume
        return replace(
            self,
            high=max(self.high, later.high),
            low=min(self.low, later.low),
            close=later.close,
            volume=volume,
            trades=self.trades + later.trades,
            vwap=round(value / volume, 6) if volume else later.vwap,
        )


@dataclass(frozen=True, slots=True)
class Split:
    """From this session on, ``new`` shares stand for ``old`` ones (4:1 is new=4, old=1)."""

    symbol: str
    time_ns: int
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """From this session on the share trades without it: holders get it, shorts pay it.

    ``cash`` is quote currency a share, as decimal text.
    """

    symbol: str
    time_ns: int
    cash: str


MarketEvent = QuoteEvent | TradeEvent | BarEvent | Split | Dividend
