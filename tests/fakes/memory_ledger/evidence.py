"""What a ledger in memory shows its auditor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import root_of
from algotrendy.trading.holds import hold_of
from algotrendy.trading.journal import Entry, Place
from algotrendy.trading.lots import ClosedLot, Lots
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.verification import OrderRow
from algotrendy.trading.verify import StoredOrder
from fakes.memory_ledger.transaction import MemoryTransaction


class MemoryEvidence:
    """Is the ``Evidence`` of one account of a memory ledger."""

    def __init__(self, tables: MemoryTransaction, root: AccountId) -> None:
        self._tables = tables
        self._root = root

    def events(self) -> Iterator[OrderEvent]:
        orders = self._tables.orders
        for order_id in orders.of_root.of(self._root):
            yield from orders.history(order_id)

    def entries(self) -> Iterator[Entry]:
        books = self._tables.books
        for key in books.of_account.of(self._root):
            yield books.journal.rows[key]

    def orders(self) -> Mapping[OrderId, OrderRow]:
        orders = self._tables.orders
        unsettled = orders.still_open.of(self._root)
        kept = (orders.folded.rows[each] for each in orders.of_root.of(self._root))
        return {
            order.id: OrderRow(
                StoredOrder(
                    order.status,
                    order.filled_quantity,
                    hold_of(order).held,
                    order.id not in unsettled,
                ),
                len(order.seen),
            )
            for order in kept
        }

    def broker_names(self) -> Mapping[OrderId, frozenset[str]]:
        found: defaultdict[OrderId, set[str]] = defaultdict(set)
        for (root, name), order_ids in self._tables.orders.by_broker.all():
            if root == self._root:
                for order_id in order_ids:
                    found[order_id].add(name)
        return {order_id: frozenset(names) for order_id, names in found.items()}

    def balances(self) -> Mapping[Place, Decimal]:
        values = self._tables.books.values.rows
        return {
            place: value
            for place, value in values.items()
            if value and root_of(place.account) == self._root
        }

    def lots(self) -> Mapping[tuple[AccountId, Symbol], Lots]:
        rows = self._tables.books.open_lots.rows
        return {key: lots for key, lots in rows.items() if root_of(key[0]) == self._root}

    def closed_lots(self) -> Iterator[tuple[AccountId, Symbol, ClosedLot]]:
        books = self._tables.books
        for account, symbol in books.closed_in.of(self._root):
            for each in books.closed.of((account, symbol)):
                yield account, symbol, each
