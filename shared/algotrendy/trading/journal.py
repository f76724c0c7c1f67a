"""Keep the books: entries that sum to zero, added and never changed.

A plus is what is owned or was spent: cash, positions at cost, fees. A minus is where it came from:
the outside, realised profit, dividends, interest. So over all books each currency sums to zero, and
so do the units of each symbol.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import EXACT, require_decimal
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import AccountId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Position


class Book(StrEnum):
    """An account of the books."""

    CASH = "cash"
    CASH_HELD = "cash_held"  # set aside for open orders
    POSITION = "position"  # at cost and in units, by symbol
    REALISED = "realised"  # profit, before fees
    FEES = "fees"
    DIVIDENDS = "dividends"
    INTEREST = "interest"
    EXTERNAL = "external"  # the world: who pays in, and the market that units come from


class EntryKind(StrEnum):
    """What an entry writes down."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    HOLD = "hold"
    FILL = "fill"
    FEE = "fee"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    SPLIT = "split"
    CORRECTION = "correction"
    BUST = "bust"
    RESTATEMENT = "restatement"


AMENDED: Final = " amended "
"""In the name of an event that is written again, after its first entry was taken back."""


def key_of(kind: EntryKind, account: AccountId, reference: str) -> str:
    """Name the entry of an event: ask whether the journal has it before writing it again.

    A fill's entry depends on the position before it, so it cannot be made a second time.

    Raises:
        Invalid: If the event has no name.
    """
    if not reference:
        raise Invalid("reference", "present", reference)
    return f"{kind}:{account}:{reference}"


def key_of_bust(key: str) -> str:
    """Name the entry that takes another one back."""
    return f"{EntryKind.BUST}:{key}"


def without_amendment(key: str) -> str:
    """Give the key that an entry had before its event was told otherwise."""
    return key.partition(AMENDED)[0]


@dataclass(frozen=True, slots=True)
class Units:
    """A number of units of a symbol; negative where they go out or are short."""

    count: Decimal
    symbol: Symbol

    def __post_init__(self) -> None:
        """Refuse a float, and what the ledger cannot hold."""
        require_decimal(self.count, "units")

    def __bool__(self) -> bool:
        """Say whether it is anything at all."""
        return bool(self.count)


@dataclass(frozen=True, slots=True)
class Posting:
    """What goes into one book, or out of it where it is negative.

    ``symbol`` names the position; units name it everywhere.
    """

    book: Book
    amount: Money | Units
    symbol: Symbol | None = None

    def __post_init__(self) -> None:
        """Refuse a position without a symbol, units of another, and units where money belongs."""
        if self.book is Book.POSITION and self.symbol is None:
            raise Invalid("symbol", "present for a position", self.symbol)
        if isinstance(self.amount, Units):
            if self.book not in (Book.POSITION, Book.EXTERNAL):
                raise Invalid("amount", f"money in the book {self.book}", self.amount)
            if self.amount.symbol != self.symbol:
                raise Invalid("symbol", self.amount.symbol, self.symbol)
        elif self.book is not Book.POSITION and self.symbol is not None:
            raise Invalid("symbol", f"absent for money in the book {self.book}", self.symbol)

    def __bool__(self) -> bool:
        """Say whether it moves anything at all."""
        return bool(self.amount)

    @property
    def commodity(self) -> str:
        """Name what sums to zero by itself; a symbol may be called like a currency."""
        if isinstance(self.amount, Units):
            return f"units of {self.amount.symbol}"
        return str(self.amount.currency)

    @property
    def value(self) -> Decimal:
        """Give the bare number."""
        return self.amount.count if isinstance(self.amount, Units) else self.amount.amount

    def reversed(self) -> Posting:
        """Give the posting that takes this one back."""
        if isinstance(self.amount, Units):
            back = Units(EXACT.minus(self.amount.count), self.amount.symbol)
            return Posting(self.book, back, self.symbol)
        return Posting(self.book, -self.amount, self.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One business event in the books of one account; it sums to zero or is not made.

    Attributes:
        key: The same for the same event, whoever writes it down, and however often.
        reverses: The key of the entry that this one takes back.
    """

    key: str
    kind: EntryKind
    account: AccountId
    at: datetime
    postings: tuple[Posting, ...]
    reason: str = ""
    reverses: str | None = None

    def __post_init__(self) -> None:
        """Refuse an entry of less than two postings, of empty ones, or one that is unbalanced."""
        object.__setattr__(self, "at", as_utc(self.at, "at"))
        if not self.key:
            raise Invalid("key", "present", self.key)
        if len(self.postings) < 2 or not all(self.postings):
            raise Invalid("postings", "two or more that move something", len(self.postings))
        for commodity, rest in _sums(self.postings).items():
            if rest:
                raise Invalid("postings", f"balanced in {commodity}", rest)

    @property
    def id(self) -> UUID:
        """Say where it stands among others: by its millisecond, then by its key in some way."""
        return derived_uuid7(self.at, self.key)

    @property
    def movement(self) -> tuple[EntryKind, AccountId, tuple[Posting, ...], str | None]:
        """Give what the entry does: two of one key must agree in it."""
        return self.kind, self.account, self.postings, self.reverses


@dataclass(frozen=True, slots=True)
class Place:
    """Where a balance stands: a book of an account, in one currency or in units of a symbol."""

    account: AccountId
    book: Book
    symbol: Symbol | None
    currency: Currency | None


class Journal:
    """The entries of any number of accounts, and what they add up to.

    Not safe to share between threads.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self._balances: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._reversed: set[str] = set()
        for entry in entries:
            self.append(entry)

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """Go through the entries in the order in which they were added."""
        return iter(tuple(self._entries.values()))

    def __contains__(self, key: str) -> bool:
        """Say whether there is an entry of this key."""
        return key in self._entries

    def append(self, entry: Entry) -> bool:
        """Add an entry; False when it is there already, be it under another time or reason.

        Raises:
            Conflict: If another entry has its key, or it takes back what is not there, is not what
                it says, or was taken back before.
        """
        known = self._entries.get(entry.key)
        if known is not None:
            if known.movement != entry.movement:
                raise Conflict(f"entry {entry.key} is there already, and says something else")
            return False
        if entry.reverses is not None:
            self._require_reversible(entry, entry.reverses)
            self._reversed.add(entry.reverses)
        self._entries[entry.key] = entry
        for posting in entry.postings:
            place = place_of(entry.account, posting)
            self._balances[place] = EXACT.add(self._balances[place], posting.value)
        return True

    def balances(self) -> Mapping[Place, Decimal]:
        """Give every balance that is not zero."""
        return {place: value for place, value in self._balances.items() if value}

    def balance(
        self, account: AccountId, book: Book, currency: Currency, symbol: Symbol | None = None
    ) -> Money:
        """Give what a book holds of a currency; a position is asked for by its symbol."""
        place = Place(account, book, symbol, currency)
        return Money(self._balances.get(place, Decimal(0)), currency)

    def position(self, account: AccountId, symbol: Symbol, currency: Currency) -> Position:
        """Give what is held of a symbol, at cost.

        Raises:
            Invalid: If cost is left where no units are: a bust that awaits its restatement.
        """
        units = self._balances.get(Place(account, Book.POSITION, symbol, None), Decimal(0))
        return Position(
            symbol, units, self.balance(account, Book.POSITION, currency, symbol=symbol)
        )

    def imbalance(self) -> Mapping[tuple[AccountId, str], Decimal]:
        """Give what does not sum to zero, by account and commodity: always nothing."""
        totals: defaultdict[tuple[AccountId, str], Decimal] = defaultdict(Decimal)
        for place, value in self._balances.items():
            key = (place.account, str(place.currency or f"units of {place.symbol}"))
            totals[key] = EXACT.add(totals[key], value)
        return {key: value for key, value in totals.items() if value}

    def _require_reversible(self, entry: Entry, key: str) -> None:
        require_reversal(entry, self._entries.get(key))
        if key in self._reversed:
            raise Conflict(f"entry {key} was taken back before")


def require_reversal(entry: Entry, original: Entry | None) -> None:
    """Check that an entry takes another one back exactly.

    Raises:
        Conflict: If it does not, or there is no such entry.
    """
    if original is None:
        raise Conflict(f"entry {entry.reverses} is not there to be taken back")
    back = tuple(posting.reversed() for posting in original.postings)
    if (entry.account, entry.postings) != (original.account, back):
        raise Conflict(f"entry {entry.key} is not the exact reversal of {original.key}")


def place_of(account: AccountId, posting: Posting) -> Place:
    """Name the balance that a posting changes."""
    currency = None if isinstance(posting.amount, Units) else posting.amount.currency
    return Place(account, posting.book, posting.symbol, currency)


def _sums(postings: Iterable[Posting]) -> Mapping[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in postings:
        sums[each.commodity] = EXACT.add(sums[each.commodity], each.value)
    return sums
