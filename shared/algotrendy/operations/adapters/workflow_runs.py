"""Read from Step Functions how workflows went, state by state."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

from algotrendy.operations.traces.finding import Run, State

# A run that was lost is started again as <name>-2, <name>-3...
_MOST_ATTEMPTS: Final = 9
_NS: Final = 1_000_000_000
_US: Final = 1_000
_LEFT_BADLY: Final = ("TaskFailed", "TaskTimedOut", "LambdaFunctionFailed")


class WorkflowRuns:
    """Is a ``Runs``.

    Args:
        client: A boto3 client of Step Functions.
        translated: Turns boto3's errors into Unavailable, around each call.
    """

    def __init__(self, client: Any, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._client = client
        self._translated = translated
        self._arns: dict[str, str] | None = None

    def of(self, workflow: str, name: str) -> Sequence[Run]:
        """Give a run and those that followed it when it was lost; none that is not known."""
        arn = self._machines().get(workflow)
        if arn is None:
            return ()
        base = arn.replace(":stateMachine:", ":execution:")
        found: list[Run] = []
        for attempt in range(1, _MOST_ATTEMPTS + 1):
            run = self._run(base, workflow, name if attempt == 1 else f"{name}-{attempt}")
            if run is None:
                break
            found.append(run)
        return found

    def _machines(self) -> dict[str, str]:
        if self._arns is None:
            with self._translated():
                pages = self._client.get_paginator("list_state_machines").paginate()
                self._arns = {
                    str(each["name"]): str(each["stateMachineArn"])
                    for page in pages
                    for each in page["stateMachines"]
                }
        return self._arns

    def _run(self, base: str, workflow: str, name: str) -> Run | None:
        arn = f"{base}:{name}"
        with self._translated():
            try:
                told = self._client.describe_execution(executionArn=arn)
            except self._client.exceptions.ExecutionDoesNotExist:
                return None
            pages = self._client.get_paginator("get_execution_history").paginate(
                # Inputs hold task tokens, by which anybody could answer.
                executionArn=arn,
                includeExecutionData=False,
            )
            events = [event for page in pages for event in page["events"]]
        ended = told.get("stopDate")
        end_ns = time.time_ns() if ended is None else _ns(ended)
        return Run(
            workflow,
            name,
            _ns(told["startDate"]),
            end_ns,
            str(told["status"]),
            tuple(states_of(events, end_ns)),
        )


def states_of(events: Iterable[dict[str, Any]], end_ns: int) -> list[State]:
    """Read a history: each state from its entry to its exit; one that is not left ends now."""
    found: list[State] = []
    entered: tuple[str, int] | None = None
    is_ok = True
    for event in sorted(events, key=lambda each: int(each["id"])):
        kind, at = str(event["type"]), _ns(event["timestamp"])
        if kind.endswith("StateEntered"):
            if entered is not None:
                found.append(State(*entered, at, is_ok))
            entered, is_ok = (str(event["stateEnteredEventDetails"]["name"]), at), True
        elif kind.startswith(_LEFT_BADLY):
            is_ok = False
        elif kind.endswith("StateExited") and entered is not None:
            found.append(State(*entered, at, is_ok))
            entered = None
    if entered is not None:
        found.append(State(*entered, max(end_ns, entered[1]), is_ok))
    return found


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * _NS + at.microsecond * _US
