"""The real workflow definition over the real handlers, PostgreSQL and bars; AWS is moto."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from algotrendy.backtest import wiring
from algotrendy.backtest.executors import InProcess, run_sweep
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import StudyStatus, Sweep
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.database import database as connected
from algotrendy.platform.settings import reset_settings
from fakes.bars_for_backtests import walk
from fakes.functions import Context, load_handler
from fakes.memory_blobs import MemoryBlobs
from fakes.step_functions import StateMachine, lambda_arn, state_machine, substituted
from fakes.sweep_world import OTHER_SWEEP_ID, some_spec

DEFINITION = Path(__file__).parents[3] / "state_machines" / "backtest" / "sweep.asl.json"
BUCKET = "results"
STEPS = ("plan_sweep", "run_shard", "reduce_sweep", "record_outcome")
Events = Callable[[], list[dict[str, Any]]]


class World:
    """A platform in this process, its workflow, and handlers that a test may make fail."""

    def __init__(self, machine: StateMachine, events: Events, failures: dict[str, int]) -> None:
        self.machine = machine
        self.events = events
        self.failures = failures

    def request(self, **changes: Any) -> Sweep:
        return wiring.sweeps().request(
            some_spec(**changes),
            tenant=TenantId("acme"),
            requested_by=UserId("ada"),
            idempotency_key="key",
            correlation_id=CorrelationId("request-1"),
        )

    def deliver(self) -> dict[str, Any]:
        """Bring what lies in the outbox to the queue's consumer, as EventBridge and SQS would."""
        records = [
            {"messageId": event["id"], "body": json.dumps({"detail": event})}
            for event in self.events()
            if event["name"] == "SweepRequested"
        ]
        handler = load_handler("backtest", "on_study_requested")
        answer: dict[str, Any] = handler({"Records": records}, Context())
        return answer

    def run(self, sweep: Sweep) -> Sweep:
        self.deliver()
        self.machine.ended(str(sweep.id))
        return wiring.sweeps().get(sweep.tenant, sweep.id)

    def calls(self, step: str) -> list[dict[str, Any]]:
        return [event for name, event in self.machine.calls if name == step]


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
            "PlanFunctionArn": lambda_arn("plan_sweep"),
            "ShardFunctionArn": lambda_arn("run_shard"),
            "ReduceFunctionArn": lambda_arn("reduce_sweep"),
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
        market_data.bar_store().replace([walk("AAA", 120, seed=1), walk("BBB", 120, seed=2)])

        def events() -> list[dict[str, Any]]:
            rows = database.run(
                lambda tx: tx.execute("SELECT payload FROM outbox ORDER BY id").fetchall()
            )
            return [json.loads(row["payload"]) for row in rows]

        yield World(machine, events, failures)
        connected().close()
    forget()


def forget() -> None:
    reset_settings()
    for cached in (
        wiring.sweeps, wiring.trials, connected, wiring.results, wiring.runner,
        market_data.bar_store,
    ):  # fmt: skip
        cached.cache_clear()


def table_of(sweep: Sweep) -> bytes:
    return wiring.results().get(Keys(sweep.id).table)


def test_a_sweep_goes_from_request_to_report(world: World) -> None:
    done = world.run(world.request())
    assert (done.status, done.runs, done.error) == (StudyStatus.SUCCEEDED, 16, None)
    assert [event["name"] for event in world.events()] == ["SweepRequested", "SweepCompleted"]
    assert wiring.results().get(Keys(done.id).report).startswith(b"<!doctype html>")


def test_the_workflow_and_one_process_write_the_same_bytes(world: World) -> None:
    done = world.run(world.request())
    blobs, bars = MemoryBlobs(), market_data.bar_store()
    run_sweep(OTHER_SWEEP_ID, done.spec, blobs, bars, InProcess(blobs, bars), shard_runs=3)
    assert table_of(done) == blobs.get(Keys(OTHER_SWEEP_ID).table)


def test_the_trials_of_a_sweep_are_counted_once(world: World) -> None:
    done = world.run(world.request())
    handler = load_handler("backtest", "record_outcome")
    handler({"sweep_id": str(done.id), "outcome": "succeeded"}, Context())
    year = (date(2000, 1, 1), date(2000, 12, 31))
    counted = wiring.trials().tried_on(done.tenant, ["AAA", "BBB"], *year)
    assert (counted.trials, dict(counted.by_strategy)) == (16, {"sma_cross": 16})


def test_the_correlation_id_reaches_every_step(world: World) -> None:
    world.run(world.request())
    assert {event["correlation_id"] for _, event in world.machine.calls} == {"request-1"}
    assert {event["correlation_id"] for event in world.events()} == {"request-1"}


def test_a_second_delivery_starts_nothing(world: World) -> None:
    sweep = world.request()
    world.run(sweep)
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
    assert len(table_of(done).splitlines()) == 1 + 16
    assert [event["name"] for event in world.events()] == ["SweepRequested", "SweepCompleted"]


def test_a_step_that_keeps_failing_fails_the_sweep_and_says_why(world: World) -> None:
    world.failures["plan_sweep"] = 100
    failed = world.run(world.request())
    assert failed.status is StudyStatus.FAILED
    assert failed.error is not None
    assert "plan_sweep was planned to fail" in failed.error
    assert [event["name"] for event in world.events()] == ["SweepRequested", "SweepFailed"]


def test_what_no_retry_can_mend_is_not_retried(world: World) -> None:
    failed = world.run(world.request(symbols=("NONE",)))
    assert failed.status is StudyStatus.FAILED
    assert failed.error is not None
    assert "NONE" in failed.error
    assert len(world.calls("plan_sweep")) == 1


def test_a_message_that_is_no_event_fails_alone(world: World) -> None:
    sweep = world.request()
    good = {"messageId": "good", "body": json.dumps({"detail": world.events()[0]})}
    bad = {"messageId": "bad", "body": "not JSON"}
    handler = load_handler("backtest", "on_study_requested")
    answer = handler({"Records": [bad, good]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert world.machine.ended(str(sweep.id))["status"] == "SUCCEEDED"


def test_the_relay_publishes_what_was_committed_once(world: World) -> None:
    world.request()
    relay = load_handler("operations", "relay_outbox")
    assert relay({}, Context())["relayed"] == 1
    assert relay({}, Context())["relayed"] == 0


def test_a_lost_workflow_is_started_from_the_ledger(
    world: World, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = world.request()
    handler = load_handler("backtest", "restart_lost_studies")
    assert handler({}, Context()) == {"picked_up": 0}, "it is not quiet for long enough yet"
    database.run(lambda tx: tx.execute("UPDATE sweeps SET updated_at = '2020-01-01T00:00:00Z'"))
    assert handler({}, Context()) == {"picked_up": 1}
    world.machine.ended(str(sweep.id))
    done = wiring.sweeps().get(sweep.tenant, sweep.id)
    assert (done.status, done.attempt) == (StudyStatus.SUCCEEDED, 1)
