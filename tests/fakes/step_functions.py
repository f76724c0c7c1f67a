"""Step Functions in this process: moto runs a real definition, our handlers are its Lambdas."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from fakes.functions import Context

Task = Callable[[dict[str, Any], Any], Any]
ACCOUNT, REGION = "123456789012", "us-east-1"


def lambda_arn(name: str) -> str:
    """Give the ARN under which a task is called."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def substituted(definition: Path, values: Mapping[str, str]) -> str:
    """Fill in a definition; fail on a name that is left over or that it does not have."""
    text = definition.read_text(encoding="utf-8")
    names = set(re.findall(r"\$\{(\w+)\}", text))
    assert names == set(values), f"the definition has {names}, given were {set(values)}"
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    json.loads(text)
    return text


class StateMachine:
    """A deployed definition whose Lambda tasks are Python functions; remembers each call."""

    def __init__(self, arn: str, client: Any, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self.arn = arn
        self.calls = calls
        self._client = client

    def ended(self, name: str, timeout_s: float = 240) -> dict[str, Any]:
        """Wait for an execution to end, and describe it."""
        arn = f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found: dict[str, Any] = self._client.describe_execution(executionArn=arn)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.02)
        raise AssertionError(f"{name} still runs after {timeout_s} s")


@contextmanager
def state_machine(
    definition: str, tasks: Mapping[str, Task], monkeypatch: pytest.MonkeyPatch
) -> Iterator[StateMachine]:
    """Run moto with the definition deployed; whatever boto3 does meanwhile, it does in there."""
    from moto import mock_aws
    from moto.awslambda_simple.models import LambdaSimpleBackend
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

    calls: list[tuple[str, dict[str, Any]]] = []

    def invoke(
        _: Any, function_name: str, _qualifier: Any, body: Any, _headers: Any, answer: Any
    ) -> str:
        name, event = function_name.rpartition(":")[2], json.loads(body)
        calls.append((name, event))
        try:
            return json.dumps(tasks[name](event, Context()))
        except Exception as error:  # noqa: BLE001 - Lambda reports whatever a handler raises
            answer["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})

    # moto's own seam for what a Lambda answers; ours is the only Lambda runtime here.
    monkeypatch.setattr(LambdaSimpleBackend, "invoke", invoke)
    # As many tries as the definition says, without the pauses between them.
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=lambda _seconds: None))
    config: Any = {
        "stepfunctions": {"execute_state_machine": True},
        "lambda": {"use_docker": False},
    }
    with mock_aws(config=config):
        role = boto3.client("iam").create_role(RoleName="saga", AssumeRolePolicyDocument="{}")
        client = boto3.client("stepfunctions", region_name=REGION)
        made = client.create_state_machine(
            name="saga", definition=definition, roleArn=role["Role"]["Arn"]
        )
        yield StateMachine(made["stateMachineArn"], client, calls)
        running = client.list_executions(
            stateMachineArn=made["stateMachineArn"], statusFilter="RUNNING"
        )
        # moto runs each in threads of this process, which would go on beside other tests.
        assert not running["executions"], "a test left a workflow that runs"
