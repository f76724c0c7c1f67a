"""The ledger worked out again: silent when all is well, and not when something differs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Position, Side
from algotrendy.trading import entries
from algotrendy.trading.folding import kernel_fill
from algotrendy.trading.journal import Book, EntryKind, Journal, Place, key_of
from algotrendy.trading.order_events import OrderFoundAbsent
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.verify import Difference, DifferenceKind, Stored, StoredOrder, verify
from fakes.order_story import ACCOUNT, START, USD, Story, dollars, execution
from fakes.small_ledger import SmallLedger

AAPL = Symbol("AAPL")
BUY = Story(10, seed=1)
SELL = Story(4, side=Side.SELL, reserved=0, seed=2)
OPEN = Story(5, reserved=250, symbol="MSFT", seed=3)


@pytest.fixture
def ledger() -> SmallLedger:
    made = SmallLedger()
    made.take(
        [
            BUY.intended,
            BUY.submitted(),
            BUY.filled(execution("e1", 10, 99, fee="1.50"), status="filled"),
            SELL.intended,
            SELL.submitted(),
            SELL.filled(execution("e2", 4, 110), status="filled"),
            OPEN.intended,
            OPEN.submitted(),
            OPEN.told("new"),
        ]
    )
    return made


def kinds(found: tuple[Difference, ...]) -> set[DifferenceKind]:
    return {each.kind for each in found}


def with_row(stored: Stored, story: Story, row: StoredOrder) -> Stored:
    return replace(stored, orders={**stored.orders, story.order_id: row})


def test_a_sound_ledger_has_no_difference(ledger: SmallLedger) -> None:
    assert ledger.verified() == ()
    assert verify([], [], Stored()) == ()


def test_news_that_came_twice_leaves_a_sound_ledger(ledger: SmallLedger) -> None:
    ledger.take([*ledger.events, BUY.filled(execution("e1", 10, 99, fee="1.50"))])
    assert ledger.verified() == ()


def test_a_wrong_status_is_found_and_named(ledger: SmallLedger) -> None:
    stored = ledger.stored()
    row = replace(stored.orders[OPEN.order_id], status=PlatformStatus.CANCELED)
    (one,) = ledger.verified(with_row(stored, OPEN, row))
    assert one == Difference(DifferenceKind.STATUS, str(OPEN.order_id), "canceled", "new")
    assert str(one) == f"status of {OPEN.order_id}: stored canceled, derived new"


def test_a_cumulative_quantity_added_up_is_found(ledger: SmallLedger) -> None:
    stored = ledger.stored()
    row = replace(stored.orders[BUY.order_id], filled_quantity=Decimal(14))
    (one,) = ledger.verified(with_row(stored, BUY, row))
    assert (one.kind, one.stored, one.derived) == (DifferenceKind.FILLED_QUANTITY, "14", "10")


def test_a_hold_that_was_left_behind_is_found(ledger: SmallLedger) -> None:
    stored = ledger.stored()
    row = replace(stored.orders[BUY.order_id], held=dollars(5))
    (one,) = ledger.verified(with_row(stored, BUY, row))
    assert (one.kind, one.stored, one.derived) == (DifferenceKind.HOLD, "5 USD", None)


def test_a_row_without_events_and_events_without_a_row_are_found(ledger: SmallLedger) -> None:
    stored = ledger.stored()
    row = stored.orders[BUY.order_id]
    rows = {OPEN.order_id: stored.orders[OPEN.order_id], Story(seed=9).order_id: row}
    found = ledger.verified(replace(stored, orders=rows))
    status = [each for each in found if each.kind is DifferenceKind.STATUS]
    assert {(each.stored, each.derived) for each in status} == {("filled", None), (None, "filled")}


def test_a_position_of_other_units_or_another_cost_is_found(ledger: SmallLedger) -> None:
    stored = ledger.stored()
    held = stored.positions[ACCOUNT, AAPL]
    assert held == Position(AAPL, Decimal(6), dollars(594))
    for wrong, kind in (
        (replace(held, quantity=Decimal(7)), DifferenceKind.UNITS),
        (replace(held, cost=dollars(595)), DifferenceKind.COST),
    ):
        found = ledger.verified(replace(stored, positions={(ACCOUNT, AAPL): wrong}))
        assert kinds(found) == {kind}
    assert kinds(ledger.verified(replace(stored, positions={}))) == {
        DifferenceKind.UNITS,
        DifferenceKind.COST,
    }


def test_a_wrong_balance_is_found_and_a_stored_zero_is_none(ledger: SmallLedger) -> None:
    stored = ledger.stored()
    cash = Place(ACCOUNT, Book.CASH, None, USD)
    nothing = Place(ACCOUNT, Book.INTEREST, None, USD)
    balances = {**stored.balances, nothing: Decimal(0)}
    assert ledger.verified(replace(stored, balances=balances)) == ()
    balances[cash] += Decimal("0.01")
    (one,) = ledger.verified(replace(stored, balances=balances))
    assert (one.kind, one.subject) == (DifferenceKind.BALANCE, "one cash USD")


def without(ledger: SmallLedger, key: str) -> SmallLedger:
    assert key in ledger.journal
    ledger.journal = Journal(each for each in ledger.journal if each.key != key)
    return ledger


def test_an_execution_that_is_not_in_the_journal_is_found(ledger: SmallLedger) -> None:
    key = key_of(EntryKind.FILL, ACCOUNT, "e2")
    (one,) = without(ledger, key).verified()
    expected = Difference(DifferenceKind.FILL_ENTRY, key, None, "440 USD and -4 AAPL")
    assert one == expected


def test_a_fill_in_the_journal_that_nobody_executed_is_found(ledger: SmallLedger) -> None:
    fill = kernel_fill(ledger.orders[BUY.order_id], execution("e9", 1, 99))
    held = ledger.journal.position(ACCOUNT, AAPL, USD)
    ledger.journal.append(entries.filled(ACCOUNT, "e9", fill, held))
    (one,) = ledger.verified()
    assert (one.kind, one.stored) == (DifferenceKind.FILL_ENTRY, "-99 USD and 1 AAPL")


def test_a_bust_that_the_journal_has_not_followed_is_found(ledger: SmallLedger) -> None:
    ledger.take([SELL.busted("e2", 5)])
    assert kinds(ledger.verified()) == {DifferenceKind.FILL_ENTRY}
    filled = next(each for each in ledger.journal if each.key.endswith(":e2"))
    ledger.journal.append(entries.bust(filled, START, "clearly erroneous"))
    assert ledger.verified() == ()


def test_a_fee_that_was_not_written_is_found_and_one_for_something_else_is_none(
    ledger: SmallLedger,
) -> None:
    ledger.journal.append(entries.fee(ACCOUNT, "data plan", START, dollars(9)))
    assert ledger.verified() == ()
    (one,) = without(ledger, key_of(EntryKind.FEE, ACCOUNT, "e1")).verified()
    assert (one.kind, one.stored, one.derived) == (DifferenceKind.FEE_ENTRY, None, "-1.5 USD")


def test_cash_held_for_no_order_is_found(ledger: SmallLedger) -> None:
    ledger.journal.append(entries.hold(ACCOUNT, "stray", START, dollars(7)))
    (one,) = ledger.verified()
    assert (one.kind, one.stored, one.derived) == (DifferenceKind.CASH_HELD, "257", "250")


def test_a_history_that_does_not_follow_is_found(ledger: SmallLedger) -> None:
    ledger.events.append(OPEN.make(OrderFoundAbsent))
    found = ledger.verified()
    (history,) = (each for each in found if each.kind is DifferenceKind.HISTORY)
    assert history.subject == str(OPEN.order_id)
    assert "nobody had to ask the broker" in str(history.stored)


def test_an_entry_that_is_there_twice_or_says_something_else_is_found(
    ledger: SmallLedger,
) -> None:
    written = list(ledger.journal)
    found = verify(ledger.events, [*written, written[0]], ledger.stored())
    assert [(each.kind, each.stored) for each in found] == [(DifferenceKind.ENTRY, "written twice")]
    other = entries.deposit(ACCOUNT, "d1", START, dollars(1))
    (one,) = verify(ledger.events, [*written, other], ledger.stored())
    assert one.kind is DifferenceKind.ENTRY
    assert "says something else" in str(one.stored)
