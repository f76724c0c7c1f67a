"""Read definitions of state machines, state by state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEFINITIONS = sorted((Path(__file__).parents[2] / "state_machines").glob("*/*.asl.json"))
# A placeholder for a number stands without quotes.
_NUMBER = re.compile(r"(?<!\")\$\{\w+\}(?![\w\"/])")
_COMPENSATION = re.compile(r"Compensation: (none|\w+), (.+)\.$")

State = dict[str, Any]


def states_of(definition: Path) -> dict[str, State]:
    """Give every state of a definition by name, those within a map too."""
    text = definition.read_text(encoding="utf-8")
    return dict(_states(json.loads(_NUMBER.sub("1", text))))


def tasks_of(definition: Path) -> dict[str, State]:
    """Give every state of a file that does something."""
    return {name: state for name, state in states_of(definition).items() if state["Type"] == "Task"}


def tasks_of_definition(definition: State) -> dict[str, State]:
    """Give every state of a definition that does something."""
    return {name: state for name, state in _states(definition) if state["Type"] == "Task"}


def compensation(state: State) -> tuple[str, str]:
    """Give the state that makes a task's work good, or ``none``, and why."""
    found = _COMPENSATION.search(state.get("Comment", ""))
    assert found, "no compensation is named"
    return found[1], found[2]


def _states(definition: State) -> Iterator[tuple[str, State]]:
    for name, state in definition["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from _states(state["ItemProcessor"])
