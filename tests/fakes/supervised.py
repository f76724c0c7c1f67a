"""Parts, processes and a deployer that do what a test tells them, at once."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.local.deploy import Deployment, Report
from algotrendy.local.parts import Launch, Part
from algotrendy.local.status import StepState, StepStatus


@dataclass
class FakePart:
    """A part that is ready, or refused, when the test says so."""

    name: str = "part"
    port: int | None = 1234
    url: str = "test://part"
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 1.0
    start_timeout_s: float = 10.0
    ready: bool = True
    refusal: str | None = None

    def prepare(self) -> Launch:
        if self.refusal is not None:
            raise Unavailable(self.name, self.refusal)
        return Launch(["true"], {}, Path("/"))

    def is_ready(self) -> bool:
        return self.ready


@dataclass
class FakeChild:
    """A process that lives until it is told to die."""

    pid: int
    code: int | None = None
    signals: list[int] = field(default_factory=list)
    stopped: list[FakeChild] = field(default_factory=list, repr=False)

    def poll(self) -> int | None:
        return self.code

    def send_signal(self, sig: int) -> None:
        self.signals.append(sig)
        self.code = -sig
        self.stopped.append(self)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        assert self.code is not None, "a fake that was not told to end is waited for"
        return self.code


class FakeLauncher:
    """Remembers every process that was started, and in which order they were stopped."""

    def __init__(self) -> None:
        self.children: list[FakeChild] = []
        self.stopped: list[FakeChild] = []
        self.cleared: list[str] = []

    @property
    def last(self) -> FakeChild:
        return self.children[-1]

    def clear(self, part: Part) -> None:
        self.cleared.append(part.name)

    def launch(self, part: Part, how: Launch) -> FakeChild:
        self.children.append(FakeChild(1000 + len(self.children), stopped=self.stopped))
        return self.children[-1]


class FakeDeployer:
    """Ends each deployment with the next of the given outcomes, when it is let go on."""

    def __init__(self, *outcomes: Deployment | AlgoTrendyError | Exception) -> None:
        self.outcomes = list(outcomes)
        self.from_tree: list[bool] = []
        self.was_cancelled = False
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    @property
    def deployments(self) -> int:
        return len(self.from_tree)

    def ensure(self, report: Report, *, from_tree: bool) -> Deployment:
        self.from_tree.append(from_tree)
        report(StepStatus("deploy", StepState.RUNNING))
        assert self.may_go_on.wait(10), "the test never let the deployment go on"
        outcome = self.outcomes.pop(0) if self.outcomes else Deployment("done", {"api": "test://"})
        if isinstance(outcome, Exception):
            raise outcome
        report(StepStatus("deploy", StepState.DONE, 1.0))
        return outcome

    def cancel(self) -> None:
        self.was_cancelled = True
        self.may_go_on.set()
