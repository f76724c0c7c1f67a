import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.local.deploy import Deployment, StateIsBroken
from algotrendy.local.home import Home
from algotrendy.local.processes import ProcessIdentity
from algotrendy.local.runner import Runner
from algotrendy.local.status import PartState, Phase, StepState, read_status
from algotrendy.local.supervisor import Supervisor
from fakes.supervised import FakeDeployer, FakeLauncher, FakePart

NAMES = ("valkey", "postgres", "emulator")


class Bench:
    """A supervisor of three parts, moved on tick by tick."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.home.create()
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.parts = {name: FakePart(name=name) for name in NAMES}
        self.launcher = FakeLauncher()
        self.runners = {
            name: Runner(part, self.launcher, self.clock) for name, part in self.parts.items()
        }
        self.service = Runner(FakePart(name="execution"), self.launcher, self.clock)
        self.page = FakePart(name="status")
        self.watcher = Runner(self.page, self.launcher, self.clock)
        self.deployer = FakeDeployer()
        self.forgotten = 0
        self.supervisor = Supervisor(
            self.home,
            list(self.runners.values()),
            self.deployer,
            self.clock,
            ProcessIdentity(1, 1.0),
            forget_emulator=self.forget,
            services=[self.service],
            watchers=[self.watcher],
        )

    def forget(self) -> None:
        self.forgotten += 1
        assert self.runners["emulator"].state is PartState.STOPPED

    @property
    def phase(self) -> Phase:
        return self.supervisor.status.phase

    @property
    def handled(self) -> tuple[str, ...]:
        return self.supervisor.status.handled

    def settle(self) -> Phase:
        """Tick until nothing more happens by itself."""
        for _ in range(500):
            self.supervisor.tick()
            if self.phase.is_final:
                return self.phase
            if self.phase is Phase.RECOVERING:
                self.clock.advance(timedelta(seconds=1))
            time.sleep(0.002)
        raise AssertionError(f"still {self.phase}")

    def kill(self, name: str) -> None:
        pid = self.runners[name].status.pid
        next(child for child in self.launcher.children if child.pid == pid).code = -signal.SIGKILL

    def ask(self, request: str) -> None:
        (self.home.requests / request).touch()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_platform_is_ready_when_all_parts_answer_and_it_is_deployed(bench: Bench) -> None:
    assert bench.settle() is Phase.READY
    assert bench.deployer.deployments == 1
    status = bench.supervisor.status
    assert status.fingerprint == "done"
    assert [step.state for step in status.steps] == [StepState.DONE]


def test_nothing_is_deployed_before_every_part_answers(bench: Bench) -> None:
    bench.parts["postgres"].ready = False
    for _ in range(5):
        bench.supervisor.tick()
    assert bench.phase is Phase.STARTING
    assert bench.deployer.deployments == 0


def test_what_watches_the_rest_starts_first_and_nobody_waits_for_it(bench: Bench) -> None:
    bench.parts["postgres"].ready = bench.page.ready = False
    bench.supervisor.tick()
    assert bench.watcher.state is PartState.STARTING
    bench.parts["postgres"].ready = True
    assert bench.settle() is Phase.READY
    assert bench.watcher.state is PartState.STARTING
    assert bench.supervisor.status.parts[-1].name == "status"


def test_what_watches_the_rest_is_started_again_and_costs_no_deployment(bench: Bench) -> None:
    bench.settle()
    pid = bench.watcher.status.pid
    next(child for child in bench.launcher.children if child.pid == pid).code = -signal.SIGKILL
    for _ in range(5):
        bench.supervisor.tick()
        bench.clock.advance(timedelta(seconds=5))
    assert bench.watcher.restarts == 1
    assert bench.phase is Phase.READY
    assert bench.deployer.deployments == 1


def test_what_is_published_can_be_read_back(bench: Bench) -> None:
    bench.settle()
    assert read_status(bench.home.status_file) == bench.supervisor.status


def test_a_quiet_platform_does_not_write_its_status_again(bench: Bench) -> None:
    bench.settle()
    before = bench.home.status_file.stat().st_ino
    for _ in range(5):
        bench.supervisor.tick()
    assert bench.home.status_file.stat().st_ino == before


@pytest.mark.parametrize("name", NAMES)
def test_a_part_that_dies_is_started_again_and_the_deployment_checked(
    bench: Bench, name: str
) -> None:
    bench.settle()
    bench.kill(name)
    bench.supervisor.tick()
    assert bench.phase is Phase.RECOVERING
    assert bench.settle() is Phase.READY
    assert bench.runners[name].restarts == 1
    assert bench.deployer.from_tree == [True, False]


def test_the_parts_are_watched_while_it_deploys(bench: Bench) -> None:
    bench.deployer.may_go_on.clear()
    for _ in range(3):
        bench.supervisor.tick()
    assert bench.phase is Phase.DEPLOYING
    bench.kill("emulator")
    bench.supervisor.tick()
    assert bench.runners["emulator"].state is PartState.RESTARTING
    bench.clock.advance(timedelta(seconds=1))
    bench.deployer.may_go_on.set()
    assert bench.settle() is Phase.READY
    assert bench.deployer.deployments == 2, "what was deployed to the dead emulator is in doubt"


def test_a_failed_deployment_says_why_and_is_not_tried_for_ever(bench: Bench) -> None:
    bench.deployer.outcomes = [Unavailable("deploy", "no such role")]
    assert bench.settle() is Phase.FAILED
    assert bench.supervisor.status.message == "deploy is unavailable: no such role"
    for _ in range(20):
        bench.supervisor.tick()
    assert bench.deployer.deployments == 1


def test_a_deployer_that_breaks_is_a_failure_not_a_dead_supervisor(bench: Bench) -> None:
    bench.deployer.outcomes = [ZeroDivisionError("oops")]
    assert bench.settle() is Phase.FAILED
    assert "ZeroDivisionError" in bench.supervisor.status.message


def test_a_request_deploys_again_and_is_counted_as_handled(bench: Bench) -> None:
    bench.deployer.outcomes = [Unavailable("deploy", "typo in the stack")]
    bench.settle()
    bench.ask("again")
    bench.supervisor.tick()
    assert bench.handled == ("again",)
    assert bench.phase is Phase.DEPLOYING
    assert bench.settle() is Phase.READY
    assert bench.deployer.from_tree == [True, True]
    assert list(bench.home.requests.iterdir()) == []


def test_a_request_that_comes_while_it_deploys_gets_a_deployment_of_its_own(bench: Bench) -> None:
    bench.deployer.may_go_on.clear()
    for _ in range(3):
        bench.supervisor.tick()
    bench.ask("late")
    bench.supervisor.tick()
    assert not bench.handled
    bench.deployer.may_go_on.set()
    bench.settle()
    assert bench.settle() is Phase.READY
    assert bench.handled == ("late",)
    assert bench.deployer.deployments == 2


def test_two_requests_at_once_share_one_deployment(bench: Bench) -> None:
    bench.settle()
    bench.ask("a")
    bench.ask("b")
    assert not bench.handled
    bench.supervisor.tick()
    assert bench.settle() is Phase.READY
    assert bench.handled == ("a", "b")
    assert bench.deployer.deployments == 2


def test_a_part_that_cannot_start_fails_the_platform_until_somebody_asks(bench: Bench) -> None:
    bench.parts["valkey"].refusal = "port 6380 on 127.0.0.1 is taken"
    assert bench.settle() is Phase.FAILED
    assert bench.supervisor.status.message == "valkey: port 6380 on 127.0.0.1 is taken"
    bench.parts["valkey"].refusal = None
    bench.ask("again")
    bench.supervisor.tick()
    assert bench.settle() is Phase.READY


def test_an_emulator_with_a_broken_state_starts_over_once(bench: Bench) -> None:
    bench.deployer.outcomes = [StateIsBroken("stack hangs")]
    assert bench.settle() is Phase.READY
    assert bench.forgotten == 1
    assert bench.deployer.deployments == 2
    assert bench.runners["emulator"].starts == 2
    assert bench.runners["postgres"].starts == 1


def test_a_state_that_is_broken_again_is_a_failure(bench: Bench) -> None:
    bench.deployer.outcomes = [StateIsBroken("stack hangs"), StateIsBroken("stack hangs")]
    assert bench.settle() is Phase.FAILED
    assert bench.forgotten == 1


def test_it_stops_the_functions_before_what_they_use(bench: Bench) -> None:
    bench.settle()
    runners = {**bench.runners, "execution": bench.service, "status": bench.watcher}
    names = {runner.status.pid: name for name, runner in runners.items()}
    bench.supervisor.shut_down()
    assert [names[child.pid] for child in bench.launcher.stopped] == [
        "execution",
        "emulator",
        "postgres",
        "valkey",
        "status",
    ]
    assert bench.phase is Phase.STOPPED


def test_a_service_starts_only_when_what_it_runs_on_is_deployed(bench: Bench) -> None:
    bench.deployer.outcomes = [Unavailable("deploy", "the disk is full")]
    assert bench.settle() is Phase.FAILED
    assert bench.service.starts == 0
    bench.ask("again")
    for _ in range(500):
        bench.supervisor.tick()
        if bench.phase is Phase.READY:
            break
        time.sleep(0.002)
    assert (bench.phase, bench.service.starts) == (Phase.READY, 1)


def test_a_service_that_is_killed_is_started_again_and_nothing_is_deployed(bench: Bench) -> None:
    bench.settle()
    bench.launcher.last.code = -signal.SIGKILL
    bench.supervisor.tick()
    assert bench.phase is Phase.RECOVERING
    assert bench.settle() is Phase.READY
    assert bench.service.restarts == 1
    assert bench.deployer.deployments == 1


def test_a_service_hands_over_when_other_code_is_deployed(bench: Bench) -> None:
    bench.settle()
    bench.deployer.outcomes = [Deployment("other", {"api": "test://"})]
    bench.ask("up")
    bench.supervisor.tick()
    assert bench.settle() is Phase.READY
    assert bench.service.starts == 2
    assert [child.signals for child in bench.launcher.stopped] == [[signal.SIGTERM]]
    assert bench.service.restarts == 0


def test_stopping_cancels_a_deployment(bench: Bench) -> None:
    bench.deployer.may_go_on.clear()
    for _ in range(3):
        bench.supervisor.tick()
    bench.supervisor.shut_down()
    assert bench.deployer.was_cancelled
    assert bench.phase is Phase.STOPPED


def test_a_supervisor_whose_folder_was_removed_stops(bench: Bench) -> None:
    bench.home.lock_file.touch()
    bench.deployer.outcomes = [Deployment("done", {})]
    done = threading.Thread(target=bench.supervisor.run, args=(threading.Event(),))
    done.start()
    deadline = time.monotonic() + 10
    while bench.phase is not Phase.READY and time.monotonic() < deadline:
        time.sleep(0.01)
    bench.home.lock_file.unlink()
    bench.clock.advance(timedelta(seconds=6))
    done.join(10)
    assert not done.is_alive()
    assert bench.phase is Phase.STOPPED
