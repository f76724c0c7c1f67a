"""Walk forward on several machines: plan it, do each window anywhere, bring the windows together.

As with a sweep, the plan is made once, and what it says decides every byte of the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from algotrendy.backtest.canonical import JSON, encode, sealed, unsealed
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.data_files import mapped_dataset, put_dataset
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.failures import failures
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.plan import DamagedPlan, terms_of
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.shard import pinned_bars
from algotrendy.backtest.validation.kept_steps import KeptSteps, WindowFailed, failure
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import WalkForwardId
from algotrendy.market_data.ports import BarStore
from algotrendy.strategy.library import strategy_named

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset
    from algotrendy.backtest.engine.running import Wish
    from algotrendy.backtest.validation.running import Walk
    from algotrendy.backtest.validation.walk_plan import WalkPlan
    from algotrendy.backtest.validation.walked import Step

HTML = "text/html; charset=utf-8"


class IncompleteWalk(Conflict):
    """Says which windows have no result, or one that is damaged; do those again."""

    code = "incomplete-walk"


@dataclass(frozen=True, slots=True)
class PinnedWalk:
    """A walk forward as it was planned.

    Attributes:
        engine: Version of the engine.
        bars_version: Version of the bar store.
        series: Hash of the bars of each symbol, in the order of the request.
        dataset: Hash of the dataset that is made of them.
        sha256: Of all that decides the result, see ``WalkPlan.sha256``.
        windows: How many there are.
    """

    spec: WalkForwardSpec
    engine: int
    bars_version: int
    series: dict[str, str]
    dataset: str
    sha256: str
    windows: int


@dataclass(frozen=True, slots=True)
class WindowOutcome:
    """What became of a window.

    Attributes:
        was_done: Whether an earlier attempt had finished it.
        modes: How its runs were made now, and for each why they were not compiled, or nothing.
    """

    window: int
    trials: int
    was_done: bool
    modes: Mapping[str, str] = field(default_factory=dict)


def plan_windows(
    walk_id: WalkForwardId, spec: WalkForwardSpec, blobs: Blobs, bars: BarStore
) -> PinnedWalk:
    """Plan a walk forward on the bars as they are now, and write the plan, unless it is there.

    Done twice, the first plan stands, even when new bars have come. A plan for another version of
    the engine, or one that is damaged, is made anew.

    Raises:
        NotFound: For an unknown strategy or symbol.
        Invalid: For a request that does not fit the strategy or the bars.
        Conflict: If the plan that is there answers another request.
    """
    try:
        found = read_walk(walk_id, blobs)
    except (NotFound, DamagedPlan):
        found = None
    if found is None or found.engine != ENGINE_VERSION:
        found = _write_walk(walk_id, spec, blobs, bars)
    if found.spec != spec:
        raise Conflict(f"walk-forward {walk_id} was planned from another request")
    return found


def read_walk(walk_id: WalkForwardId, blobs: Blobs) -> PinnedWalk:
    """Read the plan of a walk forward.

    Raises:
        NotFound: If there is none.
        DamagedPlan: If it is not as it was written.
    """
    found = unsealed(blobs.get(Keys(walk_id).plan))
    if found is None:
        raise DamagedPlan(f"the plan of walk-forward {walk_id} is not as it was written")
    return PinnedWalk(**{**found, "spec": WalkForwardSpec.model_validate(found["spec"])})


def run_window(
    walk_id: WalkForwardId,
    number: int,
    blobs: Blobs,
    bars: BarStore,
    recorder: Recorder,
    mode: Wish = "auto",
) -> WindowOutcome:
    """Do one window, counted from 1, unless a whole result of this plan is there.

    Its trials are recorded before a bar out of sample is seen. Killed and done again, it goes on
    with the scores that are kept.

    Raises:
        NotFound: If there is no plan.
        WindowFailed: For what comes again when it is tried again; names the window.
    """
    pinned = read_walk(walk_id, blobs)
    if not 1 <= number <= pinned.windows:
        raise NotFound("window", number, f"walk-forward {walk_id} has {pinned.windows}")
    if (done := _steps(walk_id, pinned, blobs).read(number)) is not None:
        return WindowOutcome(number, done.trials, was_done=True)
    modes: dict[str, str] = {}
    try:
        walk = _opened(walk_id, pinned, blobs, bars, recorder, mode)
        done = replace(walk, on_mode=modes.setdefault).window(number)
    except (Rejected, Invalid) as error:
        # What the map says of an item that failed is not what the item said.
        known = isinstance(error, WindowFailed)
        failed = error if known else failure(number, pinned.windows, error)
        note = {"window": number, "reason": str(failed)}
        blobs.put(f"{Keys(walk_id).failures}{number:05d}.json", sealed(note), JSON)
        raise failed from error
    return WindowOutcome(number, done.trials, was_done=False, modes=modes)


def reduce_windows(
    walk_id: WalkForwardId,
    blobs: Blobs,
    bars: BarStore,
    recorder: Recorder,
    mode: Wish = "auto",
) -> int:
    """Bring the windows together, judge, and write outcome, report and summary; count windows.

    Raises:
        IncompleteWalk: Unless every window of the plan is there.
        Conflict: If the bars are not those of the plan.
    """
    # Load numpy: not before there is something to compute.
    from algotrendy.backtest.outputs.json_form import plain
    from algotrendy.backtest.report.walk import render_walk

    pinned, keys = read_walk(walk_id, blobs), Keys(walk_id)
    steps, tried = collect(walk_id, pinned, blobs)
    walk = _opened(walk_id, pinned, blobs, bars, recorder, mode)
    for step in steps:
        walk.count(step)
    outcome = walk.judged(steps, tried)
    blobs.put(keys.outcome, outcome.to_text().encode(), JSON)
    blobs.put(keys.report, render_walk(outcome), HTML)
    blobs.put(keys.summary, encode(plain(outcome.to_json())), JSON)
    return len(steps)


def collect(
    walk_id: WalkForwardId, pinned: PinnedWalk, blobs: Blobs
) -> tuple[list[Step], set[Combination]]:
    """Read the steps of every window, in order, and all combinations that were tried.

    Raises:
        IncompleteWalk: If a window's result is missing, damaged or of another plan.
    """
    steps, numbers = _steps(walk_id, pinned, blobs), range(1, pinned.windows + 1)
    found = {number: steps.read(number) for number in numbers}
    if missing := [number for number in numbers if found[number] is None]:
        named = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        said = (
            f"walk-forward {walk_id} has {pinned.windows} windows, of which {len(missing)} have "
            f"no whole result: {named}"
        )
        raise IncompleteWalk(
            "; ".join([said, *failures(walk_id, blobs)]),
            missing=missing[:100],
            windows=pinned.windows,
        )
    results = [each for each in found.values() if each is not None]
    return [each.step for each in results], {one for each in results for one in each.tried}


def _write_walk(
    walk_id: WalkForwardId, spec: WalkForwardSpec, blobs: Blobs, bars: BarStore
) -> PinnedWalk:
    from algotrendy.backtest.validation.limits import require_deployable
    from algotrendy.backtest.validation.walk_plan import read_series, walk_on

    spec.check_deployed(strategy_named(spec.strategy))
    version, keys = bars.version(), Keys(walk_id)
    series = read_series(spec, bars, version)
    plan = walk_on(spec, series)
    windows = plan.windows
    require_deployable(plan)
    found = PinnedWalk(
        spec=spec,
        engine=ENGINE_VERSION,
        bars_version=version,
        series=dict(zip(spec.symbols, (each.sha256() for each in series), strict=True)),
        dataset=put_dataset(plan.dataset, keys.data(plan.sha256), blobs),
        sha256=plan.sha256,
        windows=len(windows),
    )
    blobs.put(keys.windows, encode([{"window": each.number} for each in windows]), JSON)
    body = {**asdict(found), "spec": spec.model_dump(mode="json")}
    # Last, as the sign that all is there.
    blobs.put(keys.plan, sealed(body), JSON)
    return found


def _opened(
    walk_id: WalkForwardId,
    pinned: PinnedWalk,
    blobs: Blobs,
    bars: BarStore,
    recorder: Recorder,
    mode: Wish,
) -> Walk:
    """Make the walk that was planned, on the bars that it was planned with."""
    from algotrendy.backtest.validation.running import Walk

    plan = _planned(walk_id, pinned, blobs, bars, mode)
    if plan.sha256 != pinned.sha256:
        raise Conflict(
            f"walk-forward {walk_id} was planned with other code; ask for it again",
            planned=pinned.sha256,
            actual=plan.sha256,
        )
    return Walk(plan, recorder, blobs, steps=_steps(walk_id, pinned, blobs), scores=str(walk_id))


def _planned(
    walk_id: WalkForwardId, pinned: PinnedWalk, blobs: Blobs, bars: BarStore, mode: Wish
) -> WalkPlan:
    from algotrendy.backtest.validation.walk_plan import WalkPlan, walk_on

    spec = pinned.spec

    def made() -> Dataset:
        series = [
            pinned_bars(spec, name, pinned.series[name], pinned.bars_version, bars)
            for name in spec.symbols
        ]
        return walk_on(spec, series).dataset

    dataset = mapped_dataset(Keys(walk_id).data(pinned.sha256), pinned.dataset, blobs, made)
    return WalkPlan(spec, strategy_named(spec.strategy), dataset, terms_of(spec), mode=mode)


def _steps(walk_id: WalkForwardId, pinned: PinnedWalk, blobs: Blobs) -> KeptSteps:
    return KeptSteps(blobs, pinned.sha256, Keys(walk_id).window)
