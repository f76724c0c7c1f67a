"""Start, ask, watch and stop the supervisor of a home, from any other process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from algotrendy.kernel.errors import Conflict, Unavailable
from algotrendy.local.daemon import SUPERVISOR_PART
from algotrendy.local.fingerprint import supervisor_fingerprint
from algotrendy.local.home import (
    CACHE_PORT_VARIABLE,
    EMULATOR_PORT_VARIABLE,
    EXCHANGE_PORT_VARIABLE,
    EXECUTION_PORT_VARIABLE,
    STATUS_PORT_VARIABLE,
    STREAMING_PORT_VARIABLE,
    Home,
    Ports,
)
from algotrendy.local.logs import last_lines
from algotrendy.local.ports import check_port
from algotrendy.local.processes import (
    MARK_VARIABLE,
    PART_VARIABLE,
    clear_home,
    describe,
    held_lock,
    is_locked,
    owned_processes,
    read_pid_file,
)
from algotrendy.local.runner import log_file
from algotrendy.local.services import check_streamed
from algotrendy.local.status import Phase, PlatformStatus, read_status

DAEMON_MODULE = "algotrendy.local.daemon"
_POLL_S = 0.1
_FIRST_SIGN_S = 20.0
_START_PATIENCE_S = 30.0
_STOP_PATIENCE_S = 75.0


def live_status(home: Home) -> PlatformStatus | None:
    """What the running supervisor says; None when none runs, or it has said nothing yet."""
    if not is_locked(home.lock_file):
        return None
    status = read_status(home.status_file)
    return status if status is not None and status.supervisor.is_alive() else None


def is_running(home: Home) -> bool:
    """Whether a supervisor has this home."""
    return is_locked(home.lock_file)


def runs_other_code(home: Home) -> bool:
    """Whether the running supervisor was started from code that has changed since."""
    status = live_status(home)
    return status is not None and status.code != supervisor_fingerprint()


def ensure_supervisor(
    home: Home, project: Path, ports: Ports, module: Sequence[str] = ("-m", DAEMON_MODULE)
) -> str:
    """Ask the running supervisor to bring everything up, or start one.

    Returns:
        The request, which the supervisor must have taken up before its word counts.

    Raises:
        Conflict: If it runs on other ports.
        Unavailable: If a port is taken by somebody else.
    """
    home.create()
    request = str(uuid.uuid4())
    # Two at once: the second must not take the first one's young supervisor for a leftover.
    with held_lock(home.start_lock_file, _START_PATIENCE_S) as is_ours:
        if not is_ours:
            raise Unavailable("supervisor", "another `algotrendy up` is starting it; try again")
        if is_running(home):
            _refuse_other_ports(home, ports)
            (home.requests / request).touch()
        else:
            _clear_before_start(home, ports)
            # Only now: a supervisor that was just stopped may have taken up what it found.
            (home.requests / request).touch()
            _spawn(home, project, ports, module)
            _await_lock(home)
    return request


def follow(home: Home, request: str) -> Iterator[PlatformStatus]:
    """Yield each new status until the platform is ready, failed, or stopped.

    Raises:
        Unavailable: If the supervisor ends, or never says anything.
    """
    last: PlatformStatus | None = None
    while True:
        status = live_status(home)
        if status is not None and request in status.handled:
            if status != last:
                last = status
                yield status
            if status.phase.is_final:
                return
        elif status is not None and status.phase in (Phase.STOPPING, Phase.STOPPED):
            raise Unavailable("supervisor", "it is being stopped; try again when it is down")
        elif not is_running(home):
            raise _ended(home, last)
        time.sleep(_POLL_S)


def stop(
    home: Home, patience_s: float = _STOP_PATIENCE_S, grace_s: float = 15.0
) -> tuple[list[str], list[str]]:
    """Stop the supervisor and whatever else serves this home; nothing running is fine.

    Args:
        home: The data folder.
        patience_s: How long the supervisor gets to stop everything in good order.
        grace_s: How long each process gets that is still there after that.

    Returns:
        Who was stopped beyond the supervisor's own orderly stop, and who could not be.
    """
    deadline = time.monotonic() + patience_s
    asked: dict[int, psutil.Process] = {}
    while is_running(home) and time.monotonic() < deadline:
        for process in _supervisors(home):
            if process.pid not in asked:
                asked[process.pid] = process
                with contextlib.suppress(psutil.Error):
                    process.terminate()
        time.sleep(_POLL_S)
    # Its lock is free an instant before it has ended.
    _, hanging = psutil.wait_procs(asked.values(), timeout=max(0, deadline - time.monotonic()))
    found, survivors = clear_home(home, grace_s) if home.root.exists() or hanging else ([], [])
    if not survivors:
        for leftover in (home.pid_file, *home.requests.glob("*"), *home.socket_folder.glob(".s.*")):
            leftover.unlink(missing_ok=True)
    return found, [describe(process) for process in survivors]


def _supervisors(home: Home) -> list[psutil.Process]:
    recorded = read_pid_file(home.pid_file)
    if recorded is not None and recorded.is_alive():
        return [psutil.Process(recorded.pid)]
    # Not recorded yet, or the clock was set since: the mark in its environment tells.
    return owned_processes(home, SUPERVISOR_PART)


def _refuse_other_ports(home: Home, ports: Ports) -> None:
    status = live_status(home)
    if status is None:
        return
    running = {part.name: part.port for part in status.parts}
    wished = (
        ("emulator", ports.emulator),
        ("valkey", ports.cache),
        ("exchange", ports.exchange),
        ("execution", ports.execution),
        ("streaming", ports.streaming),
        ("status", ports.status),
    )
    for name, wanted in wished:
        if running.get(name) not in (None, wanted):
            raise Conflict(
                f"the platform is up with {name} on port {running[name]}, wanted {wanted}; "
                "run `algotrendy down` first",
                part=name,
                port=running[name],
            )


def _clear_before_start(home: Home, ports: Ports) -> None:
    """Stop what a killed supervisor left, so that its own servers do not hold the ports."""
    check_streamed()
    _, survivors = clear_home(home)
    if survivors:
        names = ", ".join(describe(process) for process in survivors)
        raise Unavailable("platform", f"left over from an earlier run: {names}; stop it")
    home.status_file.unlink(missing_ok=True)
    check_port("emulator", ports.emulator, "--emulator-port", EMULATOR_PORT_VARIABLE)
    check_port("valkey", ports.cache, "--cache-port", CACHE_PORT_VARIABLE)
    check_port("exchange", ports.exchange, "--exchange-port", EXCHANGE_PORT_VARIABLE)
    check_port("execution", ports.execution, "--execution-port", EXECUTION_PORT_VARIABLE)
    check_port("streaming", ports.streaming, "--streaming-port", STREAMING_PORT_VARIABLE)
    check_port("status", ports.status, "--status-port", STATUS_PORT_VARIABLE)


def _await_lock(home: Home) -> None:
    deadline = time.monotonic() + _FIRST_SIGN_S
    while not is_running(home):
        if time.monotonic() > deadline or not _supervisors(home):
            raise _ended(home, None)
        time.sleep(_POLL_S)


def _spawn(home: Home, project: Path, ports: Ports, module: Sequence[str]) -> None:
    """Start the supervisor; it leaves this process as soon as it has parsed its arguments."""
    mark = {MARK_VARIABLE: str(home.root), PART_VARIABLE: SUPERVISOR_PART}
    command = [sys.executable, *module, "--home", str(home.root), "--project", str(project)]
    command += ["--emulator-port", str(ports.emulator), "--cache-port", str(ports.cache)]
    command += ["--exchange-port", str(ports.exchange)]
    command += ["--execution-port", str(ports.execution)]
    command += ["--streaming-port", str(ports.streaming)]
    command += ["--status-port", str(ports.status)]
    with log_file(home, SUPERVISOR_PART).open("ab") as log:
        done = subprocess.run(
            command,
            env={**os.environ, **mark},
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    # The child of a killed `up` may have the lock by now, and have stopped this one as a leftover.
    if done.returncode != 0 and not is_running(home):
        raise _ended(home, None)


def _ended(home: Home, last: PlatformStatus | None) -> Unavailable:
    if last is not None and last.phase in (Phase.STOPPING, Phase.STOPPED):
        return Unavailable("supervisor", "it was stopped meanwhile")
    log = log_file(home, SUPERVISOR_PART)
    if last is not None:
        return Unavailable("supervisor", f"it was killed; run `algotrendy up` again (log: {log})")
    tail = " | ".join(last_lines(log, 3)) if log.exists() else "it wrote no log"
    return Unavailable("supervisor", f"it ended while starting: {tail} (all of it in {log})")
