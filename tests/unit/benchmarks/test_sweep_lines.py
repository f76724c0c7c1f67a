"""Hold what the benchmark of sweeps makes of its lines, and of what the platform recorded."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from benchmarks.sweep_verdict import verdict

# By name: as a script it finds its neighbours beside itself, not below the project's root.
bill: Any = importlib.import_module("sweep_bill")
sweep: Any = importlib.import_module("sweep")


def line(executor: str, table: str = "ab", runs: int = 10) -> dict[str, Any]:
    return {"executor": executor, "runs": runs, "table_sha256": table}


def test_tables_of_the_same_bytes_are_identical_and_it_is_said_whose() -> None:
    found, complaint = verdict([line("local"), line("ray")], 10)
    assert (found["compared"], found["identical"], complaint) == (["local", "ray"], True, "")


def test_tables_that_differ_are_a_complaint() -> None:
    found, complaint = verdict([line("local"), line("ray", "cd")], 10)
    assert (found["identical"], complaint) == (False, "the results differ")


def test_one_executor_alone_is_neither_identical_nor_different() -> None:
    found, complaint = verdict([line("local")], 10)
    assert (found["identical"], complaint) == (None, "")


def test_ray_that_is_not_installed_is_named_and_is_not_among_the_compared() -> None:
    missing = {"executor": "ray", "not_installed": "no network"}
    found, complaint = verdict([line("local"), line("stepfunctions"), missing], 10)
    assert found["compared"] == ["local", "stepfunctions"]
    assert (found["not_installed"], complaint) == (["ray"], "")


def test_an_executor_that_failed_is_a_complaint_whatever_the_others_came_to() -> None:
    found, complaint = verdict([line("local"), {"executor": "ray", "failed": "it died"}], 10)
    assert (found["failed"], complaint) == (["ray"], "failed: ray")


def test_a_missing_run_is_a_complaint() -> None:
    found, complaint = verdict([line("local", runs=9), line("ray", runs=9)], 10)
    assert (found["complete"], complaint) == (False, "runs are missing: local, ray")


def test_the_environment_of_ray_that_cannot_be_made_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV", "/nowhere/uv")
    assert "No such file" in sweep.install_ray()


def test_a_functions_log_says_how_long_it_ran_in_how_much_memory() -> None:
    reports = [
        "REPORT RequestId: 1\tDuration: 1500 ms\tBilled Duration: 1500 ms\tMemory Size: 2048 MB\t",
        "REPORT RequestId: 2\tDuration: 499.1 ms\tBilled Duration: 500 ms\tMemory Size: 512 MB\t",
        "another line",
    ]
    assert bill.gb_seconds(reports) == (2, 1.5 * 2 + 0.5 * 0.5)


def test_a_transition_is_a_state_and_every_further_attempt_of_a_task() -> None:
    kinds = ("ExecutionStarted", "MapStateEntered", "TaskStateEntered", "TaskScheduled")
    retried = (*kinds, "TaskFailed", "TaskScheduled", "TaskSucceeded", "TaskStateExited")
    assert bill.transitions({"type": kind} for kind in kinds) == 2
    assert bill.transitions({"type": kind} for kind in retried) == 3


def test_lists_are_billed_as_writes_and_what_is_deleted_is_free() -> None:
    names = ("PutObject", "ListObjects", "GetObject", "HeadObject", "HeadObject", "DeleteObject")
    assert bill.writes_and_reads(names) == (2, 3)
    with pytest.raises(ValueError, match="SelectObject"):
        bill.writes_and_reads(["SelectObject"])
