"""A hundred seeds in every run of the tests; ``make simulate`` plays thousands."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algotrendy.kernel.order import OrderClass, OrderType, Side
from simulation.hunt import play_all, shortest
from simulation.run import play
from simulation.story import PART, ROOT, TROUBLES, exits_of, story
from simulation.world import Plan

BLOCKS = [range(start, start + 50) for start in range(0, 100, 50)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_no_order_is_lost_doubled_or_unbalanced(seeds: range) -> None:
    tally = play_all(seeds)
    if tally.failed:
        history = shortest(play(Plan(tally.failed[0])), tries=100)
        told = "\n".join([*history.lines, *map(str, history.broken)])
        pytest.fail(f"{tally}\nmake simulate SEED={tally.failed[0]}\n{told}")
    assert tally.orders > len(seeds)
    assert tally.faults.total() > len(seeds)
    assert not {"market", "limit", "stop", "trailing_stop", "bracket"} - set(tally.kinds)
    assert tally.kinds["market not always open"]
    assert any(kind.startswith("slice of") for kind in tally.kinds)


def test_stories_tell_of_everything_that_can_be_asked() -> None:
    told = [action for seed in range(100) for action in story(seed)]
    wishes = [each.request for each in told if each.request is not None]
    kinds = {"place", "slice", "exits", "cancel", "replace", "approve", *TROUBLES}
    assert {each.kind for each in told} == kinds
    assert {each.type for each in wishes} == set(OrderType) - {OrderType.STOP_LIMIT}
    assert any(each.extended_hours for each in wishes)
    assert {each.account for each in told} == {ROOT, PART}


def test_exits_are_a_pair_around_what_they_protect() -> None:
    for side in Side:
        pair = exits_of(side, "AAPL", Decimal(5), "exits")
        assert pair.order_class is OrderClass.OCO
        assert pair.side is side.opposite
        assert pair.take_profit is not None
        assert pair.stop_loss is not None
        gain = pair.take_profit.limit_price - pair.stop_loss.stop_price
        assert gain * side.sign > 0


def test_a_seed_plays_the_same_history_again() -> None:
    first, again = (play(Plan(17), is_told=True) for _ in range(2))
    assert first.lines == again.lines
    assert first.faults == again.faults
    assert first.lines != play(Plan(18), is_told=True).lines


def test_a_world_without_faults_has_none() -> None:
    troubles = frozenset(each.number for each in story(3) if each.kind in TROUBLES)
    result = play(Plan(3, actions=troubles, level=0.0))
    assert not result.faults
    assert not result.broken
    assert result.orders
