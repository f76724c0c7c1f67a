"""Keep walk-forwards that are done in PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.backtest.walk_forwards import Curve, DoneWalk, WalkForwardId
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.platform.database import Database, Row, Transaction

_COLUMNS = "id, tenant, requested_by, idempotency_key, correlation_id, made_at, spec, summary"
_SELECT = f"SELECT {_COLUMNS} FROM walk_forwards"  # noqa: S608 - a constant
_INSERT = (
    f"INSERT INTO walk_forwards ({_COLUMNS}, curve) "  # noqa: S608 - a constant
    "VALUES (%(id)s, %(tenant)s, %(requested_by)s, %(idempotency_key)s, %(correlation_id)s, "
    "%(made_at)s, %(spec)s, %(summary)s, %(curve)s) "
    "ON CONFLICT (tenant, idempotency_key) DO NOTHING RETURNING id"
)


class PostgresWalks:
    """Is the ``WalkForwardStore`` of a deployment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, tenant: TenantId, idempotency_key: str) -> DoneWalk | None:
        """Read the tenant's walk of a key; None when there is none."""
        return self._database.run(lambda tx: _of_key(tx, tenant, idempotency_key))

    def add(self, walk: DoneWalk, curve: Curve) -> DoneWalk:
        """Store a walk, or give the tenant's walk of the same key."""

        def work(tx: Transaction) -> DoneWalk:
            # Of two writers at once the second waits here, then runs again and finds the first.
            if tx.execute(_INSERT, _values(walk, curve)).fetchone() is not None:
                return walk
            found = _of_key(tx, walk.tenant, walk.idempotency_key)
            if found is None:
                raise NotFound("walk-forward with idempotency key", walk.idempotency_key)
            return found

        return self._database.run(work)

    def get(self, walk_id: WalkForwardId) -> DoneWalk:
        """Read a walk, or raise NotFound."""
        row = self._database.run(
            lambda tx: tx.execute(f"{_SELECT} WHERE id = %s", [walk_id]).fetchone()
        )
        if row is None:
            raise NotFound("walk-forward", walk_id)
        return _walk(row)

    def curve(self, walk_id: WalkForwardId) -> Curve:
        """Read the curve of a walk, or raise NotFound."""
        asked = "SELECT curve FROM walk_forwards WHERE id = %s"
        row = self._database.run(lambda tx: tx.execute(asked, [walk_id]).fetchone())
        if row is None:
            raise NotFound("walk-forward", walk_id)
        found: dict[str, Any] = json.loads(row["curve"])
        return found

    def newest(
        self, tenant: TenantId, limit: int, before: WalkForwardId | None = None
    ) -> list[DoneWalk]:
        """List a tenant's walks, newest first."""
        older = "AND id < %(before)s" if before else ""
        rows = self._database.run(
            lambda tx: tx.execute(
                f"{_SELECT} WHERE tenant = %(tenant)s {older} ORDER BY id DESC LIMIT %(limit)s",
                {"tenant": tenant, "before": before, "limit": limit},
            ).fetchall()
        )
        return [_walk(row) for row in rows]


def _of_key(tx: Transaction, tenant: TenantId, idempotency_key: str) -> DoneWalk | None:
    row = tx.execute(
        f"{_SELECT} WHERE tenant = %s AND idempotency_key = %s", [tenant, idempotency_key]
    ).fetchone()
    return None if row is None else _walk(row)


def _values(walk: DoneWalk, curve: Curve) -> dict[str, Any]:
    return {
        "id": walk.id,
        "tenant": walk.tenant,
        "requested_by": walk.requested_by,
        "idempotency_key": walk.idempotency_key,
        "correlation_id": walk.correlation_id,
        "made_at": walk.made_at,
        "spec": walk.spec.model_dump_json(),
        "summary": json.dumps(dict(walk.summary), allow_nan=False),
        "curve": json.dumps(dict(curve), allow_nan=False),
    }


def _walk(row: Row) -> DoneWalk:
    return DoneWalk(
        id=WalkForwardId(row["id"]),
        tenant=TenantId(row["tenant"]),
        requested_by=UserId(row["requested_by"]),
        idempotency_key=row["idempotency_key"],
        correlation_id=CorrelationId(row["correlation_id"]),
        made_at=row["made_at"].astimezone(UTC),
        spec=WalkForwardSpec.model_validate_json(row["spec"]),
        summary=json.loads(row["summary"]),
    )
