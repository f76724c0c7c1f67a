"""The real definition of the walk forward over the real handlers and PostgreSQL; AWS is moto."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from algotrendy.backtest import wiring
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import StudyStatus, WalkStudy
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.backtest.validation.walk_plan import plan_walk
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.database import database as connected
from algotrendy.platform.settings import reset_settings
from fakes.bars_for_backtests import walk
from fakes.engine_walks import REQUEST
from fakes.functions import Context, load_handler
from fakes.some_trials import ledger_over
from fakes.step_functions import StateMachine, lambda_arn, state_machine, substituted

DEFINITION = Path(__file__).parents[3] / "state_machines" / "backtest" / "walk_forward.asl.json"
BUCKET = "results"
STEPS = ("plan_walk", "run_window", "reduce_walk", "record_outcome")
ENDED = ["WalkForwardRequested", "WalkForwardCompleted"]


class World:
    """A platform in this process, its workflow, and handlers that a test may make fail."""

    def __init__(self, machine: StateMachine, database: Any, failures: dict[str, int]) -> None:
        self.machine = machine
        self.failures = failures
        self._database = database

    def request(self, **changes: Any) -> WalkStudy:
        return wiring.walk_forwards().request(
            parse_walk_forward({**REQUEST, **changes}),
            tenant=TenantId("acme"),
            requested_by=UserId("ada"),
            idempotency_key="key",
            correlation_id=CorrelationId("request-1"),
        )

    def events(self) -> list[dict[str, Any]]:
        rows = self._database.run(
            lambda tx: tx.execute("SELECT payload FROM outbox ORDER BY id").fetchall()
        )
        return [json.loads(row["payload"]) for row in rows]

    def names(self) -> list[str]:
        return [event["name"] for event in self.events()]

    def deliver(self) -> dict[str, Any]:
        """Bring what lies in the outbox to the queue's consumer, as EventBridge and SQS would."""
        records = [
            {"messageId": event["id"], "body": json.dumps({"detail": event})}
            for event in self.events()
            if event["name"] == "WalkForwardRequested"
        ]
        handler = load_handler("backtest", "on_study_requested")
        answer: dict[str, Any] = handler({"Records": records}, Context())
        return answer

    def run(self, walk: WalkStudy) -> WalkStudy:
        self.deliver()
        self.machine.ended(str(walk.id))
        return self.look(walk)

    def look(self, walk: WalkStudy) -> WalkStudy:
        return wiring.walk_forwards().get(walk.tenant, walk.id)

    def calls(self, step: str) -> list[dict[str, Any]]:
        return [event for name, event in self.machine.calls if name == step]

    def quieten(self) -> None:
        """Let the ledger look as if nothing had been heard for years."""
        old = "UPDATE walk_forwards SET updated_at = '2020-01-01T00:00:00Z'"
        self._database.run(lambda tx: tx.execute(old))


@pytest.fixture
def world(
    database: Any, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[World]:
    failures: dict[str, int] = {}
    handlers = {name: load_handler("backtest", name) for name in STEPS}

    def task(name: str) -> Callable[[dict[str, Any], Any], Any]:
        def run(event: dict[str, Any], context: Any) -> Any:
            if failures.get(name, 0) > 0:
                failures[name] -= 1
                raise ConnectionError(f"{name} was planned to fail")
            return handlers[name](event, context)

        return run

    definition = substituted(
        DEFINITION,
        {
            "PlanFunctionArn": lambda_arn("plan_walk"),
            "WindowFunctionArn": lambda_arn("run_window"),
            "ReduceFunctionArn": lambda_arn("reduce_walk"),
            "OutcomeFunctionArn": lambda_arn("record_outcome"),
            "ResultsBucket": BUCKET,
            "ResultsPrefix": "sweeps",
            "MaxConcurrency": "2",
        },
    )
    with state_machine(definition, {name: task(name) for name in STEPS}, monkeypatch) as machine:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        boto3.client("events").create_event_bus(Name="bus")
        monkeypatch.setenv("ALGOTRENDY_DATABASE_URL", database_url)
        monkeypatch.setenv("ALGOTRENDY_RESULTS_URL", f"s3://{BUCKET}/sweeps")
        monkeypatch.setenv("ALGOTRENDY_LAKE_URL", (tmp_path / "lake").as_uri())
        monkeypatch.setenv("ALGOTRENDY_EVENT_BUS", "bus")
        monkeypatch.setenv("ALGOTRENDY_SWEEP_STATE_MACHINE_ARN", machine.arn)
        monkeypatch.setenv("ALGOTRENDY_WALK_FORWARD_STATE_MACHINE_ARN", machine.arn)
        forget()
        market_data.bar_store().replace([walk("AAA", 300, seed=3)])
        yield World(machine, database, failures)
        connected().close()
    forget()


def forget() -> None:
    reset_settings()
    for cached in (
        wiring.sweeps, wiring.walk_forwards, wiring.trials, connected, wiring.results,
        wiring.runner, wiring.walk_runner, market_data.bar_store,
    ):  # fmt: skip
        cached.cache_clear()


def outcome_of(walk: WalkStudy) -> bytes:
    return wiring.results().get(Keys(walk.id).outcome)


def counted() -> int:
    batches = wiring.trials().history(TenantId("acme")).batches
    return sum(tally.trials for batch in batches for tally in batch.tallies)


def test_a_walk_forward_goes_from_request_to_verdict(world: World) -> None:
    done = world.run(world.request())
    assert (done.status, done.windows, done.error) == (StudyStatus.SUCCEEDED, 4, None)
    assert world.names() == ENDED
    assert world.events()[1]["payload"] == {
        "walk_forward_id": str(done.id), "windows": 4, "passed": False,
    }  # fmt: skip
    assert wiring.results().get(Keys(done.id).report).startswith(b"<!doctype html>")
    curve = wiring.walk_forwards().curve(done.tenant, done.id)
    found = json.loads(outcome_of(done))
    assert curve == found.pop("curve")
    assert done.summary == found


def test_the_workflow_and_one_process_come_to_the_same_bytes(world: World) -> None:
    done = world.run(world.request(cross_checks=True, method="genetic", max_runs=5, batch=2))
    again = Recorder(ledger_over(MemoryTrials()), done.tenant, UserId("bob"), CorrelationId("c"))
    plan = plan_walk(done.spec, market_data.bar_store(), "interpreted")
    alone = run_walk_forward(plan, again)
    assert outcome_of(done) == alone.to_text().encode()


def test_the_correlation_id_reaches_every_step(world: World) -> None:
    world.run(world.request())
    assert {event["correlation_id"] for _, event in world.machine.calls} == {"request-1"}
    assert {event["correlation_id"] for event in world.events()} == {"request-1"}
    [batch, *_] = wiring.trials().history(TenantId("acme")).batches
    assert (batch.correlation_id, batch.recorded_by) == ("request-1", "ada")


def test_a_second_delivery_starts_nothing(world: World) -> None:
    world.run(world.request())
    before = len(world.machine.calls)
    assert world.deliver() == {"batchItemFailures": []}
    assert len(world.machine.calls) == before


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_twice_is_tried_again_and_nothing_is_doubled(
    world: World, step: str
) -> None:
    world.failures[step] = 2
    done = world.run(world.request())
    assert done.status is StudyStatus.SUCCEEDED
    assert (world.names(), counted()) == (ENDED, 24)


@pytest.mark.parametrize("step", ["plan_walk", "reduce_walk"])
def test_a_step_that_keeps_failing_fails_the_walk_and_says_why(world: World, step: str) -> None:
    world.failures[step] = 100
    failed = world.run(world.request())
    assert failed.status is StudyStatus.FAILED
    assert failed.error is not None
    assert f"{step} was planned to fail" in failed.error
    assert world.names() == ["WalkForwardRequested", "WalkForwardFailed"]


def test_a_window_that_no_retry_can_mend_is_named_and_not_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from algotrendy.backtest.validation.running import Walk

    step = Walk.step

    def refuses(self: Walk, number: int) -> Any:
        if number == 2:
            raise Conflict("the bars are gone")
        return step(self, number)

    monkeypatch.setattr(Walk, "step", refuses)
    failed = world.run(world.request())
    assert failed.status is StudyStatus.FAILED
    assert failed.error is not None
    assert "window 3 of 4 failed: the bars are gone" in failed.error
    assert len([call for call in world.calls("run_window") if call["window"] == 3]) == 1


def test_a_window_that_keeps_failing_fails_the_walk(world: World) -> None:
    world.failures["run_window"] = 100
    failed = world.run(world.request())
    assert failed.status is StudyStatus.FAILED
    assert failed.error
    assert world.names() == ["WalkForwardRequested", "WalkForwardFailed"]


def test_what_cannot_be_planned_is_not_retried(world: World) -> None:
    failed = world.run(world.request(windows={"in_sample": 900, "out_of_sample": 50}))
    assert failed.status is StudyStatus.FAILED
    assert failed.error is not None
    assert "windows.in_sample" in failed.error
    assert len(world.calls("plan_walk")) == 1


def test_a_lost_workflow_is_started_from_the_ledger(world: World) -> None:
    walk = world.request()
    handler = load_handler("backtest", "restart_lost_studies")
    assert handler({}, Context()) == {"picked_up": 0}, "it is not quiet for long enough yet"
    world.quieten()
    assert handler({}, Context()) == {"picked_up": 1}
    world.machine.ended(str(walk.id))
    done = world.look(walk)
    assert (done.status, done.attempt) == (StudyStatus.SUCCEEDED, 1)


def test_a_workflow_that_died_is_tried_again_and_done_windows_are_not_done_twice(
    world: World,
) -> None:
    world.failures["reduce_walk"] = world.failures["record_outcome"] = 100
    walk = world.request()
    assert world.run(walk).status is StudyStatus.RUNNING
    world.failures.clear()
    written = wiring.results().get(Keys(walk.id).window(1))
    world.quieten()
    assert load_handler("backtest", "restart_lost_studies")({}, Context()) == {"picked_up": 1}
    world.machine.ended(f"{walk.id}-2")
    done = world.look(walk)
    assert (done.status, done.attempt) == (StudyStatus.SUCCEEDED, 2)
    assert wiring.results().get(Keys(walk.id).window(1)) == written
    assert (world.names(), counted()) == (ENDED, 24)


def test_a_walk_that_was_called_off_stays_so_whatever_its_steps_say(world: World) -> None:
    walk = world.request()
    wiring.walk_forwards().cancel(walk.tenant, walk.id, wiring.walk_runner(), UserId("ada"))
    world.deliver()
    assert world.machine.calls == []
    for outcome in ("failed", "succeeded"):
        with_summary = {"walk_forward_id": str(walk.id), "outcome": outcome}
        if outcome == "succeeded":
            wiring.results().put(Keys(walk.id).summary, b'{"windows": []}')
        told = load_handler("backtest", "record_outcome")(with_summary, Context())
        assert told == {"status": "cancelled"}
    with pytest.raises(Conflict, match="is cancelled"):
        load_handler("backtest", "plan_walk")({"walk_forward_id": str(walk.id)}, Context())
    assert world.names() == ["WalkForwardRequested", "WalkForwardCancelled"]
