"""Runs of the command line count as trials."""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.notebook import backtest
from algotrendy.cli.backtest_trials import count_runs
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_recorder

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
