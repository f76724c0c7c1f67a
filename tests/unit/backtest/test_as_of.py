"""A backtest that asks as of a moment sees the bars that were known then, pinned and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from algotrendy.backtest.markets import pinned_bars
from algotrendy.backtest.plan import Plan, make_plan
from algotrendy.backtest.report.words import known_as_of
from algotrendy.backtest.request import parse_spec
from algotrendy.cli.backtest import app
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.series import RawBars
from algotrendy.platform.lake import Lake
from algotrendy.platform.settings import reset_settings
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk

MONDAY = datetime(2024, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def corrected() -> tuple[MemoryBars, RawBars, RawBars]:
    """Give a store whose bars were corrected on Tuesday."""
    clock = ManualClock(MONDAY)
    first = walk("AAA", 120, seed=1)
    second = replace(first, volume=tuple(volume + 1 for volume in first.volume))
    store = MemoryBars(first, clock=clock)
    clock.advance(DAY)
    store.replace([second])
    return store, first, second


def spec_of(**more: Any) -> Any:
    asked = {
        "strategy": "sma_cross",
        "symbols": ["AAA"],
        "start": "2000-01-01",
        "end": "2000-12-31",
        "adjustment": "raw",
        "parameters": {"fast": [3], "slow": [10]},
    }
    return parse_spec({**asked, **more})


def test_a_plan_pins_what_was_known() -> None:
    store, first, second = corrected()
    now = make_plan(spec_of(), store)
    then = make_plan(spec_of(as_of="2024-01-08T23:00:00+09:00"), store)
    assert now.data[0].sha256 == second.adjusted("raw").sha256()
    assert then.data[0].sha256 == first.adjusted("raw").sha256()
    assert then.spec.as_of == datetime(2024, 1, 8, 14, tzinfo=UTC)
    read = pinned_bars(then.spec, "AAA", then.data[0].sha256, then.bars_version, store)
    assert read.volume == first.volume
    again = Plan.from_json(then.to_json())
    assert (again.spec, again.sha256) == (then.spec, then.sha256)
    with pytest.raises(NotFound, match="AAA was not found"):
        make_plan(spec_of(as_of="2020-01-01T00:00:00Z"), store)


def test_a_request_that_does_not_ask_is_written_as_before() -> None:
    assert "as_of" not in spec_of().model_dump(mode="json")
    asked = spec_of(as_of=MONDAY).model_dump(mode="json")
    assert asked["as_of"] == "2024-01-08T00:00:00Z"
    with pytest.raises(Invalid, match="as_of must be"):
        spec_of(as_of="2024-01-08T00:00:00")


def test_the_assumptions_say_so() -> None:
    assert known_as_of(None) == ""
    assert known_as_of(MONDAY) == (
        " Bars and corporate actions as they were recorded by 2024-01-08 00:00:00 UTC: later "
        "corrections are not seen."
    )


def test_hours_are_made_of_the_longest_bars_that_make_them() -> None:
    daily = walk("AAA", 120, seed=1)
    hour_ns = 3600 * 10**9
    hours = replace(
        daily,
        timeframe=Timeframe.HOUR,
        times=tuple(daily.times[0] + place * hour_ns for place in range(120)),
    )
    store = MemoryBars(daily, hours)
    assert make_plan(spec_of(), store).data[0].timeframe == "1Day"
    plan = make_plan(spec_of(timeframe="1Hour"), store)
    assert (plan.data[0].timeframe, plan.data[0].bars) == ("1Hour", 120)


@pytest.fixture
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    reset_settings()
    wiring.bar_store.cache_clear()
    yield
    reset_settings()
    wiring.bar_store.cache_clear()


@pytest.mark.usefixtures("_lake")
def test_the_command_runs_on_what_was_known_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clock = ManualClock(MONDAY)
    store = LakeBars(Lake(f"file://{tmp_path}/lake"), clock)
    first = walk("AAA", 120, seed=1)
    store.replace([first])
    clock.advance(DAY)
    doubled: dict[str, Any] = {
        name: tuple(2 * price for price in getattr(first, name))
        for name in ("open", "high", "low", "close")
    }
    store.replace([replace(first, **doubled)])

    def run(*more: str) -> str:
        told = ["run", "sma_cross", "AAA", "-p", "fast=3", "-p", "slow=10", "--mode", "interpreted"]
        done = CliRunner().invoke(app, [*told, *more])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return " ".join(done.stdout.split())

    assert "from the lake as it was recorded by 2024-01-08 12:00:00 UTC" in run(
        "--as-of", "2024-01-08T12:00Z"
    )
    assert "from the lake." in run()
    with pytest.raises(Invalid, match="as_of must be left out for files and samples"):
        run("--samples", "--as-of", "2024-01-08T12:00Z")
