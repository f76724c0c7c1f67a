"""Keep every order, move it through its states, and number what its owner hears of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.venue.model import Account, Changes, Order, Update, UpdateEvent
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.order_status import OrderStatus

WORKING = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})
"""The states in which an order may meet the market."""

_STAMPS = {
    OrderStatus.FILLED: "filled_at",
    OrderStatus.CANCELED: "canceled_at",
    OrderStatus.EXPIRED: "expired_at",
    OrderStatus.REPLACED: "replaced_at",
    OrderStatus.REJECTED: "failed_at",
}


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, as an update tells it; the position's quantity is signed."""

    id: str
    price: Decimal
    quantity: Decimal
    position_quantity: Decimal


def identity(seed: int, kind: str, number: int | str) -> str:
    """Make a UUID of version 4 that is the same for the same seed, kind and number."""
    digest = bytearray(hashlib.blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=16).digest())
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Orders:
    """Every order of the venue.

    Args:
        accounts: The accounts by id; their update numbers are counted here.
        changes: Where what changes is noted; the venue puts a new one here when it was taken.
    """

    def __init__(self, seed: int, accounts: Mapping[str, Account], changes: Changes) -> None:
        self.changes = changes
        self._seed = seed
        self._accounts = accounts
        self._sequence = 0
        self._by_id: dict[str, Order] = {}
        self._by_client_id: dict[tuple[str, str], Order] = {}
        self._of_account: dict[str, list[Order]] = {}
        self._open_of_account: dict[str, dict[str, Order]] = {}
        self._open_of_symbol: dict[str, dict[str, Order]] = {}
        self._moved: dict[str, dict[str, Order]] = {}
        self._stirred: dict[str, dict[str, Order]] = {}
        self._executions: dict[str, int] = {}
        self._order_of_execution: dict[str, str] = {}

    def restore(self, orders: Iterable[Order], executions: Iterable[tuple[str, str]]) -> None:
        """Take back what was stored; ``executions`` are pairs of order id and execution id."""
        for order in sorted(orders, key=lambda each: each.sequence):
            self._keep(order)
        for order_id, execution_id in executions:
            self._executions[order_id] = self._executions.get(order_id, 0) + 1
            self._order_of_execution[execution_id] = order_id

    # Names

    @property
    def upcoming(self) -> int:
        """Give the sequence number of the next order."""
        return self._sequence + 1

    def take_moved(self, symbol: str) -> Iterable[Order]:
        """Give a symbol's orders that changed since the last call."""
        return self._moved.pop(symbol, {}).values()

    def mark_moved(self, order: Order) -> None:
        """Let the book look at an order again."""
        self._moved.setdefault(order.symbol, {})[order.id] = order

    def take_stirred(self, account_id: str) -> Iterable[Order]:
        """Give an account's orders that changed since the last call."""
        return self._stirred.pop(account_id, {}).values()

    def order_id(self, sequence: int) -> str:
        """Name the order of a sequence number."""
        return identity(self._seed, "order", sequence)

    def client_order_id(self, sequence: int) -> str:
        """Make up what the client did not send."""
        return identity(self._seed, "client", sequence)

    def next_execution_id(self, order: Order) -> str:
        """Name the order's next fill."""
        count = self.executions(order) + 1
        execution_id = identity(self._seed, "execution", f"{order.sequence}/{count}")
        self._executions[order.id] = count
        self._order_of_execution[execution_id] = order.id
        return execution_id

    def executions(self, order: Order) -> int:
        """Count its fills so far, those that were taken back too."""
        return self._executions.get(order.id, 0)

    def of_execution(self, execution_id: str) -> Order | None:
        """Find the order of a fill."""
        order_id = self._order_of_execution.get(execution_id)
        return None if order_id is None else self._by_id[order_id]

    # Lists

    def get(self, order_id: str) -> Order:
        """Give an order that is known to exist."""
        return self._by_id[order_id]

    def require(self, account_id: str, order_id: str) -> Order:
        """Give an account's order; raise Refused when it has none of that id."""
        order = self._by_id.get(order_id)
        if order is None or order.account_id != account_id:
            raise Refused(Reason.NOT_FOUND, f"order not found for {order_id}")
        return order

    def by_client_id(self, account_id: str, client_order_id: str) -> Order | None:
        """Find an account's order by the client's name for it."""
        return self._by_client_id.get((account_id, client_order_id))

    def of_account(self, account_id: str) -> Iterable[Order]:
        """Give an account's orders, newest first."""
        return reversed(self._of_account.get(account_id, []))

    def open_of_account(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Give an account's open orders, oldest first, of one symbol or of all."""
        found = self._open_of_account.get(account_id, {}).values()
        return [order for order in found if symbol is None or order.symbol == symbol]

    def are_open(self, symbol: str) -> bool:
        """Say whether a symbol has open orders."""
        return bool(self._open_of_symbol.get(symbol))

    def open_of_symbol(self, symbol: str) -> list[Order]:
        """Give a symbol's open orders, oldest first."""
        return list(self._open_of_symbol.get(symbol, {}).values())

    def open_symbols(self) -> list[str]:
        """Give the symbols that have open orders, by name."""
        return sorted(symbol for symbol, orders in self._open_of_symbol.items() if orders)

    def priority(self, order: Order) -> int:
        """Give its place in time among orders of its price: less is earlier.

        A replacement keeps the place of what it replaced, unless it changed a price or asked for
        more, as at the exchanges.
        """
        place = order
        while place.replaces is not None and (old := self._by_id.get(place.replaces)) is not None:
            if _gives_way(old, place):
                break
            place = old
        return place.sequence

    # Changes

    def add(self, order: Order, status: OrderStatus, event: UpdateEvent, now: datetime) -> None:
        """Take in a new order, and move it to its first state."""
        self._keep(order)
        self.move(order, status, event, now)

    def move(
        self,
        order: Order,
        status: OrderStatus,
        event: UpdateEvent | None,
        now: datetime,
        execution: Execution | None = None,
    ) -> None:
        """Take a step of the table and tell its owner, unless ``event`` is None."""
        order.status = order.status.to(status)
        if stamp := _STAMPS.get(status):
            setattr(order, stamp, now)
        if status.is_terminal:
            self._open_of_account[order.account_id].pop(order.id, None)
            self._open_of_symbol[order.symbol].pop(order.id, None)
        self.touch(order, now)
        if event is not None:
            self.tell(order, event, now, execution)

    def touch(self, order: Order, now: datetime) -> None:
        """Note that the order changed."""
        order.updated_at = now
        self.changes.orders[order.id] = order
        self.mark_moved(order)
        self._stirred.setdefault(order.account_id, {})[order.id] = order

    def tell(
        self, order: Order, event: UpdateEvent, now: datetime, execution: Execution | None = None
    ) -> None:
        """Send its owner an update with the order as it stands."""
        account = self._accounts[order.account_id]
        account.update_count += 1
        self.changes.accounts[account.id] = account
        facts = (
            (None, None, None, None)
            if execution is None
            else (execution.id, execution.price, execution.quantity, execution.position_quantity)
        )
        number = account.update_count
        self.changes.updates.append(Update(number, account.id, event, now, order.still(), *facts))

    def _keep(self, order: Order) -> None:
        self._sequence = max(self._sequence, order.sequence)
        self._by_id[order.id] = order
        self._by_client_id[order.account_id, order.client_order_id] = order
        self._of_account.setdefault(order.account_id, []).append(order)
        if order.status.is_open:
            self.mark_moved(order)
            self._stirred.setdefault(order.account_id, {})[order.id] = order
            self._open_of_account.setdefault(order.account_id, {})[order.id] = order
            self._open_of_symbol.setdefault(order.symbol, {})[order.id] = order


def _gives_way(old: Order, new: Order) -> bool:
    if (old.limit_price, old.stop_price) != (new.limit_price, new.stop_price):
        return True
    if old.quantity is None or new.quantity is None:
        return True
    return new.quantity > old.quantity - old.filled_quantity
