"""`algotrendy accounts access` against the real API in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from algotrendy.cli.main import app
from algotrendy.cli.session import Session, SessionFile
from algotrendy.identity import wiring
from algotrendy.identity.session import Tokens
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, NotFound
from algotrendy.local.home import current_home
from algotrendy.platform.settings import reset_settings
from fakes.identity import CLIENT_ID
from fakes.trading_api import TradingApi, served

Run = Callable[..., str]


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


@pytest.fixture
def run(api: TradingApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path))
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", "us-east-1_pool")
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    token = api.issuer.token("tenant:demo", "role:admin", username="root")
    tokens = Tokens(token, None, datetime.now(UTC) + timedelta(hours=1))
    SessionFile(current_home().token_file).write(Session("root", CLIENT_ID, tokens))
    with served(api.app) as address:
        monkeypatch.setenv("ALGOTRENDY_API_URL", address)
        _forget()
        yield _command
    _forget()


def _forget() -> None:
    reset_settings()
    wiring.users.cache_clear()


def _command(*arguments: str) -> str:
    words = ["accounts", "access", *arguments]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_people_are_put_on_the_list_changed_and_taken_off_it(run: Run) -> None:
    assert "paper is open to its whole tenant" in run("show")
    first = run("grant", "Ada", "--role", "trader", "--reason", "her desk")
    assert "now it is closed to all others but admins" in first
    second = run("grant", "grace", "--role", "viewer", "--role", "risk_manager", "--reason", "risk")
    assert "closed" not in second
    run("grant", "ADA", "--role", "viewer", "--reason", "on leave")
    found = json.loads(run("show", "--json"))
    assert found["members"] == [
        {"user": "ada", "roles": ["viewer"]},
        {"user": "grace", "roles": ["risk_manager", "viewer"]},
    ]
    assert "version 4, by root at" in run("revoke", "ada", "--reason", "left")
    assert "open to its whole tenant" in run("open", "--yes", "--reason", "all of us")


def test_the_last_one_is_not_taken_off_as_that_would_open_the_account(run: Run) -> None:
    run("grant", "ada", "--role", "trader", "--reason", "her desk")
    with pytest.raises(Invalid, match="accounts access open"):
        run("revoke", "ada", "--reason", "left")
    with pytest.raises(NotFound, match="member bob was not found"):
        run("revoke", "bob", "--reason", "left")


def test_a_role_that_is_none_is_named_before_anything_is_asked(run: Run) -> None:
    with pytest.raises(Invalid, match="role must be one of viewer"):
        run("grant", "ada", "--role", "emperor", "--reason", "why")


def test_an_old_sign_in_is_told_what_to_do(api: TradingApi, run: Run) -> None:
    api.counter.clock.advance(timedelta(minutes=6))
    with pytest.raises(AlgoTrendyError, match="run `algotrendy login` again"):
        run("grant", "ada", "--role", "trader", "--reason", "her desk")
