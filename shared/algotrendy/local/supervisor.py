"""Keep the parts running, deploy to them, and say how things stand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.local.deploy import Deployer, Deployment, StateIsBroken
from algotrendy.local.home import Home
from algotrendy.local.logs import rotate_logs
from algotrendy.local.processes import ProcessIdentity
from algotrendy.local.runner import Runner
from algotrendy.local.status import PartState, Phase, PlatformStatus, StepStatus, write_status

logger = logging.getLogger(__name__)

_TICK_S = 0.1
_HOUSEKEEPING = timedelta(seconds=5)
_REMEMBERED_REQUESTS = 20
_CANCEL_GRACE_S = 15.0


class DeployJob:
    """One deployment in a thread of its own, so that the parts are watched meanwhile."""

    def __init__(self, deployer: Deployer, generation: tuple[int, ...], *, from_tree: bool) -> None:
        self.generation = generation
        self.outcome: Deployment | AlgoTrendyError | None = None
        self._deployer = deployer
        self._from_tree = from_tree
        self._steps: dict[str, StepStatus] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="deploy", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    @property
    def steps(self) -> tuple[StepStatus, ...]:
        with self._lock:
            return tuple(self._steps.values())

    def cancel(self) -> None:
        self._deployer.cancel()
        self._thread.join(_CANCEL_GRACE_S)

    def _run(self) -> None:
        try:
            self.outcome = self._deployer.ensure(self._report, from_tree=self._from_tree)
        except AlgoTrendyError as error:
            logger.exception("deployment failed")
            self.outcome = error
        except Exception as error:  # The outermost frame of the thread.
            logger.exception("deployment broke")
            self.outcome = AlgoTrendyError(f"deployment broke: {error!r}")

    def _report(self, step: StepStatus) -> None:
        with self._lock:
            self._steps[step.name] = step


class Supervisor:
    """Owns the parts of one home; tick() moves everything on.

    Args:
        services: What runs on the deployment: started after it, and again when it changes.
        watchers: What watches the rest: started at once, and in nobody's way.
    """

    def __init__(
        self,
        home: Home,
        runners: Sequence[Runner],
        deployer: Deployer,
        clock: Clock,
        identity: ProcessIdentity,
        *,
        forget_emulator: Callable[[], None],
        code: str = "",
        services: Sequence[Runner] = (),
        watchers: Sequence[Runner] = (),
    ) -> None:
        self._home = home
        self._runners = list(runners)
        self._services = list(services)
        self._watchers = list(watchers)
        self._served: str | None = None
        self._deployer = deployer
        self._clock = clock
        self._forget_emulator = forget_emulator
        self._job: DeployJob | None = None
        self._deployed: tuple[int, ...] | None = None
        self._failure: str | None = None
        self._was_ready = False
        self._started_over = False
        self._was_asked = True
        self._next_housekeeping: datetime | None = None
        self._lock_inode: int | None = None
        self._status = PlatformStatus(Phase.STARTING, identity, 0.0, code=code)

    @property
    def status(self) -> PlatformStatus:
        """As last published."""
        return self._status

    def run(self, stop: threading.Event) -> None:
        """Supervise until told to stop, then stop everything."""
        try:
            while not stop.is_set():
                self.tick()
                if self._was_orphaned():
                    logger.warning("%s was removed: stopping", self._home.root)
                    break
                stop.wait(_TICK_S)
        finally:
            self.shut_down()

    def tick(self) -> None:
        """Look at everything once."""
        for runner in (*self._watchers, *self._runners):
            runner.tick()
        if self._was_ready:
            for service in self._services:
                service.tick()
        self._take_requests()
        self._finish_job()
        self._start_job()
        self._publish(self._phase())

    def shut_down(self) -> None:
        """Cancel a deployment, stop the parts, last started first stopped."""
        self._publish(Phase.STOPPING)
        if self._job is not None:
            self._job.cancel()
        ends = (*reversed(self._services), *reversed(self._runners), *reversed(self._watchers))
        for runner in ends:
            runner.request_stop()
            runner.wait_stopped()
            self._publish(Phase.STOPPING)
        self._publish(Phase.STOPPED)

    @property
    def _everything(self) -> tuple[Runner, ...]:
        return (*self._runners, *self._services, *self._watchers)

    @property
    def _generation(self) -> tuple[int, ...]:
        return tuple(runner.starts for runner in self._runners)

    def _all_run(self) -> bool:
        return all(runner.state is PartState.RUNNING for runner in self._runners)

    def _take_requests(self) -> None:
        if self._job is not None:
            return
        found = sorted(self._home.requests.glob("*"))
        if not found:
            return
        for runner in self._everything:
            runner.retry()
        self._was_asked = True
        self._started_over = False
        handled = (*self._status.handled, *(path.name for path in found))
        self._status = replace(self._status, handled=handled[-_REMEMBERED_REQUESTS:])
        for path in found:
            path.unlink(missing_ok=True)

    def _start_job(self) -> None:
        if self._job is None and self._all_run() and self._needs_deployment():
            self._failure = None
            self._job = DeployJob(self._deployer, self._generation, from_tree=self._was_asked)
            self._was_asked = False

    def _needs_deployment(self) -> bool:
        """A part that was started again may have lost what it held."""
        return self._was_asked or self._deployed != self._generation

    def _finish_job(self) -> None:
        if self._job is None or not self._job.is_over:
            return
        job, self._job = self._job, None
        self._status = replace(self._status, steps=job.steps)
        self._deployed = job.generation
        if isinstance(job.outcome, Deployment):
            self._was_ready = True
            self._started_over = False
            self._serve(job.outcome.fingerprint)
            self._status = replace(
                self._status, fingerprint=job.outcome.fingerprint, urls=job.outcome.urls
            )
        elif isinstance(job.outcome, StateIsBroken) and not self._started_over:
            self._start_over(job.outcome.reason)
        else:
            self._failure = str(job.outcome)

    def _serve(self, fingerprint: str) -> None:
        """Let services run the code that was deployed; they hand over in good order."""
        if self._served not in (None, fingerprint):
            for service in self._services:
                service.request_stop()
                service.wait_stopped()
                service.start_again()
        self._served = fingerprint

    def _start_over(self, reason: str) -> None:
        """Give the emulator an empty state; what lies in its buckets stays on disk."""
        logger.warning("the emulator starts over from nothing: %s", reason)
        self._started_over = True
        emulator = self._runners[-1]
        emulator.request_stop()
        emulator.wait_stopped()
        self._forget_emulator()
        emulator.start_again()

    def _phase(self) -> Phase:
        if any(runner.state is PartState.FAILED for runner in (*self._runners, *self._services)):
            return Phase.FAILED
        if not self._all_run():
            return Phase.RECOVERING if self._was_ready else Phase.STARTING
        if self._job is not None or self._needs_deployment():
            return Phase.DEPLOYING
        if self._failure:
            return Phase.FAILED
        if all(service.state is PartState.RUNNING for service in self._services):
            return Phase.READY
        again = any(s.restarts or s.state is PartState.RESTARTING for s in self._services)
        return Phase.RECOVERING if again else Phase.STARTING

    def _message(self, phase: Phase) -> str:
        if phase is not Phase.FAILED:
            return ""
        every = (*self._runners, *self._services)
        failed = [runner for runner in every if runner.state is PartState.FAILED]
        if failed:
            return "; ".join(f"{runner.part.name}: {runner.message}" for runner in failed)
        return self._failure or ""

    def _publish(self, phase: Phase) -> None:
        fresh = replace(
            self._status,
            phase=phase,
            message=self._message(phase),
            parts=tuple(runner.status for runner in self._everything),
            steps=self._job.steps if self._job is not None else self._status.steps,
        )
        if fresh != self._status or fresh.updated == 0.0:
            self._status = replace(fresh, updated=self._clock.now().timestamp())
            write_status(self._home.status_file, self._status)

    def _was_orphaned(self) -> bool:
        """Whether the data folder was removed, or replaced, under a running supervisor."""
        now = self._clock.now()
        if self._next_housekeeping is not None and now < self._next_housekeeping:
            return False
        self._next_housekeeping = now + _HOUSEKEEPING
        rotate_logs(self._home.logs)
        try:
            inode = self._home.lock_file.stat().st_ino
        except FileNotFoundError:
            return True
        if self._lock_inode is None:
            self._lock_inode = inode
        return inode != self._lock_inode
