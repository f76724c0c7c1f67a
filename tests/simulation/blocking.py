"""Run code that blocks, as a request handler does, on the virtual loop: where it waits, it yields.

Each call is a greenlet. So the very functions of the API and of the Lambdas run unchanged,
others run between their steps, and a kill ends them at any of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

from simulation.loop import Process, VirtualLoop

T = TypeVar("T")


class Blocking:
    """Starts blocking calls, and lets them wait."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._calls: list[greenlet] = []

    def call(self, process: Process, function: Callable[[], T]) -> asyncio.Future[T]:
        """Run a function in a process; the answer never comes when the process dies before it."""
        future: asyncio.Future[T] = self._loop.create_future()

        def run() -> None:
            try:
                result = function()
            except GreenletExit:
                return
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                if process.is_alive and not future.cancelled():
                    future.set_exception(error)
                return
            if process.is_alive and not future.cancelled():
                future.set_result(result)

        call = greenlet(run)
        call.gr_context = process.context.copy()
        self._calls.append(call)
        self._loop.call_soon(call.switch, context=process.context)
        return future

    def pause(self, process: Process, seconds: float) -> None:
        """Let a blocking call wait; whoever is not in one does not wait."""
        call = getcurrent()
        hub = call.parent
        if hub is None:
            return
        self._loop.call_later(seconds, call.switch, context=process.context)
        hub.switch()

    def end(self) -> None:
        """Close what still waits."""
        for call in self._calls:
            if call and not call.dead:
                with suppress(BaseException):
                    call.throw(GreenletExit)
        self._calls.clear()
