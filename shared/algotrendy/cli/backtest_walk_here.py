"""Walk forward in this process, in workers that each make the walk anew, or on Ray."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data_files import mapped_dataset, put_dataset
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import Walk
from algotrendy.backtest.validation.walk_on_ray import run_on_ray
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walk_workers import run_side_by_side, window_job
from algotrendy.backtest.validation.windows import Window
from algotrendy.backtest.workers import Job, Mark
from algotrendy.cli.backtest_bars import Wanted
from algotrendy.cli.backtest_options import CalendarName, Where
from algotrendy.cli.backtest_strategies import Chosen, chosen, telling
from algotrendy.cli.deployed import StudyStoppedError
from algotrendy.cli.sweep_here import on_ray
from algotrendy.cli.sweep_view import Progress, Shown, progress_bar
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId, Uuid7s
from algotrendy.platform.blobs import FolderBlobs

_BARS: Final = "bars.bin"
_MADE: Final = ("strategy", "dataset", "calendar")
"""Fields of a plan that a worker makes for itself."""

_LITTLE_BARS: Final = 1_000_000
"""Run over in sample by all searches: done here before a worker has begun."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a worker makes a walk of; it travels there by pickle.

    Attributes:
        source: Of the strategy, see ``Chosen``.
        plan: Fields of the plan that travel as they are.
        folder: With the bars; gets scores and windows.
        bars: Hash of the file of them.
        sha256: Of the plan, which has to come out again.
        counts: For whom trials are counted, and whether they are kept.
    """

    source: str
    plan: dict[str, Any]
    calendar: CalendarName
    folder: Path
    bars: str
    sha256: str
    counts: tuple[TenantId, UserId, CorrelationId, bool]


def walk_here(
    choice: Chosen,
    plan: WalkPlan,
    wanted: Wanted,
    who: Recorder,
    folder: Path,
    *,
    workers: int | None,
    limit_s: float,
    where: Where = Where.LOCAL,
) -> WalkForwardOutcome:
    """Do the windows of a plan that are not kept in a folder yet, and judge.

    Args:
        workers: Processes; None decides by the work and the processors.
        where: Here or on Ray.

    Raises:
        StudyStoppedError: When a person stops it.
        StrategyFailedError: If the strategy raises; says in which line.
        WindowFailed: As ``run_side_by_side``.
    """
    blobs = FolderBlobs(folder.resolve())
    walk, title = Walk(plan, who, blobs), f"{choice.strategy.name}, {len(plan.windows)} windows"
    try:
        if where is Where.RAY:
            with progress_bar(f"{title}, on Ray", "windows") as shown:
                return run_on_ray(walk, on_ray(workers, limit_s), _windows(shown))
        if workers is None and _bars(plan) <= _LITTLE_BARS:
            with progress_bar(title) as shown:
                told = replace(walk, progress=_combinations(shown, plan))
                return telling(choice, told.run)
        handed = Handed(
            choice.source,
            {
                each.name: getattr(plan, each.name)
                for each in fields(plan)
                if each.name not in _MADE
            },
            wanted.calendar,
            folder.resolve(),
            put_dataset(plan.dataset, _BARS, blobs),
            plan.sha256,
            (who.tenant, who.recorded_by, who.correlation_id, who.is_kept),
        )
        with progress_bar(title, "windows") as shown:
            return run_side_by_side(
                walk,
                partial(open_walk, handed),
                workers=workers or os.cpu_count() or 1,
                limit_s=limit_s,
                progress=_windows(shown),
            )
    except KeyboardInterrupt:
        raise StudyStoppedError(
            f"stopped; what is done is kept in {folder}, and the same command goes on from there"
        ) from None


def open_walk(handed: Handed) -> Job:
    """Make a walk in a worker.

    Raises:
        Conflict: If it is not the one that was handed over.
    """
    choice = chosen(handed.source)
    blobs = FolderBlobs(handed.folder)
    dataset = mapped_dataset(_BARS, handed.bars, blobs, _gone)
    calendar = Wanted((), calendar=handed.calendar).trading_calendar
    plan = WalkPlan(strategy=choice.strategy, dataset=dataset, calendar=calendar, **handed.plan)
    if plan.sha256 != handed.sha256:
        raise Conflict("the strategy, or what it needs, has changed since the walk began")
    job = window_job(Walk(plan, _recorder(handed), blobs))

    def told(number: int, mark: Mark | None) -> None:
        telling(choice, lambda: job(number, mark))

    return told


def _recorder(handed: Handed) -> Recorder:
    tenant, user, correlation, is_kept = handed.counts
    if is_kept:
        from algotrendy.backtest import wiring

        return Recorder(wiring.trials(), tenant, user, correlation)
    clock = SystemClock()
    ledger = TrialLedger(MemoryTrials(), clock, Uuid7s(clock))
    return Recorder(ledger, tenant, user, correlation, is_kept=False)


def _gone() -> Dataset:
    raise Conflict("the bars of the walk are not as they were written; run it again")


def _bars(plan: WalkPlan) -> int:
    seen = sum(len(window.in_sample) for window in plan.windows)  # whole numbers
    return seen * len(plan.dataset.assets) * plan.spec.most_tried(1)


def _windows(shown: Shown) -> Callable[[int, int], None]:
    return lambda done, windows: shown.tell(Progress(done, windows))


def _combinations(shown: Shown, plan: WalkPlan) -> Callable[[Window, int], None]:
    """Tell how far it is: combinations of all windows, as many in each as may be tried."""
    each = plan.spec.most_tried(1)

    def tell(window: Window, tried: int) -> None:
        done = (window.number - 1) * each + min(tried, each)
        shown.tell(Progress(done, each * len(plan.windows)))

    return tell
