"""`algotrendy strategy parity`: the report of a run, as text, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.main import app
from algotrendy.cli.session import Session, SessionFile
from algotrendy.identity import wiring
from algotrendy.identity.session import Tokens
from algotrendy.local.home import current_home
from algotrendy.platform.settings import reset_settings
from fakes.identity import CLIENT_ID
from fakes.kept_reports import a_report
from fakes.live_api import LiveApi
from fakes.live_worlds import RUN
from fakes.trading_api import served


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveApi]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", "us-east-1_pool")
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    found = LiveApi()
    found.reports.put(a_report(tenant="acme"), ())
    token = found.issuer.token("tenant:acme", "role:viewer")
    tokens = Tokens(token, None, datetime.now(UTC) + timedelta(hours=1))
    SessionFile(current_home().token_file).write(Session("ada", CLIENT_ID, tokens))
    with served(found.app) as address:
        monkeypatch.setenv("ALGOTRENDY_API_URL", address)
        _forget()
        yield found
    _forget()


def _forget() -> None:
    reset_settings()
    wiring.users.cache_clear()


def parity(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["strategy", "parity", str(RUN), *arguments])


@pytest.mark.usefixtures("api")
def test_it_ends_with_the_summary_and_tells_the_causes() -> None:
    done = parity()

    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1].startswith("parity: ")
    assert done.output.splitlines()[-1].endswith(" 0 unexplained")
    assert "fill price: " in done.output


@pytest.mark.usefixtures("api")
def test_the_page_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    parity("--page", "parity.html")

    assert "trend@3, live and in the backtest" in (tmp_path / "parity.html").read_text()


@pytest.mark.usefixtures("api")
def test_the_document_is_printed_as_json() -> None:
    printed = parity("--json").output

    # The app of this very process writes its log there too, a line each.
    assert json.loads(printed[printed.index("{\n") :])["run_id"] == str(RUN)


def test_something_unexplained_makes_it_exit_with_1(api: LiveApi) -> None:
    report = a_report(tenant="acme")
    api.reports.put(replace(report, document={**report.document, "unexplained": 2}), ())

    done = parity()

    assert done.exit_code == 1
    assert done.output.splitlines()[-1].endswith(" 2 unexplained")
