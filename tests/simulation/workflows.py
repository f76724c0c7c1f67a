"""Step Functions in this process: runs the very definition, and forgets, delays and repeats."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from algotrendy.kernel.errors import AlgoTrendyError, JsonValue, Unavailable
from algotrendy.trading.ports import SagaRun, SagaState
from simulation.asl import INVOKE, SEND, WAITING, Execution, StatesError
from simulation.fate import Fate
from simulation.loop import Process, VirtualLoop

DEFINITION = Path(__file__).parents[2] / "state_machines" / "trading" / "order_saga.asl.json"

Invoke = Callable[[str, Mapping[str, Any]], "asyncio.Future[Any]"]
Send = Callable[[Mapping[str, Any]], None]


@cache
def definition() -> Mapping[str, Any]:
    """Read the saga; what a deploy fills in stays a name: ``${BeginFunctionArn}`` is ``Begin``."""
    text = re.sub(r"\$\{(\w+?)(FunctionArn)?\}", r"\1", DEFINITION.read_text(encoding="utf-8"))
    found: Mapping[str, Any] = json.loads(text)
    return found


class Run:
    """A run of the saga, and how it ended."""

    def __init__(self, execution: Execution, task: asyncio.Task[Any]) -> None:
        self.execution = execution
        self.task = task

    @property
    def is_running(self) -> bool:
        """Say whether it goes on."""
        return not self.task.done()


class Workflows:
    """All runs; what they do in functions and queues is handed in.

    Attributes:
        failures: Runs that ended in a failure, with the reason.
    """

    def __init__(
        self, loop: VirtualLoop, fate: Fate, chance: Random, invoke: Invoke, send: Send
    ) -> None:
        self.runs: dict[str, Run] = {}
        self.failures: list[str] = []
        self._loop = loop
        self._fate = fate
        self._chance = chance
        self._invoke = invoke
        self._send = send
        self._tokens: dict[str, asyncio.Future[Any]] = {}
        self._count = 0

    def start(self, name: str, given: Mapping[str, Any]) -> None:
        """Begin a run, unless there is or was one of its name."""
        if name in self.runs:
            return
        execution = Execution(
            definition(),
            name,
            given,
            self._do,
            self._new_token,
            lambda: self._loop.wall().isoformat(),
            self._chance.random,
        )
        self.runs[name] = Run(execution, self._loop.start_outside(self._run(execution)))

    def state(self, name: str) -> SagaState:
        """Tell how a run stands."""
        run = self.runs.get(name)
        if run is None:
            return SagaState.MISSING
        return SagaState.RUNNING if run.is_running else SagaState.ENDED

    def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Give a task that waits its result; one that waits no more is left alone."""
        waiting = self._tokens.pop(token, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(json.loads(json.dumps(result)))

    def forget(self) -> None:
        """Lose every run and every token, as an emulator that starts anew."""
        for run in self.runs.values():
            run.task.cancel()
        self.runs.clear()
        self._tokens.clear()

    async def _run(self, execution: Execution) -> None:
        try:
            await execution.run()
        except StatesError as error:
            self.failures.append(f"{execution.name} at {execution.state}: {error}")

    def _new_token(self) -> str:
        self._count += 1
        return f"token-{self._count}"

    async def _do(self, resource: str, given: Mapping[str, Any], token: str | None) -> Any:
        waiting: asyncio.Future[Any] | None = None
        if token is not None:
            waiting = self._tokens[token] = self._loop.create_future()
        kind = resource.removesuffix(WAITING)
        if kind == INVOKE:
            result = await self._call(given["FunctionName"], given["Payload"])
        elif kind == SEND:
            await asyncio.sleep(self._fate.between(0.005, 0.05))
            if self._fate.strikes("queue refuses", 0.03):
                raise StatesError("SQS.AmazonSQSException", "refused")
            self._send(given["MessageBody"])
            result = {"MessageId": "1"}
        else:
            raise ValueError(f"the simulation does not know {resource}")
        return result if waiting is None else await waiting

    async def _call(self, name: str, payload: Mapping[str, Any]) -> Any:
        await asyncio.sleep(self._fate.between(0.005, 0.05))
        if self._fate.strikes("function throttled", 0.02):
            raise StatesError("Lambda.TooManyRequestsException", "throttled")
        if self._fate.strikes("function called twice", 0.03):
            self._invoke(name, payload).add_done_callback(_ignore)
        call = self._invoke(name, payload)
        try:
            async with asyncio.timeout(self._fate.between(5.0, 20.0)):
                result = await call
        except TimeoutError as error:
            # What a killed function looks like from outside.
            raise StatesError("Lambda.Unknown", f"{name} gave no answer") from error
        except AlgoTrendyError as error:
            raise StatesError(type(error).__name__, error.message) from error
        return {"Payload": json.loads(json.dumps(result)), "StatusCode": 200}


class SagasPort:
    """Is the ``Sagas`` of one process.

    Args:
        pause: Lets the process wait for the network.
    """

    def __init__(
        self,
        workflows: Workflows,
        fate: Fate,
        process: Process,
        effect: Callable[[Process, str], None],
        pause: Callable[[Process, float], None],
    ) -> None:
        self._workflows = workflows
        self._fate = fate
        self._process = process
        self._effect = effect
        self._pause = pause

    def start(self, run: SagaRun) -> None:
        """Start a run; the answer may be lost, or the request."""
        self._reach(f"start {run.name}")
        given: dict[str, JsonValue] = {
            "order_id": str(run.order_id),
            "correlation_id": str(run.correlation_id),
            "traceparent": run.traceparent,
        }
        self._workflows.start(run.name, given)
        self._return(f"started {run.name}")

    def state(self, run: SagaRun) -> SagaState:
        """Tell how a run stands."""
        self._reach(f"look at {run.name}")
        return self._workflows.state(run.name)

    def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Answer a token."""
        self._reach(f"answer {token}")
        self._workflows.answer(token, result)
        self._return(f"answered {token}")

    def _reach(self, what: str) -> None:
        self._process.require_alive()
        self._pause(self._process, self._fate.between(0.005, 0.05))
        self._process.require_alive()
        self._effect(self._process, f"before {what}")
        if self._fate.strikes("workflows refuse", 0.03):
            raise Unavailable("workflows", "throttled")

    def _return(self, what: str) -> None:
        self._effect(self._process, f"after {what}")
        if self._fate.strikes("workflows answer lost", 0.02):
            raise Unavailable("workflows", "the answer was lost")


def _ignore(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
