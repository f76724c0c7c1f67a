"""What changed an account beside fills is booked once, part by part, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.brokers.port import ActivityKind, BrokerAccount, BrokerActivity, BrokerPosition
from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.limits import StrategyId
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import position_of
from algotrendy.trading.execution.posting import is_posted, post
from algotrendy.trading.journal import Book, EntryKind, Units
from algotrendy.trading.ledger import EntryQuery, LedgerTransaction
from algotrendy.trading.opening import open_account, open_part
from algotrendy.trading.restating import correct
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import START, USD, dollars

ROOT, TREND = AccountId("paper"), AccountId("paper/trend")
ACCOUNT = Account(id=ROOT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
AAPL = Symbol("AAPL")
LATER = START + timedelta(days=1)


def books(root: str = "9", trend: str = "3") -> MemoryLedger:
    """Open an account with 100 dollars that holds AAPL itself and in a part."""
    ledger = MemoryLedger()
    told = BrokerAccount("b1", "USD", Decimal(100), Decimal(100), Decimal(100))
    held = (BrokerPosition(AAPL, Decimal(root), Decimal(10)),)

    def work(tx: LedgerTransaction) -> None:
        open_account(tx, ACCOUNT, told, held, START)
        part = open_part(tx, ROOT, StrategyId("trend"), START)
        units = Decimal(trend)
        if units:
            cost = dollars(10) * units
            correct(tx, part, "given", START, "a gift", Units(units, AAPL), cost)

    ledger.run(work)
    return ledger


def activity(kind: ActivityKind, cash: str = "0", quantity: str | None = None) -> BrokerActivity:
    return BrokerActivity(
        id="a1",
        kind=kind,
        at=LATER,
        cash=Decimal(cash),
        symbol=AAPL,
        quantity=None if quantity is None else Decimal(quantity),
        name=kind.value.upper(),
    )


def booked(ledger: MemoryLedger, told: BrokerActivity) -> str | None:
    first = ledger.run(lambda tx: post(tx, ROOT, told))
    # Once more, as after a commit whose end was not seen.
    assert ledger.run(lambda tx: post(tx, ROOT, told)) == first
    return first


def balance(ledger: MemoryLedger, account: AccountId, book: Book) -> Decimal:
    found = ledger.run(lambda tx: tx.books.balances([account]))
    values = (v for place, v in found.items() if place.book is book and place.symbol is None)
    return sum(values, Decimal(0))


def units(ledger: MemoryLedger, account: AccountId) -> Decimal:
    balances = ledger.run(lambda tx: tx.books.balances([account]))
    return position_of(balances, account, AAPL, USD).quantity


def test_a_dividend_goes_to_the_parts_by_what_they_hold_to_the_cent() -> None:
    ledger = books(root="2", trend="1")
    assert booked(ledger, activity(ActivityKind.DIVIDEND, "1.00")) is None
    assert balance(ledger, TREND, Book.CASH) == Decimal("0.33")
    assert balance(ledger, ROOT, Book.CASH) == Decimal("100.67")
    assert balance(ledger, ROOT, Book.DIVIDENDS) == Decimal("-0.67")


def test_a_dividend_of_what_nobody_holds_any_more_is_the_accounts() -> None:
    ledger = books(root="0", trend="0")
    assert booked(ledger, activity(ActivityKind.DIVIDEND, "-2.50")) is None
    assert balance(ledger, ROOT, Book.CASH) == Decimal("97.50")


@pytest.mark.parametrize(
    ("kind", "cash", "book", "is_written"),
    [
        (ActivityKind.INTEREST, "-1.25", Book.INTEREST, "1.25"),
        (ActivityKind.TRANSFER, "50", Book.EXTERNAL, "-150"),
        (ActivityKind.TRANSFER, "-40", Book.EXTERNAL, "-60"),
        (ActivityKind.FEE, "-0.07", Book.FEES, "0.07"),
    ],
)
def test_cash_that_comes_or_goes_is_the_accounts_own(
    kind: ActivityKind, cash: str, book: Book, is_written: str
) -> None:
    ledger = books(root="0", trend="0")
    assert booked(ledger, activity(kind, cash)) is None
    assert balance(ledger, ROOT, Book.CASH) == 100 + Decimal(cash)
    assert balance(ledger, ROOT, book) == Decimal(is_written)


def test_a_split_changes_every_part_and_keeps_its_cost() -> None:
    ledger = books(root="9", trend="3")
    told = replace(activity(ActivityKind.SPLIT, quantity="12"), split=(2, 1))
    assert booked(ledger, told) is None
    assert (units(ledger, ROOT), units(ledger, TREND)) == (Decimal(18), Decimal(6))
    lots = ledger.run(lambda tx: tx.books.lots(TREND, AAPL))
    assert lots is not None
    assert lots.position.cost == dollars(30)


def test_a_split_without_words_is_read_from_what_it_changed() -> None:
    ledger = books(root="9", trend="3")
    assert booked(ledger, activity(ActivityKind.SPLIT, quantity="-6")) is None
    assert (units(ledger, ROOT), units(ledger, TREND)) == (Decimal("4.5"), Decimal("1.5"))


def test_what_a_split_does_not_divide_is_cash_of_the_largest_holder() -> None:
    ledger = books(root="9", trend="2")
    told = replace(activity(ActivityKind.SPLIT, "7.50", quantity="5"), split=(3, 2))
    assert booked(ledger, told) is None
    # Eleven are sixteen and a half at three for two; the half is paid out.
    assert (units(ledger, ROOT), units(ledger, TREND)) == (Decimal(13), Decimal(3))
    assert balance(ledger, ROOT, Book.CASH) == Decimal("107.50")
    lots = ledger.run(lambda tx: tx.books.lots(ROOT, AAPL))
    assert lots is not None
    assert lots.position.quantity == 13


@pytest.mark.parametrize(
    "told",
    [
        activity(ActivityKind.SPLIT, quantity="0.123456"),
        replace(activity(ActivityKind.SPLIT, quantity="12"), split=(4, 1)),
        replace(activity(ActivityKind.SPLIT, quantity="12"), symbol=Symbol("TSLA")),
        activity(ActivityKind.SPLIT),
        activity(ActivityKind.OTHER, "-3"),
        activity(ActivityKind.OTHER, quantity="5"),
        replace(activity(ActivityKind.FEE, "-3"), execution_id="e9", broker_order_id="b9"),
        replace(activity(ActivityKind.BUST, "-3"), execution_id="e9", broker_order_id="b9"),
    ],
    ids=lambda told: f"{told.kind}-{told.quantity}-{told.symbol}",
)
def test_what_no_rule_explains_is_not_booked(told: BrokerActivity) -> None:
    ledger = books()
    before = ledger.run(lambda tx: tx.books.entries(EntryQuery(ROOT)))
    assert booked(ledger, told)
    assert ledger.run(lambda tx: tx.books.entries(EntryQuery(ROOT))) == before
    assert not ledger.run(lambda tx: is_posted(tx, ROOT, told))


def test_an_activity_that_moved_nothing_is_only_noted() -> None:
    ledger = books()
    assert booked(ledger, activity(ActivityKind.OTHER)) is None
    kinds = (EntryKind.FEE, EntryKind.DIVIDEND, EntryKind.INTEREST, EntryKind.SPLIT)
    assert not ledger.run(lambda tx: tx.books.entries(EntryQuery(ROOT, None, kinds)))
    assert ledger.run(lambda tx: is_posted(tx, ROOT, activity(ActivityKind.OTHER)))
