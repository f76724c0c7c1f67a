"""A SweepRunner that remembers what was started and says what it is told."""

from __future__ import annotations

from algotrendy.backtest.lifecycle import Sweep
from algotrendy.backtest.ports import RunState
from algotrendy.kernel.ids import SweepId


class MemoryRunner:
    """Runs nothing; a started attempt is running until ``end`` is called, or is lost."""

    def __init__(self) -> None:
        self.started: list[tuple[SweepId, int]] = []
        self.stopped: list[tuple[SweepId, int]] = []
        self._states: dict[tuple[SweepId, int], RunState] = {}

    def start(self, sweep: Sweep) -> None:
        attempt = (sweep.id, sweep.attempt)
        if attempt not in self._states:
            self.started.append(attempt)
            self._states[attempt] = RunState.RUNNING

    def stop(self, sweep: Sweep) -> None:
        attempt = (sweep.id, sweep.attempt)
        if self._states.get(attempt) is RunState.RUNNING:
            self._states[attempt] = RunState.FAILED
            self.stopped.append(attempt)

    def state(self, sweep: Sweep) -> RunState:
        return self._states.get((sweep.id, sweep.attempt), RunState.MISSING)

    def end(self, sweep: Sweep, state: RunState) -> None:
        self._states[(sweep.id, sweep.attempt)] = state

    def lose_everything(self) -> None:
        self._states.clear()
