import signal
from datetime import UTC, datetime, timedelta

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.local.backoff import RestartPolicy
from algotrendy.local.runner import Runner
from algotrendy.local.status import PartState
from fakes.supervised import FakeLauncher, FakePart

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = RestartPolicy(first_delay=SECOND, longest_delay=8 * SECOND, limit=2, window=60 * SECOND)


class Bench:
    """One runner with everything that it depends on."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.part = FakePart()
        self.launcher = FakeLauncher()
        self.runner = Runner(self.part, self.launcher, self.clock, POLICY)

    def tick(self, times: int = 1) -> PartState:
        for _ in range(times):
            self.runner.tick()
        return self.runner.state

    def after(self, seconds: float) -> PartState:
        self.clock.advance(timedelta(seconds=seconds))
        return self.tick()

    def die(self, code: int) -> PartState:
        self.launcher.last.code = code
        return self.tick()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_part_runs_once_it_answers(bench: Bench) -> None:
    bench.part.ready = False
    assert bench.tick(3) is PartState.STARTING
    bench.part.ready = True
    assert bench.tick() is PartState.RUNNING
    assert bench.runner.status.pid == bench.launcher.last.pid
    assert len(bench.launcher.children) == 1


def test_leftovers_are_cleared_before_every_start(bench: Bench) -> None:
    bench.tick(2)
    bench.die(1)
    bench.after(1)
    assert bench.launcher.cleared == ["part", "part"]


def test_a_part_that_dies_is_started_again_after_its_delay(bench: Bench) -> None:
    bench.tick(2)
    assert bench.die(-signal.SIGKILL) is PartState.RESTARTING
    assert bench.runner.status.pid is None
    assert "signal 9" in bench.runner.message
    assert bench.after(0.9) is PartState.RESTARTING
    assert bench.after(0.1) is PartState.STARTING
    assert bench.tick() is PartState.RUNNING
    assert bench.runner.restarts == 1
    assert bench.runner.message == ""


def test_repeated_deaths_end_in_a_state_that_says_why(bench: Bench) -> None:
    bench.tick(2)
    for delay in (1, 2):
        assert bench.die(3) is PartState.RESTARTING
        bench.after(delay)
        bench.tick()
    assert bench.die(3) is PartState.FAILED
    assert bench.runner.message == "ended with exit code 3; given up after repeated failures"
    assert bench.after(3600) is PartState.FAILED
    assert len(bench.launcher.children) == 3


def test_a_part_that_was_given_up_starts_when_a_person_asks(bench: Bench) -> None:
    bench.tick(2)
    for delay in (1, 2, 0):
        bench.die(3)
        bench.after(delay)
    bench.runner.retry()
    assert bench.tick(2) is PartState.RUNNING


def test_asking_again_does_not_touch_a_part_that_runs(bench: Bench) -> None:
    bench.tick(2)
    bench.runner.retry()
    assert bench.tick() is PartState.RUNNING
    assert len(bench.launcher.children) == 1


def test_a_part_that_never_answers_is_killed_and_tried_again(bench: Bench) -> None:
    bench.part.ready = False
    bench.tick()
    assert bench.after(10.5) is PartState.RESTARTING
    assert bench.launcher.last.signals == [signal.SIGKILL]
    assert bench.runner.message == "did not answer within 10 s"


def test_a_first_start_that_is_refused_fails_at_once(bench: Bench) -> None:
    bench.part.refusal = "port 1234 on 127.0.0.1 is taken"
    assert bench.tick() is PartState.FAILED
    assert bench.runner.message == "port 1234 on 127.0.0.1 is taken"


def test_a_restart_that_is_refused_waits_its_turn(bench: Bench) -> None:
    bench.tick(2)
    bench.part.refusal = "port 1234 on 127.0.0.1 is taken"
    bench.die(1)
    assert bench.after(1) is PartState.RESTARTING
    bench.part.refusal = None
    assert bench.after(2) is PartState.STARTING
    assert bench.tick() is PartState.RUNNING


def test_a_stopped_part_gets_its_own_signal_and_stays_down(bench: Bench) -> None:
    bench.part.stop_signal = signal.SIGINT
    bench.tick(2)
    bench.runner.request_stop()
    bench.runner.wait_stopped()
    assert bench.launcher.last.signals == [signal.SIGINT]
    assert bench.after(3600) is PartState.STOPPED
    assert len(bench.launcher.children) == 1


def test_a_part_stopped_on_purpose_can_be_started_again(bench: Bench) -> None:
    bench.tick(2)
    bench.runner.request_stop()
    bench.runner.wait_stopped()
    bench.runner.start_again()
    assert bench.tick(2) is PartState.RUNNING
    assert bench.runner.starts == 2
    assert bench.runner.restarts == 0
