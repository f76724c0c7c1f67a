"""Say since when positions are held, and what made them so large, by the books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.journal import Book, Entry, EntryKind, Units
from algotrendy.trading.ledger import EntryQuery, LedgerTransaction
from algotrendy.trading.replaying import instant_of

Holding = tuple[AccountId, Symbol]

_PAGE: Final = 200
_PAGES: Final = 10
_MOVES: Final = (EntryKind.FILL, EntryKind.BUST, EntryKind.SPLIT, EntryKind.CORRECTION)


@dataclass(slots=True)
class Held:
    """How a position came about since it was last nothing, or the other way.

    Attributes:
        before: What it was before all that was read.
        growth: Each fill that made it larger, by its order and its time, newest first.
        is_whole: Whether all of it was read.
    """

    units: Decimal
    before: Decimal
    growth: list[tuple[OrderId, datetime]] = field(default_factory=list)
    is_whole: bool = False

    @property
    def grown_by(self) -> frozenset[OrderId]:
        """Give the orders that made it larger."""
        return frozenset(order_id for order_id, _ in self.growth)

    @property
    def opening(self) -> tuple[OrderId, datetime] | None:
        """Give the fill that opened it; None where it is older than the books, or was not read."""
        is_opened = self.is_whole and self.before * self.units <= 0
        return self.growth[-1] if is_opened and self.growth else None

    def take_back(self, entry: Entry, moved: Decimal) -> None:
        """Read one entry more, which is older than those before."""
        self.before = EXACT.subtract(self.before, moved)
        if entry.kind is EntryKind.FILL and moved * self.units > 0:
            self.growth.append((OrderId(UUID(entry.reason)), entry.at))


def held_since(
    tx: LedgerTransaction, root: AccountId, positions: Mapping[Holding, Decimal]
) -> Mapping[Holding, Held]:
    """Read an account's books back until each of these positions was last flat.

    They are read once for all positions, and 2,000 moves of the account at most.
    """
    held = {holding: Held(units, units) for holding, units in positions.items()}
    place: str | None = None
    instant: datetime | None = None
    for _ in range(_PAGES if held else 0):
        page = tx.books.entries(EntryQuery(root, place, _MOVES, _PAGE))
        for _, entry in page:
            # Nobody knows what a position was between two entries of one instant.
            if instant_of(entry) != instant and _are_whole(held.values()):
                return held
            instant = instant_of(entry)
            for holding, moved in _moved(entry):
                if holding in held and not held[holding].is_whole:
                    held[holding].take_back(entry, moved)
        if len(page) < _PAGE:
            for each in held.values():
                each.is_whole = True
            break
        place, _ = page[-1]
    return held


def _are_whole(held: Iterable[Held]) -> bool:
    """Note which positions were flat before what was read, and say whether all were."""
    are_whole = True
    for each in held:
        each.is_whole = each.is_whole or each.before * each.units <= 0
        are_whole &= each.is_whole
    return are_whole


def _moved(entry: Entry) -> Iterator[tuple[Holding, Decimal]]:
    """Give by how many units an entry moved each position."""
    for posting in entry.postings:
        amount = posting.amount
        if posting.book is Book.POSITION and posting.symbol and isinstance(amount, Units):
            yield (entry.account, posting.symbol), amount.count
