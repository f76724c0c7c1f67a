"""`algotrendy quantconnect`: push algorithms to QuantConnect, backtest them, let them run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from algotrendy.brokers.quantconnect import wiring
from algotrendy.brokers.quantconnect.client import POLL_S, QuantConnect
from algotrendy.brokers.quantconnect.connection import URL
from algotrendy.brokers.quantconnect.models import Backtest, Project
from algotrendy.brokers.quantconnect.push import push as push_files
from algotrendy.brokers.quantconnect.push import read_source
from algotrendy.cli import quantconnect_session as session
from algotrendy.cli import quantconnect_view as view
from algotrendy.cli.quantconnect_live import app as live_app
from algotrendy.kernel.errors import Invalid, Unavailable

app = typer.Typer(
    help="Push algorithms to QuantConnect, backtest them there, and let them run.\n\n"
    "**algotrendy quantconnect push my_folder --project Mine** brings your files there,\n"
    "**backtest Mine** builds and backtests them, **live deploy Mine** lets\n"
    "them trade on paper.\n\n"
    f"Set **{wiring.USER_ID_VARIABLE}** and **{wiring.TOKEN_VARIABLE}**; "
    "the token itself is never sent, and never shown.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(live_app, name="live")


@app.command()
def push(
    path: Annotated[Path, typer.Argument(help="A folder with main.py in it, or a strategy file.")],
    project: Annotated[
        str | None, typer.Option(help="The project there; by default, the path's own name.")
    ] = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete files that are only there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    url: session.Url = URL,
) -> None:
    """Bring a folder, or one strategy file as main.py, to a project; made if it is not there.

    Only what differs is written, so a second push changes nothing. Files that end in .py, .cs
    and .ipynb count; hidden ones, links and caches stay here.
    """
    local = read_source(path)
    name = project or path.resolve().stem

    async def act(client: QuantConnect) -> None:
        pushed = await push_files(client, name, local, delete=delete, dry_run=dry_run)
        view.print_push(Console(), name, pushed, dry_run=dry_run)

    session.call(act, url)


@app.command()
def backtest(
    project: session.ProjectName,
    name: Annotated[
        str | None, typer.Option(help="The backtest's name; by default, the time of day.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="One for the algorithm, such as fast=10."),
    ] = None,
    every: session.Every = POLL_S,
    timeout: session.Timeout = 3600,
    url: session.Url = URL,
) -> None:
    """Build a project, backtest it there, and show its statistics and where they stand.

    It takes time on a backtest node of yours. Ctrl-C stops waiting, and not the backtest.
    """
    parameters = parse_parameters(parameter or [])
    title = name or f"algotrendy {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"

    async def act(client: QuantConnect) -> None:
        found = await session.find_project(client, project)
        build = await session.built(client, found)
        begun = await client.backtests.create(found.project_id, build.compile_id, title, parameters)
        link = view.link(found.project_id, begun.backtest_id)
        done = await _awaited(client, found, begun, link, timeout)
        view.print_statistics(Console(), done, link)

    session.call(act, url, every)


async def _awaited(
    client: QuantConnect, project: Project, begun: Backtest, link: str, timeout_s: float
) -> Backtest:
    last = begun
    with view.progress(f"backtesting {project.name}") as told:
        try:
            async with asyncio.timeout(timeout_s):
                async for last in client.backtests.watch(project.project_id, begun.backtest_id):
                    told(float(last.progress))
        except TimeoutError:
            reason = f"not done in {timeout_s:g} s; it goes on: {link}"
            raise Unavailable(f"backtest {begun.backtest_id}", reason) from None
    if last.error or not last.completed:
        raise session.QuantConnectFailedError(
            f"backtest {last.backtest_id} failed: {last.error or last.status}; see {link}"
        )
    return last


def parse_parameters(given: list[str]) -> dict[str, str]:
    """Read ``name=value`` pairs.

    Raises:
        Invalid: Naming what was not understood.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise Invalid("parameter", "name=value, such as fast=10", text)
        if name in found:
            raise Invalid(f"parameter {name}", "given once", text)
        found[name] = value
    return found
