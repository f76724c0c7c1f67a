"""The real supervisor process with real servers; only the deployment is a fake."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from algotrendy.kernel.errors import Conflict, Unavailable
from algotrendy.local import control
from algotrendy.local.home import Home, Ports, project_root
from algotrendy.local.processes import is_locked, owned_processes
from algotrendy.local.status import PartState, PartStatus, Phase, PlatformStatus
from fakes import daemon_without_cdk

pytestmark = pytest.mark.platform

DAEMON = (str(Path(daemon_without_cdk.__file__)),)


@dataclass
class Platform:
    """One home under test."""

    home: Home
    ports: Ports

    def up(self, ports: Ports | None = None) -> PlatformStatus:
        request = control.ensure_supervisor(self.home, project_root(), ports or self.ports, DAEMON)
        return list(control.follow(self.home, request))[-1]

    def status(self) -> PlatformStatus:
        found = control.live_status(self.home)
        assert found is not None
        return found

    def part(self, name: str) -> PartStatus:
        return next(part for part in self.status().parts if part.name == name)

    def pid(self, name: str) -> int:
        pid = self.part(name).pid
        assert pid is not None
        return pid

    def new_deployments(self) -> list[str]:
        """The deployments since the last look."""
        file = self.home.root / daemon_without_cdk.DEPLOYMENTS
        found = file.read_text().splitlines()
        file.unlink()
        return found

    def processes(self) -> list[str]:
        return [" ".join(process.cmdline()) for process in owned_processes(self.home)]

    def check_that_all_answer(self) -> None:
        url = self.part("postgres").url
        assert url is not None
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        client = redis.Redis(host="127.0.0.1", port=self.ports.cache)
        assert client.ping()
        client.close()
        for health in (
            f"http://127.0.0.1:{self.ports.emulator}/_ministack/health",
            f"http://127.0.0.1:{self.ports.exchange}/exchange/health",
        ):
            with urllib.request.urlopen(health, timeout=5) as answer:
                assert answer.status == 200


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """One home for the whole file: each `up` must end right from whatever the last test left."""
    # Not pytest's own folder: under root the database's user must reach it.
    root = Path(tempfile.mkdtemp(prefix="at-", dir="/tmp"))
    platform = Platform(Home(root.resolve()), Ports(*(free_port() for _ in range(6))))
    yield platform
    control.stop(platform.home)
    left = platform.processes()
    shutil.rmtree(root)
    assert left == []


def test_up_starts_everything_once_and_down_leaves_nothing(platform: Platform) -> None:
    first = platform.up()
    assert first.phase is Phase.READY
    assert [part.state for part in first.parts][:4] == [PartState.RUNNING] * 4
    platform.check_that_all_answer()

    start = time.monotonic()
    second = platform.up()
    assert time.monotonic() - start < 10, "nothing is to be done"
    assert [part.pid for part in second.parts] == [part.pid for part in first.parts]
    assert platform.new_deployments() == ["from the tree"] * 2, "each up looks whether it must"

    assert control.stop(platform.home) == ([], []), "the supervisor stops its own in good order"
    assert platform.processes() == []
    assert not platform.home.pid_file.exists()
    assert list(platform.home.socket_folder.iterdir()) == []
    assert control.stop(platform.home) == ([], [])


def test_everything_listens_on_loopback_only(platform: Platform) -> None:
    platform.up()
    addresses = {
        connection.laddr.ip
        for process in owned_processes(platform.home)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}
    assert platform.home.socket_folder.stat().st_mode & 0o077 == 0


def test_whoever_is_killed_is_started_again_and_nothing_stored_is_lost(platform: Platform) -> None:
    platform.up()
    platform.new_deployments()
    restarts = {part.name: part.restarts for part in platform.status().parts}
    url = platform.part("postgres").url
    assert url is not None
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int PRIMARY KEY)")
        connection.execute("INSERT INTO kept VALUES (42)")

    for name in ("valkey", "postgres", "emulator"):
        before = platform.pid(name)
        os.kill(before, signal.SIGKILL)

        def came_back(name: str = name, before: int = before) -> bool:
            is_other = platform.part(name).pid not in (None, before)
            return is_other and platform.status().phase is Phase.READY

        wait_for(came_back, f"a new {name}")
        assert platform.part(name).restarts == restarts[name] + 1

    platform.check_that_all_answer()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(42,)]
    assert platform.new_deployments() == ["restored"] * 3


def test_after_a_killed_supervisor_the_next_up_ends_right(platform: Platform) -> None:
    platform.up()
    orphan = platform.pid("postgres")
    os.kill(platform.status().supervisor.pid, signal.SIGKILL)
    wait_for(lambda: not is_locked(platform.home.lock_file), "the freed lock")
    assert platform.processes() != [], "its servers outlive it"

    status = platform.up()
    assert status.phase is Phase.READY
    assert platform.pid("postgres") != orphan
    platform.check_that_all_answer()


def test_after_everything_was_killed_at_once_the_next_up_ends_right(platform: Platform) -> None:
    platform.up()
    for process in owned_processes(platform.home):
        process.kill()
    wait_for(lambda: platform.processes() == [], "an end of every process")

    assert platform.up().phase is Phase.READY
    platform.check_that_all_answer()


def test_the_status_page_answers_when_everything_else_was_killed(platform: Platform) -> None:
    platform.up()
    url = f"http://127.0.0.1:{platform.ports.status}"
    wait_for(lambda: platform.part("status").state is PartState.RUNNING, "the status page")
    page = platform.pid("status")
    for process in owned_processes(platform.home):
        if process.pid != page:
            process.kill()
    wait_for(lambda: len(platform.processes()) == 1, "an end of every other process")

    for path in ("/", "/status.json", "/health"):
        with urllib.request.urlopen(f"{url}{path}", timeout=5) as answer:
            assert answer.status == 200
    assert control.stop(platform.home)[1] == [], "it can still be stopped"
    assert platform.processes() == []


@pytest.mark.parametrize("after_s", [0.0, 0.3, 2.0])
def test_an_up_killed_at_any_time_does_no_harm(platform: Platform, after_s: float) -> None:
    control.stop(platform.home)
    platform.home.start_lock_file.unlink(missing_ok=True)
    code = (
        "import sys; from pathlib import Path; from algotrendy.local import control;"
        "from algotrendy.local.home import Home, Ports;"
        "home = Home(Path(sys.argv[1])); ports = Ports(*map(int, sys.argv[2:8]));"
        "request = control.ensure_supervisor(home, Path(sys.argv[8]), ports, (sys.argv[9],));"
        "list(control.follow(home, request))"
    )
    arguments = [
        str(platform.home.root),
        str(platform.ports.emulator),
        str(platform.ports.cache),
        str(platform.ports.exchange),
        str(platform.ports.execution),
        str(platform.ports.streaming),
        str(platform.ports.status),
        str(project_root()),
        *DAEMON,
    ]
    with subprocess.Popen([sys.executable, "-c", code, *arguments]) as up:
        wait_for(platform.home.start_lock_file.exists, "the start")
        time.sleep(after_s)
        up.kill()

    assert platform.up().phase is Phase.READY
    platform.check_that_all_answer()


def test_two_ups_at_once_share_one_supervisor(platform: Platform) -> None:
    control.stop(platform.home)
    requests = [
        control.ensure_supervisor(platform.home, project_root(), platform.ports, DAEMON)
        for _ in range(2)
    ]
    for request in requests:
        assert list(control.follow(platform.home, request))[-1].phase is Phase.READY
    supervisors = owned_processes(platform.home, "supervisor")
    assert len(supervisors) == 1


def test_a_taken_port_is_named_before_anything_starts(platform: Platform) -> None:
    control.stop(platform.home)
    with (
        socket.create_server(("127.0.0.1", platform.ports.emulator)),
        pytest.raises(Unavailable, match=rf"port {platform.ports.emulator} .* --emulator-port"),
    ):
        platform.up()
    assert platform.processes() == []
    assert platform.up().phase is Phase.READY


def test_a_running_platform_is_not_moved_to_other_ports(platform: Platform) -> None:
    platform.up()
    with pytest.raises(Conflict, match="algotrendy down"):
        platform.up(replace(platform.ports, cache=free_port()))
    assert platform.up().phase is Phase.READY


def test_a_failed_deployment_leaves_the_servers_up_and_the_next_up_tries_again(
    platform: Platform,
) -> None:
    (platform.home.root / "fail-deploy").touch()
    failed = platform.up()
    assert failed.phase is Phase.FAILED
    assert failed.message == "deploy is unavailable: told to fail"
    platform.check_that_all_answer()
    (platform.home.root / "fail-deploy").unlink()
    assert platform.up().phase is Phase.READY


def test_half_a_database_cluster_of_a_killed_first_start_is_made_anew(platform: Platform) -> None:
    control.stop(platform.home)
    shutil.rmtree(platform.home.postgres)
    half = platform.home.root / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert platform.up().phase is Phase.READY
    platform.check_that_all_answer()


def test_lock_files_that_name_a_recycled_pid_do_not_stop_the_database(platform: Platform) -> None:
    platform.up()
    pid_file = platform.home.postgres / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    control.stop(platform.home)
    # This test's own process: alive, and no database.
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    platform.home.pid_file.write_text(f'{{"pid": {os.getpid()}, "started": 1.0}}')
    assert platform.up().phase is Phase.READY


def test_down_stops_a_supervisor_that_hangs(platform: Platform) -> None:
    platform.up()
    os.kill(platform.status().supervisor.pid, signal.SIGSTOP)
    stopped, survivors = control.stop(platform.home, patience_s=0.5, grace_s=3)
    assert survivors == []
    assert stopped != []
    assert platform.processes() == []
