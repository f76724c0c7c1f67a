"""Make bars of trades, exactly: prices and sizes are counted in whole steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from algotrendy.exchange.market.events import BarEvent, TradeEvent

MINUTE_NS = 60 * 1_000_000_000
DAY_NS = 86_400 * 1_000_000_000


@dataclass(slots=True)
class Tally:
    """What some trades come to.

    Attributes:
        open, high, low, close: In steps of ``1 / price_parts`` of quote currency.
        volume: In lots of ``1 / size_parts`` units.
        trades: How many.
        value: Sum of price times size over them, steps times lots.
        price_parts, size_parts: Of tallies that are added up, each parts the greatest evenly.
    """

    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    value: int
    price_parts: int
    size_parts: int

    def bar(self, symbol: str, time_ns: int, span_ns: int) -> BarEvent:
        """Tell it as the bar of a span."""
        parts = self.price_parts
        # A quotient of integers is the float next to it: 18715 / 100 is 187.15 as it is read.
        vwap = self.value / (self.volume * parts) if self.volume else self.close / parts
        return BarEvent(
            symbol,
            time_ns,
            span_ns,
            self.open / parts,
            self.high / parts,
            self.low / parts,
            self.close / parts,
            self.volume / self.size_parts,
            self.trades,
            vwap,
        )


def total(tallies: Sequence[Tally]) -> Tally:
    """Add up the tallies of spans that follow each other; there must be one."""
    price_parts = max(tally.price_parts for tally in tallies)
    size_parts = max(tally.size_parts for tally in tallies)
    if any(t.price_parts != price_parts or t.size_parts != size_parts for t in tallies):
        tallies = [_in_parts(tally, price_parts, size_parts) for tally in tallies]
    return Tally(
        open=tallies[0].open,
        high=max(tally.high for tally in tallies),
        low=min(tally.low for tally in tallies),
        close=tallies[-1].close,
        volume=sum(tally.volume for tally in tallies),
        trades=sum(tally.trades for tally in tallies),
        value=sum(tally.value for tally in tallies),
        price_parts=price_parts,
        size_parts=size_parts,
    )


def tally(trades: Iterable[TradeEvent]) -> Tally | None:
    """Count trades, oldest first; None when there is none."""
    found = list(trades)
    if not found:
        return None
    prices, price_parts = in_steps([trade.price for trade in found])
    sizes, size_parts = in_steps([trade.size for trade in found])
    return Tally(
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[-1],
        volume=sum(sizes),
        trades=len(found),
        value=sum(price * size for price, size in zip(prices, sizes, strict=True)),
        price_parts=price_parts,
        size_parts=size_parts,
    )


def in_steps(numbers: Sequence[float], least_decimals: int = 0) -> tuple[list[int], int]:
    """Write finite floats, as they are read, as whole steps of one part of a power of ten."""
    decimals = [Decimal(repr(number)) for number in numbers]
    finest = min(int(value.normalize().as_tuple().exponent) for value in decimals)
    places = max(least_decimals, -finest)
    return [int(value.scaleb(places)) for value in decimals], int(10**places)


def _in_parts(tally: Tally, price_parts: int, size_parts: int) -> Tally:
    price, size = price_parts // tally.price_parts, size_parts // tally.size_parts
    return Tally(
        open=tally.open * price,
        high=tally.high * price,
        low=tally.low * price,
        close=tally.close * price,
        volume=tally.volume * size,
        trades=tally.trades,
        value=tally.value * price * size,
        price_parts=price_parts,
        size_parts=size_parts,
    )
