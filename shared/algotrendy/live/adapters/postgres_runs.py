"""Runs of strategies in PostgreSQL or Aurora DSQL, in the very transactions of the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC
from typing import TypeVar, cast

from algotrendy.backtest.engine.step_records import BarSeen
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import OrderId, TenantId
from algotrendy.live.ports import LiveTables
from algotrendy.live.run_texts import run_of, run_text
from algotrendy.live.runs import Run, RunId
from algotrendy.live.step_texts import (
    bars_of,
    bars_text,
    decisions_of,
    decisions_text,
    inputs_of,
    inputs_text,
    outcomes_of,
    outcomes_text,
)
from algotrendy.live.steps import LiveOrder, LiveStep
from algotrendy.platform.database import Row, Transaction
from algotrendy.trading.adapters.postgres.ledger import PostgresLedger, PostgresTransaction
from algotrendy.trading.ledger import LedgerTransaction

T = TypeVar("T")

_ADD_RUN = (
    "INSERT INTO live_runs (id, tenant, name, version, account, timeframe, is_over, wanted, "
    "trouble, reason, step, bar_at, epoch, digest, changed_at, document) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (id) DO NOTHING"
)
_PUT_RUN = (
    "UPDATE live_runs SET is_over = %s, wanted = %s, trouble = %s, reason = %s, step = %s, "
    "bar_at = %s, epoch = epoch + 1, digest = %s, changed_at = %s WHERE id = %s AND epoch = %s"
)
_ADD_STEP = (
    "INSERT INTO live_steps (run_id, step, bar_at, decided_at, lake_version, bars, inputs, "
    "decisions, outcomes, state, digest, equity) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_PUT_ORDER = (
    "INSERT INTO live_orders (run_id, client_order_id, desk_order, step, number, asset, role, "
    "leg_of, order_id, told, is_over) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (run_id, client_order_id) DO UPDATE SET order_id = EXCLUDED.order_id, "
    "told = EXCLUDED.told, is_over = EXCLUDED.is_over"
)


class PostgresLiveTables:
    """Is the ``LiveTables`` of one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add_run(self, run: Run) -> bool:
        """Keep a new run; False when there is one of its id."""
        values = [
            run.id,
            run.tenant,
            run.name,
            run.version,
            run.account,
            run.content.timeframe.value,
            run.is_over,
            run.wanted.value,
            None if run.trouble is None else run.trouble.value,
            run.reason,
            run.step,
            run.bar_at,
            run.epoch,
            run.digest,
            run.changed_at or run.started_at,
            run_text(run),
        ]
        return self._tx.execute(_ADD_RUN, values).rowcount == 1

    def find_run(self, run_id: RunId) -> Run | None:
        """Read a run, or None."""
        row = self._tx.execute("SELECT * FROM live_runs WHERE id = %s", [run_id]).fetchone()
        return None if row is None else _run(row)

    def get_run(self, run_id: RunId) -> Run:
        """Read a run; NotFound when there is none."""
        found = self.find_run(run_id)
        if found is None:
            raise NotFound("strategy run", run_id)
        return found

    def put_run(self, run: Run) -> Run:
        """Keep a run as it is now, and give it with its next epoch; Conflict if it was changed."""
        values = [
            run.is_over,
            run.wanted.value,
            None if run.trouble is None else run.trouble.value,
            run.reason,
            run.step,
            run.bar_at,
            run.digest,
            run.changed_at,
            run.id,
            run.epoch,
        ]
        if self._tx.execute(_PUT_RUN, values).rowcount != 1:
            raise Conflict(f"run {run.id} was changed since epoch {run.epoch}")
        return replace(run, epoch=run.epoch + 1)

    def runs_of(
        self, tenant: TenantId, limit: int, *, before: RunId | None = None, name: str | None = None
    ) -> Sequence[Run]:
        """List a tenant's runs, newest first."""
        older = "AND id < %(before)s " if before is not None else ""
        named = "AND name = %(name)s " if name is not None else ""
        rows = self._tx.execute(
            f"SELECT * FROM live_runs WHERE tenant = %(tenant)s {older}{named}"  # noqa: S608 - constants
            "ORDER BY id DESC LIMIT %(limit)s",
            {"tenant": tenant, "before": before, "name": name, "limit": limit},
        ).fetchall()
        return [_run(row) for row in rows]

    def open_runs(self, timeframe: str | None = None) -> Sequence[Run]:
        """Give the runs of every tenant that are not over, oldest first."""
        of = "" if timeframe is None else "AND timeframe = %(timeframe)s "
        rows = self._tx.execute(
            f"SELECT * FROM live_runs WHERE NOT is_over {of}ORDER BY id",  # noqa: S608 - constants
            {"timeframe": timeframe},
        ).fetchall()
        return [_run(row) for row in rows]

    def add_step(self, step: LiveStep) -> None:
        """Keep a step; Conflict if the run has one of its number, or of its bars' time."""
        values = [
            step.run_id,
            step.step,
            step.bar_at,
            step.decided_at,
            step.lake_version,
            bars_text(step.inputs.bars),
            inputs_text(step.inputs),
            decisions_text(step.decisions),
            outcomes_text(step.outcomes),
            step.state,
            step.digest,
            step.equity,
        ]
        if self._tx.execute(_ADD_STEP, values).rowcount != 1:
            raise Conflict(f"run {step.run_id} has a step {step.step}, or one of {step.bar_at}")

    def find_step(self, run_id: RunId, step: int) -> LiveStep | None:
        """Read a step, or None."""
        row = self._tx.execute(
            "SELECT * FROM live_steps WHERE run_id = %s AND step = %s", [run_id, step]
        ).fetchone()
        return None if row is None else _step(row)

    def steps_of(
        self, run_id: RunId, limit: int, *, before: int | None = None
    ) -> Sequence[LiveStep]:
        """List steps of a run, newest first."""
        older = "" if before is None else "AND step < %(before)s "
        rows = self._tx.execute(
            f"SELECT * FROM live_steps WHERE run_id = %(run_id)s {older}"  # noqa: S608 - constants
            "ORDER BY step DESC LIMIT %(limit)s",
            {"run_id": run_id, "before": before, "limit": limit},
        ).fetchall()
        return [_step(row) for row in rows]

    def all_steps(self, run_id: RunId) -> Sequence[LiveStep]:
        """Give every step of a run, oldest first."""
        rows = self._tx.execute(
            "SELECT * FROM live_steps WHERE run_id = %s ORDER BY step", [run_id]
        ).fetchall()
        return [_step(row) for row in rows]

    def told_bars(self, run_id: RunId, before: int) -> Sequence[Sequence[BarSeen]]:
        """Give the bars of every step of a run before one, oldest first."""
        rows = self._tx.execute(
            "SELECT bars FROM live_steps WHERE run_id = %s AND step < %s ORDER BY step",
            [run_id, before],
        ).fetchall()
        return [bars_of(row["bars"]) for row in rows]

    def put_order(self, order: LiveOrder) -> None:
        """Keep a new order of a run, or a known one as it is now."""
        values = [
            order.run_id,
            order.client_order_id,
            order.desk_order,
            order.step,
            order.number,
            order.asset,
            order.role,
            order.leg_of,
            order.order_id,
            json.dumps(order.told),
            order.is_over,
        ]
        self._tx.execute(_PUT_ORDER, values)

    def orders_of(self, run_id: RunId, *, only_open: bool = False) -> Sequence[LiveOrder]:
        """Give the orders of a run, in the order of their steps and numbers."""
        which = "AND NOT is_over " if only_open else ""
        rows = self._tx.execute(
            f"SELECT * FROM live_orders WHERE run_id = %s {which}ORDER BY step, number",  # noqa: S608 - constants
            [run_id],
        ).fetchall()
        return [_order(row) for row in rows]


class PostgresLiveLedger:
    """Is the ``LiveLedger`` over the ledger of a deployment."""

    def __init__(self, ledger: PostgresLedger) -> None:
        self._ledger = ledger

    def run(self, work: Callable[[LedgerTransaction, LiveTables], T]) -> T:
        """Run a function in one transaction, commit, and give what it returned; as the ledger."""

        def within(tx: LedgerTransaction) -> T:
            # The ledger of a deployment has no other transactions.
            database = cast("PostgresTransaction", tx).database
            return work(tx, PostgresLiveTables(database))

        return self._ledger.run(within)


def _run(row: Row) -> Run:
    return run_of({**row, "changed_at": row["changed_at"].astimezone(UTC)})


def _step(row: Row) -> LiveStep:
    return LiveStep(
        run_id=RunId(row["run_id"]),
        step=row["step"],
        bar_at=row["bar_at"],
        decided_at=row["decided_at"].astimezone(UTC),
        lake_version=row["lake_version"],
        inputs=inputs_of(row["inputs"], bars_of(row["bars"])),
        decisions=decisions_of(row["decisions"]),
        outcomes=outcomes_of(row["outcomes"]),
        state=row["state"],
        digest=row["digest"],
        equity=row["equity"],
    )


def _order(row: Row) -> LiveOrder:
    found, entry = row["order_id"], row["leg_of"]
    return LiveOrder(
        run_id=RunId(row["run_id"]),
        client_order_id=row["client_order_id"],
        desk_order=row["desk_order"],
        step=row["step"],
        number=row["number"],
        asset=row["asset"],
        role=row["role"],
        leg_of=None if entry is None else OrderId(entry),
        order_id=None if found is None else OrderId(found),
        told=tuple(json.loads(row["told"])),
        is_over=row["is_over"],
    )
