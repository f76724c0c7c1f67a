"""Run sweeps on the deployed workflow."""

from __future__ import annotations

from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.ports import RunState
from algotrendy.platform.workflows import ExecutionStatus, Workflows


class WorkflowRunner:
    """Is the ``SweepRunner`` of a deployment.

    The first attempt's execution bears the sweep's id, later ones add their number: Step Functions
    itself then refuses to run an attempt twice.
    """

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def start(self, sweep: Sweep) -> None:
        """Start the present attempt, unless it was started before."""
        self._workflows.start(
            _execution(sweep),
            {
                "sweep_id": str(sweep.id),
                "attempt": sweep.attempt,
                "correlation_id": sweep.correlation_id,
            },
        )

    def stop(self, sweep: Sweep) -> None:
        """Stop the present attempt; one that ended, or never was, is left as it is."""
        self._workflows.stop(_execution(sweep), "the sweep was cancelled")

    def state(self, sweep: Sweep) -> RunState:
        """Tell what became of the present attempt."""
        execution = self._workflows.describe(_execution(sweep))
        if execution is None:
            return RunState.MISSING
        if not execution.status.is_final:
            return RunState.RUNNING
        succeeded = execution.status is ExecutionStatus.SUCCEEDED
        return RunState.SUCCEEDED if succeeded else RunState.FAILED


def _execution(sweep: Sweep) -> str:
    return str(sweep.id) if sweep.attempt == 1 else f"{sweep.id}-{sweep.attempt}"
