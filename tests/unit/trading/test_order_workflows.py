"""Workflows of orders are started once by name, looked at, and answered by their tokens."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import CorrelationId, OrderId, SeededIds
from algotrendy.platform.workflows import Execution, ExecutionStatus, Started, TaskTokens
from algotrendy.trading.adapters.order_workflows import OrderWorkflows, ThreadAnswers
from algotrendy.trading.ports import SagaRun, SagaState
from fakes.quick_loop import BEGIN

RUN = SagaRun(OrderId(SeededIds(1, ManualClock(BEGIN)).next()), 2, CorrelationId("c1"))


class Machine:
    """Is the state machine, as far as it is asked."""

    def __init__(self, status: ExecutionStatus | None = None) -> None:
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.status = status

    def start(self, name: str, told: dict[str, Any]) -> Started:
        self.started.append((name, told))
        return Started.STARTED

    def describe(self, name: str) -> Execution | None:
        return None if self.status is None else Execution(name, self.status, BEGIN)


OVER = ("TaskDoesNotExist", "TaskTimedOut", "InvalidToken")


class Client:
    """Is a client of Step Functions that refuses tokens with a code."""

    exceptions = SimpleNamespace(
        **{name: type(name, (ClientError,), {}) for name in OVER},
    )

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.told: list[tuple[str, Any]] = []

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803 - boto3's
        if self.error is not None:
            raise self.error
        self.told.append((taskToken, json.loads(output)))


def workflows(machine: Machine, client: Client) -> OrderWorkflows:
    return OrderWorkflows(machine, TaskTokens(client))  # type: ignore[arg-type]


def test_a_run_is_started_under_its_name_with_what_the_steps_read() -> None:
    machine = Machine()
    workflows(machine, Client()).start(RUN)
    expected = {"order_id": str(RUN.order_id), "correlation_id": "c1", "traceparent": None}
    assert machine.started == [(f"{RUN.order_id}-2", expected)]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (None, SagaState.MISSING),
        (ExecutionStatus.RUNNING, SagaState.RUNNING),
        (ExecutionStatus.PENDING_REDRIVE, SagaState.RUNNING),
        (ExecutionStatus.SUCCEEDED, SagaState.ENDED),
        (ExecutionStatus.ABORTED, SagaState.ENDED),
    ],
)
def test_a_run_is_missing_running_or_ended(
    status: ExecutionStatus | None, state: SagaState
) -> None:
    assert workflows(Machine(status), Client()).state(RUN) is state


def test_a_token_is_answered() -> None:
    client = Client()
    answers = ThreadAnswers(workflows(Machine(), client))
    asyncio.run(answers.answer("token", {"next": "settle"}))
    assert client.told == [("token", {"next": "settle"})]


@pytest.mark.parametrize("kind", OVER)
def test_whoever_waits_no_more_is_left_alone(kind: str) -> None:
    error = getattr(Client.exceptions, kind)({"Error": {"Code": kind}}, "SendTaskSuccess")
    workflows(Machine(), Client(error)).answer("token", {})


def test_a_workflow_service_that_is_away_says_so() -> None:
    error = ClientError({"Error": {"Code": "ThrottlingException"}}, "SendTaskSuccess")
    with pytest.raises(Unavailable):
        workflows(Machine(), Client(error)).answer("token", {})
