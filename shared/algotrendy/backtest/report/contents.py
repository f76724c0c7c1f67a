"""What a report shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from algotrendy.backtest.judged import Judged
from algotrendy.backtest.plan import Plan, Run
from algotrendy.backtest.shard import Cell, Row
from algotrendy.strategy.parameters import Value


@dataclass(frozen=True, slots=True)
class Curve:
    """The equity of the best run and of buy and hold, a value a bar; times in nanoseconds."""

    times: Sequence[int]
    equity: Sequence[float]
    benchmark: Sequence[float]


@dataclass(frozen=True, slots=True)
class ReportInput:
    """All that a report is made of.

    Attributes:
        columns: Names of the statistics in a row, after its number.
        rows: Every run of the sweep, in order.
        best: The row that ranks first by ``ranked_by``.
        benchmark: Buy and hold of the best run's symbol, on the same terms.
        agreed: The terms of the runs, as topics and sentences.
        winner: What the best run proves after all trials, and the gate's verdict.
    """

    sweep_id: str
    plan: Plan
    columns: Sequence[str]
    rows: Sequence[Row]
    best: Row
    benchmark: Row
    curve: Curve
    ranked_by: str
    winner: Judged
    agreed: Sequence[tuple[str, str]]

    @property
    def best_run(self) -> Run:
        """Give what the best run was."""
        return self.plan.run(int(self.best[0] or 0))

    @property
    def best_parameters(self) -> dict[str, Value]:
        """Give the parameters of the best run that the sweep varied."""
        columns = self.plan.columns()
        named = self.plan.named(self.best_run.values)
        return {name: value for name, value in named.items() if len(set(columns[name])) > 1}

    def cell(self, row: Row, column: str) -> Cell:
        """Give one statistic of a row."""
        return row[1 + self.columns.index(column)]
