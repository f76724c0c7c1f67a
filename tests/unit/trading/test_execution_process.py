"""The execution service ends when one part of it does, and says whether it was asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from algotrendy.trading.adapters.execution_process import Execution, run_until
from algotrendy.trading.adapters.sqs_bell import SqsRings
from fakes.memory_ledger import MemoryLedger


class Part:
    """Is a service, and a station: it runs until it is stopped, or fails."""

    def __init__(self, fails: Exception | None = None, *, ends: bool = False) -> None:
        self._fails = fails
        self._ends = ends
        self._stopped = asyncio.Event()
        self.has_ended = False

    def stop(self) -> None:
        self._stopped.set()

    async def run(self) -> None:
        try:
            await asyncio.sleep(0)
            if self._fails is not None:
                raise self._fails
            if not self._ends:
                await self._stopped.wait()
        finally:
            self.has_ended = True


def ran(make: Callable[[], Part], asked_after_s: float | None = None) -> bool:
    async def whole() -> bool:
        stopping = asyncio.Event()
        if asked_after_s is not None:
            asyncio.get_running_loop().call_later(asked_after_s, stopping.set)
        async with asyncio.timeout(5):
            return await run_until(make(), stopping)

    return asyncio.run(whole())


def test_a_service_that_was_asked_to_stop_ends_well() -> None:
    assert ran(Part, asked_after_s=0.01)


def test_a_service_that_ends_by_itself_did_not_end_well() -> None:
    assert not ran(lambda: Part(ends=True))
    assert not ran(lambda: Part(RuntimeError("no")))
    assert not ran(lambda: Part(RuntimeError("no")), asked_after_s=0)


def test_a_station_that_fails_ends_the_others_before_what_they_share_is_closed() -> None:
    async def whole() -> None:
        nobody: Any = None
        made: Any = Execution(
            (), MemoryLedger(), SqsRings("https://sqs/q"), nobody, "here", lambda: 0.0
        )
        well = Part()
        made.stations = (well, Part(RuntimeError("no")))
        async with asyncio.timeout(5):
            with pytest.raises(ExceptionGroup):
                await made.run()
        assert well.has_ended

    asyncio.run(whole())
