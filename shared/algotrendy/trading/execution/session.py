"""Send orders to a broker, and never twice: store before sending, and ask where no answer came.

What an order needs is read from the ledger, and done again until the ledger says that it is done.
So it is all one where the process ends, and whether something was begun twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.ids import EventId, OrderId
from algotrendy.trading.execution import dispatch, news
from algotrendy.trading.execution.dispatch import Facts, Sending
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.lanes import Lane
from algotrendy.trading.execution.lease import SEND_TIMEOUT_S, Monotonic
from algotrendy.trading.execution.patience import USUAL, Patience, Timing, answered
from algotrendy.trading.execution.rate import Rate
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.order_events import (
    OrderFoundAbsent,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSubmitted,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_Work = tuple[str, Coroutine[Any, Any, object]]


class Session:
    """The orders of one account at its broker, under one lease.

    Args:
        on_change: Hears of each order that changed, after the transaction.
        monotonic: Seconds of a clock that never steps, such as the loop's.
    """

    def __init__(
        self,
        post: Post,
        on_change: Callable[[OrderId], None],
        monotonic: Monotonic,
        timing: Timing = USUAL,
    ) -> None:
        self._post = post
        self._on_change = on_change
        self._monotonic = monotonic
        self._timing = timing
        limit = timing.orders_per_minute
        if limit is None:
            limit = post.broker.capabilities.requests_per_minute
        self._rate = Rate(limit or None, monotonic)
        self._lanes: defaultdict[str, Lane] = defaultdict(Lane)
        self._patience: defaultdict[OrderId, Patience] = defaultdict(Patience)
        self._busy: dict[OrderId, asyncio.Task[None]] = {}
        self._is_stopping = False

    async def take_over(self) -> None:
        """Doubt every order that a writer before us was sending."""
        now = self._post.clock.now()
        for order_id in await self._post.desk.see_through(
            lambda tx: dispatch.orphaned(tx, self._post.root, now)
        ):
            self._on_change(order_id)

    async def sweep(self, *, is_woken: bool = False) -> tuple[PlatformOrder, ...]:
        """Look through the account's orders, and begin what they need; give them.

        Args:
            is_woken: Somebody asked for it: new orders are sent at once.
        """
        orders = await self._post.desk.run(lambda tx: tuple(tx.orders.unsettled(self._post.root)))
        known = {order.id for order in orders}
        for gone in [each for each in self._patience if each not in known]:
            del self._patience[gone]
        self.attend(orders, is_woken=is_woken)
        return orders

    def attend(self, orders: Iterable[PlatformOrder], *, is_woken: bool = True) -> None:
        """Begin what each of some orders needs now, unless it is being done."""
        if self._is_stopping:
            return
        for order in orders:
            if order.id not in self._busy:
                work = self._needed(order, is_woken=is_woken)
                if work is not None:
                    self._begin(order, *work)

    def look_at(self, order: PlatformOrder) -> None:
        """Read anew how an order stands at the broker, with its exits, unless it is being done."""
        if order.id not in self._busy and not self._is_stopping:
            self._begin(order, "look", self._look(order))

    async def finish(self) -> None:
        """Begin nothing more, and wait until what was begun is done."""
        self._is_stopping = True
        while self._busy:
            await asyncio.wait(list(self._busy.values()))

    async def stop(self) -> None:
        """Begin nothing more, and cancel what was begun: its outcome is for the next writer."""
        self._is_stopping = True
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, order: PlatformOrder, name: str, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(self._done(order, name, work))
        self._busy[order.id] = task

    async def _done(
        self, order: PlatformOrder, name: str, work: Coroutine[Any, Any, object]
    ) -> None:
        order_id = order.id
        try:
            with self._post.following.order(order, name):
                await work
        except AlgoTrendyError as error:
            # The next sweep tries again; a lost lease ends the whole session elsewhere.
            _logger.warning("order %s: %s", order_id, error.message, extra=error.fields())
            retry_after_s = error.retry_after_s if isinstance(error, Unavailable) else None
            self._wait_longer(order_id, retry_after_s or 0.0)
        # The outermost handler of one order: what goes wrong with it must not end the others.
        except Exception:
            _logger.exception("order %s", order_id)
            self._wait_longer(order_id)
        finally:
            del self._busy[order_id]

    def _needed(self, order: PlatformOrder, *, is_woken: bool) -> _Work | None:
        patience = self._patience[order.id]
        if self._monotonic() < patience.next_at:
            return None
        match order.status:
            case PlatformStatus.INTENDED:
                is_due = self._is_due(order, is_woken=is_woken)
                return ("submit", self._submit(order)) if is_due else None
            case PlatformStatus.SUBMITTING:
                # No task of ours sends it, and under our lease nobody else may begin to. A request
                # of its writer may still be on its way: _resolve lets that pass before it counts.
                return "orphan", self._orphan(order)
            case PlatformStatus.UNKNOWN if order.is_at_broker:
                return "look", self._look(order)
            case PlatformStatus.UNKNOWN:
                return "resolve", self._resolve(order)
            case _ if order.cancel_requested_at is not None and not order.is_terminal:
                return "cancel", self._cancel(order)
            case _:
                return None

    def _is_due(self, order: PlatformOrder, *, is_woken: bool) -> bool:
        if order.awaits_approval and order.cancel_requested_at is None:
            return False
        age_s = (self._post.clock.now() - order.intended_at).total_seconds()
        is_new = 0 <= age_s < self._timing.lost_bell_s
        return is_woken or not is_new or order.submitted_at is not None

    # Sending

    async def _submit(self, order: PlatformOrder) -> None:
        lane, step = self._lanes[order.symbol], self._post.following.step
        async with lane.entrance:
            await asyncio.sleep(self._rate.take())
            if self._is_stopping:
                return
            begun_at = self._monotonic()
            with step("store before sending"):
                sending = await self._store_submitted(order)
            if sending is None:
                return
            async with lane.turn:
                answer = await self._send(sending, begun_at)
        sent = sending.order
        if isinstance(answer, BrokerOrder):
            with step("store the answer"):
                await self._store_told(sent, answer)
            if sending.old is not None:
                await self._look(sending.old)
            return
        after = await self._store(sent, lambda tx: dispatch.after_sending(tx, answer))
        if answer.id not in after.seen:
            # The stream told of it before the answer failed to come; only an answer names exits.
            await self._look(after)
        elif after.status is PlatformStatus.UNKNOWN:
            await self._resolve(after)

    async def _store_submitted(self, order: PlatformOrder) -> Sending | None:
        ids, fence = self._post.ids, self._post.desk.fence
        withdrawn_id = EventId(ids.next())
        submitted = OrderSubmitted(
            id=EventId(ids.next()),
            order_id=order.id,
            at=self._post.clock.now(),
            epoch=fence.epoch,
        )
        sending = await self._post.desk.see_through(
            lambda tx: dispatch.begin(tx, self._post.root, submitted, withdrawn_id)
        )
        if sending is None:
            self._wait_longer(order.id)
            self._on_change(order.id)
        return sending

    async def _send(
        self, sending: Sending, begun_at: float
    ) -> BrokerOrder | OrderNotSent | OrderOutcomeUnknown | OrderRejected:
        """Send an order, once; give the broker's answer, or what its absence means."""
        order = sending.order
        if (hindrance := self._hindrance(order, begun_at)) is not None:
            return self._not_sent(order, hindrance)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await self._request(sending)
        except Unavailable as error:
            return self._not_sent(order, error.message, error.retry_after_s or 0.0)
        except (Unauthenticated, Forbidden) as error:
            return self._not_sent(order, error.message)
        except (Conflict, Unknown) as error:
            # Of a conflict: the name is in use, perhaps by this very order, which was sent before.
            return self._unknown(order, error.message)
        except (Rejected, Invalid) as error:
            return self._refused(sending, error.message)
        except TimeoutError:
            return self._unknown(order, f"no answer within {SEND_TIMEOUT_S:g} s")
        # A fault of an adapter tells nothing of the order.
        except Exception as error:
            _logger.exception("order %s", order.id)
            return self._unknown(order, f"{type(error).__name__} while it was sent")

    def _hindrance(self, order: PlatformOrder, begun_at: float) -> str | None:
        """Say why an order that was stored as sent must not leave now: it may have waited long."""
        is_stale = self._monotonic() - begun_at > self._timing.start_within_s
        if is_stale or not self._post.desk.fence.may_send():
            return "it could not be sent soon enough after it was stored"
        # Stored in time is not enough: it may have waited in its lane, or the machine have slept.
        if order.submit_by is not None and self._post.clock.now() >= order.submit_by:
            return "it could not be sent in time"
        return self._post.gate(order)

    async def _request(self, sending: Sending) -> BrokerOrder:
        broker, order, old = self._post.broker, sending.order, sending.old
        if old is None:
            return await broker.submit(order.request)
        request = dispatch.replacement(order, old)
        return await broker.replace(max(old.broker_order_ids), request)

    async def _orphan(self, order: PlatformOrder) -> None:
        now = self._post.clock.now()

        def work(tx: LedgerTransaction) -> PlatformOrder:
            known = tx.orders.get(order.id)
            is_sent = known.status is not PlatformStatus.SUBMITTING
            return known if is_sent else dispatch.orphan(tx, known, now)

        await self._store(order, work)

    # Asking

    async def _resolve(self, order: PlatformOrder) -> None:
        """Ask the broker for an order that it may have; only its answer, in time, counts."""
        patience, timing = self._patience[order.id], self._timing
        if patience.in_doubt_since is None:
            # It may have been stored as sent a moment ago, by a writer that still sends it.
            patience.in_doubt_since = self._monotonic() + timing.start_within_s + SEND_TIMEOUT_S
        asked_at = self._monotonic()
        try:
            told = await self._ask(self._post.broker.order_by_client_id(order.client_order_id))
        except NotFound:
            if patience.count_absence(asked_at, timing):
                await self._store_absent(order, patience.refusal)
            return
        except AlgoTrendyError:
            patience.absences = 0
            raise
        if news.is_same(order, told):
            await self._store_told(order, told)
        else:
            reason = f"{order.client_order_id} names another order at the broker"
            await self._store_refused(order, reason)

    async def _look(self, order: PlatformOrder) -> PlatformOrder:
        """Read anew how an order stands that the broker has."""
        after = order
        for broker_order_id in sorted(order.broker_order_ids):
            told = await self._ask(self._post.broker.order(broker_order_id))
            after = await self._store_told(order, told)
        if not order.broker_order_ids:
            question = self._post.broker.order_by_client_id(order.client_order_id)
            after = await self._store_told(order, await self._ask(question))
        if after.status is order.status:
            self._wait_longer(order.id)
        return after

    async def _cancel(self, order: PlatformOrder) -> None:
        """Ask for the end of an order; it is asked for again until the broker says it is over."""
        if self._patience[order.id].failures and (await self._look(order)).is_terminal:
            return
        self._rate.take()
        self._wait_longer(order.id)
        for broker_order_id in sorted(order.broker_order_ids):
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await self._post.broker.cancel(broker_order_id)
            except TimeoutError:
                _logger.warning("cancel of order %s: no answer yet", order.id)
            except Rejected:
                # Most likely it is over, and the news is on its way.
                await self._look(order)

    async def _ask(self, question: Awaitable[T]) -> T:
        return await answered(question, self._post.broker.name, self._timing.ask_timeout_s)

    # Storing

    async def _store_told(self, order: PlatformOrder, told: BrokerOrder) -> PlatformOrder:
        now, root = self._post.clock.now(), self._post.root

        def work(tx: LedgerTransaction) -> PlatformOrder:
            known = tx.orders.get(order.id)
            return news.hear_of(tx, root, known, news.Told(told, now)).after

        after = await self._store(order, work)
        if after.status is not order.status:
            self._patience.pop(order.id, None)
        return after

    async def _store_refused(self, order: PlatformOrder, reason: str) -> None:
        refused = OrderRejected(**self._facts(order), reason=reason)
        await self._store(order, lambda tx: dispatch.after_sending(tx, refused))

    async def _store_absent(self, order: PlatformOrder, refusal: str | None) -> None:
        self._patience.pop(order.id, None)
        if refusal is not None:
            await self._store_refused(order, refusal)
            return
        withdrawn_id = EventId(self._post.ids.next())
        absent = OrderFoundAbsent(**self._facts(order))
        after = await self._store(order, lambda tx: dispatch.found_absent(tx, absent, withdrawn_id))
        _logger.warning("order %s is not at the broker: %s", order.id, after.status)

    async def _store(
        self, order: PlatformOrder, work: Callable[[LedgerTransaction], PlatformOrder]
    ) -> PlatformOrder:
        after = await self._post.desk.see_through(work)
        self._on_change(order.id)
        return after

    def _not_sent(
        self, order: PlatformOrder, reason: str, retry_after_s: float = 0.0
    ) -> OrderNotSent:
        self._wait_longer(order.id, retry_after_s)
        return OrderNotSent(**self._facts(order), reason=reason)

    def _refused(self, sending: Sending, reason: str) -> OrderOutcomeUnknown | OrderRejected:
        """Let a refusal stand, unless it may be for what an earlier request of the order did."""
        order = sending.order
        if not sending.is_repeated:
            return OrderRejected(**self._facts(order), reason=reason)
        self._patience[order.id].refusal = reason
        return self._unknown(order, f"it was refused ({reason}), perhaps as a repeat")

    def _unknown(self, order: PlatformOrder, reason: str) -> OrderOutcomeUnknown:
        self._patience[order.id].in_doubt_since = self._monotonic()
        return OrderOutcomeUnknown(**self._facts(order), reason=reason)

    def _facts(self, order: PlatformOrder) -> Facts:
        return {
            "id": EventId(self._post.ids.next()),
            "order_id": order.id,
            "at": self._post.clock.now(),
        }

    def _wait_longer(self, order_id: OrderId, at_least_s: float = 0.0) -> None:
        self._patience[order_id].wait_longer(self._monotonic(), self._timing, at_least_s)
