"""The books of a ledger in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.accounts import root_of
from algotrendy.trading.journal import Entry, Place, place_of, require_reversal
from algotrendy.trading.ledger import ClosedPlace, EntryQuery
from algotrendy.trading.lots import ClosedLot, Lots
from fakes.memory_ledger.tables import Index, Sorted, Table, Undo


class MemoryBooks:
    """Is the ``Books`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self.journal: Table[str, Entry] = Table(undo)
        self.of_account: Index[AccountId, str] = Index(undo)
        self._in_time: Sorted[AccountId] = Sorted(undo)
        self.values: Table[Place, Decimal] = Table(undo)
        self.open_lots: Table[tuple[AccountId, Symbol], Lots] = Table(undo)
        self._places: Index[AccountId, Place] = Index(undo)
        self._reversed: Table[str, str] = Table(undo)
        self.closed: Index[tuple[AccountId, Symbol], ClosedLot] = Index(undo)
        self.closed_in: Index[AccountId, tuple[AccountId, Symbol]] = Index(undo)

    def entry(self, key: str) -> Entry | None:
        return self.journal.get(key)

    def post(self, entry: Entry) -> bool:
        known = self.journal.get(entry.key)
        if known is not None:
            if known.movement != entry.movement:
                raise Conflict(f"entry {entry.key} is there already, and says something else")
            return False
        if entry.reverses is not None:
            require_reversal(entry, self.journal.get(entry.reverses))
            if self._reversed.get(entry.reverses) is not None:
                raise Conflict(f"entry {entry.reverses} was taken back before")
            self._reversed.put(entry.reverses, entry.key)
        self.journal.put(entry.key, entry)
        for scope in {entry.account, root_of(entry.account)}:
            self.of_account.add(scope, entry.key)
            self._in_time.add(scope, f"{entry.id} {entry.key}")
        for posting in entry.postings:
            place = place_of(entry.account, posting)
            before = self.values.get(place)
            if before is None:
                self._places.add(entry.account, place)
            self.values.put(place, EXACT.add(before or Decimal(0), posting.value))
        return True

    def entries(self, query: EntryQuery) -> Sequence[tuple[str, Entry]]:
        rows = self.journal.rows
        found: list[tuple[str, Entry]] = []
        for name in self._in_time.last_first(query.account, query.before):
            place, _, key = name.partition(" ")
            if not query.kinds or rows[key].kind in query.kinds:
                found.append((place, rows[key]))
                if len(found) == query.limit:
                    break
        return found

    def balances(self, accounts: Collection[AccountId]) -> Mapping[Place, Decimal]:
        values = self.values.rows
        return {
            place: values[place]
            for account in accounts
            for place in self._places.of(account)
            if values[place]
        }

    def lots(self, account: AccountId, symbol: Symbol) -> Lots | None:
        return self.open_lots.get((account, symbol))

    def put_lots(self, account: AccountId, lots: Lots) -> None:
        self.open_lots.put((account, lots.symbol), lots)

    def add_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[ClosedLot]
    ) -> None:
        self.closed_in.add(root_of(account), (account, symbol))
        for each in closed:
            self.closed.add((account, symbol), each)

    def restate_closed_lots(
        self, account: AccountId, symbol: Symbol, closed: Sequence[ClosedLot], since: datetime
    ) -> None:
        self.closed_in.add(root_of(account), (account, symbol))
        key = account, symbol
        for gone in [each for each in self.closed.of(key) if each.closed_at >= since]:
            self.closed.drop(key, gone)
        for each in closed:
            self.closed.add(key, each)

    def closed_lots(
        self, account: AccountId, since: datetime, limit: int, after: ClosedPlace | None = None
    ) -> Sequence[tuple[Symbol, ClosedLot]]:
        found = [
            (symbol, each)
            for owner, symbol in self.closed_in.of(root_of(account))
            for each in self.closed.of((owner, symbol))
            if account in (owner, root_of(owner)) and each.closed_at >= since
        ]
        found.sort(key=lambda pair: (pair[0], pair[1].closed_by))
        found.sort(key=lambda pair: pair[1].closed_at, reverse=True)
        if after is not None:
            places = [
                ClosedPlace(lot.closed_at, symbol, lot.closed_by, lot.lot_id)
                for symbol, lot in found
            ]
            found = found[places.index(after) + 1 :]
        return found[:limit]
