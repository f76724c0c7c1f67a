"""Share what every `algotrendy quantconnect` command needs: options, a client, a built project."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from algotrendy.brokers.quantconnect import lean_bridge_path, wiring
from algotrendy.brokers.quantconnect.client import POLL_S, QuantConnect
from algotrendy.brokers.quantconnect.models import Compile, CompileState, Project
from algotrendy.brokers.quantconnect.push import push
from algotrendy.cli import quantconnect_view as view
from algotrendy.kernel.errors import AlgoTrendyError, NotFound, Unavailable

_BUILD_TIMEOUT_S = 600

T = TypeVar("T")

Url = Annotated[
    str,
    typer.Option(
        help="Another server that speaks the API, such as a local one.",
        envvar="ALGOTRENDY_QUANTCONNECT_URL",
    ),
]
Every = Annotated[
    float, typer.Option("--every", min=0.01, help="Seconds between two looks at how far it is.")
]
Timeout = Annotated[
    int, typer.Option(min=1, help="Seconds to wait; what was begun there goes on without us.")
]
ProjectName = Annotated[str, typer.Argument(help="The project's name at QuantConnect, or its id.")]


class QuantConnectFailedError(AlgoTrendyError):
    """Says that a build or a backtest failed at QuantConnect, and why."""

    code = "quantconnect-failed"


def call(
    act: Callable[[QuantConnect], Coroutine[Any, Any, T]], url: str, poll_s: float = POLL_S
) -> T:
    """Run one command with a client of its own."""

    async def run() -> T:
        async with wiring.client(url, poll_s) as client:
            return await act(client)

    return asyncio.run(run())


async def find_project(client: QuantConnect, name: str) -> Project:
    """Find a project by name or id.

    Raises:
        NotFound: If there is none; says which ones there are.
    """
    if found := await client.projects.named(name):
        return found
    names = ", ".join(sorted(p.name for p in await client.projects.list())[:10])
    hint = f"there are: {names}" if names else "there is none yet: push one"
    raise NotFound("QuantConnect project", name, hint)


async def built(client: QuantConnect, project: Project) -> Compile:
    """Build a project and wait for it.

    Raises:
        QuantConnectFailedError: If it does not build; with the compiler's words.
    """
    states: list[Compile] = []
    try:
        with view.progress(f"building {project.name}", total=None):
            async with asyncio.timeout(_BUILD_TIMEOUT_S):
                states.extend([s async for s in client.compiles.watch(project.project_id)])
    except TimeoutError:
        reason = f"not done in {_BUILD_TIMEOUT_S} s"
        raise Unavailable(f"the build of {project.name}", reason) from None
    if states[-1].state != CompileState.SUCCESS:
        words = "\n".join(states[-1].logs) or states[-1].state
        raise QuantConnectFailedError(f"{project.name} does not build:\n{words}")
    return states[-1]


async def push_bridge(client: QuantConnect, name: str) -> Project:
    """Bring AlgoTrendy's bridge algorithm to a project, and show what changed."""
    text = lean_bridge_path().read_text(encoding="utf-8")
    pushed = await push(client, name, {"main.py": text})
    view.print_push(Console(), name, pushed, dry_run=False)
    return await find_project(client, name)
