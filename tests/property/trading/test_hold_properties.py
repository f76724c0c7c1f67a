"""Laws of holds: never negative, and all given back at the end."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.money import Money
from algotrendy.trading.folding import apply
from algotrendy.trading.holds import Hold, hold_entry, hold_of
from algotrendy.trading.journal import Book, Journal
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from fakes.order_story import ACCOUNT, USD, Story, dollars, execution, in_any_order

endings = st.sampled_from(["canceled", "expired", "replaced"])
fills = st.lists(st.tuples(st.integers(1, 4), st.integers(50, 150)), max_size=5)
shuffles = st.lists(st.integers(0, 9), max_size=15)
sizes = st.sampled_from([(7, None), (None, "500")])
Size = tuple[int | None, str | None]


def life(story: Story, made: list[tuple[int, int]], end: str, bust: bool) -> list[OrderEvent]:
    """Tell a life to its end, cumulative quantities, and a bust of the first fill."""
    news: list[OrderEvent] = [story.told("new")]
    total = 0
    for number, (quantity, price) in enumerate(made):
        total += quantity
        told = execution(f"e{number}", quantity, price)
        news.append(story.filled(told, number, filled_quantity=Decimal(total)))
    if bust and made:
        news.append(story.busted("e0", 8))
    return [*news, story.told(end, 9, filled_quantity=Decimal(total))]


def assert_sound(hold: Hold) -> None:
    zero = Money.zero(USD)
    assert hold.consumed >= zero
    assert hold.released >= zero
    assert hold.held >= zero
    assert hold.consumed + hold.released + hold.held == hold.reserved


@settings(deadline=None)
@given(sizes, st.integers(0, 1000), fills, endings, st.booleans(), shuffles)
def test_no_hold_is_ever_negative_and_none_is_left_at_the_end(
    size: Size,
    reserved: int,
    made: list[tuple[int, int]],
    end: str,
    bust: bool,
    shuffle: list[int],
) -> None:
    story = Story(size[0], notional=size[1], reserved=reserved)
    events = [story.intended, story.submitted()]
    events += in_any_order(life(story, made, end, bust), shuffle)
    journal, order = Journal(), None
    for event in events:
        before: PlatformOrder | None = order
        order = apply(order, event)
        assert_sound(hold_of(order))
        entry = hold_entry(before, order, event)
        if entry is not None:
            assert journal.append(entry)
        assert journal.balance(ACCOUNT, Book.CASH_HELD, USD) == hold_of(order).held
    assert order is not None
    assert order.is_settled
    assert hold_of(order).held == dollars(0)
    assert journal.balances() == {}
