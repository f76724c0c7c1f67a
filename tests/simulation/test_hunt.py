"""A hunt tells of a broken seed when it finds it, and not hours later."""

from __future__ import annotations

import pytest

from simulation import hunt
from simulation.laws import DOUBLED, LOST, Broken
from simulation.run import Result
from simulation.world import Plan

LINE = "seed 3: lost: order a is away (and 1 more); make simulate SEED=3\n"


def broken_third(plan: Plan, *, is_told: bool = False) -> Result:
    is_broken = plan.seed == 3
    found = [Broken(LOST, "order a is away"), Broken(DOUBLED, "order b is there twice")]
    return Result(plan, broken=found if is_broken else [])


def test_a_broken_seed_is_told_before_the_next_one_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[str] = []

    def noted(plan: Plan, *, is_told: bool = False) -> Result:
        happened.append(f"played {plan.seed}")
        return broken_third(plan)

    monkeypatch.setattr(hunt, "play", noted)
    tally = hunt.play_all(range(2, 5), lambda result: happened.append(f"told {result.plan.seed}"))
    assert happened == ["played 2", "played 3", "told 3", "played 4"]
    assert tally.failed == [3]


def test_the_line_names_the_seed_what_it_breaks_and_how_to_play_it_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hunt.tell_broken(broken_third(Plan(3)))
    assert capsys.readouterr().err == LINE


def test_every_process_of_a_hunt_tells(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Its processes are forks of this one.
    monkeypatch.setattr(hunt, "play", broken_third)
    *_, last = hunt.hunt(0, 6, workers=2, chunk=2)
    assert capfd.readouterr().err == LINE
    assert (last.seeds, last.failed) == (6, [3])
