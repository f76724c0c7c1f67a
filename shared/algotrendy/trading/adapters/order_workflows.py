"""Run the workflows of orders on Step Functions, and answer those that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from algotrendy.kernel.errors import JsonValue
from algotrendy.platform.workflows import StepFunctionsWorkflows, TaskTokens
from algotrendy.trading.ports import SagaRun, Sagas, SagaState


class OrderWorkflows:
    """Is the ``Sagas`` of a deployment."""

    def __init__(self, workflows: StepFunctionsWorkflows, tokens: TaskTokens) -> None:
        self._workflows = workflows
        self._tokens = tokens

    def start(self, run: SagaRun) -> None:
        """Start a run, unless there is or was one of its name.

        Raises:
            Unavailable: If Step Functions does not answer.
        """
        self._workflows.start(
            run.name,
            {
                "order_id": str(run.order_id),
                "correlation_id": run.correlation_id,
                # None goes, too: the machine hands the field on.
                "traceparent": run.traceparent,
            },
        )

    def state(self, run: SagaRun) -> SagaState:
        """Tell how a run stands.

        Raises:
            Unavailable: If Step Functions does not answer.
        """
        found = self._workflows.describe(run.name)
        if found is None:
            return SagaState.MISSING
        return SagaState.ENDED if found.status.is_final else SagaState.RUNNING

    def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Tell a workflow that waits what came of it; one that waits no more is left alone.

        Raises:
            Unavailable: If Step Functions does not answer.
        """
        self._tokens.succeed(token, result)


class ThreadAnswers:
    """Is the ``Answers`` of the execution service: answers workflows beside the loop."""

    def __init__(self, sagas: Sagas) -> None:
        self._sagas = sagas

    async def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Tell a workflow that waits what came of it.

        Raises:
            Unavailable: If it cannot be reached now.
        """
        await asyncio.to_thread(self._sagas.answer, token, result)
