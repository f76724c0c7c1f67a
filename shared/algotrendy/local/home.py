"""Say where the local platform keeps what it owns: a data folder, two ports, an environment."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from algotrendy.kernel.errors import Invalid, Unavailable

HOME_VARIABLE = "ALGOTRENDY_HOME"
STAGE_VARIABLE = "ALGOTRENDY_STAGE"
EMULATOR_PORT_VARIABLE = "ALGOTRENDY_EMULATOR_PORT"
CACHE_PORT_VARIABLE = "ALGOTRENDY_CACHE_PORT"
EXCHANGE_PORT_VARIABLE = "ALGOTRENDY_EXCHANGE_PORT"
EXECUTION_PORT_VARIABLE = "ALGOTRENDY_EXECUTION_PORT"
STREAMING_PORT_VARIABLE = "ALGOTRENDY_STREAMING_PORT"
STATUS_PORT_VARIABLE = "ALGOTRENDY_STATUS_PORT"

# sun_path holds 104 bytes on macOS and 108 on Linux; the server adds ".s.PGSQL.5432.lock".
_LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of the parts that speak TCP (PostgreSQL listens on a Unix socket only)."""

    emulator: int = 4566
    cache: int = 6380
    exchange: int = 4580
    execution: int = 4590
    streaming: int = 4595
    status: int = 4597

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Ports:
        """Read the ports, with the defaults where nothing is set.

        Raises:
            Invalid: If a value is no port number; the field is the variable's name.
        """
        return cls(
            emulator=_port(environment, EMULATOR_PORT_VARIABLE, cls().emulator),
            cache=_port(environment, CACHE_PORT_VARIABLE, cls().cache),
            exchange=_port(environment, EXCHANGE_PORT_VARIABLE, cls().exchange),
            execution=_port(environment, EXECUTION_PORT_VARIABLE, cls().execution),
            streaming=_port(environment, STREAMING_PORT_VARIABLE, cls().streaming),
            status=_port(environment, STATUS_PORT_VARIABLE, cls().status),
        )


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder of one local platform. Two folders are two platforms that never meet."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def cache(self) -> Path:
        return self.root / "valkey"

    @property
    def emulator(self) -> Path:
        return self.root / "emulator"

    @property
    def cdk(self) -> Path:
        return self.root / "cdk"

    @property
    def status_page(self) -> Path:
        return self.root / "status"

    @property
    def status_file(self) -> Path:
        return self.run / "status.json"

    @property
    def lock_file(self) -> Path:
        return self.run / "supervisor.lock"

    @property
    def start_lock_file(self) -> Path:
        return self.run / "start.lock"

    @property
    def pid_file(self) -> Path:
        return self.run / "supervisor.pid"

    @property
    def requests(self) -> Path:
        return self.run / "requests"

    @property
    def environment_file(self) -> Path:
        return self.root / "platform.env"

    @property
    def token_file(self) -> Path:
        return self.root / "token.json"

    @property
    def socket_folder(self) -> Path:
        """A folder for the database socket, inside the home unless that path is too long."""
        inside = self.run / "pg"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"algotrendy-{os.getuid()}-{digest}"

    def create(self) -> None:
        """Make the folders that every part expects."""
        for folder in (self.root, self.run, self.requests, self.logs):
            folder.mkdir(parents=True, exist_ok=True)


def project_root() -> Path:
    """Find the project: the nearest folder with a cdk.json above this package, or above the cwd.

    Raises:
        Unavailable: If there is none; the local platform deploys from a checkout.
    """
    for start in (Path(__file__).resolve(), Path.cwd().resolve()):
        for folder in start.parents if start.is_file() else (start, *start.parents):
            if (folder / "cdk.json").is_file():
                return folder
    raise Unavailable(
        "project",
        "no folder with a cdk.json above this package or the working folder; "
        "run algotrendy inside a checkout of the project",
    )


def current_home(environment: Mapping[str, str] | None = None) -> Home:
    """The home that this process talks about: ALGOTRENDY_HOME, else .algotrendy in the project."""
    chosen = (os.environ if environment is None else environment).get(HOME_VARIABLE)
    root = Path(chosen).expanduser() if chosen else project_root() / ".algotrendy"
    return Home(root.resolve())


def read_environment_file(path: Path) -> dict[str, str]:
    """Read NAME=value lines; a file that is not there reads as empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#")
    return {name.strip(): value.strip() for name, value in pairs}


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file so that a reader, or a kill, sees the old text or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_environment_file(path: Path, values: Mapping[str, str]) -> None:
    """Write the platform's environment, readable by its owner only."""
    lines = [f"{name}={value}" for name, value in sorted(values.items())]
    text = "# Written by `algotrendy up`; read by every algotrendy command.\n" + "\n".join(lines)
    write_atomically(path, text + "\n", mode=0o600)


def load_environment(environment: MutableMapping[str, str] | None = None) -> None:
    """Point this process at the local platform, where nothing else was chosen.

    What is set already stays. A stage other than local means a real account: then nothing is read.
    The AWS variables count as one value: unless an endpoint is set already, endpoint, credentials
    and region come from the file together, so that real credentials never reach the emulator.
    """
    target = os.environ if environment is None else environment
    if target.get(STAGE_VARIABLE, "local") != "local":
        return
    try:
        home = current_home(target)
    except Unavailable:
        return
    values = read_environment_file(home.environment_file)
    if values and not target.get("AWS_ENDPOINT_URL"):
        for name in [name for name in target if name.startswith("AWS_")]:
            del target[name]
    for name, value in values.items():
        target.setdefault(name, value)


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise Invalid(name, "a port number from 1 to 65535", text)
    return int(text)
