"""Bars and backtests of the trades in the lake, by a chart style."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.ticks import Ticks

BEGIN_NS = 1_709_303_400_000_000_000


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    wiring.tick_store.cache_clear()
    times = [BEGIN_NS + second * 1_000_000_000 for second in range(400)]
    prices = [100 + (second * 7 % 13) / 10 for second in range(400)]
    wiring.tick_store().replace(Ticks(Symbol("XYZ"), times, prices, [2.0] * 400, "test"))
    yield
    wiring.tick_store.cache_clear()


def run(*arguments: str | Path) -> str:
    told = CliRunner().invoke(app, list(map(str, arguments)))
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    assert told.exit_code == 0, told.output
    return told.output


def test_bars_of_a_style_are_shown_with_when_they_were_known() -> None:
    told = run("bars", "show", "XYZ", "--style", "tick:amount=100")
    assert "4 whole bars of 400 trades (test)" in told
    first = next(line for line in told.splitlines() if line.startswith("2024-03-01 14:30:00"))
    assert first.split() == [
        *("2024-03-01", "14:30:00", "2024-03-01", "14:31:39"),
        *("100", "101.2", "100", "100.4", "200", "100"),
    ]


def test_a_backtest_runs_on_stored_trades(tmp_path: Path) -> None:
    style = ("--style", "range:size=1", "--mode", "interpreted", "--out", tmp_path / "out")
    told = run("backtest", "run", "buy_and_hold", "XYZ", *style)
    assert "bars of range:size=1" in told
    assert "trades of test" in " ".join(told.split())


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        (("--style", "tick:amount=500"), Invalid, "style must be one that 400 trades"),
        (("--style", "renko:size=0.00001"), Invalid, "at most 500,000 bars .* a larger size"),
        (("--style", "tick:amount=5", "--timeframe", "1Min"), Invalid, "timeframe must be left"),
        (("--style", "tick:amount=5", "--adjustment", "all"), Invalid, "adjustment must be left"),
        (("--style", "tick:amount=5", "--start", "2024-03-02"), Invalid, "range with trades"),
    ],
)
def test_what_cannot_be_shown_is_named(
    options: tuple[str, ...], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        run("bars", "show", "XYZ", *options)


def test_a_symbol_without_trades_is_not_found() -> None:
    with pytest.raises(NotFound, match="XYZ"):
        run("bars", "show", "XYY", "--style", "tick:amount=5")
