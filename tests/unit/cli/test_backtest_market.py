"""Dividends, splits, delistings, currencies and lenders, from files and options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from algotrendy.backtest.data.actions import DELISTED, DIVIDEND, SPLIT
from algotrendy.backtest.data.moments import to_ns
from algotrendy.backtest.engine.terms import Terms
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_market import market_options, read_actions, read_rates
from algotrendy.cli.backtest_request import _wanted
from algotrendy.cli.main import app
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.platform.settings import reset_settings
from fakes.own_files import with_line, write_files

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
ACTIONS, RATES = EXAMPLES / "actions.csv", EXAMPLES / "rates.csv"
RUN = ("backtest", "run", "cross.py", "--csv", "good.csv", "--mode", "interpreted", "--json")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    reset_settings()
    write_files(tmp_path)
    yield
    reset_settings()


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


def refused(text: str, read: Any) -> str:
    Path("bad.csv").write_text(text)
    with pytest.raises(Invalid) as error:
        read(Path("bad.csv"))
    return str(error.value)


def test_the_actions_of_the_example_are_read_for_the_symbols_that_are_wanted() -> None:
    found = read_actions(ACTIONS, ["XYZ", "AAPL", "MSFT"])
    assert list(found) == ["XYZ", "AAPL"]
    assert [each.kind for each in found["AAPL"]] == [SPLIT, SPLIT, DIVIDEND, DIVIDEND, DIVIDEND]
    assert found["AAPL"][0].value == 2.0
    assert found["AAPL"][2] == (to_ns(date(2012, 8, 9), "date"), DIVIDEND, 2.65)
    [end] = found["XYZ"]
    assert end.kind == DELISTED
    assert isnan(end.value)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("AAPL,05/03/2020,dividend,1", "bad.csv, line 3, date must be a moment"),
        ("AAPL,,dividend,1", "bad.csv, line 3, date must be a moment"),
        ("AAPL,2020-01-03,spinoff,1", "bad.csv, line 3, kind must be dividend, split or delisting"),
        ("AAPL,2020-01-03,dividend,", "bad.csv, line 3, value must be finite cash above 0"),
        ("AAPL,2020-01-03,dividend,nan", "bad.csv, line 3, value must be finite cash above 0"),
        ("AAPL,2020-01-03,split,0", "bad.csv, line 3, value must be new shares for an old one"),
        ("AAPL,2020-01-03,split,3:x", "bad.csv, line 3, value must be new shares for an old one"),
        ("AAPL,2020-01-03,delisting,-1", "bad.csv, line 3, value must be a finite price"),
        ("AAPL,2020-01-02,dividend,1", "bad.csv, line 3, date must be another one than on line 2"),
        ("AAPL,2020-01-03", "bad.csv, line 3 must be 4 cells"),
        (",2020-01-03,dividend,1", "bad.csv, line 3, symbol must be named"),
        ("AAPL,2019-01-03,delisting,1", "bad.csv, line 2, date must be not after the delisting"),
    ],
)
def test_a_bad_row_of_actions_is_named_by_line_and_column(row: str, expected: str) -> None:
    text = f"symbol,date,kind,value\nAAPL,2020-01-02,dividend,1\n{row}\n"
    assert refused(text, lambda file: read_actions(file, ["MSFT"])).startswith(expected)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("EUR,2020-01-03,0", "bad.csv, line 3, rate must be a finite number above 0, was '0'"),
        ("EUR,2020-01-03,x", "bad.csv, line 3, rate must be a finite number above 0, was 'x'"),
        ("EUR,2020-01-02,1", "bad.csv, line 3, date must be later than the rate of EUR before it"),
        ("EUR,soon,1", "bad.csv, line 3, date must be a moment"),
    ],
)
def test_a_bad_row_of_rates_is_named_by_line_and_column(row: str, expected: str) -> None:
    text = f"currency,date,rate\nEUR,2020-01-02,1.1\n{row}\n"
    assert refused(text, read_rates).startswith(expected)


def test_a_file_without_a_column_or_no_file_is_refused() -> None:
    assert "one without value" in refused("symbol,date,kind\n", lambda f: read_actions(f, []))
    assert "one without currency" in refused("", read_rates)
    with pytest.raises(Invalid, match="a file that is there"):
        read_rates(Path("none.csv"))


def test_splits_and_dividends_give_raw_prices_the_return_of_adjusted_ones() -> None:
    from algotrendy.backtest import backtest

    terms = Terms(fee_bps=0.0, fractional=True)

    def gain(**more: Any) -> float:
        dataset = find_bars(Wanted(("AAPL",), samples=True, **more)).dataset
        done = backtest(dataset, "buy_and_hold", terms=terms, mode="interpreted")
        return float(done.equity[-1] / done.equity[0])

    adjusted, raw = gain(), gain(raw=True)
    with_actions = gain(raw=True, actions=ACTIONS)
    assert with_actions == pytest.approx(adjusted, rel=0.03)
    assert raw < adjusted / 3


def test_adjusted_prices_take_no_dividends_and_splits() -> None:
    with pytest.raises(Invalid, match="raw must be given with --actions"):
        find_bars(Wanted(("AAPL",), samples=True, actions=ACTIONS))


def test_a_price_in_euro_is_worth_what_the_rates_say() -> None:
    plain = run(*RUN)
    euro = run(*RUN, "--rates", str(RATES), "--currency", "GOOD=eur")
    assert euro["summary"]["final_equity"] != plain["summary"]["final_equity"]
    assert euro["summary"]["trades"] > 0


def test_borrowed_shares_cost_what_the_option_says() -> None:
    wanted = Wanted((), files=(Path("good.csv"),), borrow=("GOOD=0.05",))
    assert find_bars(wanted).dataset.assets[0].borrow_rate == 0.05


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"rates": RATES}, "currency must be given beside --rates"),
        ({"currencies": ("GOOD",)}, "currency must be SYMBOL=VALUE"),
        ({"currencies": ("BAD=EUR",)}, "currency must be once for one of GOOD"),
        ({"borrow": ("GOOD=0.1", "GOOD=0.2")}, "borrow must be once for one of GOOD"),
        ({"borrow": ("GOOD=much",)}, "borrow of GOOD must be a rate a year"),
    ],
)
def test_an_option_that_is_wrong_is_named(more: dict[str, Any], expected: str) -> None:
    said: dict[str, Any] = {"actions": None, "rates": None, "currencies": (), "borrow": (), **more}
    with pytest.raises(Invalid) as error:
        market_options(["GOOD"], raw=False, **said)
    assert str(error.value).startswith(expected)


def test_an_asset_in_another_currency_needs_rates() -> None:
    wanted = Wanted((), files=(Path("good.csv"),), currency=("GOOD=EUR",))
    with pytest.raises(Invalid, match=r"rates\.EUR must be given, because GOOD is quoted in EUR"):
        find_bars(wanted)


def test_a_report_is_made_again_with_the_same_actions(tmp_path: Path) -> None:
    Path("mine.csv").write_text(
        "symbol,date,kind,value\nGOOD,2000-02-01,dividend,1.5\nGOOD,2000-03-01,split,2\n"
    )
    found = run(*RUN, "--raw", "--actions", "mine.csv", "--out", "mine")
    assert "1 dividend" in json.dumps(found)
    run("backtest", "report", "mine")
    kept = json.loads((tmp_path / "mine" / "request.json").read_text())["wanted"]
    assert _wanted(kept).actions == tmp_path / "mine.csv"
    Path("mine.csv").write_text(with_line(Path("mine.csv").read_text(), 2, ""))
    with pytest.raises(Conflict, match="bars are no longer"):
        run("backtest", "report", "mine")


def test_the_deployed_workflow_takes_none_of_them() -> None:
    with pytest.raises(Invalid, match="actions must be left out on Step Functions"):
        run("backtest", "walk-forward", "sma_cross", "AAPL", "-p", "fast=5,10", "--raw",
            "--actions", str(ACTIONS), "--executor", "stepfunctions")  # fmt: skip
