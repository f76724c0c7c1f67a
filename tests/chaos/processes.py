"""The processes of a platform under attack: which there are, and a service beside the first."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from algotrendy.local.control import live_status
from algotrendy.local.home import HOME_VARIABLE, Home
from algotrendy.local.parts import DATABASE_NAME
from algotrendy.local.runner import Child, ProcessLauncher
from algotrendy.local.services import Execution
from algotrendy.local.status import PartState, PartStatus
from chaos.plan import Target
from fixtures.platform import ROOT, Platform, free_port

_PATIENCE_S = 60.0
_SUPERVISED = (Target.EXECUTION, Target.EXCHANGE, Target.DATABASE, Target.EMULATOR)


@dataclass(frozen=True, slots=True)
class SecondService(Execution):
    """The same service, of the same home, on another port; no supervisor starts it again."""

    name = "second"


class Processes:
    """Finds and kills them."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._home = Home(Path(platform.environment[HOME_VARIABLE]))
        self._second: Child | None = None

    def kill(self, target: Target) -> int:
        """Kill as the kernel does, and say how many were there to be killed."""
        killed = 0
        for process in list(self._of(target)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                killed += 1
        return killed

    def pair(self, *, is_wanted: bool) -> None:
        """Have a second execution service beside the first, or have it hand over and end."""
        if self._second is not None and self._second.poll() is not None:
            self._second = None
        if is_wanted and self._second is None:
            part = SecondService(self._home, free_port(), ROOT)
            self._second = ProcessLauncher(self._home).launch(part, part.prepare())
            deadline = time.monotonic() + _PATIENCE_S
            while not part.is_ready():
                if self._second.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"no second execution service; see {self._home.logs}")
                time.sleep(0.1)
        elif not is_wanted and self._second is not None:
            self._end(self._second)
            self._second = None

    def revive(self) -> None:
        """Ask for what the supervisor has given up, as somebody would who comes to look."""
        if any(part.state is PartState.FAILED for part in self._parts()):
            self._platform.run("up", timeout_s=400)

    def _end(self, child: Child) -> None:
        psutil.Process(child.pid).terminate()
        try:
            child.wait(SecondService(self._home, 0, ROOT).grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _of(self, target: Target) -> Iterator[psutil.Process]:
        if target in _SUPERVISED:
            yield from self._supervised(target)
        elif target is Target.SECOND:
            if self._second is not None and self._second.poll() is None:
                yield psutil.Process(self._second.pid)
        elif target is Target.BACKEND:
            yield from self._backends()
        else:
            yield from self._workers(is_api=target is Target.API)

    def _supervised(self, target: Target) -> Iterator[psutil.Process]:
        for part in self._parts():
            if part.name == target.value and part.pid is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    yield psutil.Process(part.pid)

    def _backends(self) -> Iterator[psutil.Process]:
        """Give the process of the youngest connection."""
        for server in self._supervised(Target.DATABASE):
            with contextlib.suppress(psutil.Error):
                serving = [
                    each for each in server.children() if f" {DATABASE_NAME} " in _title(each)
                ]
                yield from sorted(serving, key=lambda each: each.pid)[-1:]

    def _workers(self, *, is_api: bool) -> Iterator[psutil.Process]:
        for emulator in self._supervised(Target.EMULATOR):
            for process in _children(emulator):
                with contextlib.suppress(psutil.Error):
                    name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
                    if "trading-" in name and ("trading-api" in name) == is_api:
                        yield process

    def _parts(self) -> tuple[PartStatus, ...]:
        status = live_status(self._home)
        return () if status is None else status.parts


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return found


def _title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
