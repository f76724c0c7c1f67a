"""Start workflows by name, each name once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.platform import aws, tracing

# Step Functions takes more, but these are also safe in an ARN, a URL and a log.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Started(Enum):
    """Says what a request to start a workflow did."""

    STARTED = "started"
    ALREADY_STARTED = "already-started"


class ExecutionStatus(Enum):
    """Says how an execution stands; the last four are final."""

    RUNNING = "RUNNING"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"

    @property
    def is_final(self) -> bool:
        """Tell whether the execution has ended."""
        return self not in (ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE)


@dataclass(frozen=True, slots=True)
class Execution:
    """Is one run of a workflow; ``error`` and ``cause`` say why it failed."""

    name: str
    status: ExecutionStatus
    started_at: datetime
    finished_at: datetime | None = None
    error: str = ""
    cause: str = ""


class Workflows(Protocol):
    """Runs one kind of workflow."""

    def start(self, name: str, input: Mapping[str, Any]) -> Started:  # noqa: A002
        """Start an execution of that name, unless there is or was one: safe to call again."""
        ...

    def describe(self, name: str) -> Execution | None:
        """Tell how the execution of that name stands, or None when there never was one."""
        ...

    def stop(self, name: str, cause: str) -> None:
        """End the execution of that name, ABORTED; one that ended, or never was, is left alone."""
        ...


class StepFunctionsWorkflows:
    """Runs a standard state machine of Step Functions, which keeps names apart for 90 days.

    Args:
        state_machine_arn: The machine.
        client: A boto3 client of Step Functions; by default the one of this process.
    """

    def __init__(self, state_machine_arn: str, client: Any = None) -> None:
        self._arn = state_machine_arn
        self._given = client

    def start(self, name: str, input: Mapping[str, Any]) -> Started:  # noqa: A002
        """Start an execution of that name, unless there is or was one: safe to call again.

        One that runs with the very same input also reads as just started.

        Raises:
            Invalid: If the name has other than letters, digits, ``-`` and ``_``, or over 80.
            Unavailable: If Step Functions does not answer; calling again is safe.
        """
        checked_name(name)
        client = self._client
        # The trace in the input, where it is somebody else's than the present one, is followed.
        carried = tracing.read_traceparent(input.get(tracing.HEADER)) or tracing.current()
        header = {} if carried is None else {"traceHeader": tracing.xray_header(carried)}
        with (
            tracing.span("start workflow", "producer", workflow=self._name, execution=name),
            aws.translated("workflow"),
        ):
            try:
                client.start_execution(
                    stateMachineArn=self._arn,
                    name=name,
                    # Sorted, because Step Functions compares the text of a repeated request.
                    input=json.dumps(input, sort_keys=True, allow_nan=False),
                    **header,
                )
            except client.exceptions.ExecutionAlreadyExists:
                return Started.ALREADY_STARTED
        return Started.STARTED

    def describe(self, name: str) -> Execution | None:
        """Tell how the execution of that name stands, or None when there never was one."""
        try:
            with aws.translated("workflow", missing={"ExecutionDoesNotExist": name}):
                found = self._client.describe_execution(executionArn=self._execution_arn(name))
        except NotFound:
            return None
        return Execution(
            name,
            ExecutionStatus(found["status"]),
            found["startDate"],
            found.get("stopDate"),
            found.get("error", ""),
            found.get("cause", ""),
        )

    def stop(self, name: str, cause: str) -> None:
        """End the execution of that name, ABORTED; one that ended, or never was, is left alone.

        Raises:
            Unavailable: If Step Functions does not answer; calling again is safe.
        """
        found = self.describe(name)
        if found is None or found.status.is_final:
            return
        with (
            suppress(NotFound),
            aws.translated("workflow", missing={"ExecutionDoesNotExist": name}),
        ):
            self._client.stop_execution(executionArn=self._execution_arn(name), cause=cause)

    def _execution_arn(self, name: str) -> str:
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"

    @property
    def _name(self) -> str:
        return self._arn.rpartition(":")[2]

    @property
    def _client(self) -> Any:
        return self._given if self._given is not None else aws.client("stepfunctions")


class TaskTokens:
    """Answers executions that wait with a task token.

    Args:
        client: A boto3 client of Step Functions; by default the one of this process.
    """

    def __init__(self, client: Any = None) -> None:
        self._given = client

    def succeed(self, token: str, result: Mapping[str, Any]) -> bool:
        """Let the execution go on with a result; False when it waits for it no more.

        Raises:
            Unavailable: If Step Functions does not answer; calling again is safe.
        """
        client = self._given if self._given is not None else aws.client("stepfunctions")
        over = (
            client.exceptions.TaskDoesNotExist,
            client.exceptions.TaskTimedOut,
            client.exceptions.InvalidToken,
        )
        with tracing.span("answer workflow", "producer"), aws.translated("workflow"):
            try:
                client.send_task_success(
                    taskToken=token, output=json.dumps(result, allow_nan=False)
                )
            except over:
                return False
        return True


def checked_name(name: str) -> str:
    """Give the name of an execution back, or raise Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid("name", "1 to 80 letters, digits, - and _", name)
    return name
