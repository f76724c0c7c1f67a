"""Carry decisions out on the ledger, within the transaction of their step.

A decision that is refused does not stop the step: nothing of it is written but why. What is asked
of the ledger and raises has written nothing (``trading.admission.admit`` judges first).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from algotrendy.backtest.engine.step_records import Decision
from algotrendy.kernel.errors import Conflict, Invalid, Rejected
from algotrendy.kernel.ids import EventId, OrderId, derived_uuid7
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.live.ports import LiveTables
from algotrendy.live.runs import Run
from algotrendy.live.steps import Fate, LiveOrder, Outcome
from algotrendy.live.wishes import Impossible, Wish, wishes_of
from algotrendy.trading.admission import Placement, admit
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.judgement import Refused
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.replacing import amended

SUBMIT_WITHIN = timedelta(minutes=15)
"""An order that could not be sent by then, with the execution service gone, is withdrawn."""


class PriceLackingError(Exception):
    """Says that an order was judged without a fresh price: ask for one, and judge again."""


@dataclass(slots=True)
class Acts:
    """What was done in a transaction, and whom to wake after its commit."""

    outcomes: list[Outcome] = field(default_factory=list)
    placed: list[PlatformOrder] = field(default_factory=list)
    ended: list[PlatformOrder] = field(default_factory=list)


@dataclass(slots=True)
class Actor:
    """Carries out the decisions of one step.

    Args:
        at: When the step was decided; ids of orders and events come of it and of the run.
        may_wait: Whether a lack of a fresh price raises, rather than refuses.
    """

    tx: LedgerTransaction
    live: LiveTables
    run: Run
    step: int
    at: datetime
    may_wait: bool = False
    acts: Acts = field(default_factory=Acts)

    def act(self, decisions: Sequence[Decision]) -> Acts:
        """Carry them out in their order.

        Raises:
            PriceLackingError: If an order lacks a price, and there is time to wait.
        """
        for wish in wishes_of(decisions, self.run.content):
            self.acts.outcomes.extend(self._carried(wish))
        return self.acts

    def _carried(self, wish: Wish | Impossible) -> list[Outcome]:
        first, *joined = wish.decisions
        if isinstance(wish, Impossible):
            self._keep_refused(wish.decisions)
            return [
                self._said(each, Fate.IMPOSSIBLE, reason=wish.reason) for each in wish.decisions
            ]
        if first.kind == "cancel":
            return [self._cancelled(first)]
        try:
            order = (
                self._replaced(first, wish)
                if first.kind == "replace"
                else self._placed(first, wish)
            )
        except Refused as refusal:
            if refusal.lacks_price and self.may_wait:
                raise PriceLackingError(wish.symbol) from refusal
            breaches = tuple(each.fields() for each in refusal.breaches)
            outcome = self._said(first, Fate.REFUSED, reason=str(refusal))
            self._keep_refused(wish.decisions)
            rest = [self._said(each, Fate.REFUSED, reason=str(refusal)) for each in joined]
            return [replace(outcome, breaches=breaches), *rest]
        except (Invalid, Rejected) as error:
            return self._impossible(wish.decisions, error.message)
        return [self._admitted(first, order), *(self._joined(each, order) for each in joined)]

    def _placed(self, decision: Decision, wish: Wish) -> PlatformOrder:
        assert isinstance(wish.request, OrderRequest)  # noqa: S101 - of a wish to place
        return admit(self.tx, self._placement(decision, wish.request), self.at)

    def _replaced(self, decision: Decision, wish: Wish) -> PlatformOrder:
        assert isinstance(wish.request, ReplaceRequest)  # noqa: S101 - of a wish to replace
        old = self._standing(decision)
        if old is None:
            raise Conflict(f"the order {decision.order} of the strategy is over")
        name = self.run.order_name(self.step, decision.number)
        request = amended(old, replace(wish.request, client_order_id=name))
        return admit(self.tx, self._placement(decision, request, old.id), self.at)

    def _placement(
        self, decision: Decision, request: OrderRequest, replaces: OrderId | None = None
    ) -> Placement:
        name = self.run.order_name(self.step, decision.number)
        return Placement(
            account=self.run.account,
            request=replace(request, client_order_id=name),
            provenance=provenance_of(self.run),
            order_id=OrderId(derived_uuid7(self.at, name, "order")),
            intent_id=EventId(derived_uuid7(self.at, name, "intent")),
            submit_within=SUBMIT_WITHIN,
            replaces=replaces,
        )

    def _cancelled(self, decision: Decision) -> Outcome:
        order = self._standing(decision)
        if order is None:
            return self._said(decision, Fate.IDLE, reason="it is over")
        event_id = EventId(
            derived_uuid7(self.at, self.run.order_name(self.step, decision.number), "cancel")
        )
        try:
            ended = cancel_order(
                self.tx, order.id, event_id, self.at, f"strategy {self.run.label}", "it decided so"
            )
        except Conflict as conflict:
            return self._said(decision, Fate.IDLE, reason=conflict.message)
        self.acts.ended.append(ended)
        outcome = self._said(decision, Fate.CANCELLING)
        return replace(outcome, client_order_id=order.client_order_id, order_id=order.id)

    def _standing(self, decision: Decision) -> PlatformOrder | None:
        """Give the order of the ledger that stands for one of the desk's; None when it is over."""
        known = [
            each
            for each in self.live.orders_of(self.run.id, only_open=True)
            if each.desk_order == decision.order and each.order_id is not None
        ]
        if not known:
            return None
        assert known[-1].order_id is not None  # noqa: S101 - chosen so
        order = self.tx.orders.get(known[-1].order_id)
        return None if order.is_terminal else order

    def _admitted(self, decision: Decision, order: PlatformOrder) -> Outcome:
        self.acts.placed.append(order)
        self.live.put_order(self._kept(decision, order.id))
        outcome = self._said(decision, Fate.ADMITTED)
        return replace(outcome, client_order_id=order.client_order_id, order_id=order.id)

    def _joined(self, decision: Decision, entry: PlatformOrder) -> Outcome:
        self.live.put_order(replace(self._kept(decision, None), leg_of=entry.id))
        return self._said(decision, Fate.JOINED)

    def _impossible(self, decisions: Sequence[Decision], reason: str) -> list[Outcome]:
        self._keep_refused(decisions)
        return [self._said(each, Fate.IMPOSSIBLE, reason=reason) for each in decisions]

    def _keep_refused(self, decisions: Sequence[Decision]) -> None:
        for each in decisions:
            # A change that is refused leaves the order as it stands.
            if each.kind in ("place", "trail"):
                self.live.put_order(self._kept(each, None))

    def _kept(self, decision: Decision, order_id: OrderId | None) -> LiveOrder:
        return LiveOrder(
            run_id=self.run.id,
            client_order_id=self.run.order_name(self.step, decision.number),
            desk_order=decision.order,
            step=self.step,
            number=decision.number,
            asset=decision.asset,
            order_id=order_id,
            role=decision.role,
        )

    @staticmethod
    def _said(decision: Decision, fate: Fate, reason: str = "") -> Outcome:
        return Outcome(number=decision.number, fate=fate, reason=reason)


def provenance_of(run: Run) -> Provenance:
    """Say where the orders of a run come from."""
    return Provenance(
        correlation_id=run.correlation_id,
        strategy=run.label,
        parameters=tuple((name, str(value)) for name, value in run.content.parameters.items()),
        data_hash=run.data_hash,
        code_hash=run.content.code.sha256,
    )
