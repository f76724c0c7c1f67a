import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from algotrendy.local.home import HOME_VARIABLE, Home
from algotrendy.local.processes import (
    MARK_VARIABLE,
    PART_VARIABLE,
    ProcessIdentity,
    clear_home,
    held_lock,
    is_locked,
    owned_processes,
    read_pid_file,
    write_pid_file,
)

Start = Callable[..., subprocess.Popen[bytes]]
SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a Python process with more environment; it is gone after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str = SLEEP, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def pids(processes: list[psutil.Process]) -> set[int]:
    return {process.pid for process in processes}


def test_a_process_is_known_again_while_it_lives(start: Start) -> None:
    process = start()
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    assert identity.is_alive()
    process.kill()
    # Not waited for: a zombie is no live process.
    psutil.Process(process.pid).wait(5)
    assert not identity.is_alive()


def test_a_pid_that_was_given_out_again_is_another_process(start: Start) -> None:
    identity = ProcessIdentity.of(start().pid)
    assert identity is not None
    assert not replace(identity, started=identity.started - 3600).is_alive()


def test_a_pid_file_gives_back_who_was_written(home: Home) -> None:
    identity = ProcessIdentity(4711, 1700000000.25)
    write_pid_file(home.pid_file, identity)
    assert read_pid_file(home.pid_file) == identity


@pytest.mark.parametrize("text", ["", "4711", "{}", '{"pid": "x", "started": 1}', "[1]"])
def test_a_damaged_pid_file_reads_as_nobody(home: Home, text: str) -> None:
    home.pid_file.parent.mkdir()
    home.pid_file.write_text(text)
    assert read_pid_file(home.pid_file) is None


def test_a_missing_pid_file_reads_as_nobody(home: Home) -> None:
    assert read_pid_file(home.pid_file) is None


def test_one_holder_has_the_lock_until_it_lets_go(home: Home) -> None:
    with held_lock(home.lock_file) as first:
        assert first
        assert is_locked(home.lock_file)
        with held_lock(home.lock_file) as second:
            assert not second
    assert not is_locked(home.lock_file)


def test_the_kernel_frees_the_lock_of_a_killed_process(home: Home, start: Start) -> None:
    home.run.mkdir()
    code = f"import fcntl; f = open({str(home.lock_file)!r}, 'a'); fcntl.flock(f, 2); " + SLEEP
    holder = start(code)
    assert is_locked(home.lock_file)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_locked(home.lock_file)


def test_a_marked_process_and_its_children_are_owned(home: Home, start: Start) -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]).wait()"
    mark = {MARK_VARIABLE: str(home.root), PART_VARIABLE: "emulator"}
    parent = start(f"import sys; sys.argv = ['', {SLEEP!r}]; {code}", **mark)
    (child,) = psutil.Process(parent.pid).children()
    assert {parent.pid, child.pid} <= pids(owned_processes(home))
    assert {parent.pid, child.pid} <= pids(owned_processes(home, "emulator"))
    assert not {parent.pid, child.pid} & pids(owned_processes(home, "postgres"))
    clear_home(home, grace_s=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_shell_that_only_names_the_home_is_not_owned(home: Home, start: Start) -> None:
    shell = start(**{HOME_VARIABLE: str(home.root)})
    assert shell.pid not in pids(owned_processes(home))
    clear_home(home)
    assert shell.poll() is None


def test_a_process_of_another_home_is_left_alone(home: Home, start: Start) -> None:
    other = start(**{MARK_VARIABLE: f"{home.root}-other"})
    assert clear_home(home) == ([], [])
    assert other.poll() is None


def test_a_process_that_ignores_the_request_is_killed(home: Home, start: Start) -> None:
    stubborn = start(STUBBORN, **{MARK_VARIABLE: str(home.root)})
    found, survivors = clear_home(home, grace_s=0.3)
    assert len(found) == 1
    assert str(stubborn.pid) in found[0]
    assert survivors == []
    assert stubborn.poll() is not None
