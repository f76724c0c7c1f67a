"""The status page as a process: it tells of the rest, and stays up when the rest is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from algotrendy.local.home import Home, project_root
from algotrendy.local.processes import ProcessIdentity
from algotrendy.local.status import Phase, PlatformStatus, write_status
from fixtures.platform import free_port

PLATFORM = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
names = ("database", "execution", "lake", "outbox", "results", "streaming")
checks = ", ".join('"%s": {"ok": true}' % name for name in names)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = ('{"checks": {%s}}' % checks).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Page:
    """The service of one home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.port = free_port()
        self.start()

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "ALGOTRENDY_HOME": str(self.home.root),
            "ALGOTRENDY_STATUS_URL": self.home.status_page.as_uri(),
            "ALGOTRENDY_STATUS_PORT": str(self.port),
            "ALGOTRENDY_STATUS_INTERVAL_S": "0.1",
        }
        command = [sys.executable, "-m", "services.status"]
        self.child = subprocess.Popen(command, env=environment, cwd=project_root())
        until(lambda: self.ask("/health")[0] == 200, "the service")

    def ask(self, path: str) -> tuple[int, bytes]:
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=5) as found:
                return found.status, found.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("/status.json")[1])
        return found


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.create()
    return found


@pytest.fixture
def page(home: Home) -> Iterator[Page]:
    running = Page(home)
    yield running
    running.child.kill()
    running.child.wait(10)


@contextmanager
def platform(port: int) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", PLATFORM, str(port)])
    try:
        until(lambda: listens(port), "the platform")
        yield child
    finally:
        child.kill()
        child.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def say(home: Home, phase: Phase, port: int, pid: int = 1) -> None:
    address = f"http://127.0.0.1:{port}"
    urls = {"api": f"{address}/api", "keys": f"{address}/keys"}
    write_status(home.status_file, PlatformStatus(phase, ProcessIdentity(pid, 1.0), 0.0, urls=urls))


def test_it_stays_up_tells_of_the_outage_and_of_its_end_when_all_else_is_killed(
    home: Home, page: Page
) -> None:
    port = free_port()
    with platform(port) as rest:
        say(home, Phase.READY, port)
        until(lambda: page.told()["says"] == "All systems work", "a platform that works")
        rest.send_signal(signal.SIGKILL)
        rest.wait(10)
        until(lambda: page.told()["says"] == "Everything is down", "the outage")
    told = page.told()
    assert [each["state"] for each in told["components"]] == ["outage"] * 8
    (incident,) = told["incidents"]
    assert (incident["found_by"], incident["stage"]) == ("probes", "investigating")
    status, html = page.ask("/")
    assert status == 200
    assert b"Everything is down" in html
    assert b"127.0.0.1" not in html, "no address is for everybody"
    assert page.ask("/ready")[0] == 200, "it does what it is for"

    with platform(port):
        until(lambda: page.told()["says"] == "All systems work", "the end of the outage")
        (incident,) = page.told()["incidents"]
        assert incident["resolved_at"] is not None


def test_killed_itself_it_goes_on_with_what_it_knew(home: Home, page: Page) -> None:
    port = free_port()
    with platform(port):
        say(home, Phase.READY, port)
        until(lambda: page.told()["says"] == "All systems work", "a platform that works")
    until(lambda: page.told()["says"] == "Everything is down", "the outage")
    # The supervisor was killed too: its last word is what lies there.
    say(home, Phase.RECOVERING, port)
    before = page.told()["incidents"]
    page.child.kill()
    page.child.wait(10)
    page.start()
    assert page.told()["says"] == "Everything is down"
    assert page.told()["incidents"] == before
    looked = page.told()["looked_at"]
    until(lambda: page.told()["looked_at"] > looked, "another look", seconds=10)
    assert page.told()["says"] == "Everything is down"


def test_of_a_platform_that_only_starts_nothing_is_expected(home: Home, page: Page) -> None:
    say(home, Phase.DEPLOYING, free_port(), pid=7)
    time.sleep(0.6)
    told = page.told()
    assert (told["says"], told["incidents"]) == ("Nothing was looked at yet", [])


def test_what_it_keeps_can_be_damaged_and_it_still_answers(home: Home, page: Page) -> None:
    port = free_port()
    with platform(port):
        say(home, Phase.READY, port)
        until(lambda: page.told()["says"] == "All systems work", "a platform that works")
        board = home.status_page / "board.json"
        kept = board.read_bytes()
        board.write_bytes(b"{")
        until(lambda: page.ask("/ready")[0] == 503, "a word about it")
        assert page.told()["says"] == "All systems work", "what was read last"
        assert page.ask("/health")[0] == 200
        board.write_bytes(kept)
        until(lambda: page.ask("/ready")[0] == 200, "the next look")


def test_it_ends_well_when_asked(page: Page) -> None:
    page.child.send_signal(signal.SIGTERM)
    assert page.child.wait(15) == 0
