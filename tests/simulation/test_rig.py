"""What the simulation itself promises: virtual time, chances of a seed, kills that are final."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from simulation.asl import INVOKE, Execution, StatesError
from simulation.blocking import Blocking
from simulation.loop import Process, VirtualLoop, virtual_loop


def order_of_three(seed: int) -> list[int]:
    loop, ran = virtual_loop(Random(seed)), []

    async def one(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            ran.append(number)

    for number in range(3):
        loop.create_task(one(number))
    loop.run(1)
    return ran


def test_a_seed_draws_who_runs_next_and_draws_the_same_again() -> None:
    assert order_of_three(1) == order_of_three(1)
    assert len({tuple(order_of_three(seed)) for seed in range(20)}) > 5


def test_an_hour_passes_at_once() -> None:
    loop, ended = virtual_loop(Random(1)), []

    async def wait() -> None:
        try:
            async with asyncio.timeout(3_000):
                await asyncio.sleep(10_000)
        except TimeoutError:
            ended.append(loop.time())

    loop.create_task(wait())
    loop.run(20_000)
    assert ended == [3_000]


def test_a_killed_process_does_nothing_more_not_even_its_finally() -> None:
    loop, did = virtual_loop(Random(1)), []
    process, other = Process("service a", loop), Process("service b", loop)

    async def work(name: str) -> None:
        try:
            for step in range(3):
                await asyncio.sleep(1)
                did.append(f"{name}{step}")
        finally:
            did.append(f"{name} ended")

    loop.create_task(work("a"), context=process.context.copy())
    loop.create_task(work("b"), context=other.context.copy())
    loop.call_at(1.5, process.kill)
    loop.run(10)
    assert sorted(did) == ["a0", "b ended", "b0", "b1", "b2"]


def test_a_process_that_stands_still_goes_on_later() -> None:
    loop, did = virtual_loop(Random(1)), []
    process = Process("service a", loop)
    process.stalled_until = 30

    async def work() -> None:
        await asyncio.sleep(1)
        did.append(loop.time())

    loop.create_task(work(), context=process.context.copy())
    loop.run(100)
    assert did == [31]


def test_calls_that_block_take_turns_and_die_with_their_process() -> None:
    loop, did = virtual_loop(Random(1)), []
    blocking = Blocking(loop)
    first, second = Process("function a", loop), Process("function b", loop)

    def work(process: Process, name: str) -> str:
        for step in range(3):
            blocking.pause(process, 1)
            did.append(f"{name}{step}")
        return name

    lost = blocking.call(first, lambda: work(first, "a"))
    answer = blocking.call(second, lambda: work(second, "b"))
    loop.call_at(1.5, first.kill)
    loop.run(10)
    assert sorted(did) == ["a0", "b0", "b1", "b2"]
    assert answer.result() == "b"
    assert not lost.done()
    blocking.end()


def run_states(states: Mapping[str, Any], task: Any, given: Any = None) -> tuple[Any, float]:
    loop = virtual_loop(Random(1))
    definition = {"StartAt": next(iter(states)), "States": states}
    execution = Execution(
        definition, "run", given or {}, task, lambda: "t1", lambda: "now", lambda: 0.5
    )
    started = loop.create_task(execution.run())
    loop.run(10_000)
    return started.result(), loop.time()


def failing(names: list[str]) -> Any:
    async def task(resource: str, given: Mapping[str, Any], token: str | None) -> Any:
        if names:
            raise StatesError(names.pop(0), "planned")
        return {"Payload": {"got": given}}

    return task


def test_a_task_is_tried_again_then_its_result_is_put_in_place() -> None:
    states = {
        "Ask": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"name.$": "States.Format('{}-{}', $.a.b, $$.Execution.Name)"},
            "ResultSelector": {"kept.$": "$.Payload.got.name"},
            "ResultPath": "$.found",
            "Retry": [
                {"ErrorEquals": ["Invalid"], "MaxAttempts": 0},
                {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 3},
            ],
            "End": True,
        }
    }
    result, took = run_states(states, failing(["Unavailable", "Unknown"]), {"a": {"b": "x"}})
    assert result == {"a": {"b": "x"}, "found": {"kept": "x-run"}}
    assert took == 2 + 6


@pytest.mark.parametrize(("error", "end"), [("Invalid", "refused"), ("Unavailable", "failed")])
def test_a_caught_error_goes_where_its_rule_says(error: str, end: str) -> None:
    states = {
        "Ask": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {},
            "Catch": [
                {"ErrorEquals": ["Invalid"], "ResultPath": "$.why", "Next": "Refused"},
                {"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "Failed"},
            ],
            "End": True,
        },
        "Refused": {"Type": "Pass", "Result": "refused", "End": True},
        "Failed": {"Type": "Pass", "Result": "failed", "End": True},
    }
    assert run_states(states, failing([error]))[0] == end


def test_a_task_that_nobody_answers_times_out() -> None:
    async def task(resource: str, given: Mapping[str, Any], token: str | None) -> Any:
        await asyncio.get_running_loop().create_future()

    states = {
        "Ask": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {},
            "TimeoutSeconds": 120,
            "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": None, "Next": "Route"}],
            "End": True,
        },
        "Route": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.step", "StringEquals": "wait", "Next": "Done"}],
            "Default": "Lost",
        },
        "Done": {"Type": "Succeed"},
        "Lost": {"Type": "Fail", "Error": "Lost", "Cause": "nobody knows"},
    }
    assert run_states(states, task, {"step": "wait"}) == ({"step": "wait"}, 120)


def test_what_the_interpreter_does_not_know_it_refuses() -> None:
    states = {"Map": {"Type": "Pass", "Assign": {}, "End": True}}
    with pytest.raises(ValueError, match="Assign"):
        run_states(states, failing([]))


def test_the_loop_tells_of_an_error_that_nobody_caught() -> None:
    loop: VirtualLoop = virtual_loop(Random(1))

    async def fail() -> None:
        raise KeyError("nobody asks")

    loop.create_task(fail())
    loop.run(1)
    loop.end()
    assert "nobody asks" in loop.crashes[0]
