"""What every ledger promises of the journal, its balances and tax lots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Position
from algotrendy.trading import entries
from algotrendy.trading.journal import Book, Entry, EntryKind, Place
from algotrendy.trading.ledger import EntryQuery, Ledger
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod, Lots
from fakes.order_story import ACCOUNT, START, USD, dollars

PART = AccountId("one/trend")
OTHER = AccountId("two")
AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")


def deposit(
    name: str, amount: str | int = 100, account: AccountId = ACCOUNT, second: int = 0
) -> Entry:
    return entries.deposit(account, name, START + timedelta(seconds=second), dollars(amount))


def post(ledger: Ledger, *posted: Entry) -> list[bool]:
    return ledger.run(lambda tx: [tx.books.post(entry) for entry in posted])


def balances(ledger: Ledger, *accounts: AccountId) -> Mapping[Place, Decimal]:
    return ledger.run(lambda tx: tx.books.balances(accounts))


def cash(account: AccountId = ACCOUNT) -> Place:
    return Place(account, Book.CASH, None, USD)


def outside(account: AccountId = ACCOUNT) -> Place:
    return Place(account, Book.EXTERNAL, None, USD)


def test_an_entry_is_read_as_it_was_posted(ledger: Ledger) -> None:
    entry = deposit("d1", "100.50")
    assert ledger.run(lambda tx: tx.books.entry(entry.key)) is None
    assert post(ledger, entry) == [True]
    assert ledger.run(lambda tx: tx.books.entry(entry.key)) == entry


def test_balances_add_up_by_account_book_and_commodity(ledger: Ledger) -> None:
    moved = entries.split(ACCOUNT, "s1", START, Position(AAPL, Decimal("1.5"), dollars(0)), 2, 1)
    fine = Money(Decimal("0.000000000000000001"), USD)
    post(ledger, deposit("d1"), deposit("d2", "0.25", PART), deposit("d3", 7, OTHER), moved)
    post(ledger, entries.fee(ACCOUNT, "f1", START, fine))
    paid = Decimal("99.999999999999999999")
    assert balances(ledger, ACCOUNT) == {
        cash(): paid,
        outside(): Decimal(-100),
        Place(ACCOUNT, Book.FEES, None, USD): fine.amount,
        Place(ACCOUNT, Book.POSITION, AAPL, None): Decimal("1.5"),
        Place(ACCOUNT, Book.EXTERNAL, AAPL, None): Decimal("-1.5"),
    }
    both = balances(ledger, PART, OTHER)
    assert both == {
        cash(PART): Decimal("0.25"),
        outside(PART): Decimal("-0.25"),
        cash(OTHER): Decimal(7),
        outside(OTHER): Decimal(-7),
    }
    assert str(both[cash(OTHER)]) == "7"
    assert balances(ledger) == {}


def test_what_is_zero_is_no_balance(ledger: Ledger) -> None:
    post(ledger, deposit("d1"), entries.withdrawal(ACCOUNT, "w1", START, dollars("100.00")))
    assert balances(ledger, ACCOUNT) == {}


def test_an_entry_counts_once_under_whatever_time_or_reason(ledger: Ledger) -> None:
    entry = deposit("d1")
    again = replace(entry, at=START + timedelta(days=1), reason="told twice")
    assert post(ledger, entry, entry, again) == [True, False, False]
    assert post(ledger, again) == [False]
    assert balances(ledger, ACCOUNT)[cash()] == 100
    assert ledger.run(lambda tx: tx.books.entry(entry.key)) == entry


def test_another_entry_of_the_same_key_is_refused(ledger: Ledger) -> None:
    post(ledger, deposit("d1"))
    with pytest.raises(Conflict):
        post(ledger, deposit("d1", 99))
    assert balances(ledger, ACCOUNT)[cash()] == 100


def test_an_entry_is_taken_back_exactly_and_once(ledger: Ledger) -> None:
    entry = deposit("d1")
    back = entries.bust(entry, START, "wrong")
    with pytest.raises(Conflict, match="not there"):
        post(ledger, back)
    post(ledger, entry)
    with pytest.raises(Conflict, match="exact"):
        post(ledger, replace(back, key="other", postings=deposit("d2", -5 + 10).postings))
    assert post(ledger, back, back) == [True, False]
    assert balances(ledger, ACCOUNT) == {}
    with pytest.raises(Conflict, match="before"):
        post(ledger, replace(back, key="other"))
    assert balances(ledger, ACCOUNT) == {}


def test_entries_are_listed_newest_first_page_by_page(ledger: Ledger) -> None:
    posted = [
        deposit("d1", second=1),
        deposit("d3", account=PART, second=3),
        deposit("d2", second=2),
        entries.fee(ACCOUNT, "f4", START + timedelta(seconds=4), dollars(1)),
        deposit("d5", account=OTHER, second=5),
    ]
    post(ledger, *posted)

    def listed(**query: Any) -> list[tuple[str, str]]:
        asked = EntryQuery(**{"account": ACCOUNT, **query})
        found = ledger.run(lambda tx: tx.books.entries(asked))
        assert all(entry in posted for _, entry in found)
        return [(place, entry.key.rpartition(":")[2]) for place, entry in found]

    def names(**query: Any) -> list[str]:
        return [name for _, name in listed(**query)]

    assert names() == ["f4", "d3", "d2", "d1"]
    assert names(account=PART) == ["d3"]
    assert names(kinds=[EntryKind.FEE, EntryKind.SPLIT]) == ["f4"]
    assert names(kinds=["deposit"], limit=2) == ["d3", "d2"]
    first = listed(limit=3)
    assert names(before=first[-1][0]) == ["d1"]
    assert names(account=AccountId("three")) == []


def test_lots_are_kept_by_part_and_symbol(ledger: Ledger) -> None:
    first = Lots(AAPL, USD, LotMethod.LIFO, (Lot("e1", START, Decimal("3.0"), dollars(300)),))
    empty = replace(first, symbol=MSFT, open=())
    assert ledger.run(lambda tx: tx.books.lots(ACCOUNT, AAPL)) is None
    ledger.run(lambda tx: tx.books.put_lots(ACCOUNT, empty))
    ledger.run(lambda tx: tx.books.put_lots(ACCOUNT, replace(first, open=())))
    ledger.run(lambda tx: tx.books.put_lots(ACCOUNT, first))
    assert ledger.run(lambda tx: tx.books.lots(ACCOUNT, AAPL)) == first
    assert ledger.run(lambda tx: tx.books.lots(ACCOUNT, MSFT)) == empty
    assert ledger.run(lambda tx: tx.books.lots(PART, AAPL)) is None


def closed(lot: str, by: str, second: int = 0, proceeds: str = "110") -> ClosedLot:
    at = START + timedelta(seconds=second)
    return ClosedLot(lot, by, START, at, Decimal(1), dollars(100), dollars(proceeds))


def names_of(ledger: Ledger, account: AccountId, second: int = 0, limit: int = 10) -> list[str]:
    since = START + timedelta(seconds=second)
    found = ledger.run(lambda tx: tx.books.closed_lots(account, since, limit))
    return [f"{symbol} {each.lot_id} {each.closed_by}" for symbol, each in found]


def test_closed_lots_are_listed_newest_first(ledger: Ledger) -> None:
    def work(tx: Any) -> None:
        tx.books.add_closed_lots(ACCOUNT, AAPL, [closed("z", "s1", 1), closed("a", "s1", 1)])
        tx.books.add_closed_lots(ACCOUNT, MSFT, [closed("m", "s2", 2)])
        tx.books.add_closed_lots(ACCOUNT, MSFT, [])
        tx.books.add_closed_lots(PART, AAPL, [closed("z", "s3", 3)])
        tx.books.add_closed_lots(OTHER, AAPL, [closed("z", "s4", 4)])

    ledger.run(work)
    assert names_of(ledger, ACCOUNT) == ["AAPL z s3", "MSFT m s2", "AAPL z s1", "AAPL a s1"]
    assert names_of(ledger, ACCOUNT, second=2) == ["AAPL z s3", "MSFT m s2"]
    assert names_of(ledger, ACCOUNT, limit=3) == ["AAPL z s3", "MSFT m s2", "AAPL z s1"]
    assert names_of(ledger, PART) == ["AAPL z s3"]
    found = ledger.run(lambda tx: tx.books.closed_lots(PART, START, 1))
    assert found[0] == (AAPL, closed("z", "s3", 3))


def test_closed_lots_are_restated_in_one_part_and_symbol(ledger: Ledger) -> None:
    ledger.run(
        lambda tx: tx.books.add_closed_lots(ACCOUNT, AAPL, [closed("a", "s1"), closed("b", "s1")])
    )
    ledger.run(lambda tx: tx.books.add_closed_lots(ACCOUNT, MSFT, [closed("m", "s1")]))
    ledger.run(lambda tx: tx.books.add_closed_lots(PART, AAPL, [closed("p", "s1", 1)]))
    changed = closed("b", "s1", proceeds="90")
    ledger.run(
        lambda tx: tx.books.restate_closed_lots(
            ACCOUNT, AAPL, [changed, closed("c", "s2", 2)], START
        )
    )
    found = ledger.run(lambda tx: tx.books.closed_lots(ACCOUNT, START, 10))
    assert {(symbol, each.lot_id): each for symbol, each in found} == {
        (AAPL, "b"): changed,
        (AAPL, "c"): closed("c", "s2", 2),
        (MSFT, "m"): closed("m", "s1"),
        (AAPL, "p"): closed("p", "s1", 1),
    }
    ledger.run(lambda tx: tx.books.restate_closed_lots(ACCOUNT, AAPL, [], START))
    assert names_of(ledger, ACCOUNT) == ["AAPL p s1", "MSFT m s1"]
