"""What the README and the page of backtesting show runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.backtest import app as backtest_app
from algotrendy.cli.main import app
from algotrendy.platform.settings import reset_settings
from fakes.own_files import csv_text

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    found: list[str] = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    return found


@pytest.fixture(autouse=True)
def _bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bars.csv").write_text(csv_text(400).replace("Date", "date"))


def interpreted(code: str) -> str:
    """Spare the compiler, which others test: the same code, and the same result."""
    return re.sub(
        r"(\bbacktest\((?:\{[^}]*\}|[^,()]|\([^()]*\))+, )",
        r"\1mode='interpreted', strategy=",
        code,
    )


def test_the_page_of_backtesting_runs_from_top_to_bottom() -> None:
    names: dict[str, object] = {}
    found = blocks("docs/backtesting.md")
    assert len(found) == 6
    for code in found:
        exec(compile(interpreted(code), "docs/backtesting.md", "exec"), names)
    result = names["result"]
    assert len(result.trades) > 0  # type: ignore[attr-defined]  # made by exec


def test_the_readme_shows_a_backtest_in_five_lines_and_it_runs(tmp_path: Path) -> None:
    code = next(block for block in blocks("README.md") if "algotrendy.backtest" in block)
    assert len([line for line in code.splitlines() if line.strip()]) == 5
    names: dict[str, object] = {}
    exec(compile(interpreted(code), "README.md", "exec"), names)
    assert names["result"].mode == "interpreted"  # type: ignore[attr-defined]  # made by exec
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_the_readme_shows_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALGOTRENDY_DATABASE_URL", raising=False)
    monkeypatch.setenv("ALGOTRENDY_HOME", "home")
    reset_settings()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    command, _, shown = text.partition("$ algotrendy backtest run")[2].partition("\n")
    arguments = ["backtest", "run", *command.split(), "--mode", "interpreted"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    said = done.stdout.replace("interpreted", "compiled").partition("report: ")[0]
    expected = shown.partition("report: ")[0]
    assert [line.rstrip() for line in said.splitlines()] == expected.splitlines()


@pytest.mark.parametrize("page", ["README.md", "docs/backtesting.md"])
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    assert links
    missing = [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]
    assert missing == []


def test_every_command_that_is_shown_is_one() -> None:
    registered = backtest_app.registered_commands
    there = {command.name or command.callback.__name__ for command in registered}  # type: ignore[union-attr]  # each has a callback
    shown = set()
    for page in ("README.md", "docs/backtesting.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        shown |= set(re.findall(r"algotrendy backtest ([a-z-]+)", text))
    assert shown == there
