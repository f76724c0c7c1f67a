"""Do the windows of a walk forward on a Ray cluster; the same bytes as side by side here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.ray_tasks import RayTasks
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.kept_steps import KeptStep, KeptSteps, WindowFailed
from algotrendy.backtest.validation.limits import require_checks
from algotrendy.backtest.validation.on_engine import tell_nobody
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import Walk
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walk_workers import WindowsDone
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId, Uuid7s
from algotrendy.strategy.library import strategy_named

_NOBODY: Final = (TenantId("nobody"), UserId("nobody"), CorrelationId("none"))
_MADE: Final = ("strategy", "dataset")
"""Fields of a plan that do not travel with it."""


def run_on_ray(
    walk: Walk, tasks: RayTasks, progress: WindowsDone = tell_nobody
) -> WalkForwardOutcome:
    """Do the windows that are not done yet as tasks of Ray, and judge here.

    The bars are handed over once. A worker counts no trials: what it tried in a window is recorded
    here, before anybody sees what came of it. A window whose worker died begins anew.

    Args:
        walk: Of a strategy of the library, which a worker finds by its name.

    Raises:
        Invalid: For windows or parameters that do not fit.
        WindowFailed: For a window that cannot be done, keeps killing its workers, or never ends.
        Conflict: If the cluster's code is not the one here.
    """
    require_checks(walk.plan)
    plan, kept = walk.plan, walk.kept_steps
    if kept is None:
        raise Invalid("blobs", "given: windows that are done are kept there", None)
    numbers = range(1, len(plan.windows) + 1)
    left = [number for number in numbers if kept.read(number) is None]
    progress(len(numbers) - len(left), len(numbers))
    if left:
        _do(walk, kept, left, tasks, progress)
    return walk.run()


def _do(
    walk: Walk, kept: KeptSteps, left: list[int], tasks: RayTasks, progress: WindowsDone
) -> None:
    plan, count = walk.plan, len(walk.plan.windows)
    made = {each.name: getattr(plan, each.name) for each in fields(plan) if each.name not in _MADE}

    def failed(number: int, attempts: int, reason: str, windows_left: int) -> WindowFailed:
        return WindowFailed(
            f"window {number} of {count} failed {attempts} times: {reason}. {windows_left} windows "
            "are not done; what is done is kept",
            window=number,
            windows=count,
            attempts=attempts,
        )

    with tasks.connected():
        bars, begin = tasks.put(plan.dataset), tasks.task(_window)

        def start(number: int) -> Any:
            return begin(made, bars, plan.sha256, number)

        done = count - len(left)
        for number, found in tasks.done(left, start, failed):
            walk.count(found.step)
            kept.write(number, found)
            done += 1
            progress(done, count)


def _window(made: dict[str, Any], dataset: Dataset, sha256: str, number: int) -> KeptStep:
    """Do one window in a worker."""
    strategy = strategy_named(made["spec"].strategy)
    plan = WalkPlan(strategy=strategy, dataset=dataset, **made)
    if plan.sha256 != sha256:
        raise Conflict("the code on the cluster is not the one here: deploy the same version there")
    clock = SystemClock()
    ledger = TrialLedger(MemoryTrials(), clock, Uuid7s(clock))
    return Walk(plan, Recorder(ledger, *_NOBODY, is_kept=False)).window(number)
