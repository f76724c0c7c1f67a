"""A ledger in memory: writes events, entries and what is stored beside them, as it should be."""

from __future__ import annotations

from collections.abc import Iterable

from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Position
from algotrendy.trading import entries
from algotrendy.trading.folding import apply, kernel_fill
from algotrendy.trading.holds import hold_entry, hold_of
from algotrendy.trading.journal import Book, Journal
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.verify import Difference, Stored, StoredOrder, verify
from fakes.order_story import ACCOUNT, START, USD, dollars


class SmallLedger:
    """One account that begins with 100,000 dollars."""

    def __init__(self) -> None:
        self.events: list[OrderEvent] = []
        self.orders: dict[OrderId, PlatformOrder] = {}
        self.journal = Journal([entries.deposit(ACCOUNT, "d1", START, dollars(100_000))])

    def take(self, events: Iterable[OrderEvent]) -> None:
        """Store events and write what they do into the books."""
        for event in events:
            before = self.orders.get(event.order_id)
            order = apply(before, event)
            if order == before:
                continue
            self.events.append(event)
            self.orders[order.id] = order
            if (entry := hold_entry(before, order, event)) is not None:
                self.journal.append(entry)
            self._write_executions(before, order)

    def stored(self) -> Stored:
        """Give the rows that a sound ledger keeps."""
        positions: dict[tuple[AccountId, Symbol], Position] = {}
        for place in self.journal.balances():
            if place.book is Book.POSITION and place.symbol is not None:
                held = self.journal.position(ACCOUNT, place.symbol, USD)
                positions[ACCOUNT, place.symbol] = held
        rows = {
            key: StoredOrder(
                order.status, order.filled_quantity, hold_of(order).held, order.is_settled
            )
            for key, order in self.orders.items()
        }
        names = {key: order.broker_order_ids for key, order in self.orders.items()}
        return Stored(rows, names, positions, dict(self.journal.balances()))

    def verified(self, stored: Stored | None = None) -> tuple[Difference, ...]:
        return verify(self.events, self.journal, stored or self.stored())

    def _write_executions(self, before: PlatformOrder | None, order: PlatformOrder) -> None:
        known = {each.id for each in before.executions} if before is not None else set()
        for each in order.executions:
            if each.id not in known:
                fill = kernel_fill(order, each)
                held = self.journal.position(ACCOUNT, fill.symbol, USD)
                self.journal.append(entries.filled(ACCOUNT, each.id, fill, held))
                if each.fee:
                    self.journal.append(entries.fee(ACCOUNT, each.id, each.at, each.fee))
