"""Do the windows of a walk forward side by side, in worker processes of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from algotrendy.backtest.executors import SHARD_LIMIT_S, side_by_side
from algotrendy.backtest.validation.kept_steps import WindowFailed
from algotrendy.backtest.validation.limits import require_checks
from algotrendy.backtest.validation.on_engine import in_words, named, tell_nobody
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import Walk
from algotrendy.backtest.workers import Ended, Job, Mark, Opener
from algotrendy.kernel.errors import Invalid, JsonValue

WindowsDone = Callable[[int, int], object]
"""Told after each window: ``progress(windows done, windows in all)``."""

_ATTEMPTS: Final = 3
_MOST_MARKED: Final = 2**62


def run_side_by_side(
    walk: Walk,
    open_: Opener,
    *,
    workers: int,
    limit_s: float = SHARD_LIMIT_S,
    progress: WindowsDone = tell_nobody,
) -> WalkForwardOutcome:
    """Do the windows that are not done yet in worker processes, and judge here.

    What comes of it is the same to the byte as of ``Walk.run``. A window whose worker died, or that
    took too long, is tried again run by run, with the scores that it kept.

    Args:
        walk: Keeps its windows where the workers do.
        open_: Gives a worker ``window_job`` of the same walk.
        limit_s: How long a window may take, or one run of a window that is tried again.

    Raises:
        Invalid: For windows or parameters that do not fit.
        WindowFailed: For a window that cannot be done, keeps killing its workers, or never ends;
            names the combination where it is known.
    """
    require_checks(walk.plan)
    kept, count = walk.kept_steps, len(walk.plan.windows)
    if kept is None:
        raise Invalid("blobs", "given: workers hand their windows over there", None)
    left = [number for number in range(1, count + 1) if kept.read(number) is None]
    done = count - len(left)
    progress(done, count)

    def failed(ended: Ended, attempts: int, open_windows: int) -> WindowFailed:
        return _failure(walk, ended, attempts, open_windows)

    if left:
        for _ in side_by_side(
            open_, left, failed, workers=workers, attempts=_ATTEMPTS, limit_s=limit_s
        ):
            done += 1
            progress(done, count)
    return walk.run()


def window_job(walk: Walk) -> Job:
    """Give what does a window of a walk in a worker, and marks its runs."""
    space = walk.plan.space

    def job(number: int, mark: Mark | None) -> None:
        if mark is None or space.size > _MOST_MARKED:
            walk.window(number)
        else:
            replace(walk, on_run=lambda each: mark(space.number(each) + 1)).window(number)

    return job


def _failure(walk: Walk, ended: Ended, attempts: int, left: int) -> WindowFailed:
    plan, number = walk.plan, ended.task.part
    count = len(plan.windows)
    facts: dict[str, JsonValue] = {"window": number, "windows": count, "attempts": attempts}
    where = ""
    if ended.run is not None:
        values = in_words(named(plan.strategy, plan.space.numbered(ended.run - 1)))
        symbols = ", ".join(plan.dataset.symbols)
        where = f" in {plan.strategy.name} on {symbols} with {values}"
        facts |= {"symbol": symbols, "parameters": values}
    return WindowFailed(
        f"window {number} of {count} failed {attempts} times{where}: {ended.death or ended.error}. "
        f"{left} windows are not done; what is done is kept",
        **facts,
    )
