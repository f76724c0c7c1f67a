"""`algotrendy flags` and `algotrendy audit` against the real app and a real database."""

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
from algotrendy.identity.audit import BrokenAudit
from algotrendy.identity.session import Tokens
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.local.home import current_home
from algotrendy.platform.database import Database
from algotrendy.platform.settings import reset_settings
from fakes.flag_house import OPERATOR, House
from fakes.identity import CLIENT_ID
from fakes.trading_api import served

Run = Callable[..., str]


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.fixture
def run(
    house: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    monkeypatch.setenv("ALGOTRENDY_HOME", str(tmp_path))
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_ID", "us-east-1_pool")
    monkeypatch.setenv("ALGOTRENDY_USER_POOL_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("ALGOTRENDY_DATABASE_URL", database_url)
    # Nobody answers there, at once.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    token = house.issuer.token(f"tenant:{OPERATOR}", "role:admin")
    tokens = Tokens(token, None, datetime.now(UTC) + timedelta(hours=1))
    SessionFile(current_home().token_file).write(Session("ada", CLIENT_ID, tokens))
    with served(house.app) as address:
        monkeypatch.setenv("ALGOTRENDY_API_URL", address)
        _forget()
        yield _command
    _forget()


def _forget() -> None:
    reset_settings()
    wiring.users.cache_clear()


def _command(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def test_flags_are_shown_tried_set_and_taken_back(house: House, run: Run) -> None:
    why = ("--reason", "a test")
    name = "rate_limits.read.burst"
    assert "nothing was changed" in run("flags", "set", name, "7", *why, "--dry-run")
    assert house.store.number == 1
    assert "100 → 7, gradually by deployment 2" in run("flags", "set", name, "7", *why)
    assert "is 7 already" in run("flags", "set", name, "7", *why)
    assert "7" in next(line for line in run("flags", "show").splitlines() if name in line)
    assert "7 → 100, at once" in run("flags", "set", name, "default", *why, "--at-once")
    assert "false → true, at once" in run("flags", "set", "live_trading", "true", *why)
    assert house.store.document == {"live_trading": True}


def test_unknown_names_and_odd_values_are_refused_before_anything_is_sent(
    house: House, run: Run
) -> None:
    with pytest.raises(NotFound, match="there are live_trading"):
        run("flags", "set", "unheard_of", "1", "--reason", "a test")
    for name, value in (("live_trading", "yes"), ("rate_limits.read.burst", "many")):
        with pytest.raises(Invalid):
            run("flags", "set", name, value, "--reason", "a test")
    assert house.store.number == 1


def test_the_audit_is_listed_and_verified(house: House, run: Run) -> None:
    for burst in range(1, 4):
        house.put("rate_limits.read.burst", burst)
    assert run("audit", "list").count("flag.set") == 3
    told = run("audit", "verify")
    assert "house: 3 entries, all as they were written" in told
    assert "nothing of it is sealed" in told
    head = json.loads(run("audit", "verify", "--json"))[0]["head"]
    assert "nothing" not in run("audit", "verify", "--tenant", "house", "--head", head).replace(
        "nothing of it", "-"
    )
    for table, column in (("audit_entries", "seq"), ("audit_heads", "seq")):
        house.database.run(lambda tx, t=table, c=column: _cut(tx, t, c))  # type: ignore[misc]
    with pytest.raises(BrokenAudit, match="entry 3 cut"):
        run("audit", "verify", "--tenant", "house", "--head", head)


def test_a_head_needs_its_tenant_and_its_form(run: Run) -> None:
    with pytest.raises(Invalid, match="tenant"):
        run("audit", "verify", "--head", "1:" + "a" * 64)
    with pytest.raises(Invalid, match="NUMBER:HASH"):
        run("audit", "verify", "--tenant", "house", "--head", "1")


def _cut(tx: object, table: str, column: str) -> None:
    execute = tx.execute  # type: ignore[attr-defined]
    if table == "audit_entries":
        execute(f"DELETE FROM {table} WHERE {column} = 3")
    else:
        execute(
            "UPDATE audit_heads SET seq = 2, hash = (SELECT hash FROM audit_entries WHERE seq = 2)"
        )
