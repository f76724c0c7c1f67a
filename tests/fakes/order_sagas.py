"""Workflows and bells of orders that only remember what was asked of them."""

from __future__ import annotations

from collections.abc import Mapping

from algotrendy.kernel.errors import JsonValue, Unavailable
from algotrendy.trading.ports import Ring, SagaRun, SagaState


class RecordedSagas:
    """Is a ``Sagas``; its runs go on until a test ends or loses them."""

    def __init__(self) -> None:
        self.runs: dict[str, SagaState] = {}
        self.started: list[SagaRun] = []
        self.asked: list[SagaRun] = []
        self.answers: list[tuple[str, Mapping[str, JsonValue]]] = []
        self.is_down = False

    def start(self, run: SagaRun) -> None:
        self._answer_or_fail()
        if run.name not in self.runs:
            self.runs[run.name] = SagaState.RUNNING
            self.started.append(run)

    def state(self, run: SagaRun) -> SagaState:
        self._answer_or_fail()
        self.asked.append(run)
        return self.runs.get(run.name, SagaState.MISSING)

    def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        self._answer_or_fail()
        self.answers.append((token, result))

    def end(self, run: SagaRun) -> None:
        self.runs[run.name] = SagaState.ENDED

    def _answer_or_fail(self) -> None:
        if self.is_down:
            raise Unavailable("workflow", "it was planned to be down")


class RecordedBell:
    """Is a ``Bell`` that nobody hears."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []
        self.is_down = False

    def ring(self, ring: Ring) -> None:
        if self.is_down:
            raise Unavailable("bell", "it was planned to be down")
        self.rings.append(ring)
