"""See a run's account and its orders as the ledger knows them, for its strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from algotrendy.backtest.engine.step_records import AccountSeen, FillSeen, OrderFate, OrderSeen
from algotrendy.exchange.rules.codes import STOP_LOSS
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId
from algotrendy.live.ports import LiveTables
from algotrendy.live.runs import Run
from algotrendy.live.steps import LiveOrder
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import Execution
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class View:
    """What a strategy is told of its account.

    Attributes:
        orders: Of the run, as they stand once it was told.
    """

    account: AccountSeen
    orders: tuple[LiveOrder, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    order: LiveOrder
    found: PlatformOrder | None
    fresh: tuple[Execution, ...] = ()
    waits: bool = False  # for its broker to tell of it


def view(tx: LedgerTransaction, live: LiveTables, run: Run) -> View:
    """Read a run's account, and what happened to its orders since the step before."""
    looked = [_look(tx, order) for order in live.orders_of(run.id, only_open=True)]
    told = [(each, fill) for each in looked for fill in each.fresh]
    told.sort(key=lambda pair: (pair[1].at, pair[1].id))
    fills = tuple(_fill(each, fill) for each, fill in told)
    cash, positions, prices = _books(tx, run.account, run)
    return View(
        AccountSeen(cash, positions, prices, fills, _seen(tx, looked)),
        tuple(_after(each) for each in looked),
    )


def equity_of(account: AccountSeen, closes: Sequence[float]) -> float:
    """Give what an account is worth at the last closes; what has none at what it cost."""
    worth = account.cash
    for units, cost, close in zip(account.positions, account.entry_prices, closes, strict=True):
        worth += units * (close or cost)
    return worth


def _look(tx: LedgerTransaction, order: LiveOrder) -> _Looked:
    found = None if order.order_id is None else tx.orders.get(order.order_id)
    if found is None and order.leg_of is not None:
        found = _leg(tx, order)
    fresh = () if found is None else _fresh(found, order)
    if found is not None:
        order = replace(order, order_id=found.id)
    elif order.leg_of is not None and not tx.orders.get(order.leg_of).is_settled:
        # Its entry is open: the broker has not told of its exits yet.
        return _Looked(order, None, waits=True)
    return _Looked(order, found, fresh)


def _leg(tx: LedgerTransaction, order: LiveOrder) -> PlatformOrder | None:
    """Find the exit that the broker holds for an entry, once it told of it."""
    assert order.leg_of is not None  # noqa: S101 - asked by the caller
    legs = tx.orders.legs(order.leg_of)
    return next(
        (leg for leg in legs if leg.request.type.has_stop == (order.role == STOP_LOSS)), None
    )


def _fresh(found: PlatformOrder, order: LiveOrder) -> tuple[Execution, ...]:
    return tuple(each for each in found.standing if each.id not in order.told)


def _fill(each: _Looked, fill: Execution) -> FillSeen:
    assert each.found is not None  # noqa: S101 - it has a fill
    return FillSeen(
        each.order.desk_order,
        each.order.asset,
        float(fill.quantity.value) * each.found.request.side.sign,
        float(fill.price.amount),
        0.0 if fill.fee is None else float(fill.fee.amount),
    )


def _after(each: _Looked) -> LiveOrder:
    told = each.order.told + tuple(fill.id for fill in each.fresh)
    return replace(each.order, told=told, is_over=_fate(each) != "open")


def _fate(each: _Looked) -> OrderFate:
    if each.found is None:
        return "open" if each.waits else "ended"
    if not each.found.is_settled:
        return "open"
    return "filled" if each.found.status is PlatformStatus.FILLED else "ended"


def _seen(tx: LedgerTransaction, looked: Sequence[_Looked]) -> tuple[OrderSeen, ...]:
    """Tell each of the desk's orders once: one that took another's place stands for both."""
    newest = {each.order.desk_order: each for each in looked if each.order.desk_order}
    return tuple(
        OrderSeen(desk, float(_filled(tx, each.found)), _fate(each))
        for desk, each in sorted(newest.items())
    )


def _filled(tx: LedgerTransaction, order: PlatformOrder | None) -> Decimal:
    filled = _ZERO
    while order is not None:
        filled = EXACT.add(filled, order.filled_quantity)
        order = None if order.replaces is None else tx.orders.get(order.replaces)
    return filled


def _books(
    tx: LedgerTransaction, account: AccountId, run: Run
) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    """Give cash, held too, and of each symbol the units and what one of them cost."""
    currency = tx.accounts.get(account).currency
    balances = tx.books.balances([account])
    cash = sum((balances.get(Place(account, book, None, currency), _ZERO) for book in _CASH), _ZERO)
    positions, prices = [], []
    for symbol in run.content.symbols:
        units = balances.get(Place(account, Book.POSITION, symbol, None), _ZERO)
        cost = balances.get(Place(account, Book.POSITION, symbol, currency), _ZERO)
        positions.append(float(units))
        prices.append(float(cost) / float(units) if units else 0.0)
    return float(cash), tuple(positions), tuple(prices)


_CASH = (Book.CASH, Book.CASH_HELD)
