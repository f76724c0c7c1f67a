"""Buying power that is set aside for an order, and given back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.money import Currency
from algotrendy.trading.folding import apply
from algotrendy.trading.holds import held, hold_entry, hold_of
from algotrendy.trading.journal import Book, Journal
from algotrendy.trading.order_events import OrderOutcomeUnknown, OrderWithdrawn
from algotrendy.trading.orders import PlatformOrder
from fakes.order_story import ACCOUNT, USD, Story, dollars, execution


def parts(order: PlatformOrder) -> tuple[int, int, int]:
    """Give what is consumed, released and held, in whole dollars."""
    found = hold_of(order)
    consumed, released, still = (
        int(each.amount.to_integral_exact(context=EXACT))
        for each in (found.consumed, found.released, found.held)
    )
    return consumed, released, still


def test_an_intent_holds_all_that_was_reserved() -> None:
    assert parts(Story(reserved=1000).after()) == (0, 0, 1000)


def test_a_fill_consumes_its_part_whatever_its_price() -> None:
    story = Story(reserved=1000)
    order = story.sent(story.told("new"), story.filled(execution("e1", 4, 90)))
    assert parts(order) == (400, 0, 600)


def test_a_filled_order_holds_nothing() -> None:
    story = Story(reserved=1000)
    filled = story.filled(execution("e1", 10, 90), status="filled")
    assert parts(story.sent(filled)) == (1000, 0, 0)


@pytest.mark.parametrize("end", ["canceled", "expired", "rejected", "replaced"])
def test_the_end_of_an_order_releases_what_was_not_filled(end: str) -> None:
    story = Story(reserved=1000)
    order = story.sent(story.filled(execution("e1", 4)), story.told(end, 1))
    assert parts(order) == (400, 600, 0)


def test_withdrawing_an_order_releases_its_hold() -> None:
    story = Story(reserved=1000)
    assert parts(story.after(story.make(OrderWithdrawn, reason="no"))) == (0, 1000, 0)


def test_an_unknown_outcome_keeps_the_hold() -> None:
    story = Story(reserved=1000)
    order = story.sent(story.make(OrderOutcomeUnknown, reason="time-out"))
    assert parts(order) == (0, 0, 1000)


def test_a_canceled_order_holds_for_executions_that_are_yet_to_be_told() -> None:
    story = Story(reserved=1000)
    order = story.sent(story.told("canceled", 1, filled_quantity=Decimal(4)))
    assert parts(order) == (0, 600, 400)
    assert parts(apply(order, story.filled(execution("e1", 4)))) == (400, 600, 0)


def test_a_fill_after_the_release_takes_nothing_that_is_not_there() -> None:
    story = Story(reserved=1000)
    order = story.sent(story.told("canceled", 1), story.filled(execution("e1", 4)))
    assert parts(order) == (400, 600, 0)


def test_an_overfilled_order_consumes_no_more_than_was_reserved() -> None:
    story = Story(reserved=1000)
    assert parts(story.sent(story.filled(execution("e1", 11)))) == (1000, 0, 0)


def test_a_bust_gives_the_hold_back_to_an_order_that_still_works() -> None:
    story = Story(reserved=1000)
    order = story.sent(story.told("new"), story.filled(execution("e1", 4)), story.busted("e1", 1))
    assert parts(order) == (0, 0, 1000)


def test_an_order_of_a_notional_consumes_what_it_paid() -> None:
    story = Story(None, notional="500", reserved=500)
    order = story.sent(story.told("new"), story.filled(execution("e1", 4, 120)))
    assert parts(order) == (480, 0, 20)
    assert parts(apply(order, story.told("filled", 1))) == (480, 20, 0)
    awaited = story.sent(story.told("filled", 1, filled_quantity=Decimal(4)))
    assert parts(awaited) == (0, 0, 500)


def test_thirds_lose_nothing_to_rounding() -> None:
    story = Story(3, reserved=100)
    order = story.sent(*(story.filled(execution(f"e{number}", 1, 30)) for number in range(2)))
    found = hold_of(order)
    assert found.consumed + found.held == dollars(100)
    assert parts(apply(order, story.filled(execution("e2", 1, 30)))) == (100, 0, 0)


def test_holds_add_up_by_account_and_currency() -> None:
    orders = [Story(reserved=100, seed=1).after(), Story(reserved=30, seed=2).after()]
    assert held(orders, ACCOUNT, USD) == dollars(130)
    assert not held(orders, AccountId("two"), USD)
    assert not held(orders, ACCOUNT, Currency.EUR)


def test_the_books_follow_the_hold_event_by_event() -> None:
    story = Story(reserved=1000)
    journal, order = Journal(), None
    for event in (
        story.intended,
        story.submitted(),
        story.filled(execution("e1", 4)),
        story.told("canceled", 1),
    ):
        before, order = order, apply(order, event)
        entry = hold_entry(before, order, event)
        if entry is not None:
            journal.append(entry)
        assert journal.balance(ACCOUNT, Book.CASH_HELD, USD) == hold_of(order).held
    assert len(journal) == 3
