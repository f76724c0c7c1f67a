"""What is left of a sweep on this machine when it is killed."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

SWEEP = """
import multiprocessing, os, signal
from algotrendy.backtest.workers import Workers
workers = Workers(dict, 1, 60)
print(multiprocessing.active_children()[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_with_the_sweep_that_was_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SWEEP], stdout=subprocess.PIPE, text=True, check=False, timeout=60
    )
    worker = int(done.stdout)
    deadline = time.monotonic() + 10
    while (is_there := _runs(worker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if is_there:
        psutil.Process(worker).kill()
    assert not is_there


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
