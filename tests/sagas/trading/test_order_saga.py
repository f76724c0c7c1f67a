"""The real definition over the real steps and a ledger in memory; the rest of AWS is moto."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

from algotrendy.kernel.clock import ManualClock, SystemClock
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import OrderId, TenantId, UserId, Uuid7s, parse_order_id
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.holds import hold_of
from algotrendy.trading.order_events import (
    OrderApproved,
    OrderEvent,
    OrderOutcomeUnknown,
    OrderWithdrawn,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import SagaRun, SagaState
from algotrendy.trading.saga import OrderSaga
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.sweeper import Sweeper, Swept
from algotrendy.trading.waits import WaitingFor
from fakes.memory_ledger import MemoryLedger
from fakes.order_sagas import RecordedBell
from fakes.order_story import ACCOUNT, START, Story, execution
from fakes.step_functions import REGION, StateMachine, lambda_arn, state_machine, substituted

DEFINITION = Path(__file__).parents[3] / "state_machines" / "trading" / "order_saga.asl.json"
LATER = START + timedelta(hours=1)
STEPS = ("begin", "await_approval", "withdraw", "resolve", "await_end", "settle")


class MotoSagas:
    """Is the ``Sagas`` of the machine that moto runs."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client = boto3.client("stepfunctions", region_name=REGION)

    def start(self, run: SagaRun) -> None:
        given = {
            "order_id": str(run.order_id),
            "correlation_id": run.correlation_id,
            "traceparent": run.traceparent,
        }
        self._client.start_execution(
            stateMachineArn=self._arn, name=run.name, input=json.dumps(given)
        )

    def state(self, run: SagaRun) -> SagaState:
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{run.name}"
        try:
            found = self._client.describe_execution(executionArn=arn)
        except self._client.exceptions.ExecutionDoesNotExist:
            return SagaState.MISSING
        return SagaState.RUNNING if found["status"] == "RUNNING" else SagaState.ENDED

    def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        self._client.send_task_success(taskToken=token, output=json.dumps(result))


class World:
    """One order, its workflow, and a writer that does what the test says."""

    def __init__(
        self, ledger: MemoryLedger, saga: OrderSaga, machine: StateMachine, queue_url: str
    ) -> None:
        self.ledger = ledger
        self.saga = saga
        self.machine = machine
        self.queue_url = queue_url
        self.failures: dict[str, int] = {}
        self.story = Story()

    @property
    def id(self) -> OrderId:
        return self.story.order_id

    @property
    def order(self) -> PlatformOrder:
        return self.ledger.run(lambda tx: tx.orders.get(self.id))

    @property
    def run(self) -> SagaRun:
        came = self.order.provenance
        return SagaRun(self.id, 1, came.correlation_id, came.traceparent)

    @property
    def steps(self) -> list[str]:
        return [name for name, _ in self.machine.calls]

    def place(self, **facts: Any) -> None:
        self.write(replace(self.story.intended, **facts))
        self.saga.sagas.start(self.run)

    def write(self, *events: OrderEvent) -> None:
        for event in events:
            self.ledger.run(partial(record, events=[event]))

    def tell(self, *events: OrderEvent) -> None:
        """Write what happened, and answer who waited for it."""
        self.write(*events)
        self.saga.answer_waits(self.id)

    def hear(self) -> dict[str, Any]:
        """Wait for the message that asks the writer to send the order."""
        client = boto3.client("sqs", region_name=REGION)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            answer = client.receive_message(QueueUrl=self.queue_url, AttributeNames=["All"])
            for message in answer.get("Messages", ()):
                client.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                found: dict[str, Any] = {**message["Attributes"], **json.loads(message["Body"])}
                return found
            time.sleep(0.02)
        raise AssertionError("no message in 10 s")

    def answer(self, token: str) -> None:
        """Answer the workflow's own token, as a writer does that was rung with it."""
        self.saga.sagas.answer(token, self.saga.begin(self.id))

    def awaits(self, waiting_for: WaitingFor) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            waits = self.ledger.run(lambda tx: tx.waits.of(self.id))
            if any(each.waiting_for is waiting_for for each in waits):
                return
            time.sleep(0.02)
        raise AssertionError(f"nobody waits for {waiting_for}")

    def sweep(self) -> Swept:
        return Sweeper(self.ledger, self.saga.sagas, ManualClock(LATER)).sweep()

    def ended(self, attempt: int = 1) -> str:
        run = replace(self.run, attempt=attempt)
        status: str = self.machine.ended(run.name)["status"]
        return status


def shortened(definition: str, **seconds: int) -> str:
    """Give a definition that is as it is, with less patience."""
    states = json.loads(definition)
    for name, timeout in seconds.items():
        states["States"][name]["TimeoutSeconds"] = timeout
    return json.dumps(states)


@pytest.fixture
def make_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., World]]:
    with ExitStack() as stack:

        def make(**seconds: int) -> World:
            made: list[World] = []

            def task(name: str) -> Callable[[dict[str, Any], Any], Any]:
                def run(event: dict[str, Any], _context: Any) -> Any:
                    world = made[0]
                    if world.failures.get(name, 0) > 0:
                        world.failures[name] -= 1
                        raise ConnectionError(f"{name} was planned to fail")
                    order_id = parse_order_id(event["order_id"])
                    step: Callable[..., Any] = getattr(world.saga, name)
                    if "token" in event:
                        return step(order_id, event["token"])
                    return step(order_id)

                return run

            queue_url = f"https://sqs.{REGION}.amazonaws.com/123456789012/orders.fifo"
            names = {
                f"{step.title().replace('_', '')}FunctionArn": lambda_arn(step) for step in STEPS
            }
            definition = substituted(DEFINITION, {**names, "OrderQueueUrl": queue_url})
            tasks = {step: task(step) for step in STEPS}
            machine = stack.enter_context(
                state_machine(shortened(definition, **seconds), tasks, monkeypatch)
            )
            boto3.client("sqs", region_name=REGION).create_queue(
                QueueName="orders.fifo", Attributes={"FifoQueue": "true"}
            )
            ledger, clock = MemoryLedger(), SystemClock()
            saga = OrderSaga(ledger, MotoSagas(machine.arn), RecordedBell(), clock, Uuid7s(clock))
            account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
            ledger.run(lambda tx: tx.accounts.add(account))
            made.append(World(ledger, saga, machine, queue_url))
            return made[0]

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


def test_an_order_goes_from_its_wish_to_its_end(world: World) -> None:
    world.place()
    heard = world.hear()
    assert (heard["account"], heard["order_id"]) == (ACCOUNT, str(world.id))
    assert heard["MessageGroupId"] == ACCOUNT
    world.write(world.story.submitted(), world.story.told("new"))
    world.answer(heard["token"])
    world.awaits(WaitingFor.END)
    world.tell(world.story.filled(execution(quantity=10)))
    assert world.ended() == "SUCCEEDED"
    assert world.steps == ["begin", "await_end", "settle"]
    assert world.ledger.tables.orders.without_end(LATER, 9, None) == []
    assert {event["correlation_id"] for _, event in world.machine.calls} == {"c1"}
    assert {event["traceparent"] for _, event in world.machine.calls} == {None}


def test_every_step_and_the_writer_go_on_with_the_trace_of_the_order(world: World) -> None:
    carried = f"00-{'4b' * 16}-{'0a' * 8}-01"
    given = world.story.intended.provenance
    world.place(provenance=replace(given, traceparent=carried))
    heard = world.hear()
    assert (heard["traceparent"], heard["correlation_id"]) == (carried, "c1")
    world.write(world.story.submitted(), world.story.told("new"))
    world.answer(heard["token"])
    world.awaits(WaitingFor.END)
    world.tell(world.story.filled(execution(quantity=10)))
    assert world.ended() == "SUCCEEDED"
    assert {event["traceparent"] for _, event in world.machine.calls} == {carried}


def test_an_order_that_is_refused_ends_as_any_other(world: World) -> None:
    world.place()
    token = world.hear()["token"]
    world.write(world.story.submitted(), world.story.told("rejected", reason="no shares to lend"))
    world.answer(token)
    assert world.ended() == "SUCCEEDED"
    assert world.steps == ["begin", "settle"]
    assert not hold_of(world.order).held


def test_an_order_that_somebody_agrees_to_is_sent(world: World) -> None:
    world.place(approval="over 50000 USD")
    world.awaits(WaitingFor.APPROVAL)
    world.tell(world.story.make(OrderApproved, by=UserId("bob")))
    heard = world.hear()
    assert heard["order_id"] == str(world.id)
    world.write(world.story.submitted(), world.story.told("rejected", reason="no shares to lend"))
    world.answer(heard["token"])
    assert world.ended() == "SUCCEEDED"


def test_an_order_that_somebody_refuses_is_never_sent(world: World) -> None:
    world.place(approval="over 50000 USD")
    world.awaits(WaitingFor.APPROVAL)
    world.tell(world.story.make(OrderWithdrawn, reason="too much"))
    assert world.ended() == "SUCCEEDED"
    assert world.steps == ["begin", "await_approval", "settle"]


def test_an_order_that_nobody_agrees_to_is_taken_back(make_world: Callable[..., World]) -> None:
    world = make_world(AwaitApproval=1)
    world.place(approval="over 50000 USD")
    assert world.ended() == "SUCCEEDED"
    assert world.steps == ["begin", "await_approval", "withdraw", "settle"]
    assert world.order.status is PlatformStatus.CANCELED
    assert not hold_of(world.order).held


def test_a_message_that_is_lost_is_made_good_by_resolving(
    make_world: Callable[..., World],
) -> None:
    world = make_world(Submit=1)
    world.place()
    world.hear()
    world.write(world.story.submitted(), world.story.make(OrderOutcomeUnknown, reason="silence"))
    world.awaits(WaitingFor.SUBMISSION)
    world.tell(world.story.told("new"))
    world.awaits(WaitingFor.END)
    world.tell(world.story.told("canceled", 1))
    assert world.ended() == "SUCCEEDED"
    assert world.steps == ["begin", "resolve", "await_end", "settle"]


def test_an_answer_that_is_lost_costs_patience_and_nothing_else(
    make_world: Callable[..., World],
) -> None:
    world = make_world(AwaitEnd=1)
    world.place()
    token = world.hear()["token"]
    world.write(world.story.submitted(), world.story.told("new"))
    world.answer(token)
    world.awaits(WaitingFor.END)
    world.write(world.story.told("canceled", 1))
    assert world.ended() == "SUCCEEDED"
    assert set(world.steps[1:-1]) == {"await_end"}


@pytest.mark.parametrize("step", ["begin", "await_end", "settle"])
def test_a_step_that_fails_twice_is_tried_again(world: World, step: str) -> None:
    world.failures[step] = 2
    world.place()
    token = world.hear()["token"]
    world.write(world.story.submitted(), world.story.told("new"))
    world.answer(token)
    world.awaits(WaitingFor.END)
    world.tell(world.story.told("canceled", 1))
    assert world.ended() == "SUCCEEDED"
    assert world.steps.count(step) == 3


def test_a_run_that_fails_for_good_is_run_again_from_the_ledger(world: World) -> None:
    world.failures["begin"] = 7
    world.place()
    assert world.ended() == "FAILED"
    swept = world.sweep()
    assert swept.restarted == (world.id,)
    token = world.hear()["token"]
    world.write(world.story.submitted(), world.story.told("rejected"))
    world.answer(token)
    assert world.ended(attempt=2) == "SUCCEEDED"
    assert world.sweep().restarted == ()
