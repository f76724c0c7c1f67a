"""What must be true after every step, and what must be true once everything has settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import root_of
from algotrendy.trading.execution.lease import lease_name
from algotrendy.trading.holds import hold_of
from algotrendy.trading.journal import Book, Journal, Place
from algotrendy.trading.order_events import OrderEvent, OrderSubmitted
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.parent import PARENT
from algotrendy.trading.parents.working import find_parent
from algotrendy.trading.status import PlatformStatus, read_status
from algotrendy.trading.verification import examined
from fakes.memory_ledger import MemoryTransaction
from fakes.memory_ledger.evidence import MemoryEvidence
from simulation.exchange import Exchange

LOST, DOUBLED, UNBALANCED, OTHER = "lost", "duplicated", "unbalanced", "broken"


class Broken(Exception):  # noqa: N818 - reads as what it means: a law is broken
    """Says which law was broken, and how."""

    def __init__(self, law: str, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law
        self.what = what


class Laws:
    """Holds the ledger against the exchange."""

    def __init__(self, tables: MemoryTransaction, exchange: Exchange, root: AccountId) -> None:
        self._tables = tables
        self._exchange = exchange
        self._root = root

    # After every commit

    def check_stored(self, order: PlatformOrder, events: Sequence[OrderEvent]) -> None:
        """Check what one commit did to one order."""
        for event in events:
            if isinstance(event, OrderSubmitted):
                self._check_writer(order, event)
        if len(order.broker_order_ids) > 1:
            raise Broken(DOUBLED, f"{_named(order)} has several orders at the broker")
        if order.disputed:
            raise Broken(UNBALANCED, f"{_named(order)} has executions told in two ways")
        truth = self._exchange.find(order.client_order_id) or self._by_broker_id(order)
        given = Decimal(0) if truth is None else self._exchange.given(truth.broker_order_id)
        # News that an execution was taken back may come after news of the one in its place.
        if order.is_overfilled and given <= (order.request.quantity or 0):
            raise Broken(DOUBLED, f"{_named(order)} is filled beyond its quantity")
        if order.filled_quantity > given:
            said = f"filled {order.filled_quantity}, at the broker {given}"
            raise Broken(UNBALANCED, f"{_named(order)} is {said}")
        # So may it look filled, by executions of which one was taken back.
        wanted = order.request.quantity
        is_given = order.status is PlatformStatus.FILLED and wanted is not None and given >= wanted
        if order.is_terminal and truth is not None and truth.status.is_open and not is_given:
            said = f"over ({order.reason}) but open at the broker"
            raise Broken(LOST, f"{_named(order)} is {said}")
        if order.is_terminal and not order.is_at_broker and truth is not None:
            raise Broken(LOST, f"{_named(order)} was withdrawn, but the broker has it")
        hold = hold_of(order)
        if hold.held.amount < 0 or hold.consumed.amount < 0 or hold.released.amount < 0:
            raise Broken(UNBALANCED, f"{_named(order)} has the hold {hold}")

    def check_arrival(self, name: str) -> None:
        """Check an order as it reaches the broker."""
        order = self._tables.orders.by_client_id(self._root, name)
        if order is None:
            raise Broken(LOST, f"the broker got {name}, of which the ledger does not know")
        if order.is_terminal:
            raise Broken(LOST, f"{_named(order)} reached the broker after it was over")

    def _check_writer(self, order: PlatformOrder, event: OrderSubmitted) -> None:
        lease = self._tables.leases.get(lease_name(self._root))
        if lease is None or event.epoch != lease.epoch:
            now = "nobody" if lease is None else f"epoch {lease.epoch}"
            said = f"sent under epoch {event.epoch} while the writer was {now}"
            raise Broken(DOUBLED, f"{_named(order)} was {said}")

    # Once everything has settled

    def differences(self) -> Iterator[Broken]:
        """Give what is not as it must be in the end."""
        yield from self.of_orders()
        yield from self.of_executions()
        yield from self.of_money()
        yield from self.of_workflows()
        yield from self.of_parents()

    def after_a_halt(self, *, is_halted: bool, is_flattened: bool) -> Iterator[Broken]:
        """Find what should have ended when the kill switch was pulled."""
        if is_halted:
            for order in self._orders():
                if not order.is_terminal:
                    yield Broken(OTHER, f"{_named(order)} is open, and trading is halted")
            if self._tables.risk.acting_kill_switches(self._root):
                yield Broken(OTHER, "the kill switch is not done")
        if is_flattened and any(units for units, _ in self._exchange.state()[1].values()):
            yield Broken(OTHER, f"positions are open: {self._exchange.state()[1]}")

    def derived(self) -> Iterator[Broken]:
        """Work the whole ledger out again from its events."""
        tables = self._tables
        journal = Journal()
        for entry in tables.books.journal.rows.values():
            journal.append(entry)
        if unbalanced := journal.imbalance():
            yield Broken(UNBALANCED, f"the journal sums to {unbalanced}")
        for difference in examined(MemoryEvidence(tables, self._root)).differences:
            yield Broken(UNBALANCED, f"verify: {difference}")

    def of_orders(self) -> Iterator[Broken]:
        """Compare where each order stands, and how much of it is filled."""
        told = {view.client_order_id: view for view in self._exchange.views()}
        ours = {order.client_order_id: order for order in self._orders()}
        for name, view in told.items():
            is_nothing = view.status.is_terminal and not view.filled_quantity
            if name not in ours and not is_nothing and not self._is_known_by_broker_id(view):
                yield Broken(LOST, f"the broker's {view.status} order {name} is not in the ledger")
        for name, order in ours.items():
            truth = told.get(name) or self._by_broker_id(order)
            if truth is None:
                if not order.is_terminal and not order.awaits_approval:
                    yield Broken(LOST, f"{_named(order)}, and the broker has nothing of it")
            elif order.status is not read_status(truth.status):
                yield Broken(LOST, f"{_named(order)}, at the broker {truth.status}")
            elif order.filled_quantity != truth.filled_quantity:
                said = f"filled {order.filled_quantity}, at the broker {truth.filled_quantity}"
                yield Broken(LOST, f"{_named(order)} is {said}")

    def of_executions(self) -> Iterator[Broken]:
        """Compare executions, one by one."""
        told = {each.execution_id: each.quantity for each in self._exchange.fills()}
        ours: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order in self._orders():
            for each in order.standing:
                ours[each.id] += each.quantity.value
        for key in told.keys() | ours.keys():
            if told.get(key) != ours.get(key):
                law = LOST if key not in ours else UNBALANCED
                said = f"{ours.get(key)}, at the broker {told.get(key)}"
                yield Broken(law, f"execution {key} is of {said}")

    def of_money(self) -> Iterator[Broken]:
        """Compare cash and positions, and what is set aside with what open orders need."""
        cash, held = self._exchange.state()
        sums: defaultdict[tuple[Book, Symbol | None], Decimal] = defaultdict(Decimal)
        for place, value in self._tables.books.values.rows.items():
            if place.book in (Book.CASH, Book.CASH_HELD) or _is_units(place):
                sums[place.book, place.symbol] += value
        ours = sums.pop((Book.CASH, None), Decimal(0)) + sums.get((Book.CASH_HELD, None), 0)
        if ours != cash:
            yield Broken(UNBALANCED, f"cash is {ours}, at the broker {cash}")
        set_aside = sums.pop((Book.CASH_HELD, None), Decimal(0))
        holds = sum((hold_of(order).held.amount for order in self._orders()), Decimal(0))
        if set_aside != holds:
            yield Broken(UNBALANCED, f"{set_aside} is held, for orders that need {holds}")
        for order in self._orders():
            if order.is_settled and hold_of(order).held:
                yield Broken(UNBALANCED, f"{_named(order)} is over and still holds money")
        units = {symbol: value for (_, symbol), value in sums.items() if symbol and value}
        truth = {symbol: quantity for symbol, (quantity, _) in held.items() if quantity}
        if units != truth:
            yield Broken(UNBALANCED, f"positions are {units}, at the broker {truth}")

    def of_workflows(self) -> Iterator[Broken]:
        """Find orders that are over, and whose workflow is not."""
        orders = self._tables.orders
        waiting = set(orders.without_end(datetime.max.replace(tzinfo=UTC), 1_000, None))
        for order in self._orders():
            if order.is_settled and order.id in waiting:
                yield Broken(LOST, f"the workflow of {_named(order)} has not ended")

    def of_parents(self) -> Iterator[Broken]:
        """Find parent orders that traded too much, or go on."""
        for document in self._tables.documents.select(PARENT, self._root, 100):
            parent = find_parent(self._tables, OrderId(document.id))
            assert parent is not None
            slices = self._tables.orders.children(parent.id)
            filled = sum((order.filled_quantity for order in slices), Decimal(0))
            if filled > parent.wish.quantity:
                yield Broken(DOUBLED, f"slices of {parent.id} filled {filled}")
            if not parent.state.is_over:
                yield Broken(OTHER, f"the parent order {parent.id} is {parent.state}")

    def _orders(self) -> Sequence[PlatformOrder]:
        return list(self._tables.orders.folded.rows.values())

    def _by_broker_id(self, order: PlatformOrder) -> BrokerOrder | None:
        for name in order.broker_order_ids:
            return self._exchange.view(name)
        return None

    def _is_known_by_broker_id(self, view: BrokerOrder) -> bool:
        found = self._tables.orders.by_broker_id(root_of(self._root), view.broker_order_id)
        return found is not None


def _is_units(place: Place) -> bool:
    return place.book is Book.POSITION and place.currency is None


def _named(order: PlatformOrder) -> str:
    return f"order {order.client_order_id} ({order.status})"
