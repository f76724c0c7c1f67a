"""Take orders in, change and end them, for whoever asks: one transaction each, then a push.

The ledger is the book. What follows the transaction only wakes others, who also look by themselves;
so a push that fails costs seconds, and no order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from algotrendy.brokers.tables import capabilities_named
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, EventId, Ids, OrderId, UserId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.request_errors import KeyReused
from algotrendy.trading.accounts import root_of
from algotrendy.trading.admission import SUBMIT_WITHIN, Placement, admit, judge_again, named
from algotrendy.trading.cancelling import cancel_order, recorded
from algotrendy.trading.judgement import Refused
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.order_events import OrderApproved, OrderWithdrawn, Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Bell, Ring, SagaRun, Sagas
from algotrendy.trading.replacing import amended, is_same_change
from algotrendy.trading.risk_desk import fresh
from algotrendy.trading.saga import OrderSaga
from algotrendy.trading.status import PlatformStatus

T = TypeVar("T")

_COMMITS = 3
_PRICE_LOOKS = 20
_LOOK_EVERY_S = 0.1


class Intake:
    """The door for orders.

    Args:
        pause: Waits so many seconds, between two looks for a price.
    """

    def __init__(
        self,
        ledger: Ledger,
        sagas: Sagas,
        bell: Bell,
        clock: Clock,
        ids: Ids,
        *,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._ledger = ledger
        self._sagas = sagas
        self._bell = bell
        self._clock = clock
        self._ids = ids
        self._pause = pause
        self._workflow = OrderSaga(ledger, sagas, bell, clock, ids)

    def place(
        self,
        account: AccountId,
        request: OrderRequest,
        provenance: Provenance,
        *,
        submit_within: timedelta = SUBMIT_WITHIN,
    ) -> PlatformOrder:
        """Place an order, or give the one back that was placed under its client order id.

        A symbol without a fresh price is asked for, which takes up to two seconds.

        Raises:
            Invalid: If the broker, or nobody, can take such an order; names the field.
            Refused: If limits or buying power speak against it: all of them, in ``breaches``.
            Conflict: If another order has its client order id.
            NotFound: If there is no such account.
            Unavailable: If nothing was stored, for sure.
            Unknown: If it may be stored: ask again with the same client order id.
        """
        placement = Placement(
            account=account,
            request=request,
            provenance=provenance,
            order_id=OrderId(self._ids.next()),
            intent_id=EventId(self._ids.next()),
            submit_within=submit_within,
        )
        try:
            order = self._admit(placement)
        except Refused as refusal:
            if not refusal.lacks_price or not self._await_price(placement):
                raise
            order = self._admit(placement)
        self._start(order)
        return order

    def replace(
        self, order_id: OrderId, change: ReplaceRequest, provenance: Provenance
    ) -> PlatformOrder:
        """Place an order that takes a standing one's place; give the new one.

        Args:
            order_id: The standing order.
            change: Whose quantity counts what is filled already.
            provenance: Of the new order.

        Raises:
            Invalid, Refused, NotFound, Unavailable, Unknown: As ``place``.
            Conflict: If it does not stand at the broker, or another order has the new one's name.
        """
        new_id, intent_id = OrderId(self._ids.next()), EventId(self._ids.next())
        now = self._clock.now()

        def work(tx: LedgerTransaction) -> PlatformOrder:
            old = tx.orders.get(order_id)
            root = tx.accounts.claim(root_of(old.account))
            table = capabilities_named(root.broker)
            request = replace(old.request, client_order_id=change.client_order_id)
            name = named(request, new_id, table).client_order_id
            asked = replace(change, client_order_id=name)
            known = tx.orders.by_client_id(root.id, name or "")
            if known is not None:
                return _same_change(known, old, asked)
            table.check_replace(asked)
            if table.keeps_order_id:
                # Each order of the ledger is one at its broker.
                raise Invalid("replace", "a cancel and a new order at this broker", "asked")
            placement = Placement(
                account=old.account,
                request=amended(old, asked),
                provenance=provenance,
                order_id=new_id,
                intent_id=intent_id,
                replaces=old.id,
            )
            return admit(tx, placement, now)

        order = self._commit(work)
        self._start(order)
        return order

    def cancel(self, order_id: OrderId, by: str, reason: str = "") -> PlatformOrder:
        """Ask for the end of an order, and of one that is to take its place.

        Raises:
            Conflict: If it has ended in another way.
            NotFound, Unavailable: If there is none; if nothing was stored.
        """
        event_id, now = EventId(self._ids.next()), self._clock.now()
        order = self._commit(lambda tx: cancel_order(tx, order_id, event_id, now, by, reason))
        self._wake(order)
        return order

    def approve(self, order_id: OrderId, by: UserId, reason: str = "") -> PlatformOrder:
        """Agree that an order be sent, if it may still be; the same again changes nothing.

        Raises:
            Refused, Invalid: If it would not be admitted any more; it goes on waiting.
            Conflict: If nobody has to agree, or it is too late.
            NotFound, Unavailable: If there is none; if nothing was stored.
        """
        event_id, now = EventId(self._ids.next()), self._clock.now()

        def work(tx: LedgerTransaction) -> PlatformOrder:
            order = tx.orders.get(order_id)
            if order.approved_by is not None:
                return order
            _require_waiting(order, now)
            judge_again(tx, order, now)
            approved = OrderApproved(id=event_id, order_id=order.id, at=now, by=by)
            return recorded(tx, order, [approved], by, "order.approve", reason)

        order = self._commit(work)
        self._wake(order)
        return order

    def refuse(self, order_id: OrderId, by: UserId, reason: str) -> PlatformOrder:
        """Refuse an order that waits for a person: it is withdrawn.

        Raises:
            Conflict: If nobody has to agree, or it is too late.
            NotFound, Unavailable: If there is none; if nothing was stored.
        """
        event_id, now = EventId(self._ids.next()), self._clock.now()

        def work(tx: LedgerTransaction) -> PlatformOrder:
            order = tx.orders.get(order_id)
            if event_id in order.seen:
                return order
            _require_waiting(order, now)
            why = f"refused by {by}: {reason}" if reason else f"refused by {by}"
            refused = OrderWithdrawn(id=event_id, order_id=order.id, at=now, reason=why)
            return recorded(tx, order, [refused], by, "order.refuse", reason)

        order = self._commit(work)
        self._wake(order)
        return order

    def _admit(self, placement: Placement) -> PlatformOrder:
        now = self._clock.now()
        return self._commit(lambda tx: admit(tx, placement, now))

    def _commit(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function that knows what it has written, until it is known that it was stored."""
        for _ in range(_COMMITS - 1):
            with suppress(Unknown):
                return self._ledger.run(work)
        return self._ledger.run(work)

    def _start(self, order: PlatformOrder) -> None:
        if order.status is not PlatformStatus.INTENDED:
            return
        came = order.provenance
        run = SagaRun(order.id, 1, came.correlation_id, came.traceparent)
        # Otherwise the sweeper starts it.
        with suppress(Unavailable, Unknown):
            self._sagas.start(run)

    def _wake(self, order: PlatformOrder) -> None:
        """Tell those who wait for the order; whoever is not reached looks by himself."""
        with suppress(Unavailable, Unknown):
            self._workflow.answer_waits(order.id)
        with suppress(Unavailable, Unknown):
            self._bell.ring(Ring(root_of(order.account), order.id))

    def _await_price(self, placement: Placement) -> bool:
        """Ask for a fresh price, and say whether it came."""
        symbol, asked_at = Symbol(placement.request.symbol), self._clock.now()
        root = root_of(placement.account)
        self._commit(lambda tx: tx.market.want(root, {symbol}, asked_at))
        with suppress(Unavailable, Unknown):
            self._bell.ring(Ring(root))
        for _ in range(_PRICE_LOOKS):
            self._pause(_LOOK_EVERY_S)
            quotes = self._ledger.run(lambda tx: tx.market.quotes(root, {symbol}))
            if fresh(quotes.get(symbol), self._clock.now()) is not None:
                return True
        return False


def _require_waiting(order: PlatformOrder, now: datetime) -> None:
    if not order.awaits_approval:
        raise Conflict(f"order {order.id} waits for nobody")
    if order.status is not PlatformStatus.INTENDED or order.cancel_requested_at is not None:
        raise Conflict(f"order {order.id} is {order.status}: it is too late")
    if order.submit_by is not None and now >= order.submit_by:
        raise Conflict(f"order {order.id} had to be agreed to by {order.submit_by.isoformat()}")


def _same_change(known: PlatformOrder, old: PlatformOrder, change: ReplaceRequest) -> PlatformOrder:
    if is_same_change(known, old, change):
        return known
    raise KeyReused(
        str(change.client_order_id),
        client_order_id=change.client_order_id,
        order_id=str(known.id),
    )
