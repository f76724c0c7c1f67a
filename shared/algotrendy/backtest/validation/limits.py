"""Refuse a walk forward for what would fail at its end, before anything of it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from algotrendy.backtest.estimate import BAR_BYTES, LAMBDA_MB, RUNTIME_BYTES
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.validation.same_bars import splits_of
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.walk_forwards import check_bars
from algotrendy.kernel.errors import Invalid

FUNCTION_S: Final = 900
RUN_S: Final = 1e-3
BARS_PER_S: Final = 1_000_000
"""A compiled run in a function; on x86_64 0.4 ms were measured, and 5 million bars a second."""

_COUNTED: Final = 10_000


def require_checks(plan: WalkPlan) -> None:
    """Refuse cross-checks that the bars or the number of combinations do not allow.

    Raises:
        Invalid: Naming the field of ``cross_checks``, or ``max_runs``.
    """
    checks, bars = plan.spec.cross_checks, len(plan.span)
    tried = plan.spec.most_tried(len(plan.windows))
    if checks is None or tried < 2:
        return
    checks.require_bars(bars)
    checks.require_cells(bars, min(tried, _allowed(plan)))
    splits = splits_of(plan, bars, _needing_most(plan), checks)
    try:
        for _ in splits:
            pass
    except Invalid as error:
        expected = f"fewer on {bars:,} bars, or cross_checks off: {error.field} {error.expected}"
        raise Invalid(
            "cross_checks.groups", expected, f"{checks.groups}: {error.actual}"
        ) from error


def require_deployable(plan: WalkPlan) -> None:
    """Refuse a walk that the deployed workflow cannot run: for its time, memory or curve.

    Raises:
        Invalid: Naming the field.
    """
    require_checks(plan)
    check_bars(sum(len(window.out_of_sample) for window in plan.windows))  # whole numbers
    cells = sum(len(asset.base) for asset in plan.dataset.assets)  # whole numbers
    needed, limit = RUNTIME_BYTES + cells * BAR_BYTES, LAMBDA_MB << 20
    if needed > limit:
        most = (limit - RUNTIME_BYTES) // BAR_BYTES
        expected = f"such that a window has at most {most:,} bars to hold in {LAMBDA_MB} MB"
        raise Invalid("start", expected, cells)
    runs = min(plan.spec.most_tried(1), _allowed(plan))
    longest = max(len(window.in_sample) for window in plan.windows)
    run_s = RUN_S + longest * len(plan.dataset.assets) / BARS_PER_S
    if runs * run_s > FUNCTION_S:
        expected = (
            f"at most {int(FUNCTION_S / run_s):,}, which a function tries in {FUNCTION_S} s on the "
            f"{longest:,} bars in sample of a window"
        )
        raise Invalid("max_runs", expected, runs)


def _allowed(plan: WalkPlan) -> int:
    """Count the combinations that the rules allow, where that is soon done."""
    space = plan.space
    if space.size > _COUNTED:
        return space.size
    return sum(map(space.allows, space.every()))  # whole numbers


def _needing_most(plan: WalkPlan) -> Iterable[Combination]:
    """Give combinations among which is the one that needs most bars before its first order."""
    space = plan.space
    if space.size <= _COUNTED:
        return filter(space.allows, space.every())
    return [space.at([axis.count - 1 for axis in space.axes])]
