"""Walk forward on several machines: plan it, do each window anywhere, bring the windows together.

As with a sweep, the plan is made once, and what it says decides every byte of the result.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.data_files import mapped_dataset, put_dataset
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.plan import JSON, DamagedPlan, Keys, digest, encode, terms_of
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.shard import pinned_bars
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.backtest.walk_forwards import check_bars
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


class WindowFailed(Rejected):
    """Says which window of a walk forward cannot be done, and why; tried again, it fails again."""

    code = "window-failed"


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
    """What became of a window; ``was_done`` when an earlier attempt had finished it."""

    window: int
    trials: int
    was_done: bool


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
    found = _unsealed(blobs.get(Keys(walk_id).plan))
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
    if (done := _result(walk_id, pinned, number, blobs)) is not None:
        return WindowOutcome(number, done["step"]["trials"], was_done=True)
    try:
        walk = _opened(walk_id, pinned, blobs, bars, recorder, mode)
        step, tried = walk.step(number - 1)
    except (Rejected, Invalid) as error:
        reason = f"window {number} of {pinned.windows} failed: {error}"
        # What the map says of an item that failed is not what the item said.
        note = {"window": number, "reason": reason}
        blobs.put(f"{Keys(walk_id).failures}{number:05d}.json", _sealed(note), JSON)
        raise WindowFailed(reason, window=number, windows=pinned.windows) from error
    found = {
        "plan_sha256": pinned.sha256,
        "window": number,
        "step": step.to_json(),
        "tried": [list(each) for each in sorted(tried, key=walk.plan.space.places)],
    }
    blobs.put(Keys(walk_id).window(number), _sealed(found), JSON)
    return WindowOutcome(number, step.trials.count, was_done=False)


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
    from algotrendy.backtest.validation.walked import Step

    numbers = range(1, pinned.windows + 1)
    found = {number: _result(walk_id, pinned, number, blobs) for number in numbers}
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
    tried = {tuple(combination) for each in results for combination in each["tried"]}
    return [Step.from_json(each["step"]) for each in results], tried


def failures(study_id: UUID, blobs: Blobs, most: int = 3) -> list[str]:
    """Tell of windows that failed for good, and have no result, why they did."""
    keys, said = Keys(study_id), []
    for info in blobs.list(keys.failures):
        found = _unsealed(blobs.get(info.key))
        if found is not None and not blobs.list(keys.window(found["window"])):
            said.append(found["reason"])
    return said[:most]


def _write_walk(
    walk_id: WalkForwardId, spec: WalkForwardSpec, blobs: Blobs, bars: BarStore
) -> PinnedWalk:
    from algotrendy.backtest.validation.walk_plan import read_series, walk_on

    spec.check_deployed(strategy_named(spec.strategy))
    version, keys = bars.version(), Keys(walk_id)
    series = read_series(spec, bars, version)
    plan = walk_on(spec, series)
    windows = plan.windows
    check_bars(sum(len(window.out_of_sample) for window in windows))  # whole numbers
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
    blobs.put(keys.plan, _sealed(body), JSON)
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
    from algotrendy.backtest.validation.same_bars import CrossChecks

    plan = _planned(walk_id, pinned, blobs, bars, mode)
    if plan.sha256 != pinned.sha256:
        raise Conflict(
            f"walk-forward {walk_id} was planned with other code; ask for it again",
            planned=pinned.sha256,
            actual=plan.sha256,
        )
    checks = CrossChecks() if pinned.spec.cross_checks else None
    return Walk(plan, recorder, blobs, checks, scores=str(walk_id))


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


def _result(
    walk_id: WalkForwardId, pinned: PinnedWalk, number: int, blobs: Blobs
) -> dict[str, Any] | None:
    """Read what a window found; None unless it is whole, untouched and of this plan."""
    try:
        found = _unsealed(blobs.get(Keys(walk_id).window(number)))
    except NotFound:
        return None
    if found is None or (found["plan_sha256"], found["window"]) != (pinned.sha256, number):
        return None
    return found


def _sealed(body: dict[str, Any]) -> bytes:
    return encode({"body": body, "seal": digest(body)})


def _unsealed(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
        body: dict[str, Any] = found["body"]
        return body if found["seal"] == digest(body) else None
    except (ValueError, KeyError, TypeError):
        return None
