"""A backtest says what becomes of gaps; on a bar that nobody stored nothing is dealt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from algotrendy.backtest import Terms, backtest, strategy
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.markets import dataset_of
from algotrendy.backtest.plan import Plan, dataset_of_plan, make_plan
from algotrendy.backtest.report.words import GAPS
from algotrendy.backtest.request import parse_spec
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.backtest.validation.walk_plan import plan_walk
from algotrendy.cli.main import app
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.quality.policy import GapPolicy, declared
from algotrendy.market_data.series import BarSeries, RawBars
from algotrendy.platform.settings import reset_settings
from fakes.bar_store import MemoryBars
from fakes.quality_bars import daily, minutes, without

DAYS = daily(date(2024, 1, 2), date(2024, 6, 28))
THIN = without(DAYS, 20, 21, 22, 50)


def raw(series: BarSeries, name: str = "AAPL") -> RawBars:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    ones = (1.0,) * len(series)
    return RawBars(Symbol(name), series.timeframe, series.times, *columns, ones, "test")


def spec_of(**more: Any) -> Any:
    asked = {
        "strategy": "sma_cross",
        "symbols": ["AAPL"],
        "start": "2024-01-01",
        "end": "2024-12-31",
        "adjustment": "raw",
        "parameters": {"fast": [3], "slow": [10]},
    }
    return parse_spec({**asked, **more})


@strategy(parameters={"at": 19})
def impatient(market: Any, own: Any, p: Any) -> None:
    """Buy at the close of one bar, the last before a gap."""
    if len(market.close) == p.at + 1:
        market.buy(1.0)


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
def test_an_order_waits_for_the_first_bar_that_was_traded(mode: Any) -> None:
    found = declared(THIN, GapPolicy.FILL)
    dataset = from_series([found.series])
    kept = backtest(from_series([THIN]), impatient, terms=Terms(participation=0.5), mode=mode)
    filled = backtest(dataset, impatient, terms=Terms(participation=0.5), mode=mode)
    assert len(filled.equity) == len(DAYS)
    (before,), (after,) = kept.fills, filled.fills
    assert after["price"] == before["price"] == THIN.open[20]
    assert filled.time[after["step"]] == kept.time[before["step"]]


def test_a_request_that_does_not_ask_is_written_as_before() -> None:
    assert "gaps" not in spec_of().model_dump(mode="json")
    assert "gaps" not in spec_of(gaps="keep").model_dump(mode="json")
    assert spec_of(gaps="keep").model_dump_json() == spec_of().model_dump_json()
    asked = spec_of(gaps="refuse").model_dump(mode="json")
    assert parse_spec(asked) == spec_of(gaps="refuse")


def test_filling_needs_terms_by_which_nothing_is_dealt_on_a_filled_bar() -> None:
    with pytest.raises(Invalid, match="gaps keep or refuse without a participation above 0"):
        spec_of(gaps="fill")
    assert spec_of(gaps="fill", participation="0.1").gaps is GapPolicy.FILL
    with pytest.raises(Invalid, match="gaps must be"):
        spec_of(gaps="guess")


def test_a_plan_runs_on_filled_bars_wherever_it_runs() -> None:
    store = MemoryBars(raw(THIN))
    plan = make_plan(spec_of(gaps="fill", participation="0.1"), store)
    kept = make_plan(spec_of(participation="0.1"), store)
    assert (plan.data[0].bars, kept.data[0].bars) == (len(DAYS), len(THIN))
    assert plan.data[0].sha256 == kept.data[0].sha256
    there = dataset_of_plan(Plan.from_json(plan.to_json()), plan.markets[0], store)
    assert there.sha256() == from_series([declared(THIN, GapPolicy.FILL).series]).sha256()


def test_a_plan_with_gaps_that_are_refused_is_none() -> None:
    told = "AAPL lacks 4 bars of 1Day, the first at 2024-01-31"
    with pytest.raises(Invalid, match=told):
        make_plan(spec_of(gaps="refuse"), MemoryBars(raw(THIN)))
    assert make_plan(spec_of(gaps="refuse"), MemoryBars(raw(DAYS))).data[0].bars == len(DAYS)


def test_of_assets_together_each_is_filled_up_to_the_last_bar_of_all() -> None:
    ended = replace(without(DAYS, 20, *range(100, 124)), symbol=Symbol("MSFT"))
    spec = spec_of(gaps="fill", participation="0.1", symbols=["AAPL", "MSFT"], together=True)
    found = dataset_of([THIN, ended], impatient, spec)
    assert [len(asset.base) for asset in found.assets] == [len(DAYS), len(DAYS)]


def test_the_calendar_of_the_request_counts_where_it_names_one() -> None:
    spec = spec_of(gaps="fill", participation="0.1", calendar="always-open")
    found = dataset_of([THIN], impatient, spec)
    assert len(found) == (date(2024, 6, 28) - date(2024, 1, 2)).days + 1


def test_longer_bars_are_made_of_filled_ones() -> None:
    whole = minutes(date(2024, 6, 3), date(2024, 6, 4))
    thin = without(whole, *range(30, 90))
    asked = {"timeframe": "15Min", "calendar": "us-equities", "participation": "0.1"}
    kept = dataset_of([thin], impatient, spec_of(**asked))
    filled = dataset_of([thin], impatient, spec_of(gaps="fill", **asked))
    assert (len(kept), len(filled)) == (48, 52)
    assert filled.timeframe == str(Timeframe("15Min"))


def test_a_walk_forward_runs_on_filled_bars_too() -> None:
    asked = {
        **spec_of(gaps="fill", participation="0.1").model_dump(mode="json"),
        "windows": {"in_sample": "60", "out_of_sample": "30"},
    }
    for name in ("together", "timeframe", "calendar"):
        asked.pop(name)
    spec = parse_walk_forward({**asked, "cross_checks": None})
    plan = plan_walk(spec, MemoryBars(raw(THIN)))
    assert len(plan.dataset) == len(DAYS)


def test_the_page_says_what_became_of_gaps() -> None:
    assert set(GAPS) == set(GapPolicy)
    assert "nothing is dealt on them" in GAPS[GapPolicy.FILL]


@pytest.fixture
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    reset_settings()
    wiring.bar_store.cache_clear()
    wiring.bar_store().replace([raw(THIN)])
    yield
    reset_settings()
    wiring.bar_store.cache_clear()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


CROSS = ("sma_cross", "AAPL", "-p", "fast=3", "-p", "slow=10", "--mode", "interpreted")


@pytest.mark.usefixtures("_lake")
def test_the_command_fills_refuses_and_makes_its_report_again(tmp_path: Path) -> None:
    assert f"{len(THIN)} bars of 1Day" in run("backtest", "run", *CROSS)
    told = run("backtest", "run", *CROSS, "--gaps", "fill", "--participation", "0.1")
    assert f"{len(DAYS)} bars of 1Day" in told
    assert "the lake, gaps filled by the calendar" in " ".join(told.split())
    folder = tmp_path / "reports" / "sma_cross"
    assert json.loads((folder / "request.json").read_text())["wanted"]["gaps"] == "fill"
    assert "report:" in run("backtest", "report", str(folder))
    with pytest.raises(Invalid, match="AAPL lacks 4 bars of 1Day"):
        run("backtest", "run", *CROSS, "--gaps", "refuse")
    with pytest.raises(Invalid, match="gaps must be keep or refuse without a participation"):
        run("backtest", "run", *CROSS, "--gaps", "fill")


@pytest.mark.usefixtures("_lake")
@pytest.mark.parametrize(
    "command",
    [
        ("backtest", "compare", "sma_cross", "buy_and_hold", "-s", "AAPL"),
        ("backtest", "check", "sma_cross", "AAPL"),
        ("sweep", "sma_cross", "AAPL", "-p", "fast=3,5", "--executor", "local"),
        ("sweep", "sma_cross", "AAPL", "-p", "fast=3,5", "--dry-run"),
        ("backtest", "walk-forward", "sma_cross", "AAPL", "-p", "fast=3,5", "--in-sample", "60"),
    ],
)
def test_every_command_takes_the_policy(command: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match="AAPL lacks 4 bars of 1Day"):
        run(*command, "--gaps", "refuse")


def file_of(tmp_path: Path, series: BarSeries, *, volume: bool = True) -> str:
    names = ["open", "high", "low", "close"] + ["volume"] * volume
    lines = [",".join(("date", *names))]
    for place, time in enumerate(series.times):
        when = datetime.fromtimestamp(time // 10**9, UTC).isoformat()
        cells = (repr(getattr(series, name)[place]) for name in names)
        lines.append(",".join((when, *cells)))
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_of_files_a_calendar_says_what_is_missing(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "out"), "--mode", "interpreted")
    cross = ("backtest", "run", "sma_cross", "-p", "fast=3", "-p", "slow=10", *out)
    fill = ("--gaps", "fill", "--participation", "0.1")
    file = file_of(tmp_path, THIN)
    with pytest.raises(Invalid, match="calendar must be given with --gaps"):
        run(*cross, "--csv", file, *fill)
    told = run(*cross, "--csv", file, "--calendar", "us-equities", *fill)
    assert f"{len(DAYS)} bars of 1Day" in told
    silent = file_of(tmp_path, THIN, volume=False)
    with pytest.raises(Invalid, match="no volume of OWN is known"):
        run(*cross, "--csv", silent, "--calendar", "us-equities", *fill)


def test_hours_of_a_file_are_judged_by_its_calendar(tmp_path: Path) -> None:
    whole = minutes(date(2024, 6, 3), date(2024, 6, 3))
    assert ns(datetime(2024, 6, 3, 13, 30, tzinfo=UTC)) == whole.times[0]
    file = file_of(tmp_path, without(whole, 7))
    with pytest.raises(Invalid, match="OWN lacks 1 bar of 1Min, the first at 2024-06-03 13:37"):
        run("backtest", "run", "buy_and_hold", "--csv", file, "--calendar", "us-equities",
            "--gaps", "refuse", "--out", str(tmp_path / "out"))  # fmt: skip
