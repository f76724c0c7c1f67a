"""A workflow service that remembers what was started, and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from algotrendy.platform.workflows import Execution, ExecutionStatus, Started, checked_name


class MemoryWorkflows:
    """Keeps each execution as running until ``finish`` is called."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}
        self._executions: dict[str, Execution] = {}

    def start(self, name: str, input: Mapping[str, Any]) -> Started:  # noqa: A002
        """Start an execution of that name, unless there is or was one."""
        found = self._executions.get(checked_name(name))
        if found is not None:
            is_same = not found.status.is_final and self.inputs[name] == dict(input)
            return Started.STARTED if is_same else Started.ALREADY_STARTED
        self.inputs[name] = dict(input)
        self._executions[name] = Execution(
            name, ExecutionStatus.RUNNING, datetime(2026, 1, 5, tzinfo=UTC)
        )
        return Started.STARTED

    def describe(self, name: str) -> Execution | None:
        """Tell how the execution of that name stands."""
        return self._executions.get(name)

    def stop(self, name: str, cause: str) -> None:
        """End an execution that runs."""
        found = self._executions.get(name)
        if found is not None and not found.status.is_final:
            self.finish(name, ExecutionStatus.ABORTED, cause=cause)

    def finish(self, name: str, status: ExecutionStatus, error: str = "", cause: str = "") -> None:
        """Let an execution end."""
        self._executions[name] = replace(
            self._executions[name], status=status, error=error, cause=cause
        )
