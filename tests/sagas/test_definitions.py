"""What every workflow's definition must have, whatever it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.state_machines import DEFINITIONS, State, compensation, states_of, tasks_of

TASKS = [
    pytest.param(task, states_of(definition), id=f"{definition.parent.name}-{name}")
    for definition in DEFINITIONS
    for name, task in tasks_of(definition).items()
]
States = dict[str, State]


def test_every_definition_is_looked_at() -> None:
    assert {definition.name for definition in DEFINITIONS} == {
        "order_saga.asl.json",
        "sweep.asl.json",
        "walk_forward.asl.json",
    }
    assert len(TASKS) == 17


@pytest.mark.parametrize(("task", "_states"), TASKS)
def test_a_task_has_an_end_in_time_retries_and_a_catch_for_everything(
    task: State, _states: States
) -> None:
    assert 1 <= task["TimeoutSeconds"] <= 24 * 3600
    last = task["Retry"][-1]
    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["MaxAttempts"] >= 3
    assert last["JitterStrategy"] == "FULL"
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize(("task", "states"), TASKS)
def test_a_task_names_its_compensation_and_its_faults_lead_there(
    task: State, states: States
) -> None:
    named, why = compensation(task)
    assert why
    caught = task["Catch"][-1]["Next"]
    if named == "none":
        assert states[caught]["Type"] == "Fail"
    else:
        assert caught == named


@pytest.mark.parametrize("definition", [path for path in DEFINITIONS if "backtest" in path.parts])
def test_what_a_strategy_raised_is_not_tried_again(definition: Path) -> None:
    running = {"RunShard", "RunWindow", "Reduce"} & set(tasks_of(definition))
    assert len(running) == 2
    for name in running:
        never, *_ = tasks_of(definition)[name]["Retry"]
        assert never["MaxAttempts"] == 0
        assert "StrategyFailedError" in never["ErrorEquals"]


def test_both_studies_are_tried_again_and_given_up_alike() -> None:
    sweep, walk = (patience(path) for path in DEFINITIONS if "backtest" in path.parts)
    for word, other in {"Shard": "Window", "IncompleteSweep": "IncompleteWalk"}.items():
        sweep = sweep.replace(word, other)
    # A window names why it failed; of a shard the strategy's error tells.
    assert sweep == walk.replace(', "WindowFailed"]', "]")


def patience(definition: Path) -> str:
    """Give how long and how often each task is tried, and what follows, as JSON."""
    kept = ("TimeoutSeconds", "Retry", "Catch", "Next", "End")
    tasks = tasks_of(definition).items()
    return json.dumps({name: [state.get(key) for key in kept] for name, state in tasks})
