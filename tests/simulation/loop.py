"""An event loop whose time is virtual and whose choices are those of a seed.

Whoever is ready runs in an order that the seed draws. Processes are groups of tasks that can be
killed between any two steps, or stand still for a while; a killed one never runs again, not even
its ``finally``.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import warnings
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
    """A group of tasks that lives and dies as one; it has a wall clock of its own.

    Attributes:
        skew_s: How far its clock is ahead.
        stalled_until: Nothing of it runs before.
        cut_off_until: The ledger is not reached before.
    """

    def __init__(self, name: str, loop: VirtualLoop) -> None:
        self.name = name
        self.is_alive = True
        self.skew_s = 0.0
        self.stalled_until = 0.0
        self.cut_off_until = 0.0
        self.ended: asyncio.Future[None] = loop.create_future()
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
        if not self.ended.done():
            self.ended.set_result(None)


PROCESS: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)

OUTSIDE = contextvars.Context()


class Turn:
    """A callback that is to run; asyncio's own handle looks at real time and at debugging."""

    __slots__ = ("_args", "_callback", "_context", "_is_cancelled", "process")

    def __init__(
        self,
        callback: Callback,
        args: tuple[Any, ...],
        context: contextvars.Context,
        process: Process | None,
    ) -> None:
        self.process = process
        self._callback = callback
        self._args = args
        self._context = context
        self._is_cancelled = False

    def cancel(self) -> None:
        """Let it not run."""
        self._is_cancelled = True

    def cancelled(self) -> bool:
        """Say whether it is not to run."""
        return self._is_cancelled

    def run(self) -> None:
        """Run it."""
        self._context.run(self._callback, *self._args)


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs callbacks of processes in a seeded order; time passes only when nobody is ready.

    Attributes:
        begin: What time of day it is when nothing has happened yet.
        steps: How many callbacks ran.
        crashes: Errors that nobody caught.
    """

    def __init__(self, chance: Random, begin: datetime) -> None:
        self.begin = begin
        self.steps = 0
        self.crashes: list[str] = []
        self._random = chance.random
        self._now = 0.0
        self._ready: list[Turn] = []
        self._timers: list[tuple[float, int, Turn]] = []
        self._is_stopped = False
        self._count = 0
        self._tasks: list[tuple[asyncio.Task[Any], Process | None]] = []

    # What is asked of a loop

    def time(self) -> float:
        """Tell the seconds since the beginning."""
        return self._now

    def wall(self, skew_s: float = 0.0) -> datetime:
        """Tell the true time of day, or that of a clock that is wrong."""
        return self.begin + timedelta(microseconds=round((self._now + skew_s) * 1e6))

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
    ) -> Turn:
        """Let a callback run now, after others that are ready or before them."""
        if context is None:
            context = contextvars.copy_context()
        turn = Turn(callback, args, context, context.get(PROCESS))
        self._ready.append(turn)
        return turn

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callback,
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Turn:
        """Let a callback run after so many seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callback,
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> Turn:
        """Let a callback run at a moment."""
        if context is None:
            context = contextvars.copy_context()
        turn = Turn(callback, args, context, context.get(PROCESS))
        self._count += 1
        heapq.heappush(self._timers, (max(when, self._now), self._count, turn))
        return turn

    def later_outside(self, delay: float, callback: Callback) -> None:
        """Let something happen outside of all processes: no kill can stop it any more."""
        self.call_at(self._now + delay, callback, context=OUTSIDE)

    def start_outside(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that lives on whatever becomes of the process that started it."""
        return self.create_task(coro, context=contextvars.Context())

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

    def run(self, until: float) -> None:
        """Run up to a moment, or until somebody stops it."""
        previous = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        timers = self._timers
        try:
            while not self._is_stopped:
                self._drain()
                while timers and timers[0][2].cancelled():
                    heapq.heappop(timers)
                if not timers or timers[0][0] > until:
                    return
                self._now = timers[0][0]
                self._due()
        finally:
            asyncio._set_running_loop(previous)

    def stop(self) -> None:
        """Let nothing run any more once those who are ready have run."""
        self._is_stopped = True

    def _due(self) -> None:
        timers, ready, now = self._timers, self._ready, self._now
        while timers and timers[0][0] <= now:
            turn = heapq.heappop(timers)[2]
            if not turn.cancelled():
                ready.append(turn)

    def _drain(self) -> None:
        ready, random = self._ready, self._random
        while ready:
            count = len(ready)
            if count > 1:
                place = int(random() * count)
                ready[place], ready[-1] = ready[-1], ready[place]
            turn = ready.pop()
            if turn.cancelled():
                continue
            process = turn.process
            if process is not None:
                if not process.is_alive:
                    continue
                if process.stalled_until > self._now:
                    self._count += 1
                    heapq.heappush(self._timers, (process.stalled_until, self._count, turn))
                    continue
            self.steps += 1
            try:
                turn.run()
            except Killed:
                continue
            except Exception as error:  # noqa: BLE001 - whatever a callback raises is a crash
                self.crashes.append(f"a callback raised {error!r}")

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
            with warnings.catch_warnings():
                # Work that a kill has never let begin.
                warnings.simplefilter("ignore", RuntimeWarning)
                _close(task.get_coro())
        self._tasks.clear()
        self._ready.clear()
        self._timers.clear()


def virtual_loop(chance: Random, begin: datetime = BEGIN) -> VirtualLoop:
    """Make a loop; of all that a loop can, it has what code without a network asks for."""
    return VirtualLoop(chance, begin)  # type: ignore[abstract]


def _close(coroutine: Any) -> None:
    # A coroutine that awaits in its finally needs several pushes.
    for _ in range(20):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001 - it is of a world that has ended
            continue
        return
