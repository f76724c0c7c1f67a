"""Double-entry books: what each event writes, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import FillId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading import entries
from algotrendy.trading.journal import (
    Book,
    Entry,
    EntryKind,
    Journal,
    Posting,
    Units,
    key_of,
)
from fakes.order_story import ACCOUNT, START, USD, dollars

AAPL = Symbol("AAPL")
FLAT = Position.flat(AAPL, USD)


def fill(side: Side, quantity: int, price: int) -> Fill:
    return Fill(
        FillId(UUID(int=0)),
        OrderId(UUID(int=0)),
        AAPL,
        side,
        Quantity.of(quantity),
        Price.of(price, USD),
        Money.zero(USD),
        START,
    )


def balances(journal: Journal) -> dict[Book, Decimal]:
    return {place.book: value for place, value in journal.balances().items() if place.currency}


def test_a_deposit_comes_from_outside_and_a_withdrawal_goes_back() -> None:
    journal = Journal([entries.deposit(ACCOUNT, "d1", START, dollars(500))])
    assert balances(journal) == {Book.CASH: 500, Book.EXTERNAL: -500}
    journal.append(entries.withdrawal(ACCOUNT, "w1", START, dollars(500)))
    assert journal.balances() == {}


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_deposited_or_withdrawn_below_a_positive_amount(amount: int) -> None:
    for make in (entries.deposit, entries.withdrawal):
        with pytest.raises(Invalid, match="amount must be above zero"):
            make(ACCOUNT, "d1", START, dollars(amount))


def test_buying_and_selling_leaves_cash_and_profit_and_nothing_held() -> None:
    journal = Journal([entries.filled(ACCOUNT, "e1", fill(Side.BUY, 10, 100), FLAT)])
    held = journal.position(ACCOUNT, AAPL, USD)
    assert held == Position(AAPL, Decimal(10), dollars(1000))
    journal.append(entries.filled(ACCOUNT, "e2", fill(Side.SELL, 10, 120), held))
    assert balances(journal) == {Book.CASH: 200, Book.REALISED: -200}
    assert journal.position(ACCOUNT, AAPL, USD) == FLAT
    assert journal.imbalance() == {}


def test_a_fee_a_dividend_and_interest_each_have_a_book() -> None:
    journal = Journal(
        [
            entries.fee(ACCOUNT, "f1", START, dollars(1)),
            entries.dividend(ACCOUNT, "v1", START, dollars(20)),
            entries.interest(ACCOUNT, "i1", START, dollars(-3)),
        ]
    )
    assert balances(journal) == {
        Book.CASH: 16,
        Book.FEES: 1,
        Book.DIVIDENDS: -20,
        Book.INTEREST: 3,
    }


def test_held_cash_is_set_aside_and_given_back() -> None:
    journal = Journal([entries.hold(ACCOUNT, "o1/1", START, dollars(100))])
    assert balances(journal) == {Book.CASH: -100, Book.CASH_HELD: 100}
    journal.append(entries.hold(ACCOUNT, "o1/2", START, dollars(-100)))
    assert journal.balances() == {}


def test_a_split_multiplies_units_and_leaves_the_cost() -> None:
    before = Position(AAPL, Decimal(10), dollars(1000))
    journal = Journal([entries.filled(ACCOUNT, "e1", fill(Side.BUY, 10, 100), FLAT)])
    journal.append(entries.split(ACCOUNT, "s1", START, before, 4, 1))
    assert journal.position(ACCOUNT, AAPL, USD) == replace(before, quantity=Decimal(40))


@pytest.mark.parametrize(("new", "old"), [(0, 1), (1, 0), (-2, 1), (1, 1)])
def test_a_split_that_is_none_is_refused(new: int, old: int) -> None:
    before = Position(AAPL, Decimal(10), dollars(1000))
    with pytest.raises(Invalid):
        entries.split(ACCOUNT, "s1", START, before, new, old)


def test_a_correction_follows_the_broker_in_cash_units_and_cost() -> None:
    entry = entries.correction(
        ACCOUNT,
        "c1",
        START,
        "the broker found a share",
        cash=dollars(-5),
        units=Units(Decimal(1), AAPL),
        cost=dollars(90),
    )
    journal = Journal([entry])
    assert balances(journal) == {Book.CASH: -5, Book.POSITION: 90, Book.EXTERNAL: -85}
    assert journal.position(ACCOUNT, AAPL, USD) == Position(AAPL, Decimal(1), dollars(90))
    with pytest.raises(Invalid, match="units must be present"):
        entries.correction(ACCOUNT, "c2", START, "?", cost=dollars(90))


def test_a_bust_takes_a_fill_back_exactly_and_once() -> None:
    bought = entries.filled(ACCOUNT, "e1", fill(Side.BUY, 10, 100), FLAT)
    journal = Journal([bought])
    gone = entries.bust(bought, START, "clearly erroneous")
    assert journal.append(gone)
    assert journal.balances() == {}
    assert not journal.append(gone)
    with pytest.raises(Conflict, match="was taken back before"):
        journal.append(replace(gone, key="bust:again"))
    with pytest.raises(Invalid, match="no reversal itself"):
        entries.bust(gone, START, "undo")


def test_a_bust_of_what_is_not_there_or_that_is_not_exact_is_refused() -> None:
    bought = entries.filled(ACCOUNT, "e1", fill(Side.BUY, 10, 100), FLAT)
    gone = entries.bust(bought, START, "clearly erroneous")
    with pytest.raises(Conflict, match="is not there"):
        Journal().append(gone)
    other = entries.filled(ACCOUNT, "e1", fill(Side.BUY, 9, 100), FLAT)
    with pytest.raises(Conflict, match="not the exact reversal"):
        Journal([other]).append(gone)


def test_a_restatement_sets_the_cost_right_after_a_bust_in_the_past() -> None:
    first = entries.filled(ACCOUNT, "e1", fill(Side.BUY, 10, 100), FLAT)
    journal = Journal([first])
    for name, next_fill in (
        ("e2", fill(Side.BUY, 10, 110)),
        ("e3", fill(Side.SELL, 10, 120)),
    ):
        before = journal.position(ACCOUNT, AAPL, USD)
        journal.append(entries.filled(ACCOUNT, name, next_fill, before))
    journal.append(entries.bust(first, START, "clearly erroneous"))
    with pytest.raises(Invalid, match="cost must be of the sign"):
        journal.position(ACCOUNT, AAPL, USD)
    journal.append(entries.restatement(ACCOUNT, "e1", START, AAPL, dollars(-50)))
    assert journal.position(ACCOUNT, AAPL, USD) == FLAT
    assert balances(journal) == {Book.CASH: 100, Book.REALISED: -100}


def test_an_entry_is_written_once_however_often_it_is_told() -> None:
    journal = Journal()
    entry = entries.deposit(ACCOUNT, "d1", START, dollars(500))
    assert journal.append(entry)
    assert not journal.append(entry)
    assert not journal.append(replace(entry, reason="told again"))
    assert len(journal) == 1
    assert key_of(EntryKind.DEPOSIT, ACCOUNT, "d1") in journal
    assert list(journal) == [entry]


def test_another_entry_of_the_same_key_is_refused() -> None:
    journal = Journal([entries.deposit(ACCOUNT, "d1", START, dollars(500))])
    with pytest.raises(Conflict, match="says something else"):
        journal.append(entries.deposit(ACCOUNT, "d1", START, dollars(501)))
    assert journal.balance(ACCOUNT, Book.CASH, USD) == dollars(500)


def test_an_event_without_a_name_is_refused() -> None:
    with pytest.raises(Invalid, match="reference must be present"):
        entries.deposit(ACCOUNT, "", START, dollars(500))


def entry_of(*postings: Posting) -> Entry:
    return Entry(key="k", kind=EntryKind.CORRECTION, account=ACCOUNT, at=START, postings=postings)


def test_an_unbalanced_entry_cannot_be_made() -> None:
    with pytest.raises(Invalid, match="balanced in USD"):
        entry_of(Posting(Book.CASH, dollars(2)), Posting(Book.EXTERNAL, dollars(-1)))
    euros = Money.of(-2, Currency.EUR)
    with pytest.raises(Invalid, match="balanced in USD"):
        entry_of(Posting(Book.CASH, dollars(2)), Posting(Book.EXTERNAL, euros))
    unit = Units(Decimal(1), AAPL)
    with pytest.raises(Invalid, match="balanced in units of AAPL"):
        entry_of(Posting(Book.POSITION, unit, AAPL), Posting(Book.EXTERNAL, unit, AAPL))


def test_units_of_a_symbol_called_like_a_currency_do_not_balance_money() -> None:
    usd = Symbol("USD")
    with pytest.raises(Invalid, match="balanced in"):
        entry_of(
            Posting(Book.CASH, dollars(1)),
            Posting(Book.POSITION, Units(Decimal(-1), usd), usd),
        )


def test_an_entry_moves_something_between_two_books_at_least() -> None:
    with pytest.raises(Invalid, match="two or more"):
        entry_of(Posting(Book.CASH, dollars(0)), Posting(Book.EXTERNAL, dollars(0)))
    with pytest.raises(Invalid, match="two or more"):
        entry_of()


def test_a_posting_names_a_symbol_exactly_where_it_needs_one() -> None:
    unit = Units(Decimal(1), AAPL)
    with pytest.raises(Invalid, match="symbol must be present"):
        Posting(Book.POSITION, dollars(1))
    with pytest.raises(Invalid, match="symbol must be absent"):
        Posting(Book.CASH, dollars(1), AAPL)
    with pytest.raises(Invalid, match="symbol must be AAPL"):
        Posting(Book.POSITION, unit, Symbol("MSFT"))
    with pytest.raises(Invalid, match="money in the book cash"):
        Posting(Book.CASH, unit, AAPL)
