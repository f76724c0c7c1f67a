"""Keep studies in PostgreSQL, with their events in the outbox of the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic
from uuid import UUID

from algotrendy.backtest.lifecycle import Study, StudyStatus
from algotrendy.backtest.ports import Change, StudyT
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Row, Transaction

_UNFINISHED = [status.value for status in StudyStatus if not status.is_final]


@dataclass(frozen=True, slots=True)
class Table(Generic[StudyT]):
    """Says how one kind of study lies in its table.

    Attributes:
        columns: That are read.
        hidden: That are only written.
        changed: What an update sets, as SQL.
        unique: The column that keeps a tenant's requests apart.
        values: Gives the value of each column.
        study: Reads a row.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    changed: str
    unique: str
    values: Callable[[StudyT], dict[str, Any]]
    study: Callable[[Row], StudyT]
    hidden: tuple[str, ...] = ()

    @property
    def select(self) -> str:
        """Give what reads rows."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name}"  # noqa: S608 - constants

    @property
    def insert(self) -> str:
        """Give what adds a row, unless the tenant has one of the same request."""
        columns = (*self.columns, *self.hidden)
        values = ", ".join(f"%({column})s" for column in columns)
        return (
            f"INSERT INTO {self.name} ({', '.join(columns)}) VALUES ({values}) "  # noqa: S608
            f"ON CONFLICT (tenant, {self.unique}) DO NOTHING RETURNING id"
        )

    @property
    def update(self) -> str:
        """Give what changes a row."""
        return f"UPDATE {self.name} SET {self.changed} WHERE id = %(id)s"  # noqa: S608 - constants


class PostgresStudies(Generic[StudyT]):
    """Is the ``StudyStore`` of a deployment, for one kind."""

    def __init__(self, database: Database, outbox: Outbox, table: Table[StudyT]) -> None:
        self._database = database
        self._outbox = outbox
        self._table = table

    def add(self, study: StudyT, events: Sequence[Event]) -> StudyT:
        """Store a new study and its events, or give the tenant's study of the same request."""
        table, values = self._table, self._table.values(study)

        def work(tx: Transaction) -> StudyT:
            # Of two writers at once the second waits here, then runs again and finds the first.
            if tx.execute(table.insert, values).fetchone() is None:
                found = tx.execute(
                    f"{table.select} WHERE tenant = %s AND {table.unique} = %s",
                    [study.tenant, values[table.unique]],
                ).fetchone()
                if found is not None:
                    return table.study(found)
                raise NotFound(f"{table.kind} with idempotency key", study.idempotency_key)
            for event in events:
                self._outbox.append(tx, event)
            return study

        return self._database.run(work)

    def get(self, study_id: UUID) -> StudyT:
        """Read a study, or raise NotFound."""
        return self._database.run(lambda tx: self._read(tx, study_id))

    def newest(self, tenant: TenantId, limit: int, before: UUID | None = None) -> list[StudyT]:
        """List a tenant's studies, newest first."""
        older = "AND id < %(before)s" if before else ""
        select = self._table.select
        rows = self._database.run(
            lambda tx: tx.execute(
                f"{select} WHERE tenant = %(tenant)s {older} ORDER BY id DESC LIMIT %(limit)s",
                {"tenant": tenant, "before": before, "limit": limit},
            ).fetchall()
        )
        return [self._table.study(row) for row in rows]

    def update(self, study_id: UUID, change: Change[StudyT]) -> StudyT:
        """Read, change and store a study and its events, in one transaction."""

        def work(tx: Transaction) -> StudyT:
            found = self._read(tx, study_id)
            changed, events = change(found)
            if changed != found:
                tx.execute(self._table.update, self._table.values(changed))
            for event in events:
                self._outbox.append(tx, event)
            return changed

        # Two changes at once: REPEATABLE READ lets one commit and makes the other run again.
        return self._database.run(work)

    def unfinished(
        self, unchanged_since: datetime, limit: int, after: StudyT | None = None
    ) -> list[StudyT]:
        """List requested and running studies that did not change since, the longest first."""
        behind = "AND (updated_at, id) > (%(time)s, %(id)s)" if after else ""
        select = self._table.select
        rows = self._database.run(
            lambda tx: tx.execute(
                f"{select} WHERE status = ANY(%(statuses)s) AND updated_at <= %(since)s {behind} "
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
        return [self._table.study(row) for row in rows]

    def _read(self, tx: Transaction, study_id: UUID) -> StudyT:
        row = tx.execute(f"{self._table.select} WHERE id = %s", [study_id]).fetchone()
        if row is None:
            raise NotFound(self._table.kind, study_id)
        return self._table.study(row)


def values_of(study: Study[Any]) -> dict[str, Any]:
    """Give the values of the columns that every table has."""
    return {
        "id": study.id,
        "tenant": study.tenant,
        "requested_by": study.requested_by,
        "idempotency_key": study.idempotency_key,
        "correlation_id": study.correlation_id,
        "spec": study.spec.model_dump_json(),
        "status": study.status.value,
        "attempt": study.attempt,
        "error": study.error,
        "updated_at": study.updated_at,
    }


def fields_of(row: Row) -> dict[str, Any]:
    """Read the columns that every table has, all but the id, the request and its time."""
    return {
        "tenant": TenantId(row["tenant"]),
        "requested_by": UserId(row["requested_by"]),
        "idempotency_key": row["idempotency_key"],
        "correlation_id": CorrelationId(row["correlation_id"]),
        "status": StudyStatus(row["status"]),
        "updated_at": row["updated_at"].astimezone(UTC),
        "attempt": row["attempt"],
        "error": row["error"],
    }


def as_json(value: object) -> str:
    """Write a column of JSON."""
    return json.dumps(value, allow_nan=False)
