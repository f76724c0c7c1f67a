"""Keep sweeps in PostgreSQL, with their events in the outbox of the same transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from algotrendy.backtest.lifecycle import Sweep, SweepStatus
from algotrendy.backtest.ports import Change
from algotrendy.backtest.sweep import SweepSpec
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, SweepId, TenantId, UserId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Row, Transaction

_COLUMNS = (
    "id, tenant, requested_by, idempotency_key, correlation_id, spec, status, attempt, runs, "
    "shards, summary, error, requested_at, updated_at"
)
_SELECT = f"SELECT {_COLUMNS} FROM sweeps"  # noqa: S608 - a constant
_INSERT = (
    f"INSERT INTO sweeps ({_COLUMNS}) "  # noqa: S608 - a constant
    "VALUES (%(id)s, %(tenant)s, %(requested_by)s, %(idempotency_key)s, %(correlation_id)s, "
    "%(spec)s, %(status)s, %(attempt)s, %(runs)s, %(shards)s, %(summary)s, %(error)s, "
    "%(requested_at)s, %(updated_at)s) "
    "ON CONFLICT (tenant, idempotency_key) DO NOTHING RETURNING id"
)
_UPDATE = (
    "UPDATE sweeps SET status = %(status)s, attempt = %(attempt)s, runs = %(runs)s, "
    "shards = %(shards)s, summary = %(summary)s, error = %(error)s, "
    "updated_at = %(updated_at)s WHERE id = %(id)s"
)
_UNFINISHED = [status.value for status in SweepStatus if not status.is_final]


class PostgresSweeps:
    """Is the ``SweepStore`` of a deployment."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    def add(self, sweep: Sweep, events: Sequence[Event]) -> Sweep:
        """Store a new sweep and its events, or give the tenant's sweep of the same key."""

        def work(tx: Transaction) -> Sweep:
            if tx.execute(_INSERT, _values(sweep)).fetchone() is None:
                found = tx.execute(
                    f"{_SELECT} WHERE tenant = %s AND idempotency_key = %s",
                    [sweep.tenant, sweep.idempotency_key],
                ).fetchone()
                if found is not None:
                    return _sweep(found)
                raise NotFound("sweep with idempotency key", sweep.idempotency_key)
            for event in events:
                self._outbox.append(tx, event)
            return sweep

        return self._database.run(work)

    def get(self, sweep_id: SweepId) -> Sweep:
        """Read a sweep, or raise NotFound."""
        return self._database.run(lambda tx: _read(tx, sweep_id))

    def newest(self, tenant: TenantId, limit: int, before: SweepId | None = None) -> list[Sweep]:
        """List a tenant's sweeps, newest first."""
        older = "AND id < %(before)s" if before else ""
        rows = self._database.run(
            lambda tx: tx.execute(
                f"{_SELECT} WHERE tenant = %(tenant)s {older} ORDER BY id DESC LIMIT %(limit)s",
                {"tenant": tenant, "before": before, "limit": limit},
            ).fetchall()
        )
        return [_sweep(row) for row in rows]

    def update(self, sweep_id: SweepId, change: Change) -> Sweep:
        """Read, change and store a sweep and its events, in one transaction."""

        def work(tx: Transaction) -> Sweep:
            found = _read(tx, sweep_id)
            changed, events = change(found)
            if changed != found:
                tx.execute(_UPDATE, _values(changed))
            for event in events:
                self._outbox.append(tx, event)
            return changed

        # Two changes at once: REPEATABLE READ lets one commit and makes the other run again.
        return self._database.run(work)

    def unfinished(
        self, unchanged_since: datetime, limit: int, after: Sweep | None = None
    ) -> list[Sweep]:
        """List requested and running sweeps that did not change since, the longest first."""
        behind = "AND (updated_at, id) > (%(time)s, %(id)s)" if after else ""
        rows = self._database.run(
            lambda tx: tx.execute(
                f"{_SELECT} WHERE status = ANY(%(statuses)s) AND updated_at <= %(since)s {behind} "
                "ORDER BY updated_at, id LIMIT %(limit)s",
                {
                    "statuses": _UNFINISHED,
                    "since": unchanged_since,
                    "limit": limit,
                    "time": after and after.updated_at,
                    "id": after and after.id,
                },
            ).fetchall()
        )
        return [_sweep(row) for row in rows]


def _read(tx: Transaction, sweep_id: SweepId) -> Sweep:
    row = tx.execute(f"{_SELECT} WHERE id = %s", [sweep_id]).fetchone()
    if row is None:
        raise NotFound("sweep", sweep_id)
    return _sweep(row)


def _values(sweep: Sweep) -> dict[str, Any]:
    return {
        "id": sweep.id,
        "tenant": sweep.tenant,
        "requested_by": sweep.requested_by,
        "idempotency_key": sweep.idempotency_key,
        "correlation_id": sweep.correlation_id,
        "spec": sweep.spec.model_dump_json(),
        "status": sweep.status.value,
        "attempt": sweep.attempt,
        "runs": sweep.runs,
        "shards": sweep.shards,
        "summary": None if sweep.summary is None else json.dumps(sweep.summary),
        "error": sweep.error,
        "requested_at": sweep.requested_at,
        "updated_at": sweep.updated_at,
    }


def _sweep(row: Row) -> Sweep:
    return Sweep(
        id=SweepId(row["id"]),
        tenant=TenantId(row["tenant"]),
        requested_by=UserId(row["requested_by"]),
        idempotency_key=row["idempotency_key"],
        correlation_id=CorrelationId(row["correlation_id"]),
        spec=SweepSpec.model_validate_json(row["spec"]),
        status=SweepStatus(row["status"]),
        requested_at=row["requested_at"].astimezone(UTC),
        updated_at=row["updated_at"].astimezone(UTC),
        attempt=row["attempt"],
        runs=row["runs"],
        shards=row["shards"],
        summary=None if row["summary"] is None else json.loads(row["summary"]),
        error=row["error"],
    )
