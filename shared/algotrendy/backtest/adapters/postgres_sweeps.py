"""Keep sweeps in PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any
from uuid import UUID

from algotrendy.backtest.adapters.postgres_studies import (
    PostgresStudies,
    Table,
    as_json,
    fields_of,
    values_of,
)
from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.request import SweepSpec
from algotrendy.kernel.ids import SweepId, TenantId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Row


class PostgresSweeps(PostgresStudies[Sweep]):
    """Is the ``SweepStore`` of a deployment."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        super().__init__(database, outbox, _TABLE)

    def newest_small(self, tenant: TenantId, limit: int, before: UUID | None = None) -> list[Sweep]:
        """List a tenant's sweeps of one run or of no plan yet, newest first."""
        older = "AND id < %(before)s" if before else ""
        # Each branch is read from its index in order; an OR would read all sweeps of the tenant.
        branches = (
            f"({_TABLE.select} WHERE tenant = %(tenant)s AND {runs} {older} "
            "ORDER BY id DESC LIMIT %(limit)s)"
            for runs in ("runs = 1", "runs IS NULL")
        )
        union = f"{' UNION ALL '.join(branches)} ORDER BY id DESC LIMIT %(limit)s"
        asked = {"tenant": tenant, "before": before, "limit": limit}
        rows = self._database.run(lambda tx: tx.execute(union, asked).fetchall())
        return [_sweep(row) for row in rows]


def _values(sweep: Sweep) -> dict[str, Any]:
    return values_of(sweep) | {
        "runs": sweep.runs,
        "shards": sweep.shards,
        "summary": None if sweep.summary is None else as_json(sweep.summary),
        "requested_at": sweep.requested_at,
    }


def _sweep(row: Row) -> Sweep:
    return Sweep(
        **fields_of(row),
        id=SweepId(row["id"]),
        spec=SweepSpec.model_validate_json(row["spec"]),
        requested_at=row["requested_at"].astimezone(UTC),
        runs=row["runs"],
        shards=row["shards"],
        summary=None if row["summary"] is None else json.loads(row["summary"]),
    )


_TABLE = Table(
    name="sweeps",
    kind=Sweep.kind,
    columns=(
        "id", "tenant", "requested_by", "idempotency_key", "correlation_id", "spec", "status",
        "attempt", "runs", "shards", "summary", "error", "requested_at", "updated_at",
    ),
    changed="status = %(status)s, attempt = %(attempt)s, runs = %(runs)s, shards = %(shards)s, "
    "summary = %(summary)s, error = %(error)s, updated_at = %(updated_at)s",
    unique="idempotency_key",
    values=_values,
    study=_sweep,
)  # fmt: skip
