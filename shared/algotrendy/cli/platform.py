"""`algotrendy up | down | status | logs`: the local platform, seen from a terminal."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from algotrendy.cli.platform_view import PlainProgress, progress_view, status_view
from algotrendy.kernel.errors import AlgoTrendyError, NotFound, Unavailable
from algotrendy.local import control
from algotrendy.local.home import Home, Ports, current_home, project_root
from algotrendy.local.logs import follow as follow_files
from algotrendy.local.logs import last_lines, log_files
from algotrendy.local.status import Phase, PlatformStatus

_INTERRUPTED = 130
_NOT_UP = 3
# No part's name has a digit in it; every id has.
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9._:-]{6,128}")

EmulatorPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of the AWS emulator [env: ALGOTRENDY_EMULATOR_PORT]"),
]
CachePort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of Valkey [env: ALGOTRENDY_CACHE_PORT]"),
]
ExchangePort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of the exchange [env: ALGOTRENDY_EXCHANGE_PORT]"),
]
ExecutionPort = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Port of the execution service [env: ALGOTRENDY_EXECUTION_PORT]"
    ),
]
StreamingPort = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Port of the streaming service [env: ALGOTRENDY_STREAMING_PORT]"
    ),
]
StatusPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of the status page [env: ALGOTRENDY_STATUS_PORT]"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def up(
    emulator_port: EmulatorPort = None,
    cache_port: CachePort = None,
    exchange_port: ExchangePort = None,
    execution_port: ExecutionPort = None,
    streaming_port: StreamingPort = None,
    status_port: StatusPort = None,
) -> None:
    """Start PostgreSQL, Valkey, the paper exchange and the AWS emulator, and deploy to them.

    Then the execution service starts, which speaks to brokers, and the streaming service, which
    streams market data: AAPL and BTC/USD of the paper exchange, unless ALGOTRENDY_STREAM_SYMBOLS
    names others, or none.

    Does only what is needed: when all is up and nothing has changed it takes a second. Everything
    runs in the background, on this machine's loopback only; Ctrl-C here stops watching, not the
    platform.
    """
    start = time.monotonic()
    status = bring_up(
        emulator_port, cache_port, exchange_port, execution_port, streaming_port, status_port
    )
    console = Console()
    console.print(status_view(status, datetime.now(UTC)))
    console.print(f"[bold green]up[/] in {time.monotonic() - start:.1f} s")


def bring_up(
    emulator_port: int | None = None,
    cache_port: int | None = None,
    exchange_port: int | None = None,
    execution_port: int | None = None,
    streaming_port: int | None = None,
    status_port: int | None = None,
) -> PlatformStatus:
    """Bring the platform up with progress on the terminal, for `up` and for whoever needs it.

    Raises:
        Unavailable: If it cannot be brought up; says why and what to do.
    """
    home, console = current_home(), Console(stderr=True)
    defaults = _known_ports(home)
    ports = Ports(
        emulator=emulator_port or defaults.emulator,
        cache=cache_port or defaults.cache,
        exchange=exchange_port or defaults.exchange,
        execution=execution_port or defaults.execution,
        streaming=streaming_port or defaults.streaming,
        status=status_port or defaults.status,
    )
    if control.runs_other_code(home):
        console.print("The platform runs from other code than is here now: starting it anew.")
        _stop(home)
    try:
        request = control.ensure_supervisor(home, project_root(), ports)
        status = _watch(home, request, console)
    except KeyboardInterrupt:
        console.print("It goes on in the background: `algotrendy status`, or `algotrendy down`.")
        raise typer.Exit(_INTERRUPTED) from None
    if status is None or status.phase is not Phase.READY:
        reason = status.message if status is not None else "it said nothing"
        raise Unavailable("platform", f"{reason}; see `algotrendy logs`")
    return status


def down() -> None:
    """Stop every process of the platform. What it stored stays; nothing running is fine."""
    home = current_home()
    was_up = control.is_running(home)
    extra = _stop(home)
    for line in extra:
        typer.echo(f"stopped a leftover: {line}")
    typer.echo("down" if was_up or extra else "down: nothing was running")


def status(as_json: AsJson = False) -> None:
    """Show each part: state, pid, port, uptime, restarts, what is deployed.

    Ends with 0 when the platform is ready, with 3 when it is not.
    """
    home = current_home()
    found = control.live_status(home)
    if as_json:
        document = {"phase": Phase.STOPPED, "parts": []} if found is None else found.as_json()
        typer.echo(json.dumps({**document, "home": str(home.root)}, indent=2))
    elif found is None:
        typer.echo(f"down: nothing runs for {home.root}; start it with `algotrendy up`")
    else:
        Console().print(status_view(found, datetime.now(UTC)))
    if found is None or found.phase is not Phase.READY:
        raise typer.Exit(_NOT_UP)


def logs(
    part: Annotated[
        str | None,
        typer.Argument(
            help="supervisor, postgres, valkey, exchange, emulator, execution, streaming or "
            "deploy; all when left out. Or a correlation id, or the id of an order, an execution "
            "or a trace: then what every part and function said of it."
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many lines back.")] = 50,
    function: Annotated[
        str | None,
        typer.Option(help="Show a deployed function's log instead: its name or a part of it."),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print lines as they were written, for programs.")
    ] = False,
) -> None:
    """Show or follow the logs of the parts and functions, or all that names one request."""
    from algotrendy.operations.traces.text import readable

    home = current_home()
    if function is not None:
        _function_logs(home, function, follow, lines)
        return
    if part is not None and _ID.fullmatch(part) and not (home.logs / f"{part}.log").exists():
        _lines_about(part)
        return
    files = log_files(home, part)
    width = max((len(file.stem) for file in files), default=0)

    def show(file: Path, line: str) -> None:
        text = line if raw else readable(line)
        typer.echo(text if part else f"{file.stem:<{width}}  {text}")

    for file in files:
        for line in last_lines(file, lines):
            show(file, line)
    if follow:
        try:
            for file, line in follow_files(files):
                show(file, line)
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None


def _lines_about(key: str) -> None:
    """Show what every part and function said of one request, by time."""
    from datetime import timedelta

    from algotrendy.cli.trace import lines_about
    from algotrendy.operations.traces.text import line_told

    found = lines_about(key, timedelta(days=1))
    if not found:
        raise NotFound("log line", key, "nothing tells of it within a day")
    width = max(len(line.source) for line in found)
    for line in found:
        typer.echo(f"{line.source:<{width}}  {line_told(line)}")


def _function_logs(home: Home, name: str, follow: bool, lines: int) -> None:
    from algotrendy.local.function_logs import FunctionLogs

    found = control.live_status(home)
    emulator = next((p for p in found.parts if p.name == "emulator"), None) if found else None
    if emulator is None or emulator.url is None:
        raise Unavailable("emulator", "it is not up; start it with `algotrendy up`")
    reader = FunctionLogs(emulator.url, name)
    try:
        for line in reader.last(lines):
            typer.echo(line)
        while follow:
            time.sleep(1)
            for line in reader.new():
                typer.echo(line)
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None


def _known_ports(home: Home) -> Ports:
    """The ports it runs on, else those that the environment or the defaults name."""
    from_environment = Ports.from_environment(os.environ)
    found = control.live_status(home)
    running = {part.name: part.port for part in found.parts} if found is not None else {}
    return Ports(
        emulator=running.get("emulator") or from_environment.emulator,
        cache=running.get("valkey") or from_environment.cache,
        exchange=running.get("exchange") or from_environment.exchange,
        execution=running.get("execution") or from_environment.execution,
        streaming=running.get("streaming") or from_environment.streaming,
        status=running.get("status") or from_environment.status,
    )


def _watch(home: Home, request: str, console: Console) -> PlatformStatus | None:
    last: PlatformStatus | None = None
    if not console.is_terminal:
        plain = PlainProgress(lambda line: typer.echo(line, err=True))
        for last in control.follow(home, request):
            plain.show(last)
        return last
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        for last in control.follow(home, request):
            live.update(progress_view(last, datetime.now(UTC)))
    return last


def _stop(home: Home) -> list[str]:
    stopped, survivors = control.stop(home)
    if survivors:
        raise AlgoTrendyError(f"could not stop {', '.join(survivors)}")
    return stopped
