"""An event loop whose time is virtual and whose choices are those of a seed.

Whoever is ready runs in an order that the seed draws. Processes are groups of tasks that can be
killed between any two steps, or stand still for a while; a killed one never runs again, not even
its ``finally``.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Callable, Coroutine, Generator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")
Callback = Callable[..., object]

BEGIN = datetime(2026, 9, 15, 14, 0, tzinfo=UTC)
"""A Tuesday in the regular session, New York 10:00."""


class Killed(BaseException):
    """Ends what still runs in a process that is dead."""


class Process:
    """A group of tasks that lives and dies as one; it has a wall clock of its own."""

    def __init__(self, name: str, loop: VirtualLoop) -> None:
        self.name = name
        self.is_alive = True
        self.skew_s = 0.0
        self.stalled_until = 0.0
        self.context = contextvars.Context()
        self.context.run(PROCESS.set, self)
        self._loop = loop

    def now(self) -> datetime:
        """Tell what time this process believes it is."""
        return self._loop.wall(self.skew_s)

    def require_alive(self) -> None:
        """Let nothing of a dead process reach the outside."""
        if not self.is_alive:
            raise Killed

    def kill(self) -> None:
        """End it at this very point: nothing of it runs again."""
        self.is_alive = False


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs callbacks of processes in a seeded order; time passes only when nobody is ready.

    Attributes:
        steps: How many callbacks ran.
        crashes: Errors that nobody caught.
    """

    def __init__(self, chance: Random) -> None:
        self.steps = 0
        self.crashes: list[str] = []
        self._random = chance.random
        self._now = 0.0
        self._ready: list[tuple[asyncio.Handle, Process | None]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Process | None]] = []
        self._count = 0
        self._tasks: list[tuple[asyncio.Task[Any], Process | None]] = []

    # What is asked of a loop

    def time(self) -> float:
        """Tell the seconds since the beginning."""
        return self._now

    def wall(self, skew_s: float = 0.0) -> datetime:
        """Tell the true time of day, or that of a clock that is wrong."""
        return BEGIN + timedelta(microseconds=round((self._now + skew_s) * 1e6))

    def get_debug(self) -> bool:
        """Never debug: it would look at real time."""
        return False

    def is_running(self) -> bool:
        """Say that it runs: nobody asks otherwise."""
        return True

    def is_closed(self) -> bool:
        """Say that it is open."""
        return False

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future."""
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Coroutine[Any, Any, T] | Generator[Any, None, T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
        **_: Any,
    ) -> asyncio.Task[T]:
        """Start a task in the process of its context."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._tasks.append((task, PROCESS.get() if context is None else context.get(PROCESS)))
        return task

    def call_soon(  # type: ignore[override]
        self, callback: Callback, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Let a callback run now, after others that are ready or before them."""
        process = PROCESS.get() if context is None else context.get(PROCESS)
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append((handle, process))
        return handle

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callback,
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Let a callback run after so many seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callback,
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Let a callback run at a moment."""
        process = PROCESS.get() if context is None else context.get(PROCESS)
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (max(when, self._now), self._count, handle, process))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Leave it in the heap, where it is passed over."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note an error that nobody caught."""
        error = context.get("exception")
        process = PROCESS.get()
        if process is None or process.is_alive:
            self.crashes.append(f"{context.get('message')}: {error!r}")

    # How it runs

    def pass_time(self, seconds: float) -> None:
        """Let time pass in which nobody does anything."""
        self._now += seconds

    def run(self, until: float, is_over: Callable[[], bool]) -> None:
        """Run up to a moment, or until a check says that it is over; it is asked as time passes."""
        previous = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            while True:
                self._drain()
                while self._timers and self._timers[0][2].cancelled():
                    heapq.heappop(self._timers)
                if not self._timers or self._timers[0][0] > until or is_over():
                    return
                self._now = self._timers[0][0]
                self._due()
        finally:
            asyncio._set_running_loop(previous)

    def _due(self) -> None:
        timers, ready, now = self._timers, self._ready, self._now
        while timers and timers[0][0] <= now:
            _, _, handle, process = heapq.heappop(timers)
            if not handle.cancelled():
                ready.append((handle, process))

    def _drain(self) -> None:
        ready, random = self._ready, self._random
        while ready:
            count = len(ready)
            if count > 1:
                place = int(random() * count)
                ready[place], ready[-1] = ready[-1], ready[place]
            handle, process = ready.pop()
            if handle.cancelled():
                continue
            if process is not None:
                if not process.is_alive:
                    continue
                if process.stalled_until > self._now:
                    self._count += 1
                    entry = (process.stalled_until, self._count, handle, process)
                    heapq.heappush(self._timers, entry)  # type: ignore[misc]
                    continue
            self.steps += 1
            handle._run()

    # How it ends

    def end(self) -> None:
        """Close what still waits, without letting it do anything."""
        for task, process in self._tasks:
            if task.done():
                if not task.cancelled() and task._log_traceback:
                    task._log_traceback = False
                    if process is None or process.is_alive:
                        self.crashes.append(f"a task nobody asked ended with {task.exception()!r}")
                continue
            _close(task.get_coro())
        self._tasks.clear()
        self._ready.clear()
        self._timers.clear()


def virtual_loop(chance: Random) -> VirtualLoop:
    """Make a loop; of all that a loop can, it has what code without a network asks for."""
    return VirtualLoop(chance)  # type: ignore[abstract]


def _close(coroutine: Any) -> None:
    # A coroutine that awaits in its finally needs several pushes.
    for _ in range(20):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001 - it is of a world that has ended
            continue
        return
