"""Compare the ledger with the broker again and again; settle what a rule settles, raise the rest.

What the broker tells is booked as news, which is known again however often it is told. Positions
and cash are never set right here: what explains them is booked, or they are raised.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import Invalid, NotFound, Rejected
from algotrendy.kernel.ids import OrderId
from algotrendy.trading.execution.comparing import Comparing
from algotrendy.trading.execution.differences import (
    BrokerView,
    Difference,
    DifferenceKind,
    Sighting,
    Suspects,
)
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.patience import answered
from algotrendy.trading.execution.reports import Findings, Looked, Unsettled, keep_report
from algotrendy.trading.execution.settling import IN_DOUBT, Settling
from algotrendy.trading.execution.watermarks import Watermarks, load, put
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.opening import is_open, note_block
from algotrendy.trading.orders import PlatformOrder

EVERY_S: Final = 30.0
AGAIN_S: Final = 15.0
LOOK_WITHIN_S: Final = 300.0
REPORT_EVERY: Final = timedelta(hours=1)
# An order that should be open is asked for by itself; brokers limit how often they are asked.
ASKED_A_LOOK: Final = 50

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Raised:
    """Why nothing settles a difference, and when what it is about happened."""

    reason: str
    at: datetime | None


class Reconciliation:
    """Is the duty that compares an account's ledger with its broker."""

    name = "reconciliation"

    def __init__(self, post: Post) -> None:
        self._post = post
        self._comparing = Comparing(post)
        self._settling = Settling(post)
        self._suspects = Suspects()
        self._watermarks: Watermarks | None = None
        self._settled: set[Difference] = set()
        self._raised: dict[Difference, _Raised] = {}
        self._is_pending = False
        self._activities = 0
        self._reported_at: datetime | None = None
        self._deep_at: datetime | None = None
        self._is_blocked: bool | None = None
        self.just_settled: tuple[Difference, ...] = ()

    @property
    def standing(self) -> tuple[Difference, ...]:
        """Give the differences that no rule settles, as the last look left them."""
        return tuple(self._raised)

    @property
    def every_s(self) -> float:
        """Look again soon where something new was found."""
        return AGAIN_S if self._is_pending else EVERY_S

    async def do(self) -> None:
        """Look once; settle or raise what stands."""
        self.just_settled = ()
        marks = self._watermarks or await self._begin()
        if marks is None:
            return
        view = await answered(self._ask(marks), self._post.broker.name, LOOK_WITHIN_S)
        await self._note_block(is_blocked=view.account.trading_blocked)
        found = await self._comparing.compare(view, marks.ignored, self._raised.keys())
        settled: list[Difference] = []
        activities = 0
        raised: dict[Difference, _Raised] = {}
        for each in self._suspects.standing(found):
            reason = await self._settle(each)
            if reason is None and each.difference.kind is DifferenceKind.ACTIVITY:
                activities += 1
            elif reason is None:
                settled.append(each.difference)
            elif reason != IN_DOUBT:
                raised[each.difference] = _Raised(reason, each.at)
        # Each sale has a fee: that one was booked is worth no report of its own.
        self._activities += activities
        marks = marks.after(view)
        await self._report(view, found, settled, raised, marks)
        self._watermarks = marks
        self.just_settled = tuple(settled)
        if settled or activities:
            self._post.wake()

    async def _begin(self) -> Watermarks | None:
        """Read how far an earlier look came; the first one of all begins where the books do.

        Gives None while the books are not open yet.
        """
        post = self._post

        def read(tx: LedgerTransaction) -> tuple[bool, Watermarks | None]:
            account = tx.accounts.get(post.root)
            return is_open(tx, account), load(tx, account)

        opened, marks = await post.desk.run(read)
        if marks is not None or not opened:
            self._watermarks = marks
            return marks
        name = post.broker.name
        fills = await answered(post.broker.fills(), name, LOOK_WITHIN_S)
        activities = await answered(post.broker.activities(), name, LOOK_WITHIN_S)
        first = Watermarks.at_opening(fills, activities)
        await post.desk.see_through(lambda tx: put(tx, tx.accounts.get(post.root), first))
        self._watermarks = first
        return first

    async def _note_block(self, *, is_blocked: bool) -> None:
        """Keep whether the broker takes orders of the account, where it says so anew."""
        if is_blocked != self._is_blocked:
            root = self._post.root
            await self._post.desk.run(lambda tx: note_block(tx, root, is_blocked=is_blocked))
            self._is_blocked = is_blocked

    async def _ask(self, marks: Watermarks) -> BrokerView:
        """Ask the broker for everything; what it knows of orders comes last, and is the newest."""
        post, broker = self._post, self._post.broker
        now = post.clock.now()
        unsettled = await post.desk.run(lambda tx: tuple(tx.orders.unsettled(post.root)))
        is_deep = (
            self._deep_at is None
            or self._is_pending
            or now - self._deep_at >= REPORT_EVERY
            or any(order.missing_quantity for order in unsettled)
        )
        fills_since = marks.fills_since(is_deep=is_deep)
        activities_since = marks.activities_since(is_deep=is_deep)
        fills = await broker.fills(fills_since)
        activities = await broker.activities(activities_since)
        positions = await broker.positions()
        account = await broker.account()
        orders = list(await broker.orders(open_only=True))
        vanished = await self._ask_for_missing(unsettled, orders)
        if is_deep:
            self._deep_at = now
        return BrokerView(
            at=now,
            orders=orders,
            vanished=vanished,
            fills=fills,
            fills_since=fills_since,
            activities=activities,
            activities_since=activities_since,
            positions=positions,
            account=account,
        )

    async def _ask_for_missing(
        self, unsettled: Iterable[PlatformOrder], orders: list[BrokerOrder]
    ) -> Sequence[OrderId]:
        """Ask for orders that should be open, and were not told of; give those it knows no more."""
        told = {each.broker_order_id for order in orders for each in (order, *order.legs)}
        missing = [
            order
            for order in unsettled
            if order.broker_order_ids and not told & order.broker_order_ids
        ]
        vanished: list[OrderId] = []
        for order in missing[:ASKED_A_LOOK]:
            try:
                orders.append(await self._post.broker.order(max(order.broker_order_ids)))
            except NotFound:
                vanished.append(order.id)
            except Rejected as error:
                _logger.warning("order %s: %s", order.id, error.message, extra=error.fields())
        return vanished

    async def _settle(self, sighting: Sighting) -> str | None:
        """Book what a difference lacks; give the reason where nothing settles it."""
        difference, remedy = sighting.difference, sighting.remedy
        if remedy is None:
            return "no rule settles it"
        if difference in self._settled:
            return "it was booked, and stands again"
        try:
            reason = await self._settling.book(remedy)
        except (Invalid, Rejected) as error:
            reason = error.message
        if reason is None:
            self._settled.add(difference)
        return reason

    async def _report(
        self,
        view: BrokerView,
        found: Sequence[Sighting],
        settled: Sequence[Difference],
        raised: dict[Difference, _Raised],
        marks: Watermarks,
    ) -> None:
        """Keep a report of what changed, or once an hour; tell of what was raised now."""
        there = {each.difference for each in found}
        # One whose version moved on, or that is older than what was read now, is not gone.
        standing = {
            each: why
            for each, why in {**self._raised, **raised}.items()
            if each in there or not view.covers(each.kind, why.at)
        }
        new = [each for each in standing if each not in self._raised]
        is_due = self._reported_at is None or view.at - self._reported_at >= REPORT_EVERY
        if settled or standing.keys() != self._raised.keys() or is_due:
            findings = Findings(
                looked=Looked.at(view),
                activities=self._activities,
                settled=tuple(settled),
                unsettled=tuple(Unsettled(each, why.reason) for each, why in standing.items()),
                new=tuple(new),
            )
            root, report_id = self._post.root, self._post.ids.next()

            def keep(tx: LedgerTransaction) -> None:
                keep_report(tx, root, report_id, view.at, findings)
                put(tx, tx.accounts.get(root), marks)

            await self._post.desk.see_through(keep)
            self._reported_at, self._activities = view.at, 0
        self._raised = standing
        self._is_pending = not there <= standing.keys()
        self._settled &= there
