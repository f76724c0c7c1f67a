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

_COLUMNS = "id, tenant, requested_by, sha256, correlation_id, made_at, spec, summary"
_SELECT = f"SELECT {_COLUMNS} FROM walk_forwards"  # noqa: S608 - a constant
_INSERT = (
    f"INSERT INTO walk_forwards ({_COLUMNS}, curve) "  # noqa: S608 - a constant
    "VALUES (%(id)s, %(tenant)s, %(requested_by)s, %(sha256)s, %(correlation_id)s, "
    "%(made_at)s, %(spec)s, %(summary)s, %(curve)s) "
    "ON CONFLICT (tenant, sha256) DO NOTHING RETURNING id"
)


class PostgresWalks:
    """Is the ``WalkForwardStore`` of a deployment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, walk: DoneWalk, curve: Curve) -> DoneWalk:
        """Store a walk, or give the tenant's walk of the same hash."""

        def work(tx: Transaction) -> DoneWalk:
            # Of two writers at once the second waits here, then runs again and finds the first.
            if tx.execute(_INSERT, _values(walk, curve)).fetchone() is not None:
                return walk
            found = tx.execute(
                f"{_SELECT} WHERE tenant = %s AND sha256 = %s", [walk.tenant, walk.sha256]
            ).fetchone()
            if found is None:
                raise NotFound("walk-forward", walk.sha256)
            return _walk(found)

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


def _values(walk: DoneWalk, curve: Curve) -> dict[str, Any]:
    return {
        "id": walk.id,
        "tenant": walk.tenant,
        "requested_by": walk.requested_by,
        "sha256": walk.sha256,
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
        sha256=row["sha256"],
        correlation_id=CorrelationId(row["correlation_id"]),
        made_at=row["made_at"].astimezone(UTC),
        spec=WalkForwardSpec.model_validate_json(row["spec"]),
        summary=json.loads(row["summary"]),
    )
