"""A few runs of chaos on the platform of the tests: `make chaos` plays two hundred."""

from __future__ import annotations

import pytest

from chaos.campaign import campaign
from chaos.plan import plan_of
from fixtures.platform import Platform

pytestmark = pytest.mark.platform

RUNS = 2


@pytest.mark.timeout(600)
def test_nothing_is_lost_when_processes_are_killed(platform: Platform) -> None:
    """Orders survive SIGKILL of every process, two services at once, and a hostile exchange."""
    told: list[str] = []
    total = campaign(platform, range(1, 1 + RUNS), told.append)
    assert total.runs == RUNS
    assert not total.shortcomings, "\n".join(told)
    assert not total.is_wrong, "\n".join(told)


def test_a_seed_plays_the_same_again() -> None:
    """A plan follows from its seed alone."""
    assert plan_of(7) == plan_of(7)
    assert plan_of(7) != plan_of(8)
