"""A StudyRunner that remembers what was started and says what it is told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from algotrendy.backtest.lifecycle import Study
from algotrendy.backtest.ports import RunState


class MemoryRunner:
    """Runs nothing; a started attempt is running until ``end`` is called, or is lost."""

    def __init__(self) -> None:
        self.started: list[tuple[UUID, int]] = []
        self.stopped: list[tuple[UUID, int]] = []
        self._states: dict[tuple[UUID, int], RunState] = {}

    def start(self, study: Study[Any]) -> None:
        attempt = (study.id, study.attempt)
        if attempt not in self._states:
            self.started.append(attempt)
            self._states[attempt] = RunState.RUNNING

    def stop(self, study: Study[Any]) -> None:
        attempt = (study.id, study.attempt)
        if self._states.get(attempt) is RunState.RUNNING:
            self._states[attempt] = RunState.FAILED
            self.stopped.append(attempt)

    def state(self, study: Study[Any]) -> RunState:
        return self._states.get((study.id, study.attempt), RunState.MISSING)

    def end(self, study: Study[Any], state: RunState) -> None:
        self._states[(study.id, study.attempt)] = state

    def lose_everything(self) -> None:
        self._states.clear()
