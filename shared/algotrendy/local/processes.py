"""Know processes again: by pid and start time, and by the data folder that they serve.

A pid alone says nothing, since it is given out again; a name alone says less. A process counts as
the platform's own when its environment carries the folder's mark (children inherit it, down to the
emulator's Lambda workers), or when a server works inside one of the folder's data directories.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from algotrendy.local.home import Home, write_atomically

# Never set in a shell of the user's: whoever carries it was started by the supervisor.
MARK_VARIABLE = "ALGOTRENDY_SUPERVISED_HOME"
PART_VARIABLE = "ALGOTRENDY_SUPERVISED_PART"

# Servers that overwrite their own environment to show a title; their working folder tells.
_SERVERS = {"postgres": "postgres", "valkey-server": "valkey"}

# The start time comes from ticks since boot and moves a little when the wall clock is set.
_START_TOLERANCE_S = 2.0


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One run of one process; a later process with the same pid is another.

    Attributes:
        started: Seconds since the epoch, from the kernel.
    """

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """Identify a live process, or None when there is none."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, process.create_time())
        except psutil.Error:
            return None

    def is_alive(self) -> bool:
        """Whether this very run still runs; a zombie does not."""
        now = ProcessIdentity.of(self.pid)
        return now is not None and abs(now.started - self.started) <= _START_TOLERANCE_S


def write_pid_file(path: Path, identity: ProcessIdentity) -> None:
    """Record who runs."""
    write_atomically(path, json.dumps(asdict(identity)))


def read_pid_file(path: Path) -> ProcessIdentity | None:
    """Read who ran last; a missing or damaged file reads as nobody."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return ProcessIdentity(int(found["pid"]), float(found["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def held_lock(path: Path, patience_s: float = 0.0) -> Iterator[bool]:
    """Hold a file's exclusive lock while inside; yields False when somebody else keeps it.

    The kernel frees it when the process ends, however it ends. Python opens files so that children
    do not inherit them, so a child never holds it on.

    Args:
        path: The lock file; made when it is missing.
        patience_s: How long to try. Somebody who only looks holds it for an instant.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    yield False
                    return
                time.sleep(0.05)
        yield True


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock now."""
    if not path.exists():
        return False
    with held_lock(path) as free:
        return not free


def owned_processes(home: Home, part: str | None = None) -> list[psutil.Process]:
    """Find every live process that serves this data folder, except the caller and its parents.

    Args:
        home: The data folder.
        part: Only what this part started, such as the emulator with its Lambda workers.
    """
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid in mine or process.status() == psutil.STATUS_ZOMBIE:
                continue
            serves = _part_served(process, home)
            if serves is not None and part in (None, serves):
                found.append(process)
    return found


def stop_processes(processes: Iterable[psutil.Process], grace_s: float) -> list[psutil.Process]:
    """Ask them to stop, wait, then kill; returns those that outlived even that."""
    waiting = list(processes)
    for process in waiting:
        with contextlib.suppress(psutil.Error):
            process.send_signal(_stop_signal(process))
    waiting = _still_live(waiting, grace_s)
    for process in waiting:
        with contextlib.suppress(psutil.Error):
            process.kill()
    return _still_live(waiting, 5)


def clear_home(home: Home, grace_s: float = 15.0) -> tuple[list[str], list[psutil.Process]]:
    """Stop everything that serves this folder.

    The servers' children end with them, so a second look comes after the first stop.

    Returns:
        A line for each process that was found, and the processes that could not be stopped.
    """
    found: dict[int, str] = {}
    survivors: list[psutil.Process] = []
    for _ in range(3):
        processes = owned_processes(home)
        if not processes:
            return list(found.values()), []
        found.update({process.pid: describe(process) for process in processes})
        survivors = stop_processes(processes, grace_s)
    return list(found.values()), survivors


def describe(process: psutil.Process) -> str:
    """Show a process to a person: pid and the start of its command line."""
    try:
        command = " ".join(process.cmdline()).strip() or process.name()
    except psutil.Error:
        command = "command not readable"
    shown = command if len(command) <= 80 else command[:77] + "..."
    return f"process {process.pid} ({shown})"


def _part_served(process: psutil.Process, home: Home) -> str | None:
    environment: dict[str, str]
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        environment = {}
    if environment.get(MARK_VARIABLE) == str(home.root):
        return environment.get(PART_VARIABLE, "")
    server = _SERVERS.get(process.name())
    if server is not None:
        folder = str({"postgres": home.postgres, "valkey": home.cache}[server])
        if folder in process.cmdline() or process.cwd() == folder:
            return server
    return None


def _stop_signal(process: psutil.Process) -> signal.Signals:
    # PostgreSQL takes SIGTERM as "wait until every client has gone"; SIGINT is its fast shutdown.
    return signal.SIGINT if process.name() == "postgres" else signal.SIGTERM


def _still_live(processes: Iterable[psutil.Process], patience_s: float) -> list[psutil.Process]:
    """Wait for processes to end; a zombie has, whoever should have noticed it."""
    deadline = time.monotonic() + patience_s
    while (waiting := [each for each in processes if _is_live(each)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return waiting


def _is_live(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
