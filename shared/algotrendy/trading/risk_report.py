"""Say how an account stands: exposure, profit and loss, what it may lose, what it would lose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency
from algotrendy.risk.book import Book as RiskBook
from algotrendy.risk.decision import Breach
from algotrendy.risk.limits import CONFIDENCES, StrategyId, TradingState
from algotrendy.risk.loss import (
    TailLoss,
    historical_portfolio_loss,
    parametric_portfolio_loss,
)
from algotrendy.risk.stress import StressResult, stakes_of, stressed
from algotrendy.risk.tails import Past, broken_limits, held_symbols
from algotrendy.trading.accounts import strategy_of
from algotrendy.trading.closes import read_closes, returns_of
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.risk_desk import RiskDesk, read_desk

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookReport:
    """The account as a whole, or a strategy's part of it; sums in the account's currency.

    Attributes:
        profit_today: Since the begin of the day, below zero for a loss.
        drawdown: How far equity is below its highest.
        realised: Profit of what was closed, before fees.
        gross, net, margin: At worst, open orders counted.
    """

    strategy: StrategyId | None
    state: TradingState
    cash: Decimal
    equity: Decimal
    profit_today: Decimal
    drawdown: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    dividends: Decimal
    interest: Decimal
    gross: Decimal
    net: Decimal
    margin: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingReport:
    """What the account holds of a symbol, all parts together.

    Attributes:
        price: The last that is known; None where nobody told one.
        is_fresh: Whether the price is young enough to decide by.
    """

    symbol: Symbol
    quantity: Decimal
    cost: Decimal
    price: Decimal | None
    value: Decimal
    unrealised: Decimal
    is_fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TailReport:
    """What may be lost in a day: as it was, and if returns were normal."""

    historical: TailLoss
    parametric: TailLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport:
    """How an account stands.

    Attributes:
        books: The account first, then its strategies by name.
        tails: By confidence; none where no position has a past.
        spans: How many days the tails stand on.
        without_past: Positions that the tails leave out, as too few of their closes are known.
        stress: The worst first.
    """

    account: AccountId
    currency: Currency
    at: datetime
    books: tuple[BookReport, ...]
    holdings: tuple[HoldingReport, ...]
    breaches: tuple[Breach, ...]
    tails: tuple[TailReport, ...]
    spans: int
    without_past: tuple[Symbol, ...]
    stress: tuple[StressResult, ...]


def read_report(tx: LedgerTransaction, root: AccountId, now: datetime) -> RiskReport:
    """Read from the ledger how a whole account stands; NotFound when there is none."""
    desk = read_desk(tx, root, now)
    past = Past.of(returns_of(read_closes(tx, root, held_symbols(desk.state))))
    return risk_report(desk, tx.books.balances(list(desk.family)), past, now)


def risk_report(
    desk: RiskDesk,
    balances: Mapping[Place, Decimal],
    past: Past,
    now: datetime,
) -> RiskReport:
    """Reckon how an account stands.

    Args:
        balances: Of the account and its parts.
        past: Of symbols that are held.
    """
    holdings = tuple(_holdings(desk, balances, now))
    values = {each.symbol: float(each.value) for each in holdings if each.symbol in past.returns}
    known = {symbol: past.returns[symbol] for symbol in values}
    return RiskReport(
        account=desk.account.id,
        currency=desk.account.currency,
        at=now,
        books=tuple(_books(desk, balances)),
        holdings=holdings,
        breaches=broken_limits(desk.state, desk.limits, past),
        tails=_tails(values, known),
        spans=min((len(each) for each in known.values()), default=0),
        without_past=tuple(each.symbol for each in holdings if each.symbol not in values),
        stress=stressed(stakes_of(desk.state, past.deviations)),
    )


def _tails(
    values: Mapping[Symbol, float], returns: Mapping[Symbol, Sequence[float]]
) -> tuple[TailReport, ...]:
    if not values:
        return ()
    return tuple(
        TailReport(
            historical=historical_portfolio_loss(values, returns, float(confidence)),
            parametric=parametric_portfolio_loss(values, returns, float(confidence)),
        )
        for confidence in CONFIDENCES
    )


def _books(desk: RiskDesk, balances: Mapping[Place, Decimal]) -> Iterable[BookReport]:
    currency = desk.account.currency
    yield _book(None, desk.state.account, _summed(balances, None, currency))
    for strategy in sorted(desk.state.strategies):
        of_part = _summed(balances, strategy, currency)
        yield _book(strategy, desk.state.strategies[strategy], of_part)


def _book(strategy: StrategyId | None, book: RiskBook, sums: Mapping[Book, Decimal]) -> BookReport:
    return BookReport(
        strategy=strategy,
        state=book.state,
        cash=book.cash,
        equity=book.equity,
        profit_today=EXACT.minus(book.loss_today),
        drawdown=EXACT.subtract(book.peak, book.equity),
        # What came from there stands below zero in the books.
        realised=EXACT.minus(sums[Book.REALISED]),
        unrealised=EXACT.subtract(book.exposure.value, sums[Book.POSITION]),
        fees=sums[Book.FEES],
        dividends=EXACT.minus(sums[Book.DIVIDENDS]),
        interest=EXACT.minus(sums[Book.INTEREST]),
        gross=book.exposure.gross,
        net=book.exposure.net,
        margin=book.exposure.margin,
    )


def _summed(
    balances: Mapping[Place, Decimal], strategy: StrategyId | None, currency: Currency
) -> Mapping[Book, Decimal]:
    """Add up what is in each book: of a part, or of the account with all its parts."""
    sums: defaultdict[Book, Decimal] = defaultdict(Decimal)
    for place, value in balances.items():
        if place.currency is currency and strategy in (None, strategy_of(place.account)):
            sums[place.book] = EXACT.add(sums[place.book], value)
    return sums


def _holdings(
    desk: RiskDesk, balances: Mapping[Place, Decimal], now: datetime
) -> Iterable[HoldingReport]:
    costs: defaultdict[Symbol, Decimal] = defaultdict(Decimal)
    for place, value in balances.items():
        is_cost = place.book is Book.POSITION and place.currency is desk.account.currency
        if is_cost and place.symbol is not None:
            costs[place.symbol] = EXACT.add(costs[place.symbol], value)
    for symbol, holding in sorted(desk.state.account.holdings.items()):
        if not holding.position:
            continue
        quote = desk.quotes.get(symbol)
        value = holding.exposure.value
        yield HoldingReport(
            symbol=symbol,
            quantity=holding.position,
            cost=costs[symbol],
            price=None if quote is None else quote.last,
            value=value,
            unrealised=EXACT.subtract(value, costs[symbol]),
            is_fresh=desk.quote(symbol, now) is not None,
        )
