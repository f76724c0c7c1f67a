"""The execution service as a process: it says how it is, waits for what it needs, ends well."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from algotrendy.local.home import project_root
from algotrendy.local.ports import LOOPBACK
from fixtures.platform import free_port


class Process:
    """One service that finds nothing deployed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "ALGOTRENDY_EXECUTION_PORT": str(self.port),
            "ALGOTRENDY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        self.child = subprocess.Popen(
            [sys.executable, "-m", "services.execution"],
            env=self.environment,
            cwd=project_root(),
            stderr=subprocess.PIPE,
        )

    def ask(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}{path}", timeout=5) as found:
                return found.status, json.load(found)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def metrics(self) -> list[str]:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{self.port}/metrics", timeout=5) as found:
            text: str = found.read().decode()
        return text.splitlines()

    def check(self) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "services.execution", "health"],
            env=self.environment,
            cwd=project_root(),
            check=False,
        )
        return done.returncode


@pytest.fixture
def process() -> Iterator[Process]:
    running = Process()
    for _ in range(200):
        try:
            running.ask("/health")
            break
        except OSError:
            assert running.child.poll() is None, "it ended"
            time.sleep(0.1)
    yield running
    running.child.kill()
    running.child.communicate(timeout=10)


def test_it_is_well_and_not_ready_while_nothing_is_deployed_and_ends_when_asked(
    process: Process,
) -> None:
    assert process.ask("/health") == (200, {"ready": False, "accounts": {}})
    assert process.ask("/ready")[0] == 503
    assert process.ask("/else")[0] == 404
    assert any(line.startswith("algotrendy_loop_lag_seconds ") for line in process.metrics())
    assert process.check() == 0
    process.child.send_signal(signal.SIGTERM)
    _, said = process.child.communicate(timeout=30)
    assert process.child.returncode == 0
    assert b"order_queue_url" in said
    assert process.check() == 1
