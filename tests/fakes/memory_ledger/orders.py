"""The orders of a ledger in memory: each is kept folded, beside its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import PART, root_of
from algotrendy.trading.ledger import OrderQuery
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from fakes.memory_ledger.tables import Index, Table, Undo


class MemoryOrders:
    """Is the ``Orders`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self.folded: Table[OrderId, PlatformOrder] = Table(undo)
        self.histories: Table[OrderId, tuple[OrderEvent, ...]] = Table(undo)
        self.of_root: Index[AccountId, OrderId] = Index(undo)
        self._by_client: Table[tuple[AccountId, str], OrderId] = Table(undo)
        self.by_broker: Index[tuple[AccountId, str], OrderId] = Index(undo)
        self.still_open: Index[AccountId, OrderId] = Index(undo)
        self._legs: Index[OrderId, OrderId] = Index(undo)
        self._children: Index[OrderId, OrderId] = Index(undo)
        self._traded: Index[tuple[AccountId, Symbol], OrderId] = Index(undo)
        self._attempts: Table[OrderId, int] = Table(undo)
        self._without_end: Index[None, OrderId] = Index(undo)

    def get(self, order_id: OrderId) -> PlatformOrder:
        found = self.folded.get(order_id)
        if found is None:
            raise NotFound("order", order_id)
        return found

    def find(self, order_id: OrderId) -> PlatformOrder | None:
        return self.folded.get(order_id)

    def by_client_id(self, root: AccountId, client_order_id: str) -> PlatformOrder | None:
        found = self._by_client.get((root, client_order_id))
        return None if found is None else self.folded.rows[found]

    def by_broker_id(self, root: AccountId, broker_order_id: str) -> PlatformOrder | None:
        found = self._sorted(self.by_broker.of((root, broker_order_id)))
        return found[0] if found else None

    def legs(self, order_id: OrderId) -> Sequence[PlatformOrder]:
        return self._sorted(self._legs.of(order_id))

    def children(self, parent: OrderId) -> Sequence[PlatformOrder]:
        return self._sorted(self._children.of(parent))

    def history(self, order_id: OrderId) -> Sequence[OrderEvent]:
        return self.histories.get(order_id) or ()

    def unsettled(self, root: AccountId) -> Sequence[PlatformOrder]:
        return self._sorted(self.still_open.of(root))

    def intended_since(self, root: AccountId, since: datetime) -> Sequence[PlatformOrder]:
        return [
            order
            for order in self._sorted(self.of_root.of(root))
            if order.intended_at >= since and order.leg_of is None
        ]

    def traded(self, account: AccountId, symbol: Symbol) -> Sequence[PlatformOrder]:
        return self._sorted(self._traded.of((account, symbol)))

    def select(self, query: OrderQuery) -> Sequence[PlatformOrder]:
        orders = self._sorted(self.of_root.of(root_of(query.account)))
        found = [order for order in reversed(orders) if _fits(order, query)]
        return found[: query.limit]

    def store(self, after: PlatformOrder, events: Sequence[OrderEvent]) -> None:
        before = self.folded.get(after.id)
        history = self.history(after.id)
        if len(history) + len(events) != len(after.seen):
            raise Conflict(f"order {after.id} has {len(history)} events: this was made of others")
        if before is None:
            self._begin(after)
        self.histories.put(after.id, (*history, *events))
        self.folded.put(after.id, after)
        root = root_of(after.account)
        if after.is_settled:
            self.still_open.drop(root, after.id)
        else:
            self.still_open.add(root, after.id)
        for name in after.broker_order_ids:
            self.by_broker.add((root, name), after.id)
        if after.executions:
            self._traded.add((after.account, after.symbol), after.id)

    def attempt(self, order_id: OrderId) -> int:
        self.get(order_id)
        return self._attempts.get(order_id) or 1

    def next_attempt(self, order_id: OrderId) -> int:
        number = self.attempt(order_id) + 1
        self._attempts.put(order_id, number)
        return number

    def without_end(self, since: datetime, limit: int, after: OrderId | None) -> Sequence[OrderId]:
        found = [
            order.id
            for order in self._sorted(self._without_end.of(None))
            if order.intended_at < since and (after is None or order.id.int > after.int)
        ]
        return found[:limit]

    def end_workflow(self, order_id: OrderId) -> None:
        self.get(order_id)
        self._without_end.drop(None, order_id)

    def _begin(self, order: PlatformOrder) -> None:
        root = root_of(order.account)
        if self._by_client.get((root, order.client_order_id)) is not None:
            raise Conflict(
                f"account {root} has an order of the client order id {order.client_order_id}"
            )
        self._by_client.put((root, order.client_order_id), order.id)
        self.of_root.add(root, order.id)
        if order.leg_of is not None:
            self._legs.add(order.leg_of, order.id)
        else:
            self._without_end.add(None, order.id)
        if order.provenance.parent is not None:
            self._children.add(order.provenance.parent, order.id)

    def _sorted(self, ids: Iterable[OrderId]) -> list[PlatformOrder]:
        folded = self.folded.rows
        return [folded[each] for each in sorted(ids, key=lambda each: each.int)]


def _fits(order: PlatformOrder, query: OrderQuery) -> bool:
    return (
        (order.account == query.account or (query.with_parts and PART not in query.account))
        and (query.with_legs or order.leg_of is None)
        and (query.is_open is None or order.is_settled is not query.is_open)
        and (query.symbol is None or order.symbol == query.symbol)
        and (query.since is None or order.intended_at >= query.since)
        and (query.until is None or order.intended_at < query.until)
        and (not query.statuses or order.status in query.statuses)
        and (query.before is None or order.id.int < query.before.int)
    )
