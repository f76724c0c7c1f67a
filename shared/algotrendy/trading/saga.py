"""Lead an order from its wish to its end: the steps of its workflow, ``order_saga.asl.json``.

Each step looks at the ledger, does at most one thing, and names the step that is next. So it is all
one how often a step runs, and whether its run of the workflow is the first: the ledger is the book.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import JsonValue, Unavailable
from algotrendy.kernel.ids import EventId, Ids, OrderId
from algotrendy.trading.accounts import root_of
from algotrendy.trading.booking import record
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.order_events import OrderWithdrawn
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Bell, Ring, Sagas
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.waits import Wait, WaitingFor

# How long the workflow's states wait at a time: their TimeoutSeconds.
PATIENCE = {
    WaitingFor.APPROVAL: timedelta(hours=1),
    WaitingFor.SUBMISSION: timedelta(minutes=2),
    WaitingFor.END: timedelta(hours=6),
}

Answer = dict[str, JsonValue]


class Step(StrEnum):
    """What is to be done for an order; the workflow's ``Route`` knows each by this name."""

    APPROVE = "approve"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RESOLVE = "resolve"
    AWAIT_END = "await_end"
    SETTLE = "settle"
    DONE = "done"


def next_step(order: PlatformOrder, now: datetime) -> Step:
    """Say what is to be done for an order as it stands."""
    if order.is_settled:
        return Step.SETTLE
    match order.status:
        case PlatformStatus.INTENDED if order.cancel_requested_at is not None:
            return Step.WITHDRAW
        case PlatformStatus.INTENDED if order.submit_by is not None and now >= order.submit_by:
            return Step.WITHDRAW
        case PlatformStatus.INTENDED if order.awaits_approval:
            return Step.APPROVE
        case PlatformStatus.INTENDED:
            return Step.SUBMIT
        case PlatformStatus.SUBMITTING:
            return Step.RESOLVE
        case PlatformStatus.UNKNOWN if not order.is_at_broker:
            return Step.RESOLVE
        case _:
            return Step.AWAIT_END


def is_over(wait: Wait, step: Step) -> bool:
    """Say whether a workflow waits for nothing any more, now that this step is next."""
    match wait.waiting_for:
        case WaitingFor.APPROVAL:
            return step is not Step.APPROVE
        case WaitingFor.SUBMISSION:
            return step in (Step.WITHDRAW, Step.AWAIT_END, Step.SETTLE)
        case WaitingFor.END:
            return step is Step.SETTLE


def is_given_up(wait: Wait, now: datetime) -> bool:
    """Say whether the state that waited has timed out long since."""
    return now - wait.at > 2 * PATIENCE[wait.waiting_for]


def answer(order: PlatformOrder, step: Step) -> Answer:
    """Say where an order stands, and which step is next, as the workflow reads it."""
    return {
        "next": step.value,
        "account": str(root_of(order.account)),
        "status": order.status.value,
    }


def due_answers(
    tx: LedgerTransaction, waits: Iterable[Wait], now: datetime
) -> tuple[tuple[Wait, Answer], ...]:
    """Give the waits that are over, each with its answer.

    Whoever changes an order asks for them in a transaction of its own, after the one of the change:
    a wait that begins in between looks at the order itself. Then each is answered, and ended.
    """
    due = []
    for wait in waits:
        order = tx.orders.get(wait.order_id)
        step = next_step(order, now)
        if is_over(wait, step):
            due.append((wait, answer(order, step)))
    return tuple(due)


def end_waits(tx: LedgerTransaction, waits: Iterable[Wait]) -> None:
    """Forget waits that were answered."""
    for wait in waits:
        tx.waits.end(wait)


@dataclass(frozen=True, slots=True)
class OrderSaga:
    """The steps of the workflow, by the names of its states.

    Each raises Unavailable and Unknown as the ledger does, and NotFound for no order: faults, which
    the workflow tries again. Whatever becomes of the order itself is an answer.
    """

    ledger: Ledger
    sagas: Sagas
    bell: Bell
    clock: Clock
    ids: Ids

    def begin(self, order_id: OrderId) -> Answer:
        """Look where the order stands."""
        return self._look(order_id)[1]

    def await_approval(self, order_id: OrderId, token: str) -> None:
        """Let the workflow wait until somebody agrees, refuses, or it is too late."""
        self._wait(order_id, WaitingFor.APPROVAL, token)

    def withdraw(self, order_id: OrderId) -> Answer:
        """Take an order back that was never sent; one that may be sent after all goes its way."""
        event_id, now = EventId(self.ids.next()), self.clock.now()

        def work(tx: LedgerTransaction) -> Answer:
            order = tx.orders.get(order_id)
            if next_step(order, now) in (Step.APPROVE, Step.WITHDRAW):
                reason = _why_withdrawn(order)
                event = OrderWithdrawn(id=event_id, order_id=order_id, at=now, reason=reason)
                order = record(tx, [event]).after
            return answer(order, next_step(order, now))

        return self.ledger.run(work)

    def resolve(self, order_id: OrderId, token: str) -> None:
        """Let the workflow wait until it is known what became of sending the order.

        The account's writer is woken: it sends what may be sent, and asks the broker for the rest.
        """
        self._wait(order_id, WaitingFor.SUBMISSION, token)
        order, _ = self._look(order_id)
        if next_step(order, self.clock.now()) in (Step.SUBMIT, Step.RESOLVE):
            with suppress(Unavailable):
                # It also looks by itself.
                self.bell.ring(Ring(root_of(order.account), order_id))

    def await_end(self, order_id: OrderId, token: str) -> None:
        """Let the workflow wait until the order is over and all of its executions are told."""
        self._wait(order_id, WaitingFor.END, token)

    def settle(self, order_id: OrderId) -> Answer:
        """Note that the workflow has nothing left to do, unless the order goes on."""
        order, found = self._look(order_id)
        if found["next"] != Step.SETTLE:
            return found
        # A second run of the same workflow may wait: nobody would answer it after this.
        self.answer_waits(order_id)
        self.ledger.run(lambda tx: tx.orders.end_workflow(order_id))
        return answer(order, Step.DONE)

    def answer_waits(self, order_id: OrderId) -> int:
        """Answer whoever waits for an order and need not any more; give how many.

        Raises:
            Unavailable: If workflows cannot be reached; the sweeper answers then.
        """
        now = self.clock.now()
        due = self.ledger.run(lambda tx: due_answers(tx, tx.waits.of(order_id), now))
        for wait, told in due:
            self.sagas.answer(wait.token, told)
        if due:
            self.ledger.run(lambda tx: end_waits(tx, [wait for wait, _ in due]))
        return len(due)

    def _wait(self, order_id: OrderId, waiting_for: WaitingFor, token: str) -> None:
        now = self.clock.now()

        def work(tx: LedgerTransaction) -> None:
            end_waits(tx, [each for each in tx.waits.of(order_id) if is_given_up(each, now)])
            tx.waits.put(Wait(order_id, waiting_for, token, now))

        self.ledger.run(work)
        # Only now: a change that was committed before did not see this wait.
        self.answer_waits(order_id)

    def _look(self, order_id: OrderId) -> tuple[PlatformOrder, Answer]:
        order = self.ledger.run(lambda tx: tx.orders.get(order_id))
        return order, answer(order, next_step(order, self.clock.now()))


def _why_withdrawn(order: PlatformOrder) -> str:
    if order.cancel_requested_at is not None:
        return "it was cancelled before it was sent"
    if order.awaits_approval:
        return f"nobody agreed to it in time: {order.approval}"
    return "it could not be sent in time"
