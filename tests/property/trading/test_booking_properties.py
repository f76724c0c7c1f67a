"""The books follow from what happened, in whatever order and however often it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.order import Side
from algotrendy.trading.lots import LotMethod
from algotrendy.trading.order_events import Execution, OrderEvent
from fakes.booked import Booked, renamed
from fakes.order_story import START, Story, dollars, execution, in_any_order


@dataclass(frozen=True, slots=True)
class Happening:
    """An execution of one of four orders, and whether it is taken back."""

    order: int
    execution: Execution
    is_busted: bool


# Mostly small numbers, so that positions are flat now and then.
SIZES = st.integers(1, 3) | st.integers(1, 3) | st.decimals("0.001", 9, places=3)
PRICES = st.decimals("0.01", 300, places=2)
FEES = st.none() | st.decimals("-0.5", 2, places=4).map(str)


@st.composite
def happenings(draw: st.DrawFn) -> list[Happening]:
    found = []
    for number in range(draw(st.integers(1, 9))):
        at = START + timedelta(microseconds=400 * draw(st.integers(0, 12)))
        made = execution(f"e{number}", draw(SIZES), draw(PRICES), at, draw(FEES))
        found.append(Happening(draw(st.integers(0, 3)), made, draw(st.booleans())))
    return found


def stories() -> list[Story]:
    sides = (Side.BUY, Side.BUY, Side.SELL, Side.SELL)
    return [Story(side=side, reserved=0, seed=seed) for seed, side in enumerate(sides)]


def booked(method: LotMethod, told: list[OrderEvent], tales: list[Story]) -> Booked:
    books = Booked(method)
    books.take(story.intended for story in tales)
    books.take(told)
    return books


METHODS = st.sampled_from(LotMethod)
PLACES = st.lists(st.integers(0, 30), max_size=30)


@settings(max_examples=120, deadline=None)
@given(method=METHODS, happened=happenings(), places=PLACES)
def test_books_are_as_if_busted_fills_had_never_been(
    method: LotMethod, happened: list[Happening], places: list[int]
) -> None:
    tales = stories()
    news: list[OrderEvent] = [tales[each.order].filled(each.execution) for each in happened]
    news += [tales[each.order].busted(each.execution.id) for each in happened if each.is_busted]
    told = booked(method, in_any_order(news, places), tales)

    tales = stories()
    standing = sorted(
        (each for each in happened if not each.is_busted),
        key=lambda each: (each.execution.at, each.execution.id),
    )
    never = booked(method, [tales[each.order].filled(each.execution) for each in standing], tales)

    assert told.balances() == never.balances()
    assert told.lots() == never.lots()
    assert told.closed() == never.closed()
    assert told.verified() == ()


@settings(max_examples=60, deadline=None)
@given(
    method=METHODS,
    happened=happenings(),
    places=PLACES,
    second=SIZES,
    price=PRICES,
    fee=st.decimals("0.01", 2, places=2),
)
def test_books_follow_a_broker_that_tells_an_execution_otherwise(
    method: LotMethod,
    happened: list[Happening],
    places: list[int],
    second: object,
    price: object,
    fee: object,
) -> None:
    first = happened[0].execution
    # What is told with a fee is preferred to what is told without.
    better = replace(execution(first.id, str(second), str(price), first.at), fee=dollars(str(fee)))
    before = [replace(happened[0], execution=replace(first, fee=None)), *happened[1:]]
    after = [replace(happened[0], execution=better), *happened[1:]]

    tales = stories()
    news: list[OrderEvent] = [tales[each.order].filled(each.execution) for each in before]
    news.append(tales[happened[0].order].filled(better))
    told = booked(method, in_any_order(news, places), tales)

    tales = stories()
    once = booked(method, [tales[each.order].filled(each.execution) for each in after], tales)

    assert told.balances() == once.balances()
    assert renamed(told.lots()) == renamed(once.lots())
    assert told.verified() == ()
