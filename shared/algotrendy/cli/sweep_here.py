"""Run a sweep on this machine, or on Ray: of the lake, or of strategies and bars of one's own."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from algotrendy.backtest.keys import Keys
from algotrendy.backtest.request import SweepSpec, parse_spec
from algotrendy.cli.backtest_options import Mode, Where
from algotrendy.cli.deployed import StudyStoppedError
from algotrendy.cli.sweep_view import Progress, progress_bar
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import SweepId, Uuid7s, parse_sweep_id

if TYPE_CHECKING:
    from algotrendy.backtest.counting import Recorder
    from algotrendy.backtest.engine.running import Wish
    from algotrendy.backtest.plan import Plan
    from algotrendy.backtest.ray_tasks import RayTasks
    from algotrendy.cli.backtest_bars import Wanted
    from algotrendy.cli.backtest_strategies import Chosen
    from algotrendy.market_data.ports import BarStore

_MARKER = "sweep"
_PLACES = {Where.LOCAL: "on this machine", Where.RAY: "on Ray"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a sweep came to, as bytes to be written down and a summary to be shown."""

    table: bytes
    report: bytes
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Here:
    """What only this machine takes, and the deployed workflow does not; None is not said."""

    workers: int | None = None
    mode: Mode | None = None
    limit_s: float | None = None

    @property
    def wish(self) -> Wish:
        """Give how strategies run."""
        return "auto" if self.mode is None else self.mode.value


def run_locally(
    spec: SweepSpec, folder: Path, here: Here | None = None, where: Where = Where.LOCAL
) -> Fetched:
    """Run a sweep of the lake in processes of this machine, or on Ray.

    Unfinished work of the same request is gone on with.

    Raises:
        Invalid: If a shard needs more memory than a process can have.
    """
    from algotrendy.backtest.plan import plan_sweep
    from algotrendy.cli.backtest_trials import recorder
    from algotrendy.cli.sweep_estimate import beside, estimated
    from algotrendy.market_data import wiring
    from algotrendy.platform.blobs import FolderBlobs

    here, who = here or Here(), recorder()
    work = folder.resolve() / ".unfinished"
    sweep_id = _resumed(work, spec.model_dump_json())
    blobs, bars, begin = FolderBlobs(work), wiring.bar_store(), time.monotonic()
    plan = plan_sweep(sweep_id, spec, blobs, bars, ask=who.earlier)
    expected = estimated(plan, here.workers, here.wish)
    fetched = _executed(sweep_id, plan, work, bars, partial(_open_stores, work), here, where, who)
    write_down(fetched, folder)
    shutil.rmtree(work)
    took = beside(expected.course(where.value), time.monotonic() - begin)
    Console(stderr=True, highlight=False).print(took, style="dim")
    return fetched


def sweep_own(
    choice: Chosen, wanted: Wanted, asked: dict[str, Any], folder: Path, here: Here
) -> Fetched:
    """Sweep a strategy of one's own, or over bars of one's own, in processes of this machine.

    Unfinished work of the same request on the same bars, with the same code, is gone on with.
    """
    from algotrendy.backtest.own_sweep import NoLake, days_of, plan_own
    from algotrendy.backtest.plan import read_plan
    from algotrendy.backtest.versions import lend
    from algotrendy.cli.backtest_bars import find_bars
    from algotrendy.cli.backtest_strategies import telling
    from algotrendy.cli.backtest_trials import recorder
    from algotrendy.platform.blobs import FolderBlobs

    found = find_bars(wanted, choice.strategy.timeframes)
    first, last = days_of(found.dataset)
    symbols = list(found.dataset.symbols)
    spec = parse_spec({**asked, "symbols": symbols, "start": first, "end": last})
    who, work = recorder(), folder.resolve() / ".unfinished"
    same = f"{spec.model_dump_json()} {lend(choice.strategy)} {found.dataset.sha256()}"
    sweep_id, blobs = _resumed(work, same), FolderBlobs(work)
    try:
        plan = read_plan(sweep_id, blobs)
    except NotFound:
        plan = plan_own(
            sweep_id, spec, choice.strategy, found.dataset, blobs, found.origin, who.earlier
        )
    opener = partial(_open_own, work, choice.source)
    fetched = telling(
        choice,
        lambda: _executed(sweep_id, plan, work, NoLake(), opener, here, Where.LOCAL, who),
    )
    write_down(fetched, folder)
    shutil.rmtree(work)
    return fetched


def _executed(
    sweep_id: SweepId,
    plan: Plan,
    work: Path,
    bars: BarStore,
    opener: Any,
    here: Here,
    where: Where,
    who: Recorder,
) -> Fetched:
    from algotrendy.backtest.executors import SHARD_LIMIT_S, Executor, LocalProcesses
    from algotrendy.backtest.ray_cluster import RayCluster
    from algotrendy.backtest.reduce import reduce_sweep
    from algotrendy.backtest.studies import parts_done
    from algotrendy.cli.backtest_trials import count_sweep
    from algotrendy.platform.blobs import FolderBlobs

    blobs = FolderBlobs(work)
    mode = here.wish
    limit_s = here.limit_s or SHARD_LIMIT_S
    executor: Executor
    if where is Where.RAY:
        executor = RayCluster(blobs, bars, on_ray(here.workers, limit_s), mode=mode)
    else:
        executor = LocalProcesses(opener, here.workers, limit_s=limit_s, mode=mode)
    try:
        with progress_bar(f"{plan.spec.strategy}, {_PLACES[where]}") as shown:
            executor.execute(sweep_id, plan, lambda done, runs: shown.tell(Progress(done, runs)))
            outcome = reduce_sweep(sweep_id, blobs, bars, mode)
    except KeyboardInterrupt:
        done = parts_done(sweep_id, blobs)
        raise StudyStoppedError(
            f"stopped with {done} of {plan.shards} shards done; they are kept in {work}, and the "
            "same command goes on from there"
        ) from None
    said = count_sweep(outcome.summary, who)
    Console(stderr=True, highlight=False).print(said, style="dim")
    keys = Keys(sweep_id)
    return Fetched(blobs.get(keys.table), blobs.get(keys.report), outcome.summary)


def on_ray(workers: int | None, limit_s: float) -> RayTasks:
    """Give the cluster that ``RAY_ADDRESS`` names, or one that is started here.

    Raises:
        Unavailable: If Ray is not installed.
    """
    from algotrendy.backtest.ray_tasks import RayTasks

    return RayTasks(os.environ.get("RAY_ADDRESS"), workers=workers, limit_s=limit_s)


def write_down(fetched: Fetched, folder: Path) -> None:
    """Write the three files, each whole or not at all."""
    from algotrendy.platform.blobs import FolderBlobs

    files = FolderBlobs(folder.resolve())
    files.put("results.csv", fetched.table)
    files.put("report.html", fetched.report)
    files.put("summary.json", (json.dumps(fetched.summary, indent=2) + "\n").encode())


def _open_stores(work: Path) -> Any:
    from algotrendy.market_data import wiring
    from algotrendy.platform.blobs import FolderBlobs

    return FolderBlobs(work), wiring.bar_store()


def _open_own(work: Path, source: str) -> Any:
    from algotrendy.backtest.own_sweep import NoLake
    from algotrendy.backtest.versions import lend
    from algotrendy.cli.backtest_strategies import chosen
    from algotrendy.platform.blobs import FolderBlobs

    lend(chosen(source).strategy)
    return FolderBlobs(work), NoLake()


def _resumed(work: Path, wanted: str) -> SweepId:
    from algotrendy.platform.blobs import FolderBlobs

    blobs = FolderBlobs(work)
    try:
        name, _, stored = blobs.get(_MARKER).decode().partition("\n")
        if stored == wanted:
            return parse_sweep_id(name)
    except NotFound:
        pass
    shutil.rmtree(work, ignore_errors=True)
    sweep_id = SweepId(Uuid7s(SystemClock()).next())
    blobs.put(_MARKER, f"{sweep_id}\n{wanted}".encode())
    return sweep_id
