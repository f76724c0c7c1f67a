"""Keep walk-forwards in PostgreSQL."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any

from algotrendy.backtest.adapters.postgres_studies import (
    PostgresStudies,
    Table,
    as_json,
    fields_of,
    values_of,
)
from algotrendy.backtest.lifecycle import Curve, WalkStudy
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import WalkForwardId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Row


class PostgresWalks(PostgresStudies[WalkStudy]):
    """Is the ``WalkForwardStore`` of a deployment."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        super().__init__(database, outbox, _TABLE)

    def curve(self, walk_id: WalkForwardId) -> Curve | None:
        """Read the curve of a walk, None where there is none yet, or raise NotFound."""
        asked = "SELECT curve FROM walk_forwards WHERE id = %s"
        row = self._database.run(lambda tx: tx.execute(asked, [walk_id]).fetchone())
        if row is None:
            raise NotFound(WalkStudy.kind, walk_id)
        found: dict[str, Any] | None = json.loads(row["curve"])
        return found


def _values(walk: WalkStudy) -> dict[str, Any]:
    key = walk.idempotency_key
    # A hash of what came of it names a walk that was run elsewhere; no caller's key can be one.
    sha256 = key.removeprefix("kept-") if walk.is_kept else _sha256(key)
    return values_of(walk) | {
        "sha256": sha256,
        "windows": walk.windows,
        "made_at": walk.requested_at,
        "summary": as_json(walk.summary),
        "curve": as_json(walk.curve and dict(walk.curve)),
    }


def _walk(row: Row) -> WalkStudy:
    return WalkStudy(
        **fields_of(row),
        id=WalkForwardId(row["id"]),
        spec=WalkForwardSpec.model_validate_json(row["spec"]),
        requested_at=row["made_at"].astimezone(UTC),
        windows=row["windows"],
        summary=json.loads(row["summary"]),
    )


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


_TABLE = Table(
    name="walk_forwards",
    kind=WalkStudy.kind,
    columns=(
        "id", "tenant", "requested_by", "idempotency_key", "correlation_id", "spec", "status",
        "attempt", "windows", "summary", "error", "made_at", "updated_at",
    ),
    hidden=("sha256", "curve"),
    # What is read has no curve: one that is stored stays.
    changed="status = %(status)s, attempt = %(attempt)s, windows = %(windows)s, "
    "summary = %(summary)s, error = %(error)s, updated_at = %(updated_at)s, "
    "curve = CASE WHEN %(curve)s = 'null' THEN curve ELSE %(curve)s END",
    unique="sha256",
    values=_values,
    study=_walk,
)  # fmt: skip
