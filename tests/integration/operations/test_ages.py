"""Ages that are read from PostgreSQL: the outbox, the relay, the execution service, its reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from algotrendy.backtest.adapters.ages import oldest_study
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import uuid7
from algotrendy.operations.adapters.ages import last_relay, note_relay, oldest_waiting
from algotrendy.platform.database import Database, Transaction
from algotrendy.trading.adapters.ages import last_renewal, oldest_comparison

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def put_event(database: Database, at: datetime, published_at: datetime | None) -> None:
    def work(tx: Transaction) -> None:
        tx.execute(
            "INSERT INTO outbox (id, name, version, payload, occurred_at, published_at, attempts)"
            " VALUES (%s, 'X', 1, '{}', %s, %s, 0)",
            [uuid7(at), at, published_at],
        )

    database.run(work)


def put_account(database: Database, name: str, expires_at: datetime, *reports: datetime) -> None:
    def work(tx: Transaction) -> None:
        tx.execute(
            "INSERT INTO ledger_accounts (id, root, tenant, claims, document)"
            " VALUES (%s, %s, 'acme', 0, '{}')",
            [name, name],
        )
        tx.execute(
            "INSERT INTO ledger_leases (name, holder, epoch, expires_at) VALUES (%s, 'x', 1, %s)",
            [f"execution:{name}", expires_at],
        )
        for at in reports:
            tx.execute(
                "INSERT INTO ledger_documents (kind, id, root, is_open, document)"
                " VALUES ('reconciliation', %s, %s, false, '{}')",
                [uuid7(at), name],
            )

    database.run(work)


def test_a_study_that_does_not_begin_is_late(database: Database) -> None:
    assert oldest_study(database, NOW).age_s is None

    def put(tx: Transaction) -> None:
        for key, status, at in (("a", "requested", ago(400)), ("b", "running", ago(9000))):
            tx.execute(
                "INSERT INTO sweeps (id, tenant, requested_by, idempotency_key, correlation_id,"
                " spec, status, attempt, requested_at, updated_at)"
                " VALUES (%s, 'acme', 'ada', %s, 'c', '{}', %s, 1, %s, %s)",
                [uuid7(at), key, status, at, at],
            )

    database.run(put)
    found = oldest_study(database, NOW)
    assert (found.age_s, found.is_late) == (400, True)


def test_an_empty_outbox_is_never_late_and_an_old_event_is(database: Database) -> None:
    assert oldest_waiting(database, NOW).age_s is None
    put_event(database, ago(500), ago(499))
    assert oldest_waiting(database, NOW).age_s is None
    put_event(database, ago(20), None)
    put_event(database, ago(200), None)
    found = oldest_waiting(database, NOW)
    assert (found.age_s, found.is_late) == (200, True)


def test_the_relay_is_seen_to_run(database: Database) -> None:
    assert last_relay(database, NOW).at is None
    note_relay(database, ago(10))
    note_relay(database, ago(70))
    assert last_relay(database, NOW).age_s == 10, "an older word changes nothing"
    assert last_relay(database, NOW + timedelta(seconds=180)).is_late


def test_the_execution_service_is_there_for_as_long_as_it_renews_any_lease(
    database: Database,
) -> None:
    assert last_renewal(database, NOW).at is None, "nothing was ever traded"
    put_account(database, "old", ago(5000))
    put_account(database, "paper", NOW + timedelta(seconds=10))
    assert last_renewal(database, NOW).age_s == 5
    with pytest.raises(Unavailable, match="wrote nothing for 95 s"):
        last_renewal(database, NOW + timedelta(seconds=90))


def test_of_the_served_accounts_the_one_compared_the_longest_ago_tells(
    database: Database,
) -> None:
    assert oldest_comparison(database, NOW).at is None
    put_account(database, "given-up", ago(5000), ago(90_000))
    put_account(database, "paper", NOW + timedelta(seconds=10), ago(7000), ago(60))
    put_account(database, "live", NOW + timedelta(seconds=10), ago(600))
    found = oldest_comparison(database, NOW)
    assert (found.age_s, found.is_late) == (600, False)
    assert oldest_comparison(database, NOW + timedelta(seconds=5)).age_s == 605
