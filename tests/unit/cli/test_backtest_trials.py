"""Runs of the command line count as trials."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.executors import InProcess, run_sweep
from algotrendy.backtest.notebook import backtest
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.cli.backtest_trials import (
    NOBODY,
    count_runs,
    count_sweep,
    keep_walk,
    recorder_on,
)
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unauthenticated
from algotrendy.kernel.ids import SeededIds, TenantId, UserId
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_plan, some_recorder
from fakes.memory_blobs import MemoryBlobs
from fakes.some_trials import NOW
from fakes.study_store import MemoryWalkStore
from fakes.sweep_world import SWEEP_ID, some_bars, some_spec

BARS = walk("AAA", 200, seed=1).adjusted("raw")


def run(fast: int) -> Backtest:
    return backtest(BARS, "sma_cross", mode="interpreted", fast=fast, slow=30)


def test_runs_are_counted_once_and_deflate_by_all_on_the_same_data() -> None:
    who = some_recorder()
    assert "1 on these data in all" in count_runs([run(5)], who).words
    found = count_runs([run(5), run(10), run(20)], who)
    assert "3 on these data in all" in found.words
    assert found.trials is not None
    assert found.trials.count == 3


def test_bars_that_the_ledger_cannot_name_are_told() -> None:
    from algotrendy.backtest.data.frames import from_frame
    from algotrendy.backtest.data.resampling import resample
    from algotrendy.backtest.data.timeframes import parse_timeframe

    whole = run(5)
    base = whole.setting.dataset.assets[0].base
    weeks = resample(base, parse_timeframe("1Day"), parse_timeframe("1Week"))
    import pandas as pd

    names = ("open", "high", "low", "close", "volume")
    index = pd.DatetimeIndex(weeks.time)
    frame = pd.DataFrame({name: getattr(weeks, name) for name in names}, index=index)
    weekly = backtest(from_frame(frame), "buy_and_hold", mode="interpreted")
    found = count_runs([weekly], some_recorder())
    assert found.trials is None
    assert found.words.startswith("Not counted as trials: timeframe must be one of")


def test_without_a_platform_nothing_is_counted_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from algotrendy.platform.settings import reset_settings

    monkeypatch.delenv("ALGOTRENDY_DATABASE_URL", raising=False)
    reset_settings()
    assert count_runs([run(5)]).words == "Not counted as trials: there is no trial ledger here."


def not_signed_in() -> tuple[TenantId, UserId]:
    raise Unauthenticated("run `algotrendy login`", presented=False)


def test_signed_out_it_is_counted_for_nobody_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    who = recorder_on(some_recorder().ledger, not_signed_in)
    assert (who.tenant, who.recorded_by) == NOBODY
    said = capsys.readouterr()
    assert said.out == ""
    assert "nobody is signed in" in said.err
    assert "will not deflate yours" in said.err
    assert "`algotrendy login`" in said.err
    assert "1 on these data in all" in count_runs([run(5)], who).words


def test_signed_in_it_is_counted_for_them_without_a_word(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ada = TenantId("acme"), UserId("ada")
    who = recorder_on(some_recorder().ledger, lambda: ada)
    assert (who.tenant, who.recorded_by, who.is_kept) == (*ada, True)
    assert capsys.readouterr().err == ""


def test_a_walk_of_nobody_is_not_kept_where_nobody_could_read_it() -> None:
    clock = ManualClock(NOW)
    walks = WalkForwards(MemoryWalkStore(), clock, SeededIds(1, clock))
    tenant, user = NOBODY
    nobody = replace(some_recorder(), tenant=tenant, recorded_by=user)
    outcome = run_walk_forward(some_plan(), nobody)
    assert "nobody is signed in" in keep_walk(outcome, nobody, walks)
    assert walks.newest(tenant).studies == []


def test_a_walk_is_kept_where_its_trials_are_counted() -> None:
    who, clock = some_recorder(), ManualClock(NOW)
    walks = WalkForwards(MemoryWalkStore(), clock, SeededIds(1, clock))
    outcome = run_walk_forward(some_plan(), who)
    said = keep_walk(outcome, who, walks)
    [kept] = walks.newest(who.tenant).studies
    assert said == f"Kept for acme: GET /v1/walk-forwards/{kept.id}"
    forgetful = replace(who, is_kept=False)
    assert keep_walk(outcome, forgetful, walks) == "Not kept: there is no platform here."
    assert len(walks.newest(who.tenant).studies) == 1


def test_a_sweep_that_ran_here_is_counted_once() -> None:
    blobs, bars, who = MemoryBlobs(), some_bars(), some_recorder()
    found = run_sweep(SWEEP_ID, some_spec(), blobs, bars, InProcess(blobs, bars)).summary
    for _ in range(2):
        assert count_sweep(found, who) == "Counted in the trial ledger of acme: 16 runs."
    year = (date(2000, 1, 1), date(2000, 12, 31))
    assert who.ledger.tried_on(who.tenant, ["AAA", "BBB"], *year).trials == 16
    assert "Not counted" in count_sweep(found, replace(who, is_kept=False))
