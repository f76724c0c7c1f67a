"""Worker processes of this machine: each does one part of a study at a time, and is watched.

A part is a shard of a sweep, or a window of a walk forward. A worker that dies, or that a part
keeps for too long, is replaced; the part comes back to whoever gave it, with what is known of its
end. Before each run of a part that failed once, the worker writes the run's number where its
parent can read it after the worker's death.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final

Mark = Callable[[int], None]
"""Told the number of a run, 1 or more, before it begins."""

Job = Callable[[int, Mark | None], object]
"""Does a part and keeps its result; with a mark run by run, marking each."""

Opener = Callable[[], Job]
"""Opens what a worker needs, in the worker: it travels there by pickle, so it is a function of a
module, or a ``functools.partial`` of one."""

_LOOK_S: Final = 1.0
_NOT_BEGUN: Final = 0
_BEGUN: Final = -1
_LONGEST_START_S: Final = 300.0
"""A process that loads the engine on a busy machine; no limit of a part counts before."""
_VMSTAT: Final = Path("/proc/vmstat")


@dataclass(frozen=True, slots=True)
class Task:
    """A part for a worker; ``carefully`` does it run by run, and marks each."""

    part: int
    carefully: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a task.

    Attributes:
        error: What the worker raised.
        death: How the worker came to its end in it; empty when it lives.
        run: The number of the run that it was in, where it was marked; else None.
        is_late: Whether it was ended for the time that it took.
    """

    task: Task
    error: Exception | None = None
    death: str = ""
    run: int | None = None
    is_late: bool = False

    @property
    def is_done(self) -> bool:
        """Tell whether the part has its result."""
        return self.error is None and not self.death


@dataclass(slots=True)
class _Worker:
    process: Any
    connection: Connection
    marker: Any
    task: Task | None = None
    since: float = 0.0
    seen: int = _NOT_BEGUN


class Workers:
    """Some processes, each with what it opened for itself.

    Args:
        open_: See ``Opener``.
        count: How many.
        limit_s: How long a worker may take for a part, or for one run of a careful one.
    """

    def __init__(self, open_: Opener, count: int, limit_s: float) -> None:
        # Spawned, not forked: a fork would copy locks and sockets of this process's threads.
        self._context = multiprocessing.get_context("spawn")
        self._open, self._limit_s = open_, limit_s
        self._killed_for_memory = killed_for_memory()
        self._workers = [self._start() for _ in range(count)]

    def give(self, task: Task) -> bool:
        """Give a task to an idle worker; False when there is none."""
        worker = next((worker for worker in self._workers if worker.task is None), None)
        if worker is None:
            return False
        worker.task, worker.since = task, time.monotonic()
        worker.marker.value = worker.seen = _NOT_BEGUN
        with suppress(OSError):  # one that is dead will be found so
            worker.connection.send(task)
        return True

    def wait(self) -> list[Ended]:
        """Wait until a task ends; give those that did."""
        while True:
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                return []
            wait([each for w in busy for each in (w.connection, w.process.sentinel)], _LOOK_S)
            if ended := [end for worker in busy for end in self._ends(worker)]:
                return ended

    def close(self) -> None:
        """End all workers at once; what they had finished is kept by the stores."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()

    def _ends(self, worker: _Worker) -> list[Ended]:
        task = worker.task
        if task is None:
            return []
        try:
            if worker.connection.poll():
                error = worker.connection.recv()
                worker.task = None
                return [Ended(task, error, run=_run_in(worker))]
        except (EOFError, OSError):
            worker.process.join()
        run = _run_in(worker)
        if not worker.process.is_alive():
            self._replace(worker)
            return [Ended(task, death=self._death(worker.process.exitcode), run=run)]
        if self._is_late(worker):
            self._replace(worker)
            reason = f"it was not done after {self._limit_s:g} s and was ended"
            return [Ended(task, death=reason, run=run, is_late=True)]
        return []

    def _is_late(self, worker: _Worker) -> bool:
        now, run = time.monotonic(), worker.marker.value
        if run != worker.seen:
            worker.seen, worker.since = run, now
        is_starting = run == _NOT_BEGUN
        limit_s = max(self._limit_s, _LONGEST_START_S) if is_starting else self._limit_s
        return now - worker.since > limit_s

    def _replace(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        self._workers[self._workers.index(worker)] = self._start()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        marker = self._context.Value("q", _NOT_BEGUN, lock=False)
        process = self._context.Process(target=work, args=(self._open, theirs, marker), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, marker)

    def _death(self, code: int | None) -> str:
        killed = killed_for_memory()
        for_memory = killed > self._killed_for_memory
        self._killed_for_memory = killed
        return how_it_died(code, for_memory)


def _run_in(worker: _Worker) -> int | None:
    return worker.marker.value if worker.marker.value > 0 else None


def work(open_: Opener, connection: Connection, marker: Any) -> None:
    """Do parts until the other end closes: what a worker process does."""
    # Ctrl-C reaches all processes of a terminal: the parent decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job: Job | None = None

    def mark(run: int) -> None:
        marker.value = run

    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        error: Exception | None = None
        try:
            job = job or open_()
            marker.value = _BEGUN
            job(task.part, mark if task.carefully else None)
        except Exception as raised:  # noqa: BLE001 - the parent decides what follows
            error = _portable(raised)
        connection.send(error)


def how_it_died(code: int | None, for_memory: bool) -> str:
    """Say how a process came to its end.

    Args:
        code: As ``Process.exitcode``: minus the signal, for one that a signal ended.
        for_memory: Whether the system ended a process for want of memory meanwhile.
    """
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        if -code == signal.SIGKILL and for_memory:
            return "the system killed its worker for want of memory (out-of-memory killer)"
        return f"its worker was killed by {name}"
    return f"its worker ended by itself with code {code}"


def killed_for_memory() -> int:
    """Count the processes that the system has killed for want of memory; 0 where it is not told."""
    try:
        lines = _VMSTAT.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - any that does not travel is told in words
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    # A worker holds both ends of its pipe, and would wait in it for ever after a kill.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
