"""Whatever a broker does to a run's orders, the costs of all causes are the whole difference."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.live.parity.differences import total_cost
from algotrendy.live.parity.replay import replay
from algotrendy.strategy.library import strategy_named
from fakes.live_worlds import Broker, live_run, wandering

SMA = strategy_named("sma_cross")
few = st.frozensets(st.integers(1, 12), max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(1, 50),
    slip=st.sampled_from([0.0, 3.0, -2.5]),
    fee=st.sampled_from([0.0, 1.25]),
    rejects=few,
    refuses=few,
    delays=few,
    halves=few,
    pauses=st.frozensets(st.integers(0, 89), max_size=5),
)
def test_every_difference_is_explained_and_the_costs_are_all_of_the_money(
    seed: int,
    slip: float,
    fee: float,
    rejects: frozenset[int],
    refuses: frozenset[int],
    delays: frozenset[int],
    halves: frozenset[int],
    pauses: frozenset[int],
) -> None:
    broker = Broker(
        slip_bps=slip,
        fee_bps=fee,
        rejects=rejects,
        refuses=refuses,
        delays=delays,
        halves=halves,
    )
    record = live_run(
        wandering(90, seed), SMA, broker, values={"fast": 2, "slow": 5}, paused=pauses
    )

    found = replay(record)

    assert found.unexplained == ()
    assert abs(found.money.cost - total_cost(found.differences)) < Decimal("0.005")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(1, 50), lost=st.integers(1, 12))
def test_an_order_that_was_lost_is_always_found(seed: int, lost: int) -> None:
    record = live_run(
        wandering(90, seed), SMA, Broker(loses=frozenset({lost})), values={"fast": 2, "slow": 5}
    )
    decided = {each.order for step in record.steps for each in step.decisions}

    assert bool(replay(record).unexplained) == (lost in decided)
