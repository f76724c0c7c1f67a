"""The ledger of money, as trading uses it: everything within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import UUID

from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId, OrderId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.records import RiskRecords
from algotrendy.trading.accounts import Account
from algotrendy.trading.journal import Entry, Place
from algotrendy.trading.lots import ClosedLot, Lots
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import MarketFacts
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.waits import Waits

T = TypeVar("T")


class Accounts(Protocol):
    """Accounts and their parts."""

    def add(self, account: Account) -> bool:
        """Keep a new account or part; False when there is one of its id."""
        ...

    def get(self, account: AccountId) -> Account:
        """Read one; NotFound when there is none."""
        ...

    def put(self, account: Account) -> None:
        """Keep a known account as it is now."""
        ...

    def of_tenant(self, tenant: TenantId) -> Sequence[Account]:
        """Give a tenant's accounts and parts, by id."""
        ...

    def family(self, root: AccountId) -> Sequence[Account]:
        """Give an account, then its parts by id; NotFound when there is no such account."""
        ...

    def claim(self, root: AccountId) -> Account:
        """Let nobody else decide about the account's money until this transaction ends.

        Whoever decides from what the ledger says of an account, and writes what must still be true
        then, calls this first. Two that do so at once run one after the other.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuery:
    """Which orders to list, newest first.

    Attributes:
        account: An account, with all its parts, or one part.
        is_open: Only those that may still change, or only those that may not.
        statuses: Only those that stand at one of these; all where there is none.
        until: Only those that were intended before.
        before: Only older ones: the id of the last of the page before.
        with_parts: Whether the parts of an account are asked for too.
        with_legs: Whether exits that brokers hold for other orders are asked for too.
    """

    account: AccountId
    is_open: bool | None = None
    symbol: Symbol | None = None
    statuses: Collection[PlatformStatus] = ()
    since: datetime | None = None
    until: datetime | None = None
    before: OrderId | None = None
    limit: int = 50
    with_parts: bool = True
    with_legs: bool = True


class Orders(Protocol):
    """Orders and all that happened to them."""

    def get(self, order_id: OrderId) -> PlatformOrder:
        """Read an order, folded from its history; NotFound when there is none."""
        ...

    def find(self, order_id: OrderId) -> PlatformOrder | None:
        """Read an order, or None."""
        ...

    def by_client_id(self, root: AccountId, client_order_id: str) -> PlatformOrder | None:
        """Find an account's order, of whatever part, by our name for it."""
        ...

    def by_broker_id(self, root: AccountId, broker_order_id: str) -> PlatformOrder | None:
        """Find an account's order by a name that the broker gave it."""
        ...

    def legs(self, order_id: OrderId) -> Sequence[PlatformOrder]:
        """Give the exits of an order that are known."""
        ...

    def children(self, parent: OrderId) -> Sequence[PlatformOrder]:
        """Give the slices of a parent order, oldest first."""
        ...

    def history(self, order_id: OrderId) -> Sequence[OrderEvent]:
        """Give an order's events in the order in which they were stored."""
        ...

    def unsettled(self, root: AccountId) -> Sequence[PlatformOrder]:
        """Give an account's orders that may still change, of all parts, oldest first."""
        ...

    def intended_since(self, root: AccountId, since: datetime) -> Sequence[PlatformOrder]:
        """Give an account's orders from a moment on, oldest first, exits left out."""
        ...

    def traded(self, account: AccountId, symbol: Symbol) -> Sequence[PlatformOrder]:
        """Give every order of one part that has executions in a symbol, busted ones too."""
        ...

    def select(self, query: OrderQuery) -> Sequence[PlatformOrder]:
        """List orders."""
        ...

    def store(self, after: PlatformOrder, events: Sequence[OrderEvent]) -> None:
        """Append events to an order's history, and keep where it stands after them.

        Raises:
            Conflict: If it is new, and its account has an order of its client order id.
        """
        ...

    def attempt(self, order_id: OrderId) -> int:
        """Give the number of the order's workflow, from 1."""
        ...

    def next_attempt(self, order_id: OrderId) -> int:
        """Count one more workflow of an order, and give its number."""
        ...

    def without_end(self, since: datetime, limit: int, after: OrderId | None) -> Sequence[OrderId]:
        """Give orders of any account whose workflow has not recorded its end, oldest first.

        Only those intended before ``since``, and after ``after`` in the order of their ids; exits
        that the broker holds have no workflow.
        """
        ...

    def end_workflow(self, order_id: OrderId) -> None:
        """Note that the order's workflow has nothing left to do."""
        ...


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which entries to list, newest first; ``before`` is the place of the last one seen."""

    account: AccountId
    before: str | None = None
    kinds: Collection[str] = ()
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ClosedPlace:
    """Where a closed lot stands among those of an account."""

    closed_at: datetime
    symbol: Symbol
    closed_by: str
    lot_id: str


class Books(Protocol):
    """The journal, and what it adds up to; tax lots beside it."""

    def entry(self, key: str) -> Entry | None:
        """Read an entry."""
        ...

    def post(self, entry: Entry) -> bool:
        """Add an entry and bring the balances up to it; False when it is there already.

        Raises:
            Conflict: If another entry has its key.
        """
        ...

    def entries(self, query: EntryQuery) -> Sequence[tuple[str, Entry]]:
        """List entries of an account and all its parts, each with its place."""
        ...

    def balances(self, accounts: Collection[AccountId]) -> Mapping[Place, Decimal]:
        """Give what is not zero of the balances of these very accounts or parts."""
        ...

    def lots(self, account: AccountId, symbol: Symbol) -> Lots | None:
        """Give the open lots of a part in a symbol; None where there never was one."""
        ...

    def put_lots(self, account: AccountId, lots: Lots) -> None:
        """Keep the open lots of a part in their symbol."""
        ...

    def add_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[ClosedLot]
    ) -> None:
        """Keep what a sale closed."""
        ...

    def restate_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[ClosedLot], since: datetime
    ) -> None:
        """Put these in place of all that a part closed in a symbol from a moment on."""
        ...

    def closed_lots(
        self, account: AccountId, since: datetime, limit: int, after: ClosedPlace | None = None
    ) -> Sequence[tuple[Symbol, ClosedLot]]:
        """List what a part and its kin closed, newest first, all that follows one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may write for a thing until when; each new holder has the next epoch."""

    name: str
    holder: str
    epoch: int
    expires_at: datetime


class Leases(Protocol):
    """Leases; see ``execution.lease`` for how they are taken, kept and checked."""

    def get(self, name: str) -> Lease | None:
        """Read a lease, and let no other transaction change it until this one ends."""
        ...

    def put(self, lease: Lease) -> None:
        """Keep a lease as it is now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Who did what to which, and why; added and never changed."""

    id: UUID
    tenant: TenantId
    account: AccountId
    at: datetime
    who: str
    action: str
    subject: str
    reason: str = ""
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


class Audit(Protocol):
    """What people did."""

    def add(self, record: AuditRecord) -> None:
        """Add a record; the same id again changes nothing."""
        ...

    def select(
        self, account: AccountId, limit: int, before: UUID | None = None
    ) -> Sequence[AuditRecord]:
        """List an account's records, newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A record that is read as a whole: a reconciliation report, a parent order's plan.

    Attributes:
        kind: ``reconciliation``, ``parent``, ``protection``...
        is_open: Whether somebody still has to act on it.
    """

    kind: str
    id: UUID
    account: AccountId
    at: datetime
    is_open: bool
    body: Mapping[str, JsonValue]


class Documents(Protocol):
    """Records that are read as a whole, by kind and account."""

    def find(self, kind: str, document_id: UUID) -> Document | None:
        """Read one, or None."""
        ...

    def put(self, document: Document) -> None:
        """Keep a new one, or a known one as it is now."""
        ...

    def select(
        self,
        kind: str,
        root: AccountId,
        limit: int,
        *,
        before: UUID | None = None,
        only_open: bool = False,
    ) -> Sequence[Document]:
        """List those of an account and its parts, newest first."""
        ...


class LedgerTransaction(Protocol):
    """All of the ledger, as one transaction sees it."""

    @property
    def accounts(self) -> Accounts: ...

    @property
    def orders(self) -> Orders: ...

    @property
    def books(self) -> Books: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def waits(self) -> Waits: ...

    @property
    def audit(self) -> Audit: ...

    @property
    def market(self) -> MarketFacts: ...

    @property
    def documents(self) -> Documents: ...

    @property
    def risk(self) -> RiskRecords: ...

    def publish(self, event: Event) -> None:
        """Promise to publish an event if, and only if, the transaction commits."""
        ...


class Ledger(Protocol):
    """The ledger of money; the one system of record."""

    def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function in one transaction, commit, and give what it returned.

        The function may run several times, and does nothing but read and write through its
        transaction. What it raises undoes the transaction.

        Raises:
            Unavailable: If nothing was changed, for sure.
            Unknown: If the commit may or may not have happened: run the same again, so that
                everything that is written must be known again by its id.
        """
        ...


class Desk(Protocol):
    """The ledger as a service on an event loop uses it."""

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function in one transaction, beside the loop; raises as ``Ledger.run``."""
        ...
