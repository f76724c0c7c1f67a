from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import pytest

from algotrendy.backtest.executors import InProcess, run_sweep
from algotrendy.backtest.failures import note_shard
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import Study, StudyStatus, Sweep
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.outcome import Outcome
from algotrendy.backtest.ports import RunState
from algotrendy.backtest.studies import ATTEMPTS_LIMIT, parts_done
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import CorrelationId, SeededIds, TenantId, UserId
from fakes.memory_blobs import MemoryBlobs
from fakes.study_runner import MemoryRunner
from fakes.study_store import MemorySweepStore
from fakes.sweep_world import some_bars, some_spec

ACME = TenantId("acme")
QUIET = timedelta(minutes=2)


class World:
    def __init__(self) -> None:
        self.store = MemorySweepStore()
        self.clock = ManualClock(datetime(2026, 1, 2, tzinfo=UTC))
        self.trials = TrialLedger(MemoryTrials(), self.clock, SeededIds(2, self.clock))
        self.sweeps = Sweeps(self.store, self.clock, SeededIds(1, self.clock), self.trials)
        self.runner, self.blobs = MemoryRunner(), MemoryBlobs()

    def request(self, key: str = "key", **changes: Any) -> Sweep:
        return self.sweeps.request(
            some_spec(**changes),
            tenant=ACME,
            requested_by=UserId("ada"),
            idempotency_key=key,
            correlation_id=CorrelationId("request-1"),
        )

    def restart_lost(self) -> list[Sweep]:
        return self.sweeps.restart_lost(self.runner, self.blobs, QUIET)

    def events(self) -> list[str]:
        return [event.name for event in self.store.outbox]


@pytest.fixture
def world() -> World:
    return World()


def test_a_request_is_stored_and_said_once(world: World) -> None:
    sweep = world.request()
    assert (sweep.status, sweep.tenant, sweep.attempt) == (StudyStatus.REQUESTED, ACME, 1)
    assert world.request() == sweep
    assert world.events() == ["SweepRequested"]
    [event] = world.store.outbox
    assert event.envelope()["payload"] == {"sweep_id": str(sweep.id)}
    assert event.correlation_id == "request-1"


def test_a_key_used_for_another_request_is_a_conflict(world: World) -> None:
    world.request()
    with pytest.raises(Conflict, match="came with another request"):
        world.request(seed=7)


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb"])
def test_a_key_must_be_short_and_printable(world: World, key: str) -> None:
    with pytest.raises(Invalid, match="idempotency_key"):
        world.request(key)


def test_a_request_that_cannot_run_is_refused_at_once(world: World) -> None:
    with pytest.raises(NotFound, match="magic"):
        world.request(strategy="magic")
    with pytest.raises(Invalid) as refused:
        world.request(parameters={"fast": (1,)})
    assert refused.value.field == "parameters.fast"
    assert world.store.writes == 0


def test_another_tenants_sweep_is_not_found(world: World) -> None:
    sweep = world.request()
    assert world.sweeps.get(ACME, sweep.id) == sweep
    with pytest.raises(NotFound):
        world.sweeps.get(TenantId("rival"), sweep.id)


def test_pages_follow_one_another_to_the_last(world: World) -> None:
    asked = [world.request(f"key-{number}").id for number in range(5)]
    first = world.sweeps.newest(ACME, 2)
    second = world.sweeps.newest(ACME, 2, first.next_before)
    third = world.sweeps.newest(ACME, 2, second.next_before)
    pages = [[sweep.id for sweep in page.studies] for page in (first, second, third)]
    assert pages == [asked[:2:-1], asked[2:0:-1], asked[:1]]
    assert third.next_before is None
    with pytest.raises(Invalid, match="limit"):
        world.sweeps.newest(ACME, 101)


def test_a_sweep_runs_and_succeeds_and_says_so_once(world: World) -> None:
    sweep = world.request()
    running = world.sweeps.record_planned(sweep.id, 16, 2)
    assert (running.status, running.runs, running.shards) == (StudyStatus.RUNNING, 16, 2)
    for _ in range(2):
        ended = world.sweeps.record_success(sweep.id, {"runs": 16})
        assert (ended.status, ended.summary) == (StudyStatus.SUCCEEDED, {"runs": 16})
    assert world.events() == ["SweepRequested", "SweepCompleted"]
    assert world.sweeps.record_planned(sweep.id, 16, 2) == ended


def test_noting_the_same_plan_twice_writes_once(world: World) -> None:
    sweep = world.request()
    world.sweeps.record_planned(sweep.id, 16, 2)
    world.clock.advance(QUIET)
    before = world.store.writes
    world.sweeps.record_planned(sweep.id, 16, 2)
    assert world.store.writes == before


def test_a_failure_is_final_and_said_once(world: World) -> None:
    sweep = world.request()
    for _ in range(2):
        ended = world.sweeps.record_failure(sweep.id, "no bars" * 1000)
    assert ended.status is StudyStatus.FAILED
    assert len(ended.error or "") == 2000
    assert world.events() == ["SweepRequested", "SweepFailed"]
    with pytest.raises(Conflict, match="is failed, so it cannot become succeeded"):
        world.sweeps.record_success(sweep.id, {})


def test_a_success_is_not_taken_back(world: World) -> None:
    sweep = world.request()
    world.sweeps.record_success(sweep.id, {})
    with pytest.raises(Conflict):
        world.sweeps.record_failure(sweep.id, "late")


def test_a_sweep_that_was_never_started_is_started_after_a_while(world: World) -> None:
    sweep = world.request()
    assert world.restart_lost() == []
    world.clock.advance(QUIET)
    assert world.restart_lost() == [sweep]
    assert world.runner.started == [(sweep.id, 1)]
    assert world.restart_lost() == []


def test_a_running_workflow_is_left_alone_and_a_lost_one_started_again(world: World) -> None:
    sweep = world.request()
    world.runner.start(sweep)
    world.sweeps.record_planned(sweep.id, 16, 2)
    world.clock.advance(QUIET)
    assert world.restart_lost() == []
    world.runner.lose_everything()
    assert [lost.id for lost in world.restart_lost()] == [sweep.id]
    assert world.runner.started == [(sweep.id, 1), (sweep.id, 1)]


def test_a_workflow_that_ended_without_a_word_is_tried_again_then_given_up(world: World) -> None:
    sweep = world.request()
    world.runner.start(sweep)
    for attempt in range(1, ATTEMPTS_LIMIT + 1):
        world.runner.end(world.store.get(sweep.id), RunState.FAILED)
        world.clock.advance(QUIET)
        [acted] = world.restart_lost()
        assert acted.attempt == min(attempt + 1, ATTEMPTS_LIMIT)
    assert acted.status is StudyStatus.FAILED
    assert acted.error == "the workflow ended without a result 3 times"
    assert [number for _, number in world.runner.started] == [1, 2, 3]
    world.clock.advance(QUIET)
    assert world.restart_lost() == []


def test_sweeps_that_run_for_long_do_not_hide_one_that_was_lost(world: World) -> None:
    for number in range(3):
        world.runner.start(world.request(f"key-{number}"))
    lost = world.request("lost")
    world.clock.advance(QUIET)
    assert world.sweeps.restart_lost(world.runner, world.blobs, QUIET, limit=2) == [lost]


@pytest.mark.parametrize("state", [RunState.SUCCEEDED, RunState.FAILED])
def test_a_result_that_nobody_noted_is_noted(world: World, state: RunState) -> None:
    sweep = world.request()
    world.runner.start(sweep)
    executor = InProcess(world.blobs, some_bars(), "interpreted")
    run_sweep(
        sweep.id, sweep.spec, world.blobs, some_bars(), executor, shard_runs=4, mode="interpreted"
    )
    assert parts_done(sweep.id, world.blobs) == 4
    world.runner.end(sweep, state)
    world.clock.advance(QUIET)
    [acted] = world.restart_lost()
    assert acted.status is StudyStatus.SUCCEEDED
    assert acted.summary is not None
    assert acted.summary["runs"] == 16
    assert world.events() == ["SweepRequested", "SweepCompleted"]


def test_a_sweep_that_ends_while_it_is_looked_at_is_left_as_it_ended(world: World) -> None:
    class Racing(MemoryRunner):
        def state(self, study: Study[Any]) -> RunState:
            world.sweeps.record_failure(study.id, "noted meanwhile")
            return RunState.SUCCEEDED

    sweep = world.request()
    executor = InProcess(world.blobs, some_bars(), "interpreted")
    run_sweep(sweep.id, sweep.spec, world.blobs, some_bars(), executor, mode="interpreted")
    world.clock.advance(QUIET)
    [acted] = world.sweeps.restart_lost(Racing(), world.blobs, QUIET)
    assert (acted.status, acted.error) == (StudyStatus.FAILED, "noted meanwhile")
    assert world.events() == ["SweepRequested", "SweepFailed"]


def test_a_damaged_summary_does_not_stop_the_search_for_lost_sweeps(world: World) -> None:
    damaged, other = world.request("damaged"), world.request("other")
    world.runner.start(damaged)
    world.runner.end(damaged, RunState.SUCCEEDED)
    world.blobs.put(Keys(damaged.id).summary, b'{"runs": 1', "application/json")
    world.clock.advance(QUIET)
    assert [acted.id for acted in world.restart_lost()] == [damaged.id, other.id]
    assert world.store.get(damaged.id).attempt == 2


def test_a_cancelled_sweep_says_so_once_and_its_workflow_is_stopped(world: World) -> None:
    sweep = world.request()
    world.runner.start(sweep)
    for _ in range(2):
        done = world.sweeps.cancel(ACME, sweep.id, world.runner, UserId("ada"))
        assert done.status is StudyStatus.CANCELLED
    assert world.events() == ["SweepRequested", "SweepCancelled"]
    assert world.runner.stopped == [(sweep.id, 1)]
    assert world.restart_lost() == []


def test_a_sweep_that_ended_cannot_be_cancelled_nor_one_that_was_cancelled_end(
    world: World,
) -> None:
    done, other = world.request(), world.request("other")
    world.sweeps.record_success(done.id, {"runs": 16})
    with pytest.raises(Conflict, match="is succeeded, so it cannot become cancelled"):
        world.sweeps.cancel(ACME, done.id, world.runner, UserId("ada"))
    world.sweeps.cancel(ACME, other.id, world.runner, UserId("ada"))
    with pytest.raises(Conflict, match="is cancelled, so it cannot become succeeded"):
        world.sweeps.record_success(other.id, {"runs": 16})
    assert world.events().count("SweepCompleted") == 1


def test_another_tenants_sweep_cannot_be_cancelled(world: World) -> None:
    sweep = world.request()
    with pytest.raises(NotFound):
        world.sweeps.cancel(TenantId("rival"), sweep.id, world.runner, UserId("eve"))
    assert world.runner.stopped == []


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_the_end_of_a_workflow_changes_nothing_of_a_cancelled_sweep(
    world: World, outcome: Literal["succeeded", "failed"]
) -> None:
    sweep = world.request()
    world.blobs.put(Keys(sweep.id).summary, b'{"runs": 16}', "application/json")
    world.sweeps.cancel(ACME, sweep.id, world.runner, UserId("ada"))
    noted = Outcome(sweep_id=sweep.id, outcome=outcome).record(world.sweeps, world.blobs)
    assert noted.status is StudyStatus.CANCELLED
    assert world.events() == ["SweepRequested", "SweepCancelled"]


def test_the_record_of_a_failure_names_what_the_map_does_not(world: World) -> None:
    sweep = world.request()
    note_shard(
        sweep.id, 3, Rejected("run 31, mine on AAA with fast=4 raised KeyError"), world.blobs
    )
    outcome = Outcome(sweep_id=sweep.id, outcome="failed", error="States.ItemReaderFailed")
    noted = outcome.record(world.sweeps, world.blobs)
    assert noted.error == (
        "States.ItemReaderFailed; shard 3 failed: run 31, mine on AAA with fast=4 raised KeyError"
    )


def test_a_function_that_was_killed_says_that_its_memory_was_not_enough() -> None:
    cause = '{"errorMessage": "RequestId: 1 Error: Runtime exited with error: signal: killed"}'
    told = Outcome(sweep_id=UUID(int=1), outcome="failed", error="Runtime.ExitError", cause=cause)
    assert "memory was not enough" in told.reason
