"""What a ledger in memory keeps beside orders and books."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson

from algotrendy.kernel.errors import JsonValue, NotFound
from algotrendy.kernel.ids import AccountId, OrderId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import Account, root_of
from algotrendy.trading.ledger import AuditRecord, Document, Lease
from algotrendy.trading.ports import Listing, Quote
from algotrendy.trading.waits import Wait
from fakes.memory_ledger.orders import MemoryOrders
from fakes.memory_ledger.tables import Index, Table, Undo


class MemoryAccounts:
    """Is the ``Accounts`` of a memory ledger; one transaction runs at a time anyway."""

    def __init__(self, undo: Undo) -> None:
        self.table: Table[AccountId, Account] = Table(undo)

    def add(self, account: Account) -> bool:
        if self.table.get(account.id) is not None:
            return False
        self.table.put(account.id, account)
        return True

    def get(self, account: AccountId) -> Account:
        found = self.table.get(account)
        if found is None:
            raise NotFound("account", account)
        return found

    def put(self, account: Account) -> None:
        self.get(account.id)
        self.table.put(account.id, account)

    def of_tenant(self, tenant: TenantId) -> Sequence[Account]:
        accounts = self.table.rows.values()
        return sorted((each for each in accounts if each.tenant == tenant), key=_id)

    def family(self, root: AccountId) -> Sequence[Account]:
        first = self.get(root)
        accounts = self.table.rows.values()
        parts = [each for each in accounts if each.root == root and each.id != root]
        return [first, *sorted(parts, key=_id)]

    def claim(self, root: AccountId) -> Account:
        return self.get(root)


class MemoryLeases:
    """Is the ``Leases`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self._leases: Table[str, Lease] = Table(undo)

    def get(self, name: str) -> Lease | None:
        return self._leases.get(name)

    def put(self, lease: Lease) -> None:
        self._leases.put(lease.name, lease)


class MemoryWaits:
    """Is the ``Waits`` of a memory ledger."""

    def __init__(self, undo: Undo, orders: MemoryOrders) -> None:
        self._waits: Table[tuple[OrderId, str], Wait] = Table(undo)
        self._of: Index[OrderId, str] = Index(undo)
        self._orders = orders

    def put(self, wait: Wait) -> None:
        self._orders.get(wait.order_id)
        self._waits.put((wait.order_id, wait.token), wait)
        self._of.add(wait.order_id, wait.token)

    def of(self, order_id: OrderId) -> Sequence[Wait]:
        found = [self._waits.rows[order_id, token] for token in self._of.of(order_id)]
        return sorted(found, key=_purpose)

    def all(self, root: AccountId) -> Sequence[Wait]:
        waits = self._waits.rows.values()
        found = [each for each in waits if root_of(self._orders.get(each.order_id).account) == root]
        return sorted(found, key=_purpose)

    def end(self, wait: Wait) -> None:
        if self._waits.get((wait.order_id, wait.token)) is not None:
            self._waits.drop((wait.order_id, wait.token))
            self._of.drop(wait.order_id, wait.token)


def _purpose(wait: Wait) -> tuple[int, str, str]:
    return wait.order_id.int, wait.waiting_for.value, wait.token


class MemoryAudit:
    """Is the ``Audit`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self._records: Table[UUID, AuditRecord] = Table(undo)
        self._of_account: Index[AccountId, UUID] = Index(undo)

    def add(self, record: AuditRecord) -> None:
        if self._records.get(record.id) is not None:
            return
        self._records.put(record.id, replace(record, facts=_copied(record.facts)))
        for scope in {record.account, root_of(record.account)}:
            self._of_account.add(scope, record.id)

    def select(
        self, account: AccountId, limit: int, before: UUID | None = None
    ) -> Sequence[AuditRecord]:
        ids = [
            each for each in self._of_account.of(account) if before is None or each.int < before.int
        ]
        newest = sorted(ids, key=lambda each: each.int, reverse=True)[:limit]
        return [self._records.rows[each] for each in newest]


class MemoryDocuments:
    """Is the ``Documents`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self._documents: Table[tuple[str, UUID], Document] = Table(undo)
        self._of_root: Index[tuple[str, AccountId], UUID] = Index(undo)

    def find(self, kind: str, document_id: UUID) -> Document | None:
        found = self._documents.get((kind, document_id))
        return None if found is None else replace(found, body=_copied(found.body))

    def put(self, document: Document) -> None:
        kept = replace(document, body=_copied(document.body))
        self._documents.put((document.kind, document.id), kept)
        self._of_root.add((document.kind, root_of(document.account)), document.id)

    def select(
        self,
        kind: str,
        root: AccountId,
        limit: int,
        *,
        before: UUID | None = None,
        only_open: bool = False,
    ) -> Sequence[Document]:
        rows = self._documents.rows
        ids = [
            each
            for each in self._of_root.of((kind, root))
            if (before is None or each.int < before.int)
            and (rows[kind, each].is_open or not only_open)
        ]
        newest = sorted(ids, key=lambda each: each.int, reverse=True)[:limit]
        found = (rows[kind, each] for each in newest)
        return [replace(each, body=_copied(each.body)) for each in found]


class MemoryMarketFacts:
    """Is the ``MarketFacts`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self._quotes: Table[tuple[AccountId, Symbol], Quote] = Table(undo)
        self._wanted: Table[tuple[AccountId, Symbol], datetime] = Table(undo)
        self._listings: Table[tuple[AccountId, Symbol], Listing] = Table(undo)

    def quotes(self, root: AccountId, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        rows = self._quotes.rows
        return {each: rows[root, each] for each in symbols if (root, each) in rows}

    def put_quotes(self, root: AccountId, quotes: Collection[Quote]) -> None:
        for each in quotes:
            known = self._quotes.get((root, each.symbol))
            if known is None or known.at <= each.at:
                self._quotes.put((root, each.symbol), each)

    def want(self, root: AccountId, symbols: Collection[Symbol], now: datetime) -> None:
        for each in symbols:
            before = self._wanted.get((root, each))
            if before is None or before < now:
                self._wanted.put((root, each), now)

    def wanted(self, root: AccountId, since: datetime) -> Collection[Symbol]:
        rows = self._wanted.rows.items()
        return sorted(each for (owner, each), at in rows if owner == root and at >= since)

    def listings(self, root: AccountId, symbols: Collection[Symbol]) -> Mapping[Symbol, Listing]:
        rows = self._listings.rows
        return {each: rows[root, each] for each in symbols if (root, each) in rows}

    def put_listings(self, root: AccountId, listings: Collection[Listing]) -> None:
        for each in listings:
            self._listings.put((root, each.symbol), each)


def _id(account: Account) -> str:
    return account.id


def _copied(facts: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """Copy JSON as a database does: what is no JSON fails, and nobody shares it."""
    copy: Mapping[str, JsonValue] = orjson.loads(orjson.dumps(facts))
    return copy
