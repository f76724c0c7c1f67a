from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.backtest.executors import InProcess, run_sweep
from algotrendy.backtest.grid import expand, shuffled
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.plan import make_plan, plan_sweep
from algotrendy.backtest.reduce import reduce_sweep
from algotrendy.backtest.request import Range, SweepSpec
from algotrendy.backtest.shard import run_shard
from algotrendy.kernel.errors import Unavailable
from algotrendy.strategy.library import strategy_named
from fakes.memory_blobs import DyingBlobs, MemoryBlobs
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec

TABLE = Keys(SWEEP_ID).table


def table_by(shard_runs: int) -> bytes:
    blobs, bars = MemoryBlobs(), some_bars()
    executor = InProcess(blobs, bars)
    run_sweep(SWEEP_ID, some_spec(), blobs, bars, executor, shard_runs=shard_runs)
    return blobs.objects[TABLE]


ONE_SHARD = table_by(1000)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 20))
def test_any_sharding_gives_the_same_table(shard_runs: int) -> None:
    assert table_by(shard_runs) == ONE_SHARD


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 8), st.data())
def test_any_order_repetition_and_killing_of_shards_gives_the_same_table(
    shard_runs: int, data: st.DataObject
) -> None:
    blobs, bars = MemoryBlobs(), some_bars()
    shards = plan_sweep(SWEEP_ID, some_spec(), blobs, bars, shard_runs).shards
    attempts = data.draw(
        st.lists(st.tuples(st.integers(0, shards - 1), st.booleans()), max_size=2 * shards)
    )
    for shard, killed in attempts:
        try:
            run_shard(SWEEP_ID, shard, DyingBlobs(blobs, 0) if killed else blobs, bars)
        except Unavailable:
            assert killed
    for shard in data.draw(st.permutations(range(shards))):
        run_shard(SWEEP_ID, shard, blobs, bars)
    reduce_sweep(SWEEP_ID, blobs, bars)
    assert blobs.objects[TABLE] == ONE_SHARD


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 2**63 - 1))
def test_a_shuffle_repeats_no_number_and_itself_exactly(size: int, seed: int) -> None:
    first = list(islice(shuffled(size, seed), 50))
    assert len(set(first)) == len(first) == min(size, 50)
    assert all(0 <= number < size for number in first)
    assert first == list(islice(shuffled(size, seed), 50))


@st.composite
def specs(draw: st.DrawFn) -> SweepSpec:
    fast, slow = draw(st.integers(2, 40)), draw(st.integers(3, 40))
    return SweepSpec(
        strategy="sma_cross",
        symbols=tuple(draw(st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, unique=True))),
        start=date(2000, 1, 1),
        end=date(2001, 1, 1),
        parameters={
            "fast": Range(
                start=Decimal(fast), stop=Decimal(draw(st.integers(fast, 60))), step=Decimal(1)
            ),
            # At least one slow mean is above every fast one.
            "slow": (Decimal(slow), Decimal(61)),
        },
        max_runs=draw(st.integers(3, 60)),
        seed=draw(st.integers(0, 9)),
    )


@settings(deadline=None)
@given(specs())
def test_a_grid_obeys_the_rules_its_order_and_its_limit(spec: SweepSpec) -> None:
    found = expand(spec, strategy_named(spec.strategy))
    assert list(found.combinations) == sorted(set(found.combinations))
    assert all(fast < slow for fast, slow, _ in found.combinations)
    assert len(found.combinations) * len(spec.symbols) <= spec.max_runs
    assert found.size == spec.grid
    assert found.excluded is not None
    allowed = found.size - found.excluded
    assert len(found.combinations) == min(allowed, spec.max_runs // len(spec.symbols))
    assert found.is_sampled == (len(found.combinations) < allowed)


@settings(deadline=None)
@given(st.integers(1, 20))
def test_shards_part_the_runs(shard_runs: int) -> None:
    plan = make_plan(some_spec(), some_bars(), shard_runs)
    numbers = [number for shard in range(plan.shards) for number in plan.numbers(shard)]
    assert numbers == list(range(1, plan.runs + 1))
