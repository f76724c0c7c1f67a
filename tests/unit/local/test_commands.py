import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from algotrendy.local.commands import Cancelled, CommandFailed, Commands

PARENT = (
    "import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', "
    "'import time; time.sleep(60)']); print(c.pid, flush=True); c.wait()"
)


def run(commands: Commands, folder: Path, code: str) -> list[str]:
    lines: list[str] = []
    commands.run([sys.executable, "-c", code], os.environ, folder, lines.append)
    return lines


def test_each_line_is_passed_on_and_logged(tmp_path: Path) -> None:
    log = tmp_path / "deploy.log"
    code = "import sys; print('one'); print(); print('two', file=sys.stderr)"
    assert sorted(run(Commands(log), tmp_path, code)) == ["one", "two"]
    assert "one\n" in log.read_text()


def test_a_failure_carries_the_end_of_the_output_and_where_all_of_it_is(tmp_path: Path) -> None:
    log = tmp_path / "deploy.log"
    code = "import sys; [print('line', n) for n in range(100)]; sys.exit(7)"
    with pytest.raises(CommandFailed) as caught:
        run(Commands(log), tmp_path, code)
    assert "ended with 7: line 97 | line 98 | line 99" in str(caught.value)
    assert str(log) in str(caught.value)


def test_cancelling_ends_the_command_with_its_children(tmp_path: Path) -> None:
    commands = Commands(tmp_path / "deploy.log")
    lines: list[str] = []
    failures: list[Exception] = []

    def work() -> None:
        try:
            command = [sys.executable, "-c", PARENT]
            commands.run(command, os.environ, tmp_path, lines.append)
        except Cancelled as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 10
    while not lines and time.monotonic() < deadline:
        time.sleep(0.01)
    commands.cancel()
    thread.join(10)
    assert len(failures) == 1
    deadline = time.monotonic() + 5
    while _is_running(int(lines[0])) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(int(lines[0]))


def test_after_a_cancel_nothing_is_started(tmp_path: Path) -> None:
    commands = Commands(tmp_path / "deploy.log")
    commands.cancel()
    with pytest.raises(Cancelled):
        run(commands, tmp_path, "print('never')")


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
