"""`algotrendy ledger verify` on a real database: sound, and tampered with."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from algotrendy.cli.ledger import LedgerDiffersError
from algotrendy.cli.main import app
from algotrendy.kernel.ids import TenantId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.platform.settings import reset_settings
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.booking import record
from fakes.order_story import ACCOUNT, START, Story, dollars, execution


@pytest.fixture
def booked(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Hold one account that bought ten units."""
    monkeypatch.setenv("ALGOTRENDY_DATABASE_URL", database_url)
    reset_settings()
    ledger = PostgresLedger(database, Outbox())
    account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
    paid = entries.deposit(ACCOUNT, "d1", START, dollars(100_000))
    ledger.run(lambda tx: (tx.accounts.add(account), tx.books.post(paid)))
    story = Story(10)
    events = [story.intended, story.submitted(), story.filled(execution("e1", 10))]
    ledger.run(lambda tx: record(tx, events))
    return database


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ledger", "verify", *arguments])


def test_a_sound_ledger_is_said_to_be_sound(booked: Database) -> None:
    assert "1 accounts, 1 orders, 3 events" in verify().output
    assert verify().output.endswith("no differences\n")
    found = json.loads(verify("--account", f"{ACCOUNT}/trend", "--json").output)
    assert (found["accounts"], found["orders"], found["differences"]) == (1, 1, [])


def test_what_was_tampered_with_is_named_with_what_it_should_be(booked: Database) -> None:
    booked.run(lambda tx: tx.execute("UPDATE ledger_balances SET amount = 5 WHERE book = 'cash'"))
    done = verify()
    assert isinstance(done.exception, LedgerDiffersError)
    assert "balance of one cash USD: stored 5" in done.output
    [difference] = json.loads(verify("--json").output)["differences"]
    assert (difference["kind"], difference["subject"]) == ("balance", "one cash USD")
