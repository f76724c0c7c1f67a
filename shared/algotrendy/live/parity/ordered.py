"""Look whether every decision has its order in the ledger, and what became of it there."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from algotrendy.backtest.engine.step_records import Decision, StepInputs
from algotrendy.kernel.instrument import Symbol
from algotrendy.live.deciding import limit_price, stop_price
from algotrendy.live.parity import books
from algotrendy.live.parity.comparing import Fate
from algotrendy.live.parity.differences import Cause, Difference, Subject
from algotrendy.live.parity.records import LedgerOrder, RecordedStep, RunRecord
from algotrendy.live.parity.retelling import in_words
from algotrendy.live.parity.traded import decimal_of

ZERO = Decimal(0)
_REFUSED = {"limit": Cause.LIMIT, "broker": Cause.REJECT, "paused": Cause.PAUSED}


def fate_of(
    record: RunRecord, step: RecordedStep, decision: Decision | None, otherwise: Cause
) -> Fate:
    """Say what the ledger has of a decision beside executions."""
    if decision is None:
        return Fate(is_decided=False, otherwise=otherwise)
    order = _order_of(record, decision)
    if order is not None:
        return Fate(
            order=order.client_order_id,
            status=order.status,
            reason=order.reason,
            is_open=order.is_open,
            otherwise=otherwise,
        )
    for refusal in step.refusals:
        if refusal.number == decision.number:
            cause = _REFUSED.get(refusal.by, Cause.UNEXPLAINED)
            reason = "; ".join(refusal.reasons)
            return Fate(status="refused", reason=reason, refused=cause, otherwise=otherwise)
    return Fate(
        otherwise=otherwise, is_decided=not decision.entry and decision.number not in step.joined
    )


def orders_compared(record: RunRecord) -> Iterator[Difference]:
    """Compare the decisions with the orders of the ledger, both ways."""
    for step in record.steps:
        for decision in step.decisions:
            yield from _of_decision(record, step, decision)
    last = record.steps[-1].inputs
    for order in books.undecided(record):
        if not order.command:
            yield _difference(
                record, last, order, "no order, since none was decided", _described(order)
            )
    yield from _told_of_fills(record)


def _of_decision(record: RunRecord, step: RecordedStep, decision: Decision) -> Iterator[Difference]:
    order = _order_of(record, decision)
    wanted = in_words([decision], record.bars_then.symbols)
    if decision.kind == "cancel":
        if order is not None and order.is_open and not order.is_cancel_wanted:
            yield _difference(record, step.inputs, order, wanted, "nobody asked for its end")
        return
    if decision.kind == "replace":
        return
    if order is None:
        fate = fate_of(record, step, decision, Cause.CONSEQUENCE)
        if fate.refused is not None:
            yield _missing(record, step.inputs, decision, fate.refused, fate.reason)
        elif not decision.entry and decision.number not in step.joined:
            yield _missing(record, step.inputs, decision, Cause.UNEXPLAINED, "no order")
    elif not _is_as_decided(record, order, decision):
        yield _difference(record, step.inputs, order, wanted, _described(order))


def _is_as_decided(record: RunRecord, order: LedgerOrder, decision: Decision) -> bool:
    """Say whether an order asks for what was decided, as far as a broker takes it.

    That is: whole units, where it wants those, and prices on the steps of its market.
    """
    if (order.asset, order.side) != (decision.asset, decision.side):
        return False
    if order.is_leg or _replaced(record, decision.order):
        return True
    if order.order_kind != decision.order_kind:
        return False
    units = decimal_of(decision.units)
    if not (units - 1 < order.units <= units):
        return False
    symbol = Symbol(record.bars_then.symbols[decision.asset])
    limit = limit_price(decision.limit, decision.side, symbol) or ZERO
    stop = stop_price(decision.stop, decision.side, symbol) or ZERO
    return (order.limit, order.stop) == (limit, stop)


def _replaced(record: RunRecord, order: int) -> bool:
    return any(
        each.kind == "replace" and each.order == order
        for step in record.steps
        for each in step.decisions
    )


def _told_of_fills(record: RunRecord) -> Iterator[Difference]:
    """See that the strategy was told of executions that the ledger has, and of no others."""
    orders = {order.desk_order: order for order in record.orders if order.desk_order}
    told: dict[int, Decimal] = {}
    for step in record.steps:
        for fill in step.inputs.account.fills:
            if not fill.order:
                continue
            units = told.get(fill.order, ZERO) + decimal_of(abs(fill.units))
            told[fill.order] = units
            order = orders.get(fill.order)
            has = sum((each.units for each in order.executions), ZERO) if order else ZERO
            if order is None or units > has:
                yield Difference(
                    subject=Subject.FILL,
                    cause=Cause.UNEXPLAINED,
                    step=step.inputs.step,
                    at=step.inputs.now,
                    symbol=record.bars_then.symbols[fill.asset],
                    order=order.client_order_id if order else "",
                    expected=f"executions of {has:f} units in the ledger",
                    found=f"the strategy was told of {units:f}",
                )


def _order_of(record: RunRecord, decision: Decision) -> LedgerOrder | None:
    for order in record.orders:
        if order.desk_order == decision.order:
            return order
    return None


def _described(order: LedgerOrder) -> str:
    prices = "".join(
        f", {name} {price:f}"
        for name, price in (("limit", order.limit), ("stop", order.stop))
        if price
    )
    verb = "buy" if order.side > 0 else "sell"
    return f"{verb} {order.units:f}{prices}, {order.status}"


def _difference(
    record: RunRecord, inputs: StepInputs, order: LedgerOrder, expected: str, found: str
) -> Difference:
    return Difference(
        subject=Subject.ORDER,
        cause=Cause.UNEXPLAINED,
        step=inputs.step,
        at=inputs.now,
        symbol=record.bars_then.symbols[order.asset],
        order=order.client_order_id,
        expected=expected,
        found=found,
    )


def _missing(
    record: RunRecord, inputs: StepInputs, decision: Decision, cause: Cause, found: str
) -> Difference:
    return Difference(
        subject=Subject.ORDER,
        cause=cause,
        step=inputs.step,
        at=inputs.now,
        symbol=record.bars_then.symbols[decision.asset],
        expected=in_words([decision], record.bars_then.symbols),
        found=found,
    )
