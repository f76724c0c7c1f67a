"""Workflows that wait with a task token, as the order's workflow does."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fakes.aws_emulator import ROLE, Emulator, eventually

pytestmark = pytest.mark.platform

FAILS_ONCE = """
    import boto3, json, os, pathlib

    class StepFailed(Exception):
        pass

    def handler(event, context):
        tokens = pathlib.Path(event["folder"]) / "tokens.txt"
        with tokens.open("a") as out:
            out.write(event["token"] + "\\n")
        if len(tokens.read_text().splitlines()) <= event["fails"]:
            raise StepFailed("planned")
        states = boto3.client("stepfunctions", endpoint_url=event["url"], region_name="us-east-1")
        states.send_task_success(taskToken=event["token"], output='{"next": "settle"}')
        return {"ignored": True}
"""


def _send_state(queue_url: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": queue_url,
            "MessageGroupId.$": "$.account",
            "MessageDeduplicationId.$": "States.Hash($$.Task.Token, 'SHA-256')",
            "MessageBody": {"account.$": "$.account", "token.$": "$$.Task.Token"},
        },
        "ResultPath": "$.step",
        "End": True,
        **more,
    }


def _start(emulator: Emulator, definition: dict[str, Any], given: dict[str, Any]) -> str:
    states = emulator.client("stepfunctions")
    machine = states.create_state_machine(
        name=emulator.name("waits"), definition=json.dumps(definition), roleArn=ROLE
    )
    execution = states.start_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps(given)
    )
    arn: str = execution["executionArn"]
    return arn


def _ended(emulator: Emulator, execution_arn: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = emulator.client("stepfunctions").describe_execution(
            executionArn=execution_arn
        )
        return found if found["status"] != "RUNNING" else None

    return eventually(look)


@pytest.fixture
def queue_url(emulator: Emulator) -> str:
    made = emulator.client("sqs").create_queue(
        QueueName=f"{emulator.name('orders')}.fifo", Attributes={"FifoQueue": "true"}
    )
    url: str = made["QueueUrl"]
    return url


def _receive(emulator: Emulator, queue_url: str, wait_s: int = 5) -> dict[str, Any]:
    answer = emulator.client("sqs").receive_message(
        QueueUrl=queue_url, WaitTimeSeconds=wait_s, AttributeNames=["All"]
    )
    [message] = answer["Messages"]
    emulator.client("sqs").delete_message(
        QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"]
    )
    found: dict[str, Any] = message
    return found


def test_a_fifo_message_carries_the_token_and_its_answer_is_the_result(
    emulator: Emulator, queue_url: str
) -> None:
    definition = {"StartAt": "Submit", "States": {"Submit": _send_state(queue_url)}}
    execution = _start(emulator, definition, {"account": "paper"})
    message = _receive(emulator, queue_url)
    body = json.loads(message["Body"])
    assert body["account"] == "paper"
    assert message["Attributes"]["MessageGroupId"] == "paper"
    emulator.client("stepfunctions").send_task_success(
        taskToken=body["token"], output=json.dumps({"next": "await_end"})
    )
    ended = _ended(emulator, execution)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"]) == {"account": "paper", "step": {"next": "await_end"}}


def test_a_message_that_nobody_answers_times_out(emulator: Emulator, queue_url: str) -> None:
    submit = _send_state(queue_url, TimeoutSeconds=1)
    submit["Catch"] = [
        {"ErrorEquals": ["States.Timeout"], "ResultPath": "$.failure", "Next": "Resolve"}
    ]
    states = {"Submit": submit, "Resolve": {"Type": "Succeed"}}
    execution = _start(emulator, {"StartAt": "Submit", "States": states}, {"account": "paper"})
    token = json.loads(_receive(emulator, queue_url)["Body"])["token"]
    ended = _ended(emulator, execution)
    assert json.loads(ended["output"])["failure"]["Error"] == "States.Timeout"
    client = emulator.client("stepfunctions")
    with pytest.raises((client.exceptions.TaskDoesNotExist, client.exceptions.TaskTimedOut)):
        client.send_task_success(taskToken=token, output="{}")


def test_a_receiver_that_waits_hears_a_workflows_message_at_once(
    emulator: Emulator, queue_url: str
) -> None:
    heard: list[float] = []

    def listen() -> None:
        _receive(emulator, queue_url)
        heard.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(0.5)
    started = time.monotonic()
    definition = {"StartAt": "Submit", "States": {"Submit": _send_state(queue_url)}}
    _start(emulator, definition, {"account": "paper"})
    listener.join(timeout=6)
    assert heard[0] - started < 1


def test_a_function_that_fails_fails_the_task_that_waits_and_a_retry_has_a_new_token(
    emulator: Emulator, tmp_path: Path
) -> None:
    function = emulator.function(FAILS_ONCE)
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": function,
            "Payload": {
                "folder": str(tmp_path),
                "url": emulator.url,
                "fails.$": "$.fails",
                "token.$": "$$.Task.Token",
            },
        },
        "TimeoutSeconds": 15,
        "ResultPath": "$.step",
        "Retry": [{"ErrorEquals": ["StepFailed"], "IntervalSeconds": 0, "MaxAttempts": 2}],
        "End": True,
    }
    execution = _start(emulator, {"StartAt": "Wait", "States": {"Wait": wait}}, {"fails": 2})
    ended = _ended(emulator, execution)
    assert json.loads(ended["output"])["step"] == {"next": "settle"}
    tokens = (tmp_path / "tokens.txt").read_text().split()
    assert len(tokens) == 3
    assert len(set(tokens)) == 3


def test_an_emulator_stops_at_once_while_workflows_wait(own_emulator: Emulator) -> None:
    made = own_emulator.client("sqs").create_queue(
        QueueName="orders.fifo", Attributes={"FifoQueue": "true"}
    )
    definition = {"StartAt": "Submit", "States": {"Submit": _send_state(made["QueueUrl"])}}
    for _ in range(5):
        _start(own_emulator, definition, {"account": "paper"})
    _receive(own_emulator, made["QueueUrl"])
    assert own_emulator.stop() < 10
