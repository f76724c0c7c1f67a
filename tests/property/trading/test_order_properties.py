"""Laws of an order's life, in whatever order its news arrives."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.folding import apply
from algotrendy.trading.order_events import Execution, OrderEvent, OrderOutcomeUnknown
from algotrendy.trading.orders import PlatformOrder
from fakes.order_story import START, Story, execution, in_any_order

names = st.sampled_from([*(status.value for status in OrderStatus), "pending_review"])
executions = st.builds(
    execution,
    st.sampled_from(["e1", "e2", "e3"]),
    st.integers(1, 7),
    st.integers(99, 101),
    fee=st.sampled_from([None, "0.01"]),
)
tellings = st.lists(
    st.one_of(
        st.tuples(names, st.integers(0, 5), st.integers(0, 10)),
        st.tuples(executions, st.integers(0, 5), st.integers(0, 10)),
        st.tuples(st.just("bust"), st.sampled_from(["e1", "e2", "e3"]), st.just(0)),
    ),
    max_size=10,
)
Telling = tuple[str | Execution, int | str, int]


def news_of(story: Story, made: list[Telling]) -> list[OrderEvent]:
    news: list[OrderEvent] = []
    for what, second, cumulative in made:
        filled = Decimal(cumulative)
        if isinstance(what, Execution):
            news.append(story.filled(what, int(second), filled_quantity=filled))
        elif what == "bust":
            news.append(story.busted(str(second)))
        else:
            news.append(story.told(what, int(second), filled_quantity=filled))
    return news


@settings(deadline=None)
@given(tellings, st.lists(st.integers(0, 9), max_size=20))
def test_doubled_and_shuffled_news_ends_in_the_same_order(
    made: list[Telling], shuffle: list[int]
) -> None:
    story = Story()
    news = news_of(story, made)
    expected = story.sent(*news)
    found = story.sent(*in_any_order(news, shuffle))
    assert found == expected
    assert found.status is expected.status
    assert found.filled_quantity == expected.filled_quantity


@settings(deadline=None)
@given(tellings, st.integers(0, 10))
def test_our_own_doubt_does_not_change_what_the_broker_told(made: list[Telling], at: int) -> None:
    story = Story()
    news = news_of(story, made)
    doubt = story.make(OrderOutcomeUnknown, reason="time-out")
    found = story.sent(*news[:at], doubt, *news[at:])
    if news:
        assert found.status is story.sent(*news).status


@settings(deadline=None)
@given(tellings)
def test_an_order_walks_by_the_table_and_never_leaves_its_end(made: list[Telling]) -> None:
    story = Story()
    order: PlatformOrder = story.sent()
    for event in news_of(story, made):
        was_over = order.is_terminal
        was_told = bool(order.path) and order.path[-1].status.is_terminal
        order = apply(order, event)
        steps = [each.status for each in order.path]
        assert all(a.may_reach(b) for a, b in pairwise(steps))
        assert all(not status.is_terminal for status in steps[:-1])
        # Only an end that we read from the executions goes with them.
        if was_told or (was_over and not order.busted and not order.disputed):
            assert order.is_terminal


@settings(deadline=None)
@given(tellings)
def test_what_is_filled_is_the_sum_of_the_executions_that_stand(made: list[Telling]) -> None:
    story = Story()
    order = story.sent(*news_of(story, made))
    standing = {each.id: each.quantity.value for each in order.executions}
    assert len(standing) == len(order.executions)
    expected = sum(q for name, q in standing.items() if name not in order.busted)
    assert order.filled_quantity == expected
    assert order.intended_at == START


@settings(deadline=None)
@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=6))
def test_an_ordinary_life_ends_filled_whatever_the_wire_does(
    arrival: list[int], doubled: list[int]
) -> None:
    story = Story()
    news: list[OrderEvent] = [
        story.told("accepted", 0, broker_order_id="b1"),
        story.told("new", 1, broker_order_id="b1"),
        story.filled(execution("e1", 4, 99), 2, filled_quantity=Decimal(4)),
        story.told("pending_cancel", 3, filled_quantity=Decimal(4)),
        story.filled(execution("e2", 6), 4, status="filled", filled_quantity=Decimal(10)),
    ]
    order = story.sent(*in_any_order(news, arrival + doubled))
    assert order.is_settled
    assert (str(order.status), order.filled_quantity) == ("filled", Decimal(10))
