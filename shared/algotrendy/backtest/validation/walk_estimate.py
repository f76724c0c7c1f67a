"""Say before a walk forward what it will take, from a few of its own runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from algotrendy.backtest.estimate import (
    CONCURRENCY,
    LAMBDA_MB,
    LAMBDA_START_S,
    RAY_START_S,
    REDUCE_MB,
    STEP_S,
    WORKER_START_S,
)
from algotrendy.backtest.prices import GIB, PRICES, Prices, Usage
from algotrendy.backtest.search.methods import make_search
from algotrendy.backtest.validation.limits import require_checks
from algotrendy.backtest.validation.walk_plan import WalkPlan

_CLEAR_S: Final = 0.1
_TRIED: Final = 4
_JUDGED: Final = 2
"""Times that what was chosen runs again: as given, and under harsh fills."""


@dataclass(frozen=True, slots=True)
class WalkEstimate:
    """What a walk forward will take at most: a search may end earlier.

    Attributes:
        trials: Combinations in all windows.
        bars: Run over in sample, out of sample and by the cross-checks.
        bars_per_s: Measured on some runs of the first window, on one processor of this machine.
        wall_s: From begin to end, by executor.
        dollars: By Step Functions.
    """

    windows: int
    trials: int
    bars: int
    bars_per_s: float
    mode: str
    workers: int
    wall_s: dict[str, float]
    usage: Usage
    dollars: float
    prices: Prices

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return asdict(self)


def estimate_walk(
    plan: WalkPlan,
    *,
    workers: int,
    prices: Prices = PRICES,
    clock: Callable[[], float] = time.perf_counter,
) -> WalkEstimate:
    """Estimate a walk forward.

    Raises:
        Invalid: For windows, parameters or cross-checks that do not fit.
    """
    require_checks(plan)
    windows, each = len(plan.windows), plan.spec.most_tried(1)
    speed, mode = _speed(plan, clock)
    searched = each * sum(len(window.in_sample) for window in plan.windows)  # whole numbers
    rest = _JUDGED * sum(len(window.out_of_sample) for window in plan.windows)  # whole numbers
    if plan.spec.cross_checks is not None:
        rest += len(plan.span) * plan.spec.most_tried(windows)
    search_s, rest_s = searched / speed, rest / speed

    def waves_s(at_once: int) -> float:
        return -(-windows // min(at_once, windows)) * search_s / windows

    cold_s = min(CONCURRENCY, windows) * LAMBDA_START_S
    usage = Usage(
        gb_seconds=(
            (search_s + cold_s + LAMBDA_START_S) * LAMBDA_MB + (rest_s + LAMBDA_START_S) * REDUCE_MB
        )
        * 2**20
        / GIB,
        requests=windows + 3,
        # Plan, RunWindows, Reduce, RecordSuccess, Succeeded, and RunWindow for each window.
        transitions=windows + 5,
        # Scores by batch and the result of each window; plan, bars, list, outcome, page, summary.
        s3_writes=windows * (-(-each // plan.spec.batch) + 1) + 6,
        s3_reads=windows * 5 + 6,
    )
    deployed_s = 3 * LAMBDA_START_S + waves_s(CONCURRENCY) + rest_s + 5 * STEP_S
    return WalkEstimate(
        windows=windows,
        trials=windows * each,
        bars=searched + rest,
        bars_per_s=speed,
        mode=mode,
        workers=workers,
        wall_s={
            "local": WORKER_START_S + waves_s(workers) + rest_s,
            "ray": RAY_START_S + waves_s(workers) + rest_s,
            "stepfunctions": deployed_s,
        },
        usage=usage,
        dollars=usage.dollars(prices),
        prices=prices,
    )


def _speed(plan: WalkPlan, clock: Callable[[], float]) -> tuple[float, str]:
    """Give bars a second, and how they were run; the first run loads the engine."""
    spec, seen, engine = plan.spec, plan.windows[0].in_sample, plan.engine
    tried = make_search(spec.method, plan.space, spec.budget, spec.seed).ask(_TRIED)
    modes: dict[str, str] = {}
    list(replace(engine, on_mode=modes.setdefault).returns_of_all(seen, tried[:1]))
    mode = next(iter(modes))
    begin, runs, took_s = clock(), 0, 0.0
    while took_s < _CLEAR_S:
        runs += len(list(engine.returns_of_all(seen, tried)))
        took_s = clock() - begin
    return runs * len(seen) / took_s, mode
