"""Keep what one scope holds at worst, brought up to date by each change alone.

The worst of a symbol is what it comes to when all open orders of one side fill and none of the
other: between the two ends lies whatever may happen. Sums are exact.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Final, NamedTuple

from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.limits import MOST_ORDERS_COUNTED, TradingState

# Two values of the ledger and a fraction multiplied, 36 + 36 + 9 digits, and room to add up.
EXACT: Final = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
ZERO: Final = Decimal(0)
_add, _subtract, _multiply = EXACT.add, EXACT.subtract, EXACT.multiply


def worst_of(longest: Decimal, shortest: Decimal) -> Decimal:
    """Give the largest size between two ends; ``shortest`` is not above ``longest``."""
    other = -shortest
    return max(other, longest)


class Exposure(NamedTuple):
    """What positions come to in the account's currency, at the last prices.

    Attributes:
        gross: Worst sizes added up.
        net_long: Longs less shorts, with every open buy filled and no sell.
        net_short: The same with every open sell filled and no buy.
        margin: What the worst sizes need.
        value: Of the positions as they are, shorts below zero.
    """

    gross: Decimal
    net_long: Decimal
    net_short: Decimal
    margin: Decimal
    value: Decimal

    @property
    def net(self) -> Decimal:
        """Give the worst of longs less shorts, >= 0."""
        return worst_of(self.net_long, self.net_short)

    def changed(self, old: Exposure, new: Exposure) -> Exposure:
        """Put a symbol's new part in place of its old one."""
        return Exposure(
            _add(self.gross, _subtract(new.gross, old.gross)),
            _add(self.net_long, _subtract(new.net_long, old.net_long)),
            _add(self.net_short, _subtract(new.net_short, old.net_short)),
            _add(self.margin, _subtract(new.margin, old.margin)),
            _add(self.value, _subtract(new.value, old.value)),
        )


NOTHING: Final = Exposure(ZERO, ZERO, ZERO, ZERO, ZERO)


class Holding:
    """One symbol in one book: signed ``position``, and what its open orders may add or take.

    Attributes:
        longest: The position when all open buys fill and no sell.
        shortest: The position when all open sells fill and no buy.
    """

    __slots__ = ("buys", "exposure", "longest", "position", "sells", "shortest")

    def __init__(self) -> None:
        self.position = self.buys = self.sells = ZERO
        self.longest = self.shortest = ZERO
        self.exposure = NOTHING

    def find_ends(self) -> None:
        """Find the ends anew after a quantity has changed."""
        self.longest = _add(self.position, self.buys)
        self.shortest = _subtract(self.position, self.sells)

    @property
    def worst(self) -> Decimal:
        """Give the largest size that it may come to, >= 0."""
        return worst_of(self.longest, self.shortest)

    def valued(self, price: Decimal, margin_rate: Decimal) -> Exposure:
        """Reckon what it comes to at a price."""
        gross = _multiply(self.worst, price)
        return Exposure(
            gross,
            _multiply(self.longest, price),
            _multiply(self.shortest, price),
            _multiply(gross, margin_rate),
            _multiply(self.position, price),
        )


class Book:
    """The account as a whole, or a strategy's part of it.

    Attributes:
        name: As breaches name it.
        cash: Where it stands; below zero when borrowed.
        equity: Cash and the value of what is held.
        day_start: Equity at the begin of the day.
        peak: Highest equity so far.
        sent: Times of the last orders, oldest first.
    """

    __slots__ = (
        "cash",
        "day_start",
        "equity",
        "exposure",
        "holdings",
        "name",
        "peak",
        "sent",
        "state",
    )

    def __init__(self, name: str, cash: Decimal) -> None:
        self.name = name
        self.cash = cash
        self.equity = cash
        self.day_start = cash
        self.peak = cash
        self.state = TradingState.ACTIVE
        self.holdings: dict[Symbol, Holding] = {}
        self.exposure = NOTHING
        self.sent: deque[datetime] = deque(maxlen=MOST_ORDERS_COUNTED)

    @property
    def loss_today(self) -> Decimal:
        """Give what was lost since the begin of the day; below zero for a profit."""
        return _subtract(self.day_start, self.equity)

    def holding(self, symbol: Symbol) -> Holding:
        """Give the symbol's holding, an empty one when there is none yet."""
        found = self.holdings.get(symbol)
        if found is None:
            found = self.holdings[symbol] = Holding()
        return found

    def revalue(self, symbol: Symbol, price: Decimal, margin_rate: Decimal) -> None:
        """Take a symbol's new quantities or price into the sums."""
        holding = self.holdings[symbol]
        holding.find_ends()
        new = holding.valued(price, margin_rate)
        self.exposure = self.exposure.changed(holding.exposure, new)
        holding.exposure = new
        self.equity = _add(self.cash, self.exposure.value)
        if self.equity > self.peak:
            self.peak = self.equity

    def move_cash(self, amount: Decimal) -> None:
        """Pay in or out: neither a profit nor a loss."""
        self.cash = _add(self.cash, amount)
        self.equity = _add(self.equity, amount)
        self.day_start = _add(self.day_start, amount)
        self.peak = _add(self.peak, amount)

    def recomputed(self) -> Exposure:
        """Add up the holdings from nothing, which must give ``exposure``."""
        total = NOTHING
        for holding in self.holdings.values():
            total = total.changed(NOTHING, holding.exposure)
        return total
