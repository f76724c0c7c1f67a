"""One suite on the fake and on Step Functions: a name starts once."""

from __future__ import annotations

import json

import boto3
import pytest

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.platform.workflows import (
    ExecutionStatus,
    Started,
    StepFunctionsWorkflows,
    Workflows,
)
from fakes.workflows import MemoryWorkflows

ROLE = "arn:aws:iam::123456789012:role/any"
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}


@pytest.fixture(params=["memory", "step functions"])
def workflows(request: pytest.FixtureRequest) -> Workflows:
    if request.param == "memory":
        return MemoryWorkflows()
    request.getfixturevalue("aws_cloud")
    return step_functions()


def step_functions() -> StepFunctionsWorkflows:
    machine = boto3.client("stepfunctions").create_state_machine(
        name="sweep", definition=json.dumps(WAIT), roleArn=ROLE
    )
    return StepFunctionsWorkflows(machine["stateMachineArn"])


def test_an_execution_runs_after_it_was_started(workflows: Workflows) -> None:
    assert workflows.start("one", {"sweep_id": "one"}) is Started.STARTED
    execution = workflows.describe("one")
    assert execution is not None
    assert execution.name == "one"
    assert execution.status is ExecutionStatus.RUNNING
    assert execution.started_at.tzinfo is not None
    assert not execution.status.is_final


def test_a_name_that_was_used_with_another_input_does_not_start_again(
    workflows: Workflows,
) -> None:
    workflows.start("one", {"attempt": 1})
    assert workflows.start("one", {"attempt": 2}) is Started.ALREADY_STARTED


def test_starting_the_same_again_is_harmless(workflows: Workflows) -> None:
    workflows.start("one", {"a": 1, "b": 2})
    assert workflows.start("one", {"b": 2, "a": 1}) in set(Started)


def test_what_was_never_started_is_none(workflows: Workflows) -> None:
    assert workflows.describe("never") is None


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "é"])
def test_a_name_that_no_arn_can_hold_is_invalid(workflows: Workflows, name: str) -> None:
    with pytest.raises(Invalid, match="name must be"):
        workflows.start(name, {})


def test_a_machine_that_is_not_there_is_unavailable(aws_cloud: None) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:none"
    with pytest.raises(Unavailable, match="StateMachineDoesNotExist"):
        StepFunctionsWorkflows(arn).start("one", {})


def test_an_execution_that_was_stopped_says_why(aws_cloud: None) -> None:
    workflows = step_functions()
    workflows.start("one", {})
    client = boto3.client("stepfunctions")
    running = client.list_executions(stateMachineArn=workflows._arn)["executions"][0]
    client.stop_execution(executionArn=running["executionArn"], error="Stop", cause="asked to")
    execution = workflows.describe("one")
    assert execution is not None
    assert execution.status is ExecutionStatus.ABORTED
    assert execution.status.is_final
    assert execution.finished_at is not None


def test_a_stopped_execution_is_aborted_and_stays_so(workflows: Workflows) -> None:
    workflows.start("one", {})
    for _ in range(2):
        workflows.stop("one", "nobody wants it")
        execution = workflows.describe("one")
        assert execution is not None
        assert execution.status is ExecutionStatus.ABORTED


def test_stopping_what_was_never_started_changes_nothing(workflows: Workflows) -> None:
    workflows.stop("none", "nobody wants it")
    assert workflows.describe("none") is None
