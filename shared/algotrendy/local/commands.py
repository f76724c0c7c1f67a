"""Run a command that takes a while: its output to a log, its last line to whoever watches."""

# ruff: noqa: N818 - as in kernel.errors: an error is named by what it means.

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from algotrendy.kernel.errors import AlgoTrendyError

_TAIL_LINES = 12
_GRACE_S = 3.0


class CommandFailed(AlgoTrendyError):
    """Is raised when a command ends with an error; carries the end of its output."""

    code = "command-failed"

    def __init__(self, command: str, status: int, tail: Sequence[str], log: Path) -> None:
        words = " | ".join(line.strip() for line in tail[-3:]) or "it wrote nothing"
        super().__init__(f"{command} ended with {status}: {words} (all of it in {log})")
        self.tail = tuple(tail)


class Cancelled(AlgoTrendyError):
    """Is raised when a command was stopped because the platform stops."""

    code = "cancelled"


class Commands:
    """Runs one command after the other; cancel() ends the present one and refuses the next."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_cancelled = False

    def run(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> None:
        """Run to the end.

        Raises:
            CommandFailed: If its exit code is not 0.
            Cancelled: If cancel() was called.
        """
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            process = self._start(command, environment, folder)
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            with process.stdout:
                for line in process.stdout:
                    log.write(line)
                    log.flush()
                    if line.strip():
                        tail.append(line.rstrip())
                        on_line(line.strip())
            status = process.wait()
        if self._is_cancelled:
            raise Cancelled(f"{Path(command[0]).name} was stopped")
        if status != 0:
            raise CommandFailed(_short(command), status, list(tail), self._log)

    def cancel(self) -> None:
        """End the present command with everything that it has started."""
        with self._lock:
            self._is_cancelled = True
            process = self._process
        if process is None:
            return
        for stop in (signal.SIGTERM, signal.SIGKILL):
            # It leads its own group, so that its children end with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, stop)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self._is_cancelled:
                raise Cancelled(f"{Path(command[0]).name} was not started")
            self._process = subprocess.Popen(
                list(command),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            return self._process


def _short(command: Sequence[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:2]])
