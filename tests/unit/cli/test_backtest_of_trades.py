"""`algotrendy backtest run --style`: bars made of trades."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.kernel.errors import Invalid

BEGIN_S = 1_709_303_400
TRADES = "time,price,size\n" + "".join(
    f"{BEGIN_S + row}000000000,{100 + (row * 7 % 13) / 10},{1 + row % 5}\n" for row in range(600)
)


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    file = tmp_path / "xyz.csv"
    file.write_text(TRADES)
    return file


def run(*arguments: str | Path, command: str = "run") -> str:
    told = CliRunner().invoke(app, ["backtest", command, *map(str, arguments)])
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    assert told.exit_code == 0, told.output
    return told.output


def test_a_run_on_renko_bars_of_a_file_of_trades(trades: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    style = ("--style", "renko:size=0.4,reversal=1", "--mode", "interpreted")
    told = run("sma_cross", "--csv", trades, *style, "-p", "fast=2", "-p", "slow=5", "--out", out)
    assert "bars of renko:size=0.4,reversal=1" in told
    request = json.loads((out / "request.json").read_text())
    assert request["wanted"]["style"] == "renko:size=0.4,reversal=1"
    page = (out / "report.html").read_text()
    assert "Bars are made of single trades" in page


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--style", "renco:size=1"), "style must be renko"),
        (("--style", "renko:size=0"), "style.renko"),
        (("--style", "renko:size=900"), "style must be one that the 600 trades of XYZ make"),
        (("--style", "tick:amount=2", "--timeframe", "1Hour"), "timeframe must be left out"),
        (("--style", "tick:amount=2", "--date-format", "%d"), "date_format must be left out"),
        (("--style", "tick:amount=2", "--gaps", "refuse"), "gaps must be keep with --style"),
    ],
)
def test_what_does_not_go_with_a_style_is_named(
    trades: Path, options: tuple[str, ...], told: str
) -> None:
    with pytest.raises(Invalid, match=told):
        run("buy_and_hold", "--csv", trades, *options)


def test_trades_have_no_moment_at_which_they_were_recorded() -> None:
    style = ("--style", "tick:amount=2", "--as-of", "2024-06-10T00:00Z")
    with pytest.raises(Invalid, match="as_of must be left out with --style"):
        run("buy_and_hold", "XYZ", *style)


def test_strategies_are_compared_on_the_bars_of_a_style(trades: Path) -> None:
    style = ("--style", "tick:amount=3", "--mode", "interpreted", "--csv", trades)
    told = run("sma_cross,fast=2,slow=5", "buy_and_hold", *style, command="compare")
    assert "200 bars of tick:amount=3" in told
    assert "Correlation of returns" in told


def test_a_look_ahead_is_looked_for_on_the_bars_of_a_style(trades: Path) -> None:
    style = ("--style", "tick:amount=3", "--interpreted", "--csv", trades)
    told = run("sma_cross", *style, "-p", "fast=2", "-p", "slow=5", command="check")
    assert "200 steps" in told
    assert "none found" in told


def test_a_walk_forward_goes_over_the_bars_of_a_style(trades: Path, tmp_path: Path) -> None:
    style = ("--style", "tick:amount=2", "--mode", "interpreted", "--csv", trades)
    windows = ("--in-sample", "150", "--out-of-sample", "50", "--no-checks")
    given = (*style, *windows, "-p", "fast=2,3", "-p", "slow=5")
    found = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        run("sma_cross", *given, "--workers", workers, "--out", out, command="walk-forward")
        found.append((out / "walk-forward.json").read_bytes())
    assert found[0] == found[1]
    assert len(json.loads(found[0])["windows"]) == 3
