"""A ledger that books stories of orders, and shows what its books came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from algotrendy.kernel.ids import TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.verification import verify_ledger
from algotrendy.trading.verify import Difference
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import ACCOUNT, START, USD, dollars

AAPL = Symbol("AAPL")


class Booked:
    """One account that begins with 100,000 dollars."""

    def __init__(self, method: LotMethod = LotMethod.FIFO) -> None:
        self.account = Account(
            id=ACCOUNT,
            tenant=TenantId("demo"),
            broker="alpaca",
            opened_at=START,
            lot_method=method,
        )
        self.ledger = MemoryLedger()
        self.ledger.run(lambda tx: tx.accounts.add(self.account))
        opening = entries.deposit(ACCOUNT, "d1", START, dollars(100_000))
        self.ledger.run(lambda tx: tx.books.post(opening))

    def take(self, events: Iterable[OrderEvent]) -> None:
        """Record events, each in a transaction of its own."""
        for event in events:
            self.ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]

    def balances(self, but: Iterable[Book] = ()) -> Mapping[Place, Decimal]:
        found = self.ledger.run(lambda tx: tx.books.balances([ACCOUNT]))
        return {place: value for place, value in found.items() if place.book not in set(but)}

    def balance(self, book: Book, symbol: Symbol | None = None) -> Decimal:
        return self.balances().get(Place(ACCOUNT, book, symbol, USD), Decimal(0))

    def units(self, symbol: Symbol = AAPL) -> Decimal:
        return self.balances().get(Place(ACCOUNT, Book.POSITION, symbol, None), Decimal(0))

    def lots(self, symbol: Symbol = AAPL) -> tuple[Lot, ...]:
        found = self.ledger.run(lambda tx: tx.books.lots(ACCOUNT, symbol))
        return () if found is None else found.open

    def closed(self) -> set[tuple[Symbol, ClosedLot]]:
        return set(self.ledger.run(lambda tx: tx.books.closed_lots(ACCOUNT, START, 1000)))

    def verified(self) -> tuple[Difference, ...]:
        """Work it all out again from the events."""
        return verify_ledger(self.ledger).differences


def renamed(lots: Iterable[Lot]) -> list[Lot]:
    """Give lots without their names, which differ where an execution was written again."""
    return [replace(lot, id="") for lot in lots]
