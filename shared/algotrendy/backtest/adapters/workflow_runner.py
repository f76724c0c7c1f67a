"""Run studies on their deployed workflow."""

from __future__ import annotations

from typing import Any

from algotrendy.backtest.lifecycle import Study
from algotrendy.backtest.ports import RunState
from algotrendy.platform import tracing
from algotrendy.platform.workflows import ExecutionStatus, Workflows


class WorkflowRunner:
    """Is the ``StudyRunner`` of a deployment, for one kind.

    The first attempt's execution bears the study's id, later ones add their number: Step Functions
    itself then refuses to run an attempt twice.
    """

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def start(self, study: Study[Any]) -> None:
        """Start the present attempt, unless it was started before."""
        self._workflows.start(
            _execution(study),
            {
                study.id_name: str(study.id),
                "attempt": study.attempt,
                "correlation_id": study.correlation_id,
                # None goes, too: the machine hands the field on.
                tracing.HEADER: tracing.traceparent(),
            },
        )

    def stop(self, study: Study[Any]) -> None:
        """Stop the present attempt; one that ended, or never was, is left as it is."""
        self._workflows.stop(_execution(study), f"the {study.kind} was cancelled")

    def state(self, study: Study[Any]) -> RunState:
        """Tell what became of the present attempt."""
        execution = self._workflows.describe(_execution(study))
        if execution is None:
            return RunState.MISSING
        if not execution.status.is_final:
            return RunState.RUNNING
        succeeded = execution.status is ExecutionStatus.SUCCEEDED
        return RunState.SUCCEEDED if succeeded else RunState.FAILED


def _execution(study: Study[Any]) -> str:
    return str(study.id) if study.attempt == 1 else f"{study.id}-{study.attempt}"
