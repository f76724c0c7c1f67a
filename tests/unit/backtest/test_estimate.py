"""What a sweep will take, said before it starts."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from algotrendy.backtest.estimate import (
    BAR_BYTES,
    LAKE_FILE_READS,
    LAKE_PASSES,
    LAMBDA_MB,
    RAY_START_S,
    RUNTIME_BYTES,
    Course,
    Estimate,
    estimate,
    require_fit,
    shard_memory,
)
from algotrendy.backtest.plan import Plan, make_plan
from algotrendy.backtest.prices import PRICES, Prices, Usage
from algotrendy.kernel.errors import Conflict, Invalid
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.sweep_world import some_bars, some_spec

MB = 2**20


def a_plan(shard_runs: int = 4) -> Plan:
    return make_plan(some_spec(), some_bars(), shard_runs)


def told(plan: Plan, tick: float = 0.5, workers: int = 2, prices: Prices = PRICES) -> Estimate:
    """Estimate with a clock that goes on by the same step at every look."""
    ticks = itertools.count()
    return estimate(
        plan,
        some_bars(),
        workers=workers,
        memory=8192 * MB,
        concurrency=3,
        prices=prices,
        mode="interpreted",
        clock=lambda: tick * next(ticks),
    )


def test_the_speed_is_measured_on_the_sweeps_own_bars_and_runs() -> None:
    found = told(a_plan())
    assert (found.runs, found.shards, found.bars) == (16, 4, 16 * 120)
    assert (found.speed.runs, found.speed.bars, found.speed.seconds) == (1, 120, 0.5)
    assert found.speed.bars_per_s == 240


def test_runs_too_short_for_the_clock_are_measured_many_at_once() -> None:
    assert told(a_plan(), tick=0.001).speed.runs > 1


def test_twice_the_runs_cost_twice_the_processor_time() -> None:
    small = told(a_plan())
    large = told(make_plan(some_spec(parameters={"fast": (4,), "slow": (12, 16, 24, 28)}),
                           some_bars(), 4))  # fmt: skip
    assert small.runs == 2 * large.runs
    starts = [e.course("local").cpu_s - e.bars / e.speed.bars_per_s for e in (small, large)]
    assert starts[0] == pytest.approx(starts[1])


def test_more_workers_take_less_time_up_to_the_number_of_shards() -> None:
    walls = [told(a_plan(), workers=n).course("local").wall_s for n in (1, 2, 4, 9)]
    assert walls[0] > walls[1] > walls[2] == walls[3]


def test_more_shards_at_once_on_the_deployed_stage_take_less_time() -> None:
    def course(concurrency: int) -> Course:
        found = estimate(
            a_plan(),
            some_bars(),
            workers=1,
            concurrency=concurrency,
            mode="interpreted",
            clock=map(float, itertools.count()).__next__,
        )
        return found.course("stepfunctions")

    assert (course(1).workers, course(4).workers) == (1, 4)
    assert course(1).wall_s > course(4).wall_s


def test_ray_takes_as_long_as_processes_and_its_own_start() -> None:
    found = told(a_plan())
    assert found.course("ray").wall_s == found.course("local").wall_s + RAY_START_S
    assert found.course("ray").dollars is None


def test_the_cost_is_the_sum_of_what_is_used_at_the_listed_prices() -> None:
    course = told(a_plan()).course("stepfunctions")
    assert course.usage is not None
    assert course.usage.transitions == 4 + 5
    assert course.usage.requests == 4 + 3
    assert course.dollars == pytest.approx(course.usage.dollars(PRICES))
    a_million = Usage(1e6, 10**6, 10**6, 10**6, 10**6)
    assert a_million.dollars() == pytest.approx(13.3334 + 0.2 + 25 + 5 + 0.4)


def test_a_read_of_the_lake_is_counted_for_each_year_of_each_symbol() -> None:
    def reads(first: str) -> int:
        plan = a_plan()
        years_ago = replace(plan.data[1], first=first, last="2024-12-31")
        usage = told(replace(plan, data=(plan.data[0], years_ago))).course("stepfunctions").usage
        assert usage is not None
        return usage.s3_reads

    # By who admits and who plans the sweep, and once more for the best run.
    one_more = LAKE_FILE_READS * (LAKE_PASSES + 1)
    assert reads("2020-01-02") - reads("2021-01-02") == one_more


def test_other_prices_take_the_place_of_the_listed_ones_and_are_named() -> None:
    theirs = replace(PRICES, region="eu-central-1", as_of="2027-01-01", transition=0.0)
    listed, found = told(a_plan()), told(a_plan(), prices=theirs)
    assert (found.prices.region, found.prices.as_of) == ("eu-central-1", "2027-01-01")
    course, usage = found.course("stepfunctions"), listed.course("stepfunctions").usage
    assert usage is not None
    assert course.dollars == pytest.approx(usage.dollars() - usage.transitions * PRICES.transition)


def test_an_estimate_is_json() -> None:
    found = json.loads(json.dumps(told(a_plan()).to_json()))
    assert found["courses"][1]["usage"]["transitions"] == 9
    assert found["prices"]["as_of"]


def test_a_shard_that_spans_symbols_holds_the_bars_of_each() -> None:
    within, across = a_plan(1), a_plan(10)
    assert across.shard_runs > len(across.combinations)
    rows = (10 - 1) * 2048
    assert shard_memory(across) - shard_memory(within) == 120 * BAR_BYTES + rows


def test_a_shard_that_would_not_fit_is_refused_with_the_figure_and_the_symbol() -> None:
    plan = a_plan()
    require_fit(plan, LAMBDA_MB * MB, "a function")
    many = replace(plan, data=(replace(plan.data[0], bars=9_000_000), plan.data[1]))
    with pytest.raises(Invalid, match=r"AAA alone has 9,000,000 bars") as refused:
        require_fit(many, LAMBDA_MB * MB, "a function")
    needed = (RUNTIME_BYTES + 9_000_000 * BAR_BYTES) / MB
    assert f"{needed:,.0f} MB" in str(refused.value)
    assert "1,769 MB of a function" in str(refused.value)


def test_bars_that_changed_since_the_plan_are_not_measured() -> None:
    other = MemoryBars(walk("AAA", 120, seed=8), walk("BBB", 120, seed=9))
    with pytest.raises(Conflict, match="not those that were planned with"):
        estimate(a_plan(), other, workers=1, mode="interpreted")
