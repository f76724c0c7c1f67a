"""What sweeps and single runs tried is counted: once, by its data, with its ratios per bar."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from math import sqrt
from typing import Any

import pytest

from algotrendy.backtest.counting import Entry, entry_of_run, entry_of_sweep, strategy_version
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.executors import InProcess, run_sweep
from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.plan import make_plan, read_plan
from algotrendy.backtest.reduce import collect
from algotrendy.backtest.shard import Row
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.trials import Kind
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import CorrelationId, SeededIds, TenantId, UserId
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.making import strategy
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_plan
from fakes.memory_blobs import MemoryBlobs
from fakes.study_store import MemorySweepStore
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec

ACME = TenantId("acme")
SHARPE = 1 + STATISTICS.index("sharpe")
YEAR_2000 = (date(2000, 1, 1), date(2000, 12, 31))


def swept(
    shard_runs: int | None = None, bars: MemoryBars | None = None, **changes: Any
) -> tuple[Entry, list[Row], dict[str, Any]]:
    """Run a sweep; give its entry, its rows and its summary."""
    blobs, held = MemoryBlobs(), bars or some_bars()
    outcome = run_sweep(
        SWEEP_ID, some_spec(**changes), blobs, held, InProcess(blobs, held), shard_runs=shard_runs
    )
    plan = read_plan(SWEEP_ID, blobs)
    rows = collect(SWEEP_ID, plan, blobs)
    return entry_of_sweep(plan, rows), rows, outcome.summary


def one_run(**values: Any) -> Backtest:
    plan = some_plan()
    checked = plan.strategy.check({"fast": 3, "slow": 10, **values})
    return plan.engine._run(0, 300, tuple(checked.values()), 0)


def test_a_sweep_counts_each_symbol_for_itself() -> None:
    entry, rows, _ = swept()
    assert (entry.kind, entry.strategy) == (Kind.SWEEP, "sma_cross")
    assert [(tally.symbols, tally.trials) for tally in entry.tallies] == [
        (("AAA",), 8),
        (("BBB",), 8),
    ]
    ratios = [float(ratio) for row in rows[:8] if (ratio := row[SHARPE]) is not None]
    tally = entry.tallies[0]
    assert tally.sharpe.count == len(ratios)
    assert tally.best == max(ratios) / sqrt(252)
    assert tally.sharpe.mean == pytest.approx(sum(ratios) / len(ratios) / sqrt(252))
    assert (tally.first, tally.last) == (date(2000, 1, 1), date(2000, 4, 29))
    assert tally.observations == 119


def test_an_entry_travels_as_json_to_the_last_bit() -> None:
    entry, _, summary = swept()
    assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
    assert summary["tried"] == entry.to_json()


def test_how_a_sweep_was_cut_or_asked_for_tries_nothing_new() -> None:
    entry, _, _ = swept()
    asked_otherwise = {"fast": [Decimal(4), Decimal(8), Decimal(12)], "slow": [12, 16, 24]}
    stored_again = some_bars()
    stored_again.replace([walk("CCC", 20, seed=9)])
    for other in (
        swept(shard_runs=3),
        swept(end=date(2001, 12, 31)),
        swept(parameters=asked_otherwise),
        swept(max_runs=500, seed=4),
        swept(bars=stored_again),
    ):
        assert other[0] == entry


def test_other_bars_values_or_costs_are_other_trials() -> None:
    hashes = {
        swept(**changes)[0].sha256
        for changes in (
            {},
            {"symbols": ("AAA",)},
            {"parameters": {"fast": [4], "slow": [12]}},
            {"fee_bps": 5},
            {"cash": 5_000},
            {"bars": MemoryBars(walk("AAA", 120, seed=7), walk("BBB", 120, seed=2))},
        )
    }
    assert len(hashes) == 6


def test_another_version_is_another_try() -> None:
    plan = make_plan(some_spec(), some_bars())
    rows = [(number, *([0.0] * len(STATISTICS))) for number in range(1, plan.runs + 1)]
    now, then = entry_of_sweep(plan, rows), entry_of_sweep(replace(plan, version="0" * 64), rows)
    assert now.sha256 != then.sha256
    assert then.version == "0" * 64


def test_a_single_run_is_one_trial() -> None:
    entry = entry_of_run(one_run())
    [tally] = entry.tallies
    assert (entry.kind, tally.trials, tally.symbols) == (Kind.RUN, 1, ("AAA",))
    assert (tally.first, tally.last) == (date(2000, 1, 1), date(2000, 10, 26))
    assert entry_of_run(one_run()) == entry
    assert entry_of_run(one_run(fast=4)).sha256 != entry.sha256


def test_a_strategy_of_ones_own_is_known_by_its_code() -> None:
    @strategy()
    def mine(market: Any, own: Any, p: Any) -> None:
        market.buy(1.0)

    @strategy(name="mine")
    def changed(market: Any, own: Any, p: Any) -> None:
        market.buy(2.0)

    assert strategy_version(mine) != strategy_version(changed)
    assert strategy_version(strategy_named("sma_cross")) == f"engine {ENGINE_VERSION}"


class Desk:
    """The use cases of sweeps, and what they count."""

    def __init__(self) -> None:
        clock = ManualClock(datetime(2026, 1, 2, tzinfo=UTC))
        self.trials = TrialLedger(MemoryTrials(), clock, SeededIds(2, clock))
        self.sweeps = Sweeps(MemorySweepStore(), clock, SeededIds(1, clock), self.trials)

    def request(self, key: str) -> Sweep:
        return self.sweeps.request(
            some_spec(),
            tenant=ACME,
            requested_by=UserId("ada"),
            idempotency_key=key,
            correlation_id=CorrelationId("request-1"),
        )

    def counted(self) -> int:
        return self.trials.tried_on(ACME, ["AAA", "BBB"], *YEAR_2000).trials


def test_a_sweep_that_succeeds_is_counted_for_who_asked_once() -> None:
    desk, (_, _, summary) = Desk(), swept()
    for key in ("first", "second"):
        sweep = desk.request(key)
        for _ in range(2):
            desk.sweeps.record_success(sweep.id, summary)
    assert desk.counted() == 16
    [batch] = desk.trials.history(ACME).batches
    assert (batch.recorded_by, batch.correlation_id) == ("ada", "request-1")


def test_a_sweep_whose_trials_are_recorded_otherwise_still_ends() -> None:
    desk, (entry, _, summary) = Desk(), swept()
    odd = replace(entry, tallies=tuple(replace(t, best=9.0) for t in entry.tallies))
    desk.sweeps.record_success(desk.request("first").id, {**summary, "tried": odd.to_json()})
    ended = desk.sweeps.record_success(desk.request("second").id, summary)
    assert ended.status.is_final
    assert desk.counted() == 16


def test_a_summary_that_counts_nothing_is_taken() -> None:
    desk = Desk()
    assert desk.sweeps.record_success(desk.request("old").id, {"runs": 16}).status.is_final
    assert desk.counted() == 0
