"""`algotrendy tables` on a real database."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.main import app
from algotrendy.kernel.errors import Conflict
from algotrendy.platform.settings import reset_settings


def run(*arguments: str) -> Result:
    reset_settings()
    return CliRunner().invoke(app, ["tables", *arguments])


def test_the_tables_are_made_once_and_the_check_tells(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALGOTRENDY_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("ALGOTRENDY_STAGE", "dev")
    assert isinstance(run("--check").exception, Conflict)
    assert "applied 0001_outbox_and_sweeps" in run().output
    assert "up to date" in run().output
    assert run("--check").exit_code == 0
