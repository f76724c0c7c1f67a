"""Keep one part running: start it, see that it answers, start it again when it dies."""

from __future__ import annotations

import logging
import pwd
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Unavailable
from algotrendy.local.backoff import RestartHistory, RestartPolicy
from algotrendy.local.home import Home
from algotrendy.local.parts import Launch, Part
from algotrendy.local.processes import (
    MARK_VARIABLE,
    PART_VARIABLE,
    describe,
    owned_processes,
    stop_processes,
)
from algotrendy.local.status import PartState, PartStatus

logger = logging.getLogger(__name__)


class Child(Protocol):
    """A started process, as subprocess.Popen gives it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Launcher(Protocol):
    """Starts processes of parts."""

    def clear(self, part: Part) -> None:
        """Stop whatever an earlier process of this part left behind."""
        ...

    def launch(self, part: Part, how: Launch) -> Child: ...


@dataclass(frozen=True, slots=True)
class ProcessLauncher:
    """Starts real processes, marked with the home and the part, their output in its logs."""

    home: Home

    def clear(self, part: Part) -> None:
        """Stop what still serves the part: its orphans, or a server of a killed supervisor."""
        survivors = stop_processes(owned_processes(self.home, part.name), part.grace_s)
        if survivors:
            names = ", ".join(describe(process) for process in survivors)
            raise Unavailable(part.name, f"left over from an earlier run: {names}; stop it")

    def launch(self, part: Part, how: Launch) -> Child:
        """Start it in a session of its own: a Ctrl-C in a terminal is for `up`, not for servers."""
        account = None if how.user is None else pwd.getpwnam(how.user)
        mark = {MARK_VARIABLE: str(self.home.root), PART_VARIABLE: part.name}
        with log_file(self.home, part.name).open("ab") as log:
            return subprocess.Popen(
                list(how.command),
                env={**how.environment, **mark},
                cwd=how.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
            )


def log_file(home: Home, name: str) -> Path:
    """Where a part's output goes."""
    return home.logs / f"{name}.log"


class Runner:
    """The life of one part, moved on by tick()."""

    def __init__(
        self, part: Part, launcher: Launcher, clock: Clock, policy: RestartPolicy | None = None
    ) -> None:
        self.part = part
        self.state = PartState.WAITING
        self.message = ""
        self.restarts = 0
        self.starts = 0
        self._launcher = launcher
        self._clock = clock
        self._history = RestartHistory(policy or RestartPolicy())
        self._child: Child | None = None
        self._started: datetime | None = None
        self._next_start: datetime | None = None

    @property
    def status(self) -> PartStatus:
        """What `algotrendy status` shows of it."""
        is_up = self._child is not None
        return PartStatus(
            name=self.part.name,
            state=self.state,
            pid=self._child.pid if self._child is not None else None,
            port=self.part.port,
            url=self.part.url,
            started=self._started.timestamp() if self._started and is_up else None,
            restarts=self.restarts,
            message=self.message,
        )

    def tick(self) -> None:
        """Look once and do the next thing; returns soon."""
        if self.state is PartState.WAITING:
            self._start()
        elif self.state is PartState.RESTARTING and self._is_due():
            self.restarts += 1
            self._start()
        elif self._child is not None and self._child.poll() is not None:
            self._on_death(f"ended with {_ending(self._child.poll())}")
        elif self.state is PartState.STARTING:
            self._look_whether_ready()

    def retry(self) -> None:
        """Start a part that was given up again, as a person asked."""
        if self.state is PartState.FAILED:
            self._history.forget()
            self.state = PartState.WAITING
            self.message = ""

    def start_again(self) -> None:
        """Start a part that was stopped on purpose."""
        self.state = PartState.WAITING

    def request_stop(self) -> None:
        """Ask it to end, and start it no more."""
        self.state = PartState.STOPPED
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(self.part.stop_signal)

    def wait_stopped(self) -> None:
        """Wait until it has ended; kill it when its grace is over."""
        if self._child is None:
            return
        try:
            self._child.wait(self.part.grace_s)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not stop in %g s; killing it", self.part.name, self.part.grace_s)
            self._child.kill()
            self._child.wait(5)
        self._child = None

    def _start(self) -> None:
        self.state = PartState.STARTING
        self._started = self._clock.now()
        try:
            self._launcher.clear(self.part)
            self._child = self._launcher.launch(self.part, self.part.prepare())
        except Unavailable as error:
            self._fail_to_start(error.reason)
        except (OSError, subprocess.SubprocessError) as error:
            self._fail_to_start(str(error))
        else:
            self.starts += 1
            self.message = ""
            logger.info("started %s, pid %d", self.part.name, self._child.pid)

    def _fail_to_start(self, reason: str) -> None:
        if self.starts == 0:
            # Nothing has changed by waiting when it never ran: say so at once.
            self._give_up(reason)
        else:
            self._on_death(reason)

    def _look_whether_ready(self) -> None:
        if self.part.is_ready():
            self.state = PartState.RUNNING
            self.message = ""
        elif self._started is not None:
            waited = (self._clock.now() - self._started).total_seconds()
            if waited > self.part.start_timeout_s and self._child is not None:
                self._child.kill()
                self._child.wait(5)
                self._on_death(f"did not answer within {self.part.start_timeout_s:g} s")

    def _on_death(self, how: str) -> None:
        self._child = None
        delay = self._history.died(self._clock.now())
        if delay is None:
            self._give_up(f"{how}; given up after repeated failures")
            return
        self.state = PartState.RESTARTING
        self.message = how
        self._next_start = self._clock.now() + delay
        logger.warning("%s %s; next start in %s", self.part.name, how, delay)

    def _give_up(self, reason: str) -> None:
        self.state = PartState.FAILED
        self.message = reason
        logger.error("%s failed: %s", self.part.name, reason)

    def _is_due(self) -> bool:
        return self._next_start is not None and self._clock.now() >= self._next_start


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"
