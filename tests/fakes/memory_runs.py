"""Runs of strategies in memory, in the transactions of a ledger in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from algotrendy.backtest.engine.step_records import BarSeen
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import TenantId
from algotrendy.live.ports import LiveTables
from algotrendy.live.runs import Run, RunId
from algotrendy.live.steps import LiveOrder, LiveStep
from algotrendy.trading.ledger import LedgerTransaction
from fakes.memory_ledger import MemoryLedger
from fakes.memory_ledger.tables import Table, Undo

T = TypeVar("T")


class MemoryLiveTables:
    """Is the ``LiveTables`` of every transaction of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self.runs: Table[RunId, Run] = Table(undo)
        self.steps: Table[tuple[RunId, int], LiveStep] = Table(undo)
        self.orders: Table[tuple[RunId, str], LiveOrder] = Table(undo)

    def add_run(self, run: Run) -> bool:
        if self.runs.get(run.id) is not None:
            return False
        self.runs.put(run.id, replace(run, changed_at=run.changed_at or run.started_at))
        return True

    def find_run(self, run_id: RunId) -> Run | None:
        return self.runs.get(run_id)

    def get_run(self, run_id: RunId) -> Run:
        found = self.find_run(run_id)
        if found is None:
            raise NotFound("strategy run", run_id)
        return found

    def put_run(self, run: Run) -> Run:
        known = self.runs.get(run.id)
        if known is None or known.epoch != run.epoch:
            raise Conflict(f"run {run.id} was changed since epoch {run.epoch}")
        changed = replace(run, epoch=run.epoch + 1)
        self.runs.put(run.id, changed)
        return changed

    def runs_of(
        self, tenant: TenantId, limit: int, *, before: RunId | None = None, name: str | None = None
    ) -> Sequence[Run]:
        found = [
            run
            for run in self.runs.rows.values()
            if run.tenant == tenant
            and name in (None, run.name)
            and (before is None or run.id < before)
        ]
        return sorted(found, key=lambda run: run.id, reverse=True)[:limit]

    def open_runs(self, timeframe: str | None = None) -> Sequence[Run]:
        found = [
            run
            for run in self.runs.rows.values()
            if not run.is_over and timeframe in (None, run.content.timeframe.value)
        ]
        return sorted(found, key=lambda run: run.id)

    def add_step(self, step: LiveStep) -> None:
        for known in self.all_steps(step.run_id):
            if known.step == step.step or known.bar_at == step.bar_at:
                raise Conflict(f"run {step.run_id} has a step {step.step}, or one of {step.bar_at}")
        self.steps.put((step.run_id, step.step), step)

    def find_step(self, run_id: RunId, step: int) -> LiveStep | None:
        return self.steps.get((run_id, step))

    def steps_of(
        self, run_id: RunId, limit: int, *, before: int | None = None
    ) -> Sequence[LiveStep]:
        found = [s for s in self.all_steps(run_id) if before is None or s.step < before]
        return found[::-1][:limit]

    def all_steps(self, run_id: RunId) -> Sequence[LiveStep]:
        found = [step for (owner, _), step in self.steps.rows.items() if owner == run_id]
        return sorted(found, key=lambda step: step.step)

    def told_bars(self, run_id: RunId, before: int) -> Sequence[Sequence[BarSeen]]:
        return [step.inputs.bars for step in self.all_steps(run_id) if step.step < before]

    def put_order(self, order: LiveOrder) -> None:
        self.orders.put((order.run_id, order.client_order_id), order)

    def orders_of(self, run_id: RunId, *, only_open: bool = False) -> Sequence[LiveOrder]:
        found = [
            order
            for (owner, _), order in self.orders.rows.items()
            if owner == run_id and not (only_open and order.is_over)
        ]
        return sorted(found, key=lambda order: (order.step, order.number))


class MemoryLiveLedger:
    """Is the ``LiveLedger`` over a ledger in memory."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.tables = MemoryLiveTables(ledger.undo)

    def run(self, work: Callable[[LedgerTransaction, LiveTables], T]) -> T:
        return self.ledger.run(lambda tx: work(tx, self.tables))
