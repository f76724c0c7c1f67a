"""`algotrendy backtest check` and `report` follow a strategy into the files that it imports."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.kernel.errors import Conflict, Rejected
from fakes.own_files import write_files

SOURCE = """
import numpy as np
import levels_of_mine


def by_level(market, own, p):
    if market.position == 0.0:
        market.invest(levels_of_mine.LEVEL)


def by_file(market, own, p):
    if np.loadtxt("closes.txt")[len(market.close) - 1] > market.close[-1]:
        market.buy(10)


def by_class(market, own, p):
    closes = levels_of_mine.Table.CLOSES
    if len(market.close) < len(closes) and closes[len(market.close)] > market.close[-1]:
        market.buy(10)
"""
LEVELS = """
from pathlib import Path

LEVEL = 0.5


class Table:
    CLOSES = [float(line.split(",")[4]) for line in Path("good.csv").read_text().split()[1:]]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    for name in ("ALGOTRENDY_LAKE_URL", "ALGOTRENDY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write_files(tmp_path)
    (tmp_path / "mine.py").write_text(SOURCE)
    (tmp_path / "closes.txt").write_text("1e9\n" * 1_000)
    write_levels(tmp_path, LEVELS)
    yield
    sys.modules.pop("levels_of_mine", None)
    sys.path[:] = [each for each in sys.path if each != str(tmp_path)]


def write_levels(folder: Path, text: str) -> None:
    (folder / "levels_of_mine.py").write_text(text)
    sys.modules.pop("levels_of_mine", None)
    importlib.invalidate_caches()


def run(*arguments: str) -> tuple[str, BaseException | None]:
    done = CliRunner().invoke(app, ["backtest", *arguments, "--csv", "good.csv"])
    return done.stdout, done.exception


def test_what_cannot_be_judged_is_refused_by_name() -> None:
    said, refused = run("check", "mine.py:by_file", "--interpreted")
    assert isinstance(refused, Rejected)
    assert "cannot be judged" in str(refused)
    assert "not judged:   np.loadtxt, which by_file reads: it may read anything" in said
    assert "look-ahead:   none found" in said


def test_a_table_of_a_class_in_another_file_is_found() -> None:
    said, refused = run("check", "mine.py:by_class", "--interpreted")
    assert isinstance(refused, Rejected)
    assert "does not pass the check" in str(refused)
    assert "levels_of_mine.Table.CLOSES, builtins.list, which by_class reads" in said
    assert "with later bars, nothing without" in said


def test_a_constant_in_another_file_is_no_finding() -> None:
    said, refused = run("check", "mine.py:by_level", "--interpreted")
    assert refused is None, refused
    assert "as far as it can be followed, the code reads its arguments alone" in said


def test_the_report_is_refused_once_a_helper_file_has_changed(tmp_path: Path) -> None:
    _, refused = run("run", "mine.py:by_level", "--mode", "interpreted", "--out", "kept")
    assert refused is None, refused
    again = CliRunner().invoke(app, ["backtest", "report", "kept"])
    assert again.exception is None, again.exception
    write_levels(tmp_path, LEVELS.replace("0.5", "0.9"))
    changed = CliRunner().invoke(app, ["backtest", "report", "kept"])
    assert isinstance(changed.exception, Conflict)
    assert "the code of by_level is no longer that of the run" in str(changed.exception)
