"""Laws of verifying: silent on any history kept well, loud on any figure changed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.order import Side
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.verify import DifferenceKind
from fakes.order_story import Story, execution, in_any_order
from fakes.small_ledger import SmallLedger

fills = st.lists(st.tuples(st.integers(1, 4), st.integers(50, 150)), max_size=4)
lives = st.lists(
    st.tuples(st.sampled_from(Side), fills, st.sampled_from([None, "canceled"])), max_size=4
)
Life = tuple[Side, list[tuple[int, int]], str | None]


def kept(made: list[Life], shuffle: list[int]) -> SmallLedger:
    ledger, news = SmallLedger(), list[OrderEvent]()
    for seed, (side, each_fill, end) in enumerate(made):
        story = Story(9, side=side, seed=seed)
        ledger.take([story.intended, story.submitted()])
        for number, (quantity, price) in enumerate(each_fill):
            told = execution(f"{seed}/{number}", quantity, price, fee="0.25")
            news.append(story.filled(told, number))
        if end is not None:
            news.append(story.told(end, 9))
    ledger.take(in_any_order(news, shuffle))
    return ledger


@settings(deadline=None)
@given(lives, st.lists(st.integers(0, 15), max_size=20))
def test_a_ledger_that_was_kept_well_has_no_difference(
    made: list[Life], shuffle: list[int]
) -> None:
    ledger = kept(made, shuffle)
    assert ledger.verified() == ()
    assert ledger.journal.imbalance() == {}


@settings(deadline=None)
@given(lives, st.data(), st.integers(1, 10**6))
def test_any_balance_that_is_changed_is_found(
    made: list[Life], data: st.DataObject, by: int
) -> None:
    ledger = kept(made, [])
    stored = ledger.stored()
    place = data.draw(st.sampled_from(sorted(stored.balances, key=str)))
    changed = stored.balances[place] + Decimal(by).scaleb(-2)
    (one,) = ledger.verified(replace(stored, balances={**stored.balances, place: changed}))
    assert one.kind is DifferenceKind.BALANCE
    assert str(place.account) in one.subject
