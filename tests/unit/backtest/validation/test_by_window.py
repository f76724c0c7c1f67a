"""A walk forward on several machines: planned once, window by window, brought together."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from algotrendy.backtest import walk_forwards
from algotrendy.backtest.canonical import sealed
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.failures import failures
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.outcome import Outcome
from algotrendy.backtest.reduce import read_summary
from algotrendy.backtest.report.walk import render_walk
from algotrendy.backtest.studies import parts_done
from algotrendy.backtest.validation import by_window
from algotrendy.backtest.validation.by_window import (
    IncompleteWalk,
    PinnedWalk,
    plan_windows,
    reduce_windows,
    run_window,
)
from algotrendy.backtest.validation.kept_steps import WindowFailed
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import Walk, run_walk_forward
from algotrendy.backtest.validation.spec import WalkForwardSpec, parse_walk_forward
from algotrendy.backtest.validation.walk_plan import plan_walk
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from algotrendy.kernel.ids import CorrelationId, SeededIds, UserId, WalkForwardId
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.endless_strategy import RAISING, in_the_library
from fakes.engine_walks import REQUEST, some_recorder
from fakes.memory_blobs import DyingBlobs, MemoryBlobs
from fakes.some_trials import ACME, NOW
from fakes.study_store import MemoryWalkStore

WALK_ID = WalkForwardId(UUID("01936b1e-0000-7000-8000-000000000001"))
OTHER_ID = WalkForwardId(UUID("01936b1e-0000-7000-8000-000000000002"))
KEYS = Keys(WALK_ID)


def some_bars(seed: int = 3) -> MemoryBars:
    return MemoryBars(walk("AAA", 300, seed=seed), walk("BBB", 300, seed=seed + 1))


def some_request(**changes: Any) -> WalkForwardSpec:
    return parse_walk_forward({**REQUEST, **changes})


class Desk:
    """A walk forward that is planned, and who works on it."""

    def __init__(self, **changes: Any) -> None:
        self.blobs, self.bars = MemoryBlobs(), some_bars()
        self.recorder = some_recorder()
        self.spec = some_request(**changes)
        self.plan = plan_windows(WALK_ID, self.spec, self.blobs, self.bars)

    def window(self, number: int, blobs: MemoryBlobs | None = None) -> by_window.WindowOutcome:
        return run_window(
            WALK_ID, number, blobs or self.blobs, self.bars, self.recorder, "interpreted"
        )

    def reduce(self) -> int:
        return reduce_windows(WALK_ID, self.blobs, self.bars, self.recorder, "interpreted")

    def done(self) -> Desk:
        for number in range(self.plan.windows, 0, -1):
            self.window(number)
        self.reduce()
        return self

    def whole(self, recorder: Recorder | None = None) -> WalkForwardOutcome:
        """Do the same in one go, on one machine."""
        plan = plan_walk(self.spec, self.bars, "interpreted")
        return run_walk_forward(plan, recorder or some_recorder())


@pytest.mark.parametrize("method", ["grid", "random", "genetic"])
def test_windows_done_apart_come_to_the_same_bytes_as_one_walk(method: str) -> None:
    desk = Desk(method=method, max_runs=4, batch=2, seed=5).done()
    whole = desk.whole()
    assert desk.blobs.get(KEYS.outcome) == whole.to_text().encode()
    assert desk.blobs.get(KEYS.report) == render_walk(whole)


def test_the_cross_checks_are_the_same_too(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(cross_checks=True).done()
    whole = desk.whole()
    assert whole.across is not None
    assert desk.blobs.get(KEYS.outcome) == whole.to_text().encode()


def test_a_strategy_of_several_assets_walks_on_all_of_them() -> None:
    desk = Desk(
        strategy="pairs_trading", symbols=["BBB", "AAA"], parameters={"window": [20, 40]}
    ).done()
    assert json.loads(desk.blobs.get(KEYS.outcome))["symbols"] == ["AAA", "BBB"]
    assert desk.blobs.get(KEYS.outcome) == desk.whole().to_text().encode()


def test_the_summary_is_the_outcome() -> None:
    desk = Desk().done()
    assert read_summary(WALK_ID, desk.blobs) == json.loads(desk.blobs.get(KEYS.outcome))


def test_a_plan_lists_its_windows_and_pins_its_bars() -> None:
    desk = Desk()
    assert desk.plan.windows == 4
    listed = json.loads(desk.blobs.get(KEYS.windows))
    assert listed == [{"window": number} for number in (1, 2, 3, 4)]
    assert desk.blobs.puts[-1] == KEYS.plan
    desk.bars.replace([walk("AAA", 290, seed=9)])
    assert plan_windows(WALK_ID, desk.spec, desk.blobs, desk.bars) == desk.plan
    desk.done()


def test_bars_that_lie_nowhere_as_they_were_planned_fail_the_window(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Where this process keeps copies.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    desk = Desk()
    del desk.blobs.objects[KEYS.data(desk.plan.sha256)]
    desk.window(1)
    desk.bars = some_bars(seed=8)
    with pytest.raises(WindowFailed, match="window 2 of 4 failed: the bars of AAA"):
        desk.window(2)


def test_a_window_that_failed_is_told_of_until_it_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk, step = Desk(), Walk.step

    def refuses(self: Walk, number: int) -> Any:
        if number == 1:
            raise Conflict("the bars are gone")
        return step(self, number)

    monkeypatch.setattr(Walk, "step", refuses)
    for number in (1, 3, 4):
        desk.window(number)
    with pytest.raises(WindowFailed):
        desk.window(2)
    reason = "window 2 of 4 failed: the bars are gone"
    assert failures(WALK_ID, desk.blobs) == [reason]
    with pytest.raises(IncompleteWalk, match=reason):
        desk.reduce()
    monkeypatch.setattr(Walk, "step", step)
    desk.window(2)
    assert failures(WALK_ID, desk.blobs) == []
    desk.reduce()


def test_the_outcome_of_a_walk_says_which_window_failed() -> None:
    clock = ManualClock(NOW)
    walks = WalkForwards(MemoryWalkStore(), clock, SeededIds(1, clock))
    asked = walks.request(
        some_request(),
        tenant=ACME,
        requested_by=UserId("ada"),
        idempotency_key="key",
        correlation_id=CorrelationId("request-1"),
    )
    blobs, reason = MemoryBlobs(), "window 2 of 4 failed: the bars are gone"
    note = sealed({"window": 2, "reason": reason})
    blobs.put(f"{Keys(asked.id).failures}00002.json", note, "application/json")
    # The word of a Distributed Map, which knows no more.
    outcome = Outcome(
        walk_forward_id=asked.id, outcome="failed", error="States.ExceedToleratedFailureThreshold"
    )
    told = outcome.record(walks, blobs)
    assert told.error == f"States.ExceedToleratedFailureThreshold; {reason}"
    assert outcome.record(walks, blobs) == told


def test_a_plan_of_another_request_is_a_conflict() -> None:
    desk = Desk()
    with pytest.raises(Conflict, match="another request"):
        plan_windows(WALK_ID, some_request(seed=9), desk.blobs, desk.bars)


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"body": {}, "seal": "x"}'])
def test_a_damaged_plan_is_made_anew(damage: bytes) -> None:
    desk = Desk()
    desk.blobs.objects[KEYS.plan] = damage
    assert plan_windows(WALK_ID, desk.spec, desk.blobs, desk.bars) == desk.plan


def test_a_plan_for_another_engine_is_made_anew_and_its_windows_are_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.window(1)
    monkeypatch.setattr(by_window, "ENGINE_VERSION", ENGINE_VERSION + 1)
    again = plan_windows(WALK_ID, desk.spec, desk.blobs, desk.bars)
    assert again.engine == ENGINE_VERSION + 1


@pytest.mark.parametrize(
    ("changes", "field_name"),
    [
        ({"method": "bayesian"}, "method"),
        ({"parameters": {}}, "parameters"),
        ({"parameters": {"fast": [20], "slow": [10]}}, "parameters"),
        ({"parameters": {"pace": [1]}}, "parameters.pace"),
        ({"symbols": ["AAA", "BBB"]}, "symbols"),
        ({"windows": {"in_sample": 400, "out_of_sample": 50}}, "windows.in_sample"),
    ],
)
def test_what_cannot_be_planned_names_its_field(changes: dict[str, Any], field_name: str) -> None:
    with pytest.raises(Invalid) as refused:
        Desk(**changes)
    assert refused.value.field == field_name


def test_a_curve_that_no_row_can_hold_is_refused_with_the_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk_forwards, "BARS_LIMIT", 194)
    with pytest.raises(Invalid, match="at most 194 bars"):
        Desk()


@pytest.mark.parametrize(
    ("limit", "value", "field", "told"),
    [
        ("FUNCTION_S", 0.001, "max_runs", "at most 0, which a function tries in 0.001 s"),
        ("LAMBDA_MB", 300, "start", "at most 0 bars to hold in 300 MB"),
    ],
)
def test_a_walk_that_no_function_can_do_is_refused_with_the_plan(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: float, field: str, told: str
) -> None:
    monkeypatch.setattr(f"algotrendy.backtest.validation.limits.{limit}", value)
    with pytest.raises(Invalid, match=told) as refused:
        Desk()
    assert refused.value.field == field


def test_a_strategy_that_raises_is_named_with_window_symbol_and_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_the_library(monkeypatch)
    desk = Desk(strategy="sometimes_endless", parameters={"number": [1, RAISING]})
    told = r"window 2 of 4 failed: sometimes_endless on AAA with number=4 raised ZeroDivisionError"
    with pytest.raises(WindowFailed, match=told):
        desk.window(2)
    assert any("number=4 raised" in reason for reason in failures(WALK_ID, desk.blobs))


def test_a_window_that_is_done_is_not_done_again() -> None:
    desk = Desk()
    modes = {"interpreted": ""}
    assert desk.window(2) == by_window.WindowOutcome(2, 6, was_done=False, modes=modes)
    written = len(desk.blobs.puts)
    assert desk.window(2) == by_window.WindowOutcome(2, 6, was_done=True)
    assert len(desk.blobs.puts) == written
    assert parts_done(WALK_ID, desk.blobs) == 1


def test_a_window_killed_at_any_write_is_done_the_next_time_and_comes_to_the_same() -> None:
    desk, whole = Desk(batch=2), Desk(batch=2).done()
    killed = 0
    while True:
        try:
            desk.window(1, DyingBlobs(desk.blobs, 1))
        except Unavailable:
            killed += 1
            continue
        break
    # Three batches of scores and the result, one write a life: nothing is searched twice.
    assert killed == 3
    assert desk.blobs.get(KEYS.window(1)) == whole.blobs.get(KEYS.window(1))
    tried = desk.recorder.ledger.history(ACME).batches
    assert sum(tally.trials for batch in tried for tally in batch.tallies) == 6


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"body": {}, "seal": "x"}'])
def test_a_damaged_window_is_done_again(damage: bytes) -> None:
    desk = Desk().done()
    good = desk.blobs.objects[KEYS.window(3)]
    desk.blobs.objects[KEYS.window(3)] = damage
    with pytest.raises(IncompleteWalk, match="no whole result: 3"):
        desk.reduce()
    assert not desk.window(3).was_done
    assert desk.blobs.objects[KEYS.window(3)] == good


def test_a_window_of_another_plan_does_not_count() -> None:
    desk = Desk()
    other = Desk(cash=5_000)
    other.window(1)
    desk.blobs.objects[KEYS.window(1)] = other.blobs.objects[KEYS.window(1)]
    assert not desk.window(1).was_done


def test_windows_that_are_missing_are_named_and_nothing_is_written() -> None:
    desk = Desk()
    desk.window(2)
    with pytest.raises(IncompleteWalk, match="of which 3 have no whole result: 1, 3, 4"):
        desk.reduce()
    assert KEYS.summary not in desk.blobs.objects


@pytest.mark.parametrize("number", [0, 5])
def test_a_window_that_the_plan_does_not_have_is_not_found(number: int) -> None:
    with pytest.raises(NotFound, match="window"):
        Desk().window(number)


def test_without_a_plan_there_is_nothing_to_do() -> None:
    with pytest.raises(NotFound):
        run_window(OTHER_ID, 1, MemoryBlobs(), some_bars(), some_recorder())


def test_code_that_changed_since_the_plan_fails_the_window() -> None:
    desk = Desk()
    stored = json.loads(desk.blobs.get(KEYS.plan))["body"]
    changed = PinnedWalk(**{**stored, "spec": desk.spec, "sha256": "0" * 64})
    body = {**stored, "sha256": changed.sha256}
    desk.blobs.put(KEYS.plan, sealed(body), "application/json")
    with pytest.raises(WindowFailed, match=r"window 1 of 4 failed: .* with other code"):
        desk.window(1)


def test_trials_are_counted_before_a_window_is_seen_and_never_twice() -> None:
    desk = Desk()
    desk.window(1)
    assert sum(len(each.tallies) for each in desk.recorder.ledger.history(ACME).batches) == 1
    desk.done()
    found = json.loads(desk.blobs.get(KEYS.outcome))
    assert (found["trials"], found["trials_on_these_data"]) == (24, 24)


def test_a_ledger_that_forgot_a_window_is_told_again_before_it_is_asked() -> None:
    desk = Desk()
    for number in range(1, 5):
        desk.window(number)
    desk.recorder = some_recorder()
    desk.reduce()
    assert json.loads(desk.blobs.get(KEYS.outcome))["trials_on_these_data"] == 24
