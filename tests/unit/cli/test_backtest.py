"""`algotrendy backtest run, compare, check, report, walk-forward` on files of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.backtest import backtest
from algotrendy.cli.main import app
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unavailable,
)
from algotrendy.market_data import wiring
from algotrendy.platform.settings import reset_settings
from fakes.bars_for_backtests import walk
from fakes.own_files import STRATEGY, csv_text, write_files

INTERPRETED = ("--mode", "interpreted")
RUN = ("backtest", "run", "cross.py", "--csv", "good.csv", *INTERPRETED)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in a folder with files, without any platform."""
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    for name in ("ALGOTRENDY_LAKE_URL", "ALGOTRENDY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    reset_settings()
    wiring.bar_store.cache_clear()
    write_files(tmp_path)
    yield
    wiring.bar_store.cache_clear()
    reset_settings()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_prints_figures_beside_buy_and_hold_and_what_it_assumes() -> None:
    said = run(*RUN)
    assert "cross on GOOD" in said
    assert "Buy and hold GOOD" in said
    assert "Sharpe ratio" in said
    assert "Assumed: decisions see closed bars alone and fill from the next open on" in said
    assert "Not counted as trials" in said
    assert "report: " in said


def test_a_run_is_the_same_as_from_a_notebook(tmp_path: Path) -> None:
    import pandas as pd

    found = json.loads(run(*RUN, "--json", "-p", "length=7", "--fee-bps", "3"))
    frame = pd.read_csv("good.csv", index_col="Date")
    names: dict[str, object] = {}
    exec(compile(STRATEGY, "cross.py", "exec"), names)
    from algotrendy.backtest import Terms

    terms = Terms(cash=100_000.0, fee_bps=3.0)
    made = backtest(frame, names["cross"], terms=terms, mode="interpreted", length=7)  # type: ignore[arg-type]  # made by exec
    assert found["summary"]["final_equity"] == made.equity[-1]
    assert found["summary"]["trades"] == len(made.trades) > 0
    assert found["terms"]["fee_bps"] == 3.0
    assert found["strategy"]["parameters"] == {"length": 7}


def test_the_results_are_written_and_can_be_made_again(tmp_path: Path) -> None:
    run(*RUN, "--out", "mine")
    before = {file.name: file.read_bytes() for file in (tmp_path / "mine").iterdir()}
    assert {"result.json", "request.json", "equity.parquet", "fills.parquet"} <= before.keys()
    (tmp_path / "mine" / "result.json").unlink()
    run("backtest", "report", "mine")
    after = {file.name: file.read_bytes() for file in (tmp_path / "mine").iterdir()}
    assert after == before


def test_a_report_of_other_bars_or_other_code_is_refused(tmp_path: Path) -> None:
    run(*RUN, "--out", "mine")
    (tmp_path / "cross.py").write_text(STRATEGY.replace("invest()", "invest(0.5)"))
    with pytest.raises(Conflict, match="code of cross"):
        run("backtest", "report", "mine")
    (tmp_path / "cross.py").write_text(STRATEGY)
    (tmp_path / "good.csv").write_text(csv_text(seed=9))
    with pytest.raises(Conflict, match="bars"):
        run("backtest", "report", "mine/result.json")
    with pytest.raises(Invalid, match="wrote"):
        run("backtest", "report", "home")


def test_other_fills_are_shown_beside_each_other() -> None:
    said = run(*RUN, "--scenarios")
    assert "Optimistic" in said
    assert "Harsh" in said


def test_a_cost_of_zero_is_a_cost_of_zero() -> None:
    assert json.loads(run(*RUN, "--json", "--fee-bps", "0"))["terms"]["fee_bps"] == 0.0
    with pytest.raises(Invalid, match=r"terms\.cash must be above 0"):
        run(*RUN, "--cash", "0")


def test_terms_come_from_a_file_and_options_win(tmp_path: Path) -> None:
    (tmp_path / "terms.toml").write_text(
        "[terms]\nfee_bps = 5\nspread = 0.02\nallow_short = true\n"
    )
    (tmp_path / "terms.json").write_text('{"fee_bps": 5, "spread": 0.02, "allow_short": true}')
    for name in ("terms.toml", "terms.json"):
        found = json.loads(run(*RUN, "--json", "--terms", name, "--fee-bps", "1"))["terms"]
        assert (found["fee_bps"], found["spread"], found["allow_short"]) == (1.0, 0.02, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fee_bsp = 5", "terms.toml: fee_bsp must be one of cash, fee_bps"),
        ('fee_bps = "5"', "terms.toml: fee_bps must be a number"),
        ("fractional = 1", "terms.toml: fractional must be true or false"),
        ("fee_bps =", "terms in terms.toml must be TOML"),
        ("leverage = 0.5", "terms.leverage must be between 1 and 100"),
    ],
)
def test_wrong_terms_are_named(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "terms.toml").write_text(text)
    with pytest.raises(Invalid) as refused:
        run(*RUN, "--terms", "terms.toml")
    assert str(refused.value).startswith(expected)


def test_several_files_are_one_market_and_what_was_not_traded_is_said() -> None:
    said = run(*RUN, "--csv", "other.csv")
    assert "cross on GOOD, OTHER" in said
    assert "cross placed no order for OTHER" in said
    with pytest.raises(Invalid, match="one for each of the 1 files"):
        run(*RUN[:3], "A", "B", *RUN[3:])


def test_a_long_gap_is_no_fault_and_is_told(tmp_path: Path) -> None:
    lines = csv_text().splitlines()
    (tmp_path / "good.csv").write_text("\n".join(lines[:30] + lines[40:]))
    said = run(*RUN)
    assert "GOOD lacks 10 bars; the longest gap, of 10, follows 2000-01-29 00:00 UTC" in said


def test_samples_need_no_platform() -> None:
    said = run(
        "backtest", "run", "buy_and_hold", "IBM", "--samples", "--from", "2005-01-03",
        "--to", "2005-12-30", *INTERPRETED,
    )  # fmt: skip
    assert "buy_and_hold on IBM" in said
    assert "2005-01-03 to 2005-12-30" in said
    assert "bokeh-sampledata" in said
    with pytest.raises(NotFound, match="there are AAPL"):
        run("backtest", "run", "buy_and_hold", "XYZ", "--samples", *INTERPRETED)


def test_without_a_lake_it_is_said_where_else_bars_come_from() -> None:
    with pytest.raises(Unavailable, match="--csv FILE, --parquet FILE and --samples"):
        run("backtest", "run", "sma_cross", "AAPL", *INTERPRETED)


def test_bars_come_from_the_lake_by_symbol_and_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", (tmp_path / "lake").as_uri())
    reset_settings()
    wiring.bar_store().replace([walk("AAA", 120, seed=1), walk("BBB", 120, seed=2)])
    said = run("backtest", "run", "buy_and_hold", "AAA", "--to", "2000-02-29", *INTERPRETED)
    assert "buy_and_hold on AAA" in said
    assert "2000-01-01 to 2000-02-29 · 60 bars" in said
    assert "from the lake" in said
    with pytest.raises(NotFound, match="AAC"):
        run("backtest", "run", "buy_and_hold", "AAC", *INTERPRETED)
    with pytest.raises(Invalid, match="2030"):
        run("backtest", "run", "buy_and_hold", "AAA", "--from", "2030-01-01", *INTERPRETED)


def test_bars_of_a_longer_timeframe_are_made() -> None:
    said = run(*RUN, "--timeframe", "1Week")
    assert "bars of 1Week" in said
    with pytest.raises(Invalid, match="1Day or longer"):
        run(*RUN, "--timeframe", "5Min")


def test_a_range_without_bars_says_where_there_are_some() -> None:
    with pytest.raises(Invalid, match="a range with bars of GOOD, 2000-01-01"):
        run(*RUN, "--from", "2030-01-01")


def test_strategies_are_compared_on_the_same_bars() -> None:
    given = ("cross.py", "cross.py,length=30", "buy_and_hold", "--csv", "good.csv", *INTERPRETED)
    said = run("backtest", "compare", *given)
    assert "A cross.py " in said
    assert "B cross.py,length=30" in said
    assert "Correlation of returns" in said
    assert "Assumed: decisions see closed bars alone" in said
    assert "fees 10 bps of each fill; slippage none; any quantity" in " ".join(said.split())
    found = json.loads(run("backtest", "compare", *given, "--json"))
    assert found["assumed"].startswith("Assumed: decisions")
    table = found["correlations"]
    assert [row[k] for k, row in enumerate(table)] == pytest.approx([1.0, 1.0, 1.0])
    assert table[0][2] == table[2][0]
    alone = json.loads(run(*RUN, "--json", "-p", "length=30"))
    assert found["runs"][1]["summary"] == alone["summary"]


@pytest.mark.parametrize("given", [("cross.py",), ("cross.py", "cross.py")])
def test_a_comparison_takes_several_that_differ(given: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match="strategies"):
        run("backtest", "compare", *given, "--csv", "good.csv", *INTERPRETED)


def test_an_honest_strategy_passes_the_check() -> None:
    said = run("backtest", "check", "cross.py", "--csv", "good.csv", "--interpreted")
    assert "none found" in said
    assert "the code reads its arguments alone" in said


def test_a_strategy_that_reads_tomorrows_close_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "peek.py").write_text(
        "import pandas as pd\n"
        "CLOSES = pd.read_csv('good.csv').Close.to_numpy()\n\n\n"
        "def decide(market, own, p):\n"
        "    now = len(market.close)\n"
        "    if now < len(CLOSES) and market.position == 0.0 and CLOSES[now] > market.close[-1]:\n"
        "        market.buy(10)\n"
        "    elif now < len(CLOSES) and CLOSES[now] < market.close[-1]:\n"
        "        market.exit()\n"
    )
    done = CliRunner().invoke(
        app, ["backtest", "check", "peek.py", "--csv", "good.csv", "--interpreted"]
    )
    assert isinstance(done.exception, Rejected)
    assert "buy" not in str(done.exception)
    assert "CLOSES" in done.stdout
    assert "with later bars, nothing without" in done.stdout


def test_a_walk_forward_shows_windows_trials_and_the_verdict(tmp_path: Path) -> None:
    arguments = (
        "backtest", "walk-forward", "cross.py", "--csv", "good.csv", "-p", "length=5,10,20",
        "--in-sample", "50", "--out-of-sample", "20", "--no-checks", "--out", "walked",
        *INTERPRETED,
    )  # fmt: skip
    said = run(*arguments)
    assert "2000-01-01 to 2000-02-19" in said
    assert "verdict: the gate refuses it" in said
    assert "this process alone" in said
    found = json.loads((tmp_path / "walked" / "walk-forward.json").read_text())
    assert len(found["windows"]) == 4
    assert found["trials"] == 12
    names = sorted(file.name for file in (tmp_path / "walked").iterdir())
    assert names == ["report.html", "walk-forward.json"]
    page = (tmp_path / "walked" / "report.html").read_text()
    assert "The gate refuses it" in page
    assert page.count("<polyline") == 1
    assert "2000-02-20 to 2000-03-10" in page
    assert not re.search(r"(src|href)=|url\(|https?://", page)
    assert json.loads(run(*arguments, "--json")) == found


WALK = (
    "backtest", "walk-forward", "cross.py", "--csv", "good.csv", "-p", "length=5,10,20",
    "--in-sample", "50", "--out-of-sample", "20", "--no-checks", *INTERPRETED,
)  # fmt: skip


def test_windows_are_done_side_by_side_to_the_same_bytes(tmp_path: Path) -> None:
    run(*WALK, "--out", "alone")
    run(*WALK, "--out", "beside", "--workers", "2")
    for name in ("walk-forward.json", "report.html"):
        alone, beside = ((tmp_path / each / name).read_bytes() for each in ("alone", "beside"))
        assert alone == beside


def test_a_strategy_that_raises_in_a_window_is_told_with_line_window_and_parameters(
    tmp_path: Path,
) -> None:
    source = (tmp_path / "cross.py").read_text()
    (tmp_path / "raising.py").write_text(
        source.replace("    if ", "    1.0 / (p.length - 10)\n    if ", 1)
    )
    told = r"(?s)failed with length=10 on \S+ in window \d of 4 at .*ZeroDivision.*raising.py, line"
    for workers in ((), ("--workers", "1")):
        with pytest.raises(AlgoTrendyError, match=told):
            run(*WALK[:2], "raising.py", *WALK[3:], *workers)


def test_a_dry_run_says_what_a_walk_would_take_and_writes_nothing(tmp_path: Path) -> None:
    said = run(*WALK, "--dry-run", "--workers", "2", "--out", "walked")
    assert "4 windows, 12 trials at most" in said
    assert "in 2 processes" in said
    assert not (tmp_path / "walked").exists()
    found = json.loads(run(*WALK, "--dry-run", "--json"))
    assert (found["windows"], found["trials"], found["mode"]) == (4, 12, "interpreted")
    assert found["dollars"] > 0.0
    assert set(found["wall_s"]) == {"local", "ray", "stepfunctions"}


def test_the_gate_refuses_by_the_exit_code_when_asked() -> None:
    done = CliRunner().invoke(app, [*WALK, "--gate"])
    assert done.exit_code == 1
    assert "verdict: the gate refuses it" in done.stdout


def test_how_windows_are_cut_and_searched_is_said_by_options(tmp_path: Path) -> None:
    run(
        *WALK, "--step", "25", "--drop-last", "--method", "random", "--patience", "1",
        "--batch", "1", "--out", "walked",
    )  # fmt: skip
    spec = json.loads((tmp_path / "walked" / "walk-forward.json").read_text())["spec"]
    assert (spec["windows"]["step"], spec["windows"]["last"]) == (25, "drop")
    assert (spec["patience"], spec["batch"], spec["cross_checks"]) == (1, 1, None)


def test_a_walk_forward_needs_something_to_choose_from() -> None:
    with pytest.raises(Invalid, match="-p fast=5:50:5"):
        run("backtest", "walk-forward", "cross.py", "--csv", "good.csv", *INTERPRETED)
