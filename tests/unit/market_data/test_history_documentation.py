"""docs/history.md: its examples, run as they stand on an empty lake, print what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.actions import app as actions
from algotrendy.cli.bars import app as bars
from algotrendy.cli.universe import app as universe
from algotrendy.market_data import wiring
from algotrendy.platform.settings import reset_settings

PAGE = (Path(__file__).parents[3] / "docs" / "history.md").read_text()
BLOCK = re.compile(r"```(csv|console)(?: ([^\n]+))?\n(.*?)```", re.DOTALL)
APPS = {"bars": bars, "actions": actions, "universe": universe}


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def forget() -> None:
        reset_settings()
        for store in (wiring.bar_store, wiring.action_store, wiring.universe_store):
            store.cache_clear()

    forget()
    yield
    forget()


def test_every_example_prints_what_the_page_says(tmp_path: Path) -> None:
    variables: dict[str, str] = {}
    ran = 0
    for kind, name, text in BLOCK.findall(PAGE):
        if kind == "csv":
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
            continue
        for command, said in re.findall(r"^\$ ([^\n]+)\n((?:[^$][^\n]*\n)*)", text, re.MULTILINE):
            if "=$(date" in command:
                variables[command.partition("=")[0]] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
                continue
            assert _printed(command, variables) == _plain(said), command
            ran += 1
    assert ran >= 10


def _printed(command: str, variables: dict[str, str]) -> list[str]:
    for variable, value in variables.items():
        command = command.replace(f"${variable}", value)
    program, group, *arguments = command.split()
    assert program == "algotrendy"
    done = CliRunner().invoke(APPS[group], arguments)
    assert done.exception is None, done.exception
    return _plain(done.stdout)


def _plain(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
