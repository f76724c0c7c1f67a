"""What goes wrong in `algotrendy backtest` is told by line, parameter or option."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.cli.backtest_files import dataset_of_files, read_file
from algotrendy.cli.backtest_strategies import chosen, telling
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, NotFound
from fakes.own_files import STRATEGY, csv_text, with_line

LINE = 12
GOOD = csv_text()


def read(folder: Path, text: str, **options: str) -> None:
    file = folder / "bars.csv"
    file.write_text(text)
    dataset_of_files({"AAA": read_file(file, **options)})  # type: ignore[arg-type]  # only texts


def row(**changed: str) -> str:
    names = ("date", "open", "high", "low", "close", "volume")
    cells = dict(zip(names, GOOD.splitlines()[LINE - 1].split(","), strict=True))
    return ",".join({**cells, **changed}.values())


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"close": "nan"}, "bars.csv, line 12, close must be a finite price above 0"),
        ({"close": ""}, "bars.csv, line 12, close must be a finite price above 0"),
        ({"close": "inf"}, "bars.csv, line 12, close must be a finite price above 0"),
        ({"low": "0"}, "bars.csv, line 12, low must be a finite price above 0"),
        ({"low": "-3"}, "bars.csv, line 12, low must be a finite price above 0"),
        ({"high": "0.01"}, "bars.csv, line 12, high must be inside low to high"),
        ({"open": "ten"}, "bars.csv, line 12, Open must be a number, was 'ten'"),
        ({"volume": "-1"}, "bars.csv, line 12, volume must be a finite volume"),
        ({"date": "2000-01-10"}, "bars.csv, line 12, time must be later than the bar before it"),
        ({"date": "1999-01-01"}, "bars.csv, line 12, time must be later than the bar before it"),
        ({"date": "11.01.2000"}, "bars.csv, line 12 must be a date in ISO 8601, or given a --date"),
        ({"date": ""}, "bars.csv, line 12 must be a date in ISO 8601"),
    ],
)
def test_a_bad_row_is_named_by_its_line(
    tmp_path: Path, changed: dict[str, str], expected: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read(tmp_path, with_line(GOOD, LINE, row(**changed)))
    assert str(refused.value).startswith(expected)


def test_blank_lines_do_not_shift_the_lines_that_are_named(tmp_path: Path) -> None:
    text = with_line(with_line(GOOD, LINE, row(low="0")), 5, "\n" + GOOD.splitlines()[4])
    with pytest.raises(Invalid, match="line 13, low"):
        read(tmp_path, text)


def test_the_file_that_is_wrong_is_named_among_several(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    (tmp_path / "b.csv").write_text(with_line(GOOD, LINE, row(low="0")))
    files = {name: read_file(tmp_path / f"{name.lower()}.csv") for name in ("A", "B")}
    with pytest.raises(Invalid, match=r"b\.csv, line 12, low"):
        dataset_of_files(files)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "bars.csv must be a CSV file"),
        ("Date,Open,High,Low,Close\n", "bars.csv must be a file with bars in it"),
        (GOOD.replace("High", "Hi"), "bars.csv must be a file with the columns date"),
        (with_line(GOOD, 5, "2000-01-04,1,2,3,4,5,6,7,8"), "bars.csv must be a CSV file"),
    ],
)
def test_a_file_that_holds_no_bars_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(expected)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="a file that is there"):
        read_file(tmp_path / "none.csv")


def test_an_adjusted_close_adjusts_the_prices_unless_they_are_to_be_raw(tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    halves = [f"{line},{float(line.split(',')[4]) / 2}" for line in lines[1:]]
    (tmp_path / "a.csv").write_text("\n".join([f"{lines[0]},Adj Close", *halves]))
    raw = read_file(tmp_path / "a.csv", raw=True).frame
    adjusted = read_file(tmp_path / "a.csv").frame
    assert (adjusted["open"] * 2).tolist() == pytest.approx(raw["open"].tolist())
    assert (adjusted["volume"] == raw["volume"]).all()


def test_parquet_gives_the_same_bars_as_csv(tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "a.csv").write_text(GOOD)
    given, made = tmp_path / "a.csv", tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{given}')) TO '{made}' (FORMAT parquet)")
    one, other = (
        dataset_of_files({"AAA": read_file(tmp_path / name)}) for name in ("a.csv", "a.parquet")
    )
    assert one.sha256() == other.sha256()
    (tmp_path / "b.parquet").write_text("no parquet")
    with pytest.raises(Invalid, match=r"b\.parquet must be a Parquet file"):
        read_file(tmp_path / "b.parquet")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sma_cros", "did you mean sma_cross"),
        (
            "sma_cross,fats=3",
            r"parameters\.fats must be one of fast, .*; did you mean fast",
        ),
        ("sma_cross,fast=x", r"parameters\.fast must be one number, was 'x'"),
        ("sma_cross,fast=5:9:1", "backtest sweep"),
        ("sma_cross,fast=1", r"parameters\.fast must be a whole number between 2 and 500"),
        ("sma_cross,fast=60", r"parameters\.fast must be below slow"),
        ("sma_cross,fast=5,fast=6", "given once"),
        ("sma_cross,fast", "name=value"),
        ("buy_and_hold,fast=3", "it takes none"),
        ("none.py", "a file that is there"),
    ],
)
def test_a_strategy_that_is_not_understood_is_told_in_words(text: str, expected: str) -> None:
    with pytest.raises((Invalid, NotFound), match=expected):
        chosen(text)


SECOND = STRATEGY.partition("\n\n\n")[2].replace("cross", "other")


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        (STRATEGY + "\n\n" + SECOND, "", r"my\.py:cross or my\.py:other"),
        (STRATEGY, ":slow", r"my\.py has cross"),
        ("x = 1\n", "", "a file with a strategy"),
        ("x = 1\n", ":x", "a Strategy, or a function"),
        ("def f(:\n", "", r"my\.py, line 1 must be Python"),
        ("\nimport nosuchmodule\n", "", r"my\.py, line 2, in <module>: import nosuchmodule"),
    ],
)
def test_a_file_without_one_strategy_is_told_in_words(
    tmp_path: Path, source: str, name: str, expected: str
) -> None:
    (tmp_path / "my.py").write_text(source)
    with pytest.raises(AlgoTrendyError, match=expected):
        chosen(f"{tmp_path / 'my.py'}{name}")


def test_one_of_two_is_found_by_its_name_and_a_plain_function_too(tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    file.write_text(STRATEGY + "\n\n" + SECOND)
    assert chosen(f"{file}:other,length=3").values == {"length": 3}
    file.write_text("def decide(market, own, p):\n    market.buy(1)\n")
    assert chosen(str(file)).strategy.name == "decide"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("market.buy(1 / (market.close[-1] - market.close[-1]))", "ZeroDivisionError"),
        ("market.buy(-1)", "order.units must be a finite number above 0, was -1"),
        ("market.buy(own.maen)", "AttributeError"),
    ],
)
def test_what_a_strategy_raises_is_told_with_its_line_and_bar(
    tmp_path: Path, line: str, expected: str
) -> None:
    from algotrendy.backtest.engine.running import run
    from algotrendy.backtest.engine.setting import Setting
    from algotrendy.backtest.engine.terms import Terms

    file = tmp_path / "my.py"
    file.write_text(f"def decide(market, own, p):\n    {line}\n")
    (tmp_path / "bars.csv").write_text(GOOD)
    dataset = dataset_of_files({"AAA": read_file(tmp_path / "bars.csv")})
    choice = chosen(str(file))
    setting = Setting(dataset, choice.strategy, choice.values, Terms(1e5))
    with pytest.raises(StrategyFailedError) as failed:
        telling(choice, lambda: run(setting, "interpreted"))
    assert str(failed.value).startswith("strategy decide failed at 2000-01-02 00:00 UTC: ")
    assert expected in str(failed.value)
    assert str(failed.value).endswith(f"my.py, line 2, in decide: {line}")


def test_an_error_of_ours_is_not_blamed_on_the_strategy() -> None:
    def refuse() -> None:
        raise Invalid("terms.cash", "above 0", 0)

    with pytest.raises(Invalid):
        telling(chosen("sma_cross"), refuse)


def in_a_shell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "algotrendy.cli.main", "backtest", "run", *arguments],
        cwd=folder,
        env={**os.environ, "ALGOTRENDY_HOME": str(folder / "home"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_strategy_that_never_ends_is_killed_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(GOOD)
    (tmp_path / "my.py").write_text("def decide(market, own, p):\n    while True:\n        pass\n")
    done = in_a_shell(
        tmp_path, "my.py", "--csv", "bars.csv", "--mode", "interpreted", "--time-limit", "4"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: it was not done in 4 s and was killed")


def test_what_keeps_its_time_limit_ends_with_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(with_line(GOOD, LINE, row(low="0")))
    done = in_a_shell(tmp_path, "sma_cross", "--csv", "bars.csv", "--time-limit", "50")
    assert done.returncode == 2
    assert done.stderr.startswith("error: bars.csv, line 12, low must be a finite price above 0")
