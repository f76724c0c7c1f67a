"""Sweep from a notebook: bars in, a strategy, values for its parameters; a table and a verdict out.

It runs in this process. The command line has more executors, and goes on after a kill.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.asking import asked_of
from algotrendy.backtest.counting import Entry, Recorder
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.executors import InProcess
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.notebook import DEFAULT, dataset_of, strategy_of
from algotrendy.backtest.notebook_walks import in_this_process
from algotrendy.backtest.own_sweep import NoLake, days_of, plan_own
from algotrendy.backtest.reduce import reduce_sweep
from algotrendy.backtest.request import CalendarName, parse_spec
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import SweepId, Uuid7s
from algotrendy.strategy.definition import Strategy

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to.

    Attributes:
        summary: As ``summary.json`` has it.
        table: As ``results.csv`` has it.
        page: The report.
    """

    summary: dict[str, Any]
    table: bytes
    page: bytes

    @property
    def best(self) -> dict[str, Any]:
        """Give the best run: its symbol, parameters and statistics."""
        found: dict[str, Any] = self.summary["best"]
        return found

    @property
    def verdict(self) -> str:
        """Read what the gate says of the best run, after all trials."""
        return str(self.summary["verdict"]["text"])

    def rows(self) -> list[dict[str, str]]:
        """Give every run, by the names of the columns."""
        return list(csv.DictReader(io.StringIO(self.table.decode())))

    def to_frame(self) -> pd.DataFrame:
        """Give every run as a frame of pandas."""
        import pandas as pd

        return pd.read_csv(io.BytesIO(self.table), index_col="run")

    def report(self, path: str | Path) -> Path:
        """Write the report, one page that loads nothing; give where it is."""
        written = Path(path)
        written.write_bytes(self.page)
        return written


def sweep(
    bars: Any,
    strategy: str | Strategy | Callable[[Any, Any, Any], None],
    parameters: Mapping[str, Mapping[str, float] | Iterable[float]],
    *,
    together: bool = False,
    terms: Terms = DEFAULT,
    calendar: CalendarName = "none",
    max_runs: int = 10_000,
    seed: int = 0,
    mode: Wish = "auto",
    recorder: Recorder | None = None,
) -> Swept:
    """Try every combination of values on every symbol, deflate the best, and ask the gate.

        found = sweep(frame, "sma_cross", {"fast": [5, 10, 20], "slow": range(50, 201, 50)})
        print(found.best, found.verdict)

    Args:
        bars, strategy, terms, mode: As for `backtest`.
        parameters: Values to try by name, or ``{"start": 5, "stop": 50, "step": 5}``.
        together: Whether each run sees all symbols, for a strategy of several assets.
        calendar: When the market is open, for schedules.
        max_runs: Of more, a sample by ``seed`` is drawn.
        recorder: Counts the trials; by default this process alone.

    Raises:
        Invalid: Naming the field that is wrong, and what it must be.
        StrategyFailedError: If the strategy raises; names run, symbol and parameters.
    """
    found = strategy_of(strategy)
    dataset = dataset_of(bars, found)
    first, last = days_of(dataset)
    spec = parse_spec(
        {
            "strategy": found.name,
            "symbols": list(dataset.symbols),
            "start": first,
            "end": last,
            "parameters": {
                name: values if isinstance(values, Mapping) else list(values)
                for name, values in parameters.items()
            },
            "together": together,
            "calendar": calendar,
            "max_runs": max_runs,
            "seed": seed,
            **asked_of(terms),
        }
    )
    who = recorder or in_this_process()
    sweep_id, blobs, lake = SweepId(Uuid7s(SystemClock()).next()), _Kept({}), NoLake()
    plan = plan_own(sweep_id, spec, found, dataset, blobs, "a notebook", who.earlier)
    InProcess(blobs, lake, mode).execute(sweep_id, plan)
    reduce_sweep(sweep_id, blobs, lake, mode)
    keys = Keys(sweep_id)
    summary: dict[str, Any] = json.loads(blobs.get(keys.summary))
    who.record(Entry.from_json(summary["tried"]))
    return Swept(summary, blobs.get(keys.table), blobs.get(keys.report))


@dataclass(frozen=True, slots=True)
class _Info:
    key: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """Is ``Blobs`` in memory, for as long as a sweep takes."""

    objects: dict[str, bytes]

    def put(self, key: str, data: bytes, content_type: str) -> None:  # noqa: ARG002 - a port
        self.objects[key] = data

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFound("object", key)
        return self.objects[key]

    def file(self, key: str) -> Path | None:  # noqa: ARG002 - a port
        return None

    def list(self, prefix: str) -> list[_Info]:
        return [_Info(key) for key in sorted(self.objects) if key.startswith(prefix)]
