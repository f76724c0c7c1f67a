"""A loop whose time jumps to the next timer when nobody is ready: minutes pass in no time.

For code without threads: whatever runs beside the loop would find its time-outs over.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

BEGIN = datetime(2026, 9, 15, 14, 0, tzinfo=UTC)
"""A Tuesday in the regular session."""


class _Skipping(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("everybody waits for what never comes")
        if not found and timeout:
            self.skipped_s += timeout
        return found


class QuickLoop(asyncio.SelectorEventLoop):
    """Is a loop of virtual time."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return 1000.0 + self._skipping.skipped_s


class LoopClock:
    """Is a ``Clock`` that goes with the running loop, and jumps when it is told to."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        passed = timedelta(seconds=asyncio.get_running_loop().time() - 1000.0)
        return BEGIN + passed + self.ahead


def run_quickly(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=QuickLoop) as runner:
        return runner.run(work)
