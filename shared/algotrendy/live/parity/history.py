"""Read a run whole from the ledger and the lake, as its replay wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.markets import calendar_named
from algotrendy.exchange.rules.codes import STOP_LOSS
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.live.parity.kept import RunIdentity
from algotrendy.live.parity.records import (
    LedgerExecution,
    LedgerMoney,
    LedgerOrder,
    RecordedStep,
    Refusal,
    RunRecord,
)
from algotrendy.live.parity.told import dataset_told
from algotrendy.live.ports import LiveLedger, LiveTables, RunBars
from algotrendy.live.runs import NO_STEP, Run, RunId
from algotrendy.live.steps import Fate, LiveOrder, LiveStep
from algotrendy.trading.journal import Book, EntryKind, Place, Posting
from algotrendy.trading.ledger import EntryQuery, LedgerTransaction
from algotrendy.trading.orders import PlatformOrder

ZERO = Decimal(0)
_PAGE: Final = 500
_NS: Final = 1_000_000_000
_KINDS: Final = {kind: code for code, kind in enumerate(OrderType)}
_TIFS: Final = {tif: code for code, tif in enumerate(TimeInForce)}
_MOVED: Final = (EntryKind.DEPOSIT, EntryKind.WITHDRAWAL)
_CARRIED: Final = (EntryKind.DIVIDEND, EntryKind.INTEREST)


@dataclass(frozen=True, slots=True)
class LedgerHistories:
    """Is the ``Histories`` over the ledger of runs."""

    ledger: LiveLedger
    bars: RunBars

    def identity(self, run_id: UUID) -> RunIdentity:
        """Say which run this is; NotFound when there is none."""
        run = self.ledger.run(lambda _, live: live.get_run(RunId(run_id)))
        return RunIdentity(
            run_id=run.id,
            tenant=run.tenant,
            account=run.account,
            name=run.name,
            version=run.version,
            stage="shadow" if run.is_shadow else run.stage,
        )

    def running_on(self, day: date) -> Sequence[UUID]:
        """Give the runs that trade, are not over, and were told of bars on a day or later.

        Those too that were told of bars of the past then, as a replay is.
        """
        begin = datetime.combine(day, time(), UTC)
        begin_ns = int(begin.timestamp()) * _NS
        runs = self.ledger.run(lambda _, live: live.open_runs())
        return [
            run.id
            for run in runs
            if not run.is_shadow
            and run.step > NO_STEP
            and (run.bar_at > begin_ns or (run.changed_at or run.started_at) >= begin)
        ]

    def record(self, run_id: UUID) -> RunRecord:
        """Read a run whole.

        Raises:
            NotFound: If there is no such run.
            Conflict: If it was told of no bar yet, or is a shadow, which has no orders.
        """
        found = self.ledger.run(lambda tx, live: _Found.read(tx, live, RunId(run_id)))
        run = found.run
        if run.is_shadow:
            raise Conflict(f"run {run.id} is a shadow: it has no orders to compare")
        steps = found.steps
        if not steps:
            raise Conflict(f"run {run.id} was told of no bar yet")
        content = run.content
        strategy, calendar = content.strategy(), calendar_named(content.calendar)
        names = (content.timeframe.value, *strategy.timeframes)
        then = [(step.inputs.now, step.inputs.bars) for step in steps]
        beginning = replace(run, step=NO_STEP, bar_at=0)
        now = self.bars.after(beginning, _moment(steps[-1].bar_at)).steps
        return RunRecord(
            run_id=run.id,
            tenant=run.tenant,
            account=run.account,
            version=run.label,
            code_hash=content.code.sha256,
            strategy=strategy,
            values=strategy.check(content.parameters),
            terms=terms_of(run),
            trade_from=max(run.warm_up, sum(step.bar_at <= run.trades_after for step in steps)),
            bars_then=dataset_told(content.symbols, names, then, calendar),
            bars_now=dataset_told(
                content.symbols, names, [(each.bar_at, each.bars) for each in now], calendar
            ),
            steps=tuple(_recorded(step) for step in steps),
            orders=found.ledger_orders(),
            money=found.money,
            calendar=calendar,
        )


def terms_of(run: Run) -> Terms:
    """Give the terms by which the engine sizes a run's orders: those of its version, its cash."""
    return replace(run.content.terms, cash=float(run.capital))


@dataclass(frozen=True, slots=True)
class _Found:
    """What one transaction read of a run."""

    run: Run
    steps: Sequence[LiveStep]
    orders: Sequence[tuple[LiveOrder, PlatformOrder | None]]
    money: LedgerMoney

    @classmethod
    def read(cls, tx: LedgerTransaction, live: LiveTables, run_id: RunId) -> _Found:
        run = live.get_run(run_id)
        orders = [(order, _order_of(tx, order)) for order in live.orders_of(run_id)]
        return cls(run, live.all_steps(run_id), orders, _money(tx, run))

    def ledger_orders(self) -> tuple[LedgerOrder, ...]:
        """Give the orders; one that took another's place is one with it."""
        found: dict[int, LedgerOrder] = {}
        closing = []
        for order, known in self.orders:
            if known is None:
                continue
            made = _ledger_order(order, known)
            if not order.desk_order:
                closing.append(replace(made, command="flatten"))
            elif order.desk_order in found:
                before = found[order.desk_order]
                executions = (*before.executions, *made.executions)
                found[order.desk_order] = replace(made, executions=executions)
            else:
                found[order.desk_order] = made
        return (*found.values(), *closing)


def _order_of(tx: LedgerTransaction, order: LiveOrder) -> PlatformOrder | None:
    """Find an order in the ledger; an exit that the broker holds, where it told of it."""
    if order.order_id is not None:
        return tx.orders.find(order.order_id)
    if order.leg_of is None:
        return None
    is_stop = order.role == STOP_LOSS
    legs = tx.orders.legs(order.leg_of)
    return next((leg for leg in legs if leg.request.type.has_stop == is_stop), None)


def _ledger_order(order: LiveOrder, known: PlatformOrder) -> LedgerOrder:
    request = known.request
    return LedgerOrder(
        desk_order=order.desk_order,
        client_order_id=known.client_order_id,
        asset=order.asset,
        side=1 if request.side is Side.BUY else -1,
        order_kind=_KINDS[request.type],
        tif=_TIFS[request.time_in_force],
        units=request.quantity or ZERO,
        limit=_limit_of(request) or ZERO,
        stop=request.stop_price or ZERO,
        status=known.status.value,
        reason=known.reason,
        is_open=not known.is_terminal,
        is_cancel_wanted=known.cancel_requested_at is not None,
        is_leg=order.leg_of is not None,
        executions=tuple(
            LedgerExecution(
                each.id,
                each.quantity.value,
                each.price.amount,
                each.fee.amount if each.fee is not None else ZERO,
            )
            for each in known.standing
        ),
    )


def _limit_of(request: OrderRequest) -> Decimal | None:
    """Give the limit of an order; of two exits that share their units, the target's."""
    if request.order_class is OrderClass.OCO and request.take_profit is not None:
        return request.take_profit.limit_price
    return request.limit_price


def _recorded(step: LiveStep) -> RecordedStep:
    refusals = []
    for outcome in step.outcomes:
        if outcome.fate is Fate.REFUSED:
            said = [str(breach.get("limit", "")) for breach in outcome.breaches]
            reasons = tuple(each for each in (outcome.reason, *said) if each)
            refusals.append(Refusal(outcome.number, "limit", reasons))
        elif outcome.fate is Fate.IMPOSSIBLE:
            refusals.append(Refusal(outcome.number, "broker", (outcome.reason,)))
    joined = frozenset(each.number for each in step.outcomes if each.fate is Fate.JOINED)
    return RecordedStep(
        step.inputs, step.decisions, step.digest, tuple(refusals), joined, step.state
    )


def _money(tx: LedgerTransaction, run: Run) -> LedgerMoney:
    balances = tx.books.balances([run.account])
    moved, carried = _moved(tx, run)

    def units(symbol: str) -> Decimal:
        return balances.get(Place(run.account, Book.POSITION, Symbol(symbol), None), ZERO)

    cash = ZERO
    for place, value in balances.items():
        if place.book in (Book.CASH, Book.CASH_HELD):
            cash = EXACT.add(cash, value)
    return LedgerMoney(
        cash=cash,
        positions=tuple(units(symbol) for symbol in run.content.symbols),
        moved_in=moved,
        carried=carried,
    )


def _moved(tx: LedgerTransaction, run: Run) -> tuple[Decimal, Decimal]:
    """Add up the cash that came in since the run began, and dividends and interest."""
    moved, carried, before = ZERO, ZERO, None
    kinds = tuple(kind.value for kind in (*_MOVED, *_CARRIED))
    while True:
        rows = tx.books.entries(EntryQuery(run.account, before, kinds, _PAGE))
        for before, entry in rows:  # noqa: B007 - the place of the last is where the next page begins
            if entry.at <= run.started_at:
                return moved, carried
            cash = sum(map(_cash_of, entry.postings), ZERO)
            if entry.kind in _MOVED:
                moved = EXACT.add(moved, cash)
            else:
                carried = EXACT.add(carried, cash)
        if len(rows) < _PAGE:
            return moved, carried


def _cash_of(posting: Posting) -> Decimal:
    is_cash = posting.book in (Book.CASH, Book.CASH_HELD) and isinstance(posting.amount, Money)
    return posting.value if is_cash else ZERO


def _moment(time_ns: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1_000)
