"""How many bars a year has: by calendar, or as somebody says, and everywhere the same."""

from __future__ import annotations

import json
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from algotrendy.backtest import backtest, walk_forward
from algotrendy.backtest.data.frames import from_frame
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs.cautions import cautions_of
from algotrendy.backtest.outputs.findings import findings_of
from algotrendy.backtest.statistics.annual import steps_a_year
from algotrendy.cli.main import app
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from fakes.engine_walks import some_recorder

WINDOWS = {"in_sample": 100, "out_of_sample": 50}
RANGES = {"fast": [3, 5], "slow": [10]}


def frame(bars: int = 260) -> pd.DataFrame:
    """Give daily bars that go on over weekends."""
    steps = np.random.Generator(np.random.PCG64(1)).normal(0.0005, 0.01, bars)
    close = 100.0 * np.exp(np.cumsum(steps))
    opens = np.concatenate([[100.0], close[:-1]])
    columns = {"open": opens, "high": np.maximum(opens, close), "low": np.minimum(opens, close)}
    days = pd.date_range("2020-01-01", periods=bars, tz="UTC", name="date")
    return pd.DataFrame({**columns, "close": close, "volume": 1e6}, index=days)


@pytest.mark.parametrize(
    ("timeframe", "calendar", "steps"),
    [
        ("1Day", None, 252.0),
        ("1Day", us_equities(), 252.0),
        ("1Day", always_open(), 365.0),
        ("1Hour", None, 252.0 * 6.5),
        ("1Hour", always_open(), 365.0 * 24.0),
        ("5Min", always_open(), 365.0 * 24.0 * 12.0),
        ("1Week", always_open(), 52.0),
        ("3Month", None, 4.0),
    ],
)
def test_a_year_is_that_of_the_calendar(
    timeframe: str, calendar: TradingCalendar | None, steps: float
) -> None:
    assert steps_a_year(timeframe, calendar) == pytest.approx(steps)


def test_a_run_is_annualised_by_its_calendar_or_as_it_is_told() -> None:
    plain, open_, told = (
        findings_of(backtest(frame(), "buy_and_hold", mode="interpreted", **said))
        for said in ({}, {"calendar": always_open()}, {"periods_per_year": 100.0})
    )
    by = plain.key.sharpe or 0.0
    assert open_.key.sharpe == pytest.approx(by * sqrt(365 / 252))
    assert told.full.ratios.sharpe == pytest.approx(by * sqrt(100 / 252))
    assert [each.periods_per_year for each in (plain, open_, told)] == [252.0, 365.0, 100.0]


def test_bars_over_weekends_are_doubted_until_the_calendar_is_said() -> None:
    plain = backtest(frame(), "buy_and_hold", mode="interpreted")
    (said,) = (words for words in cautions_of(findings_of(plain)) if "weekends" in words)
    shown = CliRunner().invoke(app, ["backtest", "run", "--help"], env={"COLUMNS": "200"}).stdout
    for option in ("--calendar", "--periods-per-year"):
        assert option in said
        assert option in shown
    open_ = replace(plain, setting=replace(plain.setting, calendar=always_open()))
    assert not any("weekends" in words for words in cautions_of(findings_of(open_)))


def test_a_walk_and_its_gate_are_annualised_so_too() -> None:
    plain, open_, told = (
        walk_forward(
            frame(), "sma_cross", RANGES, WINDOWS, mode="interpreted", recorder=some_recorder(),
            **said,
        )
        for said in ({}, {"calendar": always_open()}, {"periods_per_year": 100.0})
    )  # fmt: skip
    by = plain.statistics.ratios.sharpe or 0.0
    assert open_.evidence.out_of_sample_sharpe == pytest.approx(by * sqrt(365 / 252))
    assert told.evidence.out_of_sample_sharpe == pytest.approx(by * sqrt(100 / 252))
    deflated = [found.statistics.confidence.deflated_sharpe for found in (plain, open_, told)]
    assert deflated == pytest.approx([deflated[0]] * 3)
    assert len({found.plan.sha256 for found in (plain, open_, told)}) == 3
    assert dict(open_.assumed)["Figures"].count("365 bars a year") == 1


def test_the_commands_take_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALGOTRENDY_DATABASE_URL", raising=False)
    frame().to_csv("coin.csv")
    found = []
    for said in ([], ["--calendar", "always-open"], ["--periods-per-year", "100"]):
        asked = ["--csv", "coin.csv", "--mode", "interpreted", "--json", *said]
        done = CliRunner().invoke(app, ["backtest", "run", "buy_and_hold", *asked])
        assert done.exception is None, done.output
        beside = ["backtest", "compare", "buy_and_hold", "sma_cross", *asked]
        compared = json.loads(CliRunner().invoke(app, beside).stdout)["runs"][0]
        sharpe = json.loads(done.stdout)["summary"]["sharpe"]
        assert compared["summary"]["sharpe"] == sharpe
        found.append(sharpe)
    assert found[1:] == pytest.approx([found[0] * sqrt(365 / 252), found[0] * sqrt(100 / 252)])


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), float("inf")])
def test_a_year_without_bars_is_refused(wrong: float) -> None:
    with pytest.raises(Invalid) as refused:
        Setting(from_frame(frame(5)), BUY_AND_HOLD, {}, Terms(), periods_per_year=wrong)
    assert refused.value.field == "periods_per_year"
