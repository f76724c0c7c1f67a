"""Keep registered strategies in PostgreSQL, and each promotion together with its audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from algotrendy.identity.audit import AuditEntry
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import TenantId, UserId
from algotrendy.live.promoting import ruling_of
from algotrendy.live.registry_ports import Promotion, Registration
from algotrendy.live.studied import Studied
from algotrendy.live.versions import Content, Stage, StrategyVersion, not_registered
from algotrendy.platform.database import Database, Row, Transaction

_COLUMNS = (
    "tenant, name, version, id, content, sha256, author, note, registered_at, stage, since, studied"
)
_SELECT = f"SELECT {_COLUMNS} FROM strategy_versions WHERE tenant = %(tenant)s"  # noqa: S608
_NAMED = f"{_SELECT} AND name = %(name)s"
_PROMOTION = "tenant, name, version, id, before, stage, promoted_by, at, reason, ruling, studied"


class PostgresRegistry:
    """Is the ``RegistryStore`` of a deployment.

    Args:
        database: With the tables of migration 0016.
        record: Writes an act into the audit, in the transaction of the act.
    """

    def __init__(
        self, database: Database, record: Callable[[Transaction, AuditEntry], None]
    ) -> None:
        self._database = database
        self._record = record

    def add(self, registration: Registration) -> StrategyVersion:
        """Give it the next number, or give the version that has its content."""
        content, at = registration.content, registration.registered_at
        asked = {"tenant": registration.tenant, "name": registration.name}

        def work(tx: Transaction) -> StrategyVersion:
            known = tx.execute(
                f"{_NAMED} AND sha256 = %(sha256)s AND stage <> %(retired)s "
                "ORDER BY version DESC LIMIT 1",
                {**asked, "sha256": content.sha256, "retired": Stage.RETIRED.value},
            ).fetchone()
            if known is not None:
                return _version(known)
            last = tx.execute(f"{_NAMED} ORDER BY version DESC LIMIT 1", asked).fetchone()
            made = StrategyVersion(
                id=registration.id,
                tenant=registration.tenant,
                name=registration.name,
                version=1 if last is None else last["version"] + 1,
                content=content,
                author=registration.author,
                note=registration.note,
                registered_at=at,
                stage=Stage.DRAFT,
                since=at,
            )
            # Of two at once the second waits here for the number, then runs again and finds more.
            tx.execute(
                f"INSERT INTO strategy_versions ({_COLUMNS}) VALUES (%(tenant)s, %(name)s, "  # noqa: S608
                "%(version)s, %(id)s, %(content)s, %(sha256)s, %(author)s, %(note)s, "
                "%(registered_at)s, %(stage)s, %(since)s, %(studied)s) "
                "ON CONFLICT (tenant, name, version) DO NOTHING",
                _values(made),
            )
            return made

        return self._database.run(work)

    def get(self, tenant: TenantId, name: str, version: int | None = None) -> StrategyVersion:
        """Read a version, or raise NotFound."""
        return self._database.run(lambda tx: _read(tx, tenant, name, version))

    def versions(
        self, tenant: TenantId, name: str, limit: int, before: int | None = None
    ) -> Sequence[StrategyVersion]:
        """List the versions of a name, newest first."""
        below = "AND version < %(before)s" if before is not None else ""
        asked = {"tenant": tenant, "name": name, "before": before, "limit": limit}
        return self._listed(f"{_NAMED} {below} ORDER BY version DESC LIMIT %(limit)s", asked)

    def newest(
        self,
        tenant: TenantId,
        limit: int,
        before: UUID | None = None,
        stage: Stage | None = None,
    ) -> Sequence[StrategyVersion]:
        """List versions of all names, newest id first."""
        older = "AND id < %(before)s" if before is not None else ""
        at = "AND stage = %(stage)s" if stage is not None else ""
        asked = {"tenant": tenant, "before": before, "stage": stage and stage.value, "limit": limit}
        return self._listed(f"{_SELECT} {older} {at} ORDER BY id DESC LIMIT %(limit)s", asked)

    def promote(self, promotion: Promotion, entry: AuditEntry) -> StrategyVersion:
        """Bring a version to its next stage, with its entry in the audit."""

        def work(tx: Transaction) -> StrategyVersion:
            place = promotion.tenant, promotion.name, promotion.version
            found = _read(tx, *place)
            if found.stage is not promotion.before:
                raise Conflict(
                    f"{found.label} is at {found.stage} by now, and was at {promotion.before}",
                    stage=found.stage.value,
                )
            # Two at once: REPEATABLE READ lets one commit and makes the other run again.
            tx.execute(
                "UPDATE strategy_versions SET stage = %(stage)s, since = %(at)s, "
                "studied = COALESCE(%(studied)s, studied) "
                "WHERE tenant = %(tenant)s AND name = %(name)s AND version = %(version)s",
                _promotion_values(promotion),
            )
            tx.execute(
                f"INSERT INTO strategy_promotions ({_PROMOTION}) VALUES (%(tenant)s, %(name)s, "  # noqa: S608
                "%(version)s, %(id)s, %(before)s, %(stage)s, %(promoted_by)s, %(at)s, %(reason)s, "
                "%(ruling)s, %(studied)s)",
                _promotion_values(promotion),
            )
            self._record(tx, entry)
            return _read(tx, *place)

        return self._database.run(work)

    def promotions(self, tenant: TenantId, name: str, version: int) -> Sequence[Promotion]:
        """List how a version came to its stage, oldest first."""
        rows = self._database.run(
            lambda tx: tx.execute(
                f"SELECT {_PROMOTION} FROM strategy_promotions "  # noqa: S608 - a constant
                "WHERE tenant = %s AND name = %s AND version = %s ORDER BY id",
                [tenant, name, version],
            ).fetchall()
        )
        return [_promotion(row) for row in rows]

    def _listed(self, query: str, asked: dict[str, Any]) -> list[StrategyVersion]:
        rows = self._database.run(lambda tx: tx.execute(query, asked).fetchall())
        return [_version(row) for row in rows]


class RunsInPostgres:
    """Is the ``CountRuns`` of a deployment.

    Args:
        database: With the tables of migration 0017.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, tenant: TenantId, name: str, version: int) -> int:
        """Count the runs of a version that are not over."""
        row = self._database.run(
            lambda tx: tx.execute(
                "SELECT count(*) AS runs FROM live_runs "
                "WHERE tenant = %s AND name = %s AND version = %s AND NOT is_over",
                [tenant, name, version],
            ).fetchone()
        )
        return int((row or {})["runs"])


def _read(tx: Transaction, tenant: TenantId, name: str, version: int | None) -> StrategyVersion:
    which = "AND version = %(version)s" if version is not None else ""
    row = tx.execute(
        f"{_NAMED} {which} ORDER BY version DESC LIMIT 1",
        {"tenant": tenant, "name": name, "version": version},
    ).fetchone()
    if row is None:
        raise not_registered(name, version)
    return _version(row)


def _values(version: StrategyVersion) -> dict[str, Any]:
    return {
        "tenant": version.tenant,
        "name": version.name,
        "version": version.version,
        "id": version.id,
        "content": _json(version.content.to_json()),
        "sha256": version.content.sha256,
        "author": version.author,
        "note": version.note,
        "registered_at": version.registered_at,
        "stage": version.stage.value,
        "since": version.since,
        "studied": _studied_json(version.studied),
    }


def _version(row: Row) -> StrategyVersion:
    return StrategyVersion(
        id=row["id"],
        tenant=TenantId(row["tenant"]),
        name=row["name"],
        version=row["version"],
        content=Content.from_json(json.loads(row["content"])),
        author=UserId(row["author"]),
        note=row["note"],
        registered_at=row["registered_at"].astimezone(UTC),
        stage=Stage(row["stage"]),
        since=row["since"].astimezone(UTC),
        studied=_studied(row),
    )


def _promotion_values(promotion: Promotion) -> dict[str, Any]:
    return {
        "tenant": promotion.tenant,
        "name": promotion.name,
        "version": promotion.version,
        "id": promotion.id,
        "before": promotion.before.value,
        "stage": promotion.to.value,
        "promoted_by": promotion.by,
        "at": promotion.at,
        "reason": promotion.reason,
        "ruling": _json(promotion.ruling.to_json()),
        "studied": _studied_json(promotion.studied),
    }


def _promotion(row: Row) -> Promotion:
    return Promotion(
        id=row["id"],
        tenant=TenantId(row["tenant"]),
        name=row["name"],
        version=row["version"],
        before=Stage(row["before"]),
        to=Stage(row["stage"]),
        by=UserId(row["promoted_by"]),
        at=row["at"].astimezone(UTC),
        reason=row["reason"],
        ruling=ruling_of(json.loads(row["ruling"])),
        studied=_studied(row),
    )


def _studied_json(studied: Studied | None) -> str | None:
    return None if studied is None else _json(studied.to_json())


def _studied(row: Row) -> Studied | None:
    return None if row["studied"] is None else Studied.from_json(json.loads(row["studied"]))


def _json(value: object) -> str:
    return json.dumps(value, allow_nan=False)
