"""The history of a workflow is read as states with their times."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from algotrendy.operations.adapters.workflow_runs import WorkflowRuns, states_of

BEGUN = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
NS = 1_000_000_000
ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:order"


def event(number: int, kind: str, second: float, name: str = "") -> dict[str, Any]:
    told = {"id": number, "type": kind, "timestamp": BEGUN + timedelta(seconds=second)}
    return {**told, "stateEnteredEventDetails": {"name": name}} if name else told


HISTORY = [
    event(1, "ExecutionStarted", 0),
    event(2, "TaskStateEntered", 0, "Begin"),
    event(3, "TaskFailed", 1),
    event(4, "TaskStateExited", 2),
    event(5, "ChoiceStateEntered", 2, "Route"),
    event(6, "ChoiceStateExited", 2),
    event(7, "TaskStateEntered", 2, "Submit"),
]


def test_a_state_lasts_from_its_entry_to_its_exit_and_one_that_waits_until_now() -> None:
    end_ns = int(BEGUN.timestamp() * NS) + 9 * NS
    begin, route, submit = states_of(reversed(HISTORY), end_ns)
    assert [each.name for each in (begin, route, submit)] == ["Begin", "Route", "Submit"]
    assert (begin.end_ns - begin.start_ns, begin.is_ok) == (2 * NS, False)
    assert (route.end_ns - route.start_ns, route.is_ok) == (0, True)
    assert submit.end_ns == end_ns


class Missing(Exception):  # noqa: N818 - as boto3 names it
    """There is no such execution."""


class Client:
    """Is the part of boto3's client that is asked; of one machine, with two runs."""

    exceptions = SimpleNamespace(ExecutionDoesNotExist=Missing)

    def get_paginator(self, name: str) -> Any:
        pages = {
            "list_state_machines": [{"stateMachines": [{"name": "order", "stateMachineArn": ARN}]}],
            "get_execution_history": [{"events": HISTORY[:4]}, {"events": HISTORY[4:]}],
        }
        return SimpleNamespace(paginate=lambda **asked: self._pages(pages[name], asked))

    def _pages(self, pages: list[Any], asked: dict[str, Any]) -> list[Any]:
        assert asked.get("includeExecutionData", False) is False, "inputs hold task tokens"
        return pages

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if executionArn.rpartition(":")[2] not in ("o", "o-2"):
            raise Missing
        return {"startDate": BEGUN, "stopDate": BEGUN + timedelta(seconds=5), "status": "FAILED"}


def test_a_run_that_was_started_again_is_told_with_the_one_before() -> None:
    runs = WorkflowRuns(Client(), nullcontext).of("order", "o")
    assert [run.name for run in runs] == ["o", "o-2"]
    assert {len(run.states) for run in runs} == {3}
    assert runs[0].end_ns - runs[0].start_ns == 5 * NS


def test_a_workflow_that_is_gone_tells_nothing() -> None:
    assert WorkflowRuns(Client(), nullcontext).of("another", "o") == ()
    assert list(WorkflowRuns(Client(), nullcontext).of("order", "unknown")) == []
