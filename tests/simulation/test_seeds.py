"""Some hundreds of seeds in every run of the tests; ``make simulate`` plays thousands."""

from __future__ import annotations

import pytest

from simulation.hunt import play_all, shortest
from simulation.run import play
from simulation.story import TROUBLES, story
from simulation.world import Plan

BLOCKS = [range(start, start + 50) for start in range(0, 200, 50)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_no_order_is_lost_doubled_or_unbalanced(seeds: range) -> None:
    tally = play_all(seeds)
    if tally.failed:
        history = shortest(play(Plan(tally.failed[0])), tries=100)
        told = "\n".join([*history.lines, *map(str, history.broken)])
        pytest.fail(f"{tally}\nmake simulate SEED={tally.failed[0]}\n{told}")
    assert tally.orders > len(seeds)
    assert tally.faults.total() > len(seeds)


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
