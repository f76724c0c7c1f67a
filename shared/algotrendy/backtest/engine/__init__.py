"""The bar engine: decide after a close, fill at the next open, count every cent.

Orders placed at a bar fill at the open of the next. A buy that the cash cannot pay, fee included,
is cut to what it can; cash is never negative. Without leave to go short a sale is cut to what is
held. An order placed at the last bar has no next open and stays unfilled. Shorts, where allowed,
are secured in full: a sale is cut so that all that is short is worth no more than the equity at
the fill.

Float64 throughout, one order of operations: the same bars and parameters give the same bits on
every machine. The builtin sum() is not used on floats here or in the statistics: it rounds
differently since Python 3.12, and laptop and Lambda must agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, ulp

from algotrendy.backtest.trades import Trade, TradeBook
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.context import Account, Bars, MarketOrder
from algotrendy.strategy.definition import Strategy, Values

ENGINE_VERSION = 1
"""Grows with every change that may change a result; a sweep ends with the one it began with."""

_BPS = 10_000.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which orders are filled.

    Attributes:
        cash: At the start, quote currency, > 0.
        fee_bps: Fee in basis points of a fill's notional, >= 0.
        fee_minimum: Least fee of a fill, quote currency.
        fractional: Whether parts of a share can be traded.
        allow_short: Whether more can be sold than is held.
    """

    cash: float
    fee_bps: float = 0.0
    fee_minimum: float = 0.0
    fractional: bool = False
    allow_short: bool = False

    def fee(self, notional: float) -> float:
        """Give the fee of a fill; ``notional`` is price times shares, >= 0."""
        return max(notional * (self.fee_bps / _BPS), self.fee_minimum)


@dataclass(frozen=True, slots=True)
class Fill:
    """A filled order: ``bar`` counts from 0, ``units`` is below 0 for a sale, ``fee`` is paid."""

    bar: int
    units: float
    price: float
    fee: float


@dataclass(frozen=True, slots=True)
class Cut:
    """An order that was not filled whole: wanted so many shares, got so many (0: none)."""

    bar: int
    wanted: float
    filled: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """What one run did.

    Attributes:
        equity: Cash and position at each bar's close, shape (bars,); the first is the cash.
        fills: In the order of time.
        trades: Round trips, from flat to flat.
        open_trade: The one still open, valued at the last close; None when flat.
        cut: Orders that cash, holding or whole shares cut.
        unfilled: Orders placed at the last bar.
        bars_held: Bars at whose close there was a position.
        cash: At the end.
        position: Shares at the end.
    """

    equity: list[float]
    fills: list[Fill]
    trades: list[Trade]
    open_trade: Trade | None
    cut: list[Cut]
    unfilled: int
    bars_held: int
    cash: float
    position: float


@dataclass(slots=True)
class _Ledger:
    """What is really owned. The strategy only sees copies."""

    terms: Terms
    cash: float
    position: float = 0.0
    fills: list[Fill] = field(default_factory=list)
    cut: list[Cut] = field(default_factory=list)
    book: TradeBook = field(default_factory=TradeBook)

    def fill(self, orders: Sequence[MarketOrder], bar: int, price: float) -> None:
        for order in orders:
            if order.share:
                units = wanted = self._affordable(self.cash * order.share, price)
                short_of = units == 0.0
            else:
                wanted = order.units
                units = (
                    self._buyable(wanted, price) if wanted > 0 else -self._sellable(-wanted, price)
                )
                short_of = units != wanted
            if short_of:
                self.cut.append(Cut(bar, wanted, units))
            if units:
                self._book(bar, units, price)

    def _book(self, bar: int, units: float, price: float) -> None:
        notional = abs(units) * price
        fee = self.terms.fee(notional)
        self.cash += (notional if units < 0 else -notional) - fee
        self.position += units
        self.fills.append(Fill(bar, units, price, fee))
        self.book.add(bar, units, price, fee)

    def _buyable(self, wanted: float, price: float) -> float:
        units = wanted if self.terms.fractional else float(floor(wanted))
        notional = units * price
        if notional + self.terms.fee(notional) <= self.cash:
            return units
        return min(units, self._affordable(self.cash, price))

    def _sellable(self, wanted: float, price: float) -> float:
        units = wanted
        if self.terms.allow_short:
            worth = max(self.cash + self.position * price, 0.0)
            # What is short already uses up part of that room; what is held adds to it.
            units = min(units, max(self._affordable(worth, price) + self.position, 0.0))
        else:
            units = min(units, self.position)
        if not self.terms.fractional:
            units = float(floor(units))
        notional = units * price
        # A least fee above proceeds and cash together cannot be paid.
        return units if self.cash + (notional - self.terms.fee(notional)) >= 0.0 else 0.0

    def _affordable(self, budget: float, price: float) -> float:
        """Give the most shares whose price and fee the budget pays."""
        terms = self.terms
        most = min(
            budget / (price * (1.0 + terms.fee_bps / _BPS)), (budget - terms.fee_minimum) / price
        )
        units = most if terms.fractional else float(floor(most) + 1)
        # The quotient may be off by a rounding. The step doubles, so that it always ends.
        step = ulp(units) if terms.fractional else max(1.0, ulp(units))
        while units > 0.0:
            notional = units * price
            if notional + terms.fee(notional) <= budget:
                return units
            units, step = units - step, step * 2.0
        return 0.0


def run(series: BarSeries, strategy: Strategy, values: Values, terms: Terms) -> Backtest:
    """Run a strategy over bars.

    Args:
        values: A checked value for every parameter, as ``strategy.check`` gives it.
    """
    parameters = tuple(values[p.name] for p in strategy.parameters)
    decide, memory = strategy.decide, [0.0] * strategy.memory
    bars, account, ledger = Bars(), Account(terms.cash), _Ledger(terms, terms.cash)
    see_time, see_volume = bars.time.append, bars.volume.append
    see_open, see_high = bars.open.append, bars.high.append
    see_low, see_close = bars.low.append, bars.close.append
    equity: list[float] = []
    cash, position, held = terms.cash, 0.0, 0
    for time, open_, high, low, close, volume in zip(
        series.times, series.open, series.high, series.low, series.close, series.volume, strict=True
    ):
        if account.orders:
            orders, account.orders = account.orders, []
            ledger.fill(orders, len(equity), open_)
            cash, position = ledger.cash, ledger.position
            account.cash, account.position = cash, position
        see_time(time)
        see_open(open_)
        see_high(high)
        see_low(low)
        see_close(close)
        see_volume(volume)
        decide(bars, memory, parameters, account)
        if position:
            held += 1
            equity.append(cash + position * close)
        else:
            equity.append(cash)
    return Backtest(
        equity=equity,
        fills=ledger.fills,
        trades=ledger.book.closed,
        open_trade=ledger.book.marked(len(equity) - 1, series.close[-1]) if equity else None,
        cut=ledger.cut,
        unfilled=len(account.orders),
        bars_held=held,
        cash=cash,
        position=position,
    )
