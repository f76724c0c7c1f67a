"""Keep reports of parity in PostgreSQL: of each run the newest, and what its days came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.live.parity.kept import KeptReport, RunIdentity
from algotrendy.live.registry_ports import PaperRecord
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Row, Transaction

_PUT = (
    "INSERT INTO live_reports "
    "(run_id, tenant, account, name, version, stage, made_at, unexplained, document) "
    "VALUES (%(run_id)s, %(tenant)s, %(account)s, %(name)s, %(version)s, %(stage)s, %(made_at)s, "
    "%(unexplained)s, %(document)s) "
    "ON CONFLICT (run_id) DO UPDATE SET made_at = excluded.made_at, "
    "unexplained = excluded.unexplained, document = excluded.document"
)
_PUT_DAY = (
    "INSERT INTO live_report_days "
    "(run_id, day, tenant, name, version, stage, decisions, orders, unexplained) "
    "VALUES (%(run_id)s, %(day)s, %(tenant)s, %(name)s, %(version)s, %(stage)s, %(decisions)s, "
    "%(orders)s, %(unexplained)s) "
    "ON CONFLICT (run_id, day) DO UPDATE SET decisions = excluded.decisions, "
    "orders = excluded.orders, unexplained = excluded.unexplained"
)
_FIND = "SELECT * FROM live_reports WHERE run_id = %s"
# Of several runs of a version on one day the session counts once, and all that they did.
_PAPER_DAYS = (
    "SELECT day, sum(decisions) AS decisions, sum(unexplained) AS unexplained "
    "FROM live_report_days WHERE tenant = %s AND name = %s AND version = %s AND stage = 'paper' "
    "GROUP BY day ORDER BY day DESC"
)


class PostgresReports:
    """Is the ``Reports`` of a deployment."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    def put(self, report: KeptReport, events: Sequence[Event]) -> None:
        """Keep a report in the place of the run's one before, and its events with it."""
        values = _values(report)
        days = [values | day for day in report.document["days"]]

        def work(tx: Transaction) -> None:
            tx.execute(_PUT, values)
            with tx.cursor() as cursor:
                cursor.executemany(_PUT_DAY, days)
            for event in events:
                self._outbox.append(tx, event)

        self._database.run(work)

    def find(self, run_id: UUID) -> KeptReport | None:
        """Read the newest report of a run."""
        row = self._database.run(lambda tx: tx.execute(_FIND, [run_id]).fetchone())
        return None if row is None else _report(row)


class PostgresPaperRecords:
    """Is the ``PaperRecords`` of a deployment: what the reports say of versions on paper."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, tenant: TenantId, name: str, version: int, sessions: int) -> PaperRecord:
        """Tell what a version did; unexplained differences of the newest sessions count."""
        rows = self._database.run(
            lambda tx: tx.execute(_PAPER_DAYS, [tenant, name, version]).fetchall()
        )
        return PaperRecord(
            sessions=len(rows),
            unexplained=sum(int(row["unexplained"]) for row in rows[:sessions]),
            decisions=sum(int(row["decisions"]) for row in rows),
        )


def _values(report: KeptReport) -> dict[str, Any]:
    run, document = report.run, report.document
    return {
        "run_id": run.run_id,
        "tenant": run.tenant,
        "account": run.account,
        "name": run.name,
        "version": run.version,
        "stage": run.stage,
        "made_at": report.made_at,
        "unexplained": document["unexplained"],
        "document": json.dumps(document, separators=(",", ":"), allow_nan=False),
    }


def _report(row: Row) -> KeptReport:
    run = RunIdentity(
        run_id=row["run_id"],
        tenant=TenantId(row["tenant"]),
        account=AccountId(row["account"]),
        name=row["name"],
        version=row["version"],
        stage=row["stage"],
    )
    made_at = row["made_at"].astimezone(UTC)
    return KeptReport(run=run, made_at=made_at, document=json.loads(row["document"]))
