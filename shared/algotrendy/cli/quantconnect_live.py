"""`algotrendy quantconnect live`: deploy an algorithm there, watch it, command it, end it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from algotrendy.brokers.live import ACCOUNT_SWITCH, STAGE_SWITCH, Switches
from algotrendy.brokers.quantconnect.client import POLL_S, QuantConnect
from algotrendy.brokers.quantconnect.connection import URL
from algotrendy.brokers.quantconnect.live_client import MAX_LOG_LINES, PAPER_BROKERAGE
from algotrendy.brokers.quantconnect.models import LiveAlgorithm, LiveStatus, Project
from algotrendy.brokers.quantconnect.orders import to_broker_orders
from algotrendy.brokers.wiring import stage_allows_live
from algotrendy.cli import quantconnect_session as session
from algotrendy.cli import quantconnect_view as view
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Unavailable

app = typer.Typer(
    help="Let a project trade at QuantConnect: on paper, unless two switches say otherwise.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def deploy(
    project: session.ProjectName,
    bridge: Annotated[
        bool,
        typer.Option(
            "--bridge", help="Push AlgoTrendy's bridge as main.py first, to send it orders."
        ),
    ] = False,
    node: Annotated[
        str | None, typer.Option(help="The live node; by default, the first that is free.")
    ] = None,
    cash: Annotated[
        int, typer.Option(min=1, help="USD that the paper account begins with.")
    ] = 100_000,
    brokerage: Annotated[
        Path | None,
        typer.Option(
            help="Settings of another brokerage as JSON, with its id. It needs both switches: "
            f"{STAGE_SWITCH}=true, and {ACCOUNT_SWITCH}: true in the file."
        ),
    ] = None,
    every: session.Every = POLL_S,
    timeout: session.Timeout = 300,
    url: session.Url = URL,
) -> None:
    """Build a project and deploy it, to QuantConnect's paper brokerage by default."""
    settings: dict[str, Any] = {
        "id": PAPER_BROKERAGE,
        "cash": [{"amount": cash, "currency": "USD"}],
    }
    if brokerage is not None:
        settings = read_brokerage(brokerage)

    async def act(client: QuantConnect) -> None:
        found = await (session.push_bridge if bridge else session.find_project)(client, project)
        if running := await _deployment(client, found):
            raise Conflict(
                f"{found.name} runs already as {running.deploy_id}: stop it first",
                deploy_id=running.deploy_id,
            )
        build = await session.built(client, found)
        chosen = node or await _free_node(client, found)
        made = await client.live.create(found.project_id, build.compile_id, chosen, settings)
        typer.echo(f"deployed {found.name} to {settings['id']} as {made.deploy_id}")
        await _started(client, found, every, timeout)

    session.call(act, url, every)


@app.command()
def status(project: session.ProjectName, url: session.Url = URL) -> None:
    """Show how it stands, what it holds and which orders are open."""

    async def act(client: QuantConnect) -> None:
        found = await session.find_project(client, project)
        live = await client.live.read(found.project_id)
        orders = to_broker_orders(await client.live.orders(found.project_id))
        view.print_status(
            Console(),
            live.model_copy(update={"project_name": found.name}),
            await client.live.portfolio(found.project_id),
            [order for order in orders if order.status.is_open],
        )

    session.call(act, url)


@app.command()
def command(
    project: session.ProjectName,
    text: Annotated[
        str, typer.Argument(metavar="JSON", help='Such as \'{"ticker": "AAPL", "quantity": 1}\'.')
    ],
    url: session.Url = URL,
) -> None:
    """Send a command to its on_command; what comes of it stands in its logs, minutes later."""
    body = _json_object("command", text)
    _run(project, url, lambda client, number: client.live.command(number, body))
    typer.echo("the command was accepted")


@app.command()
def stop(project: session.ProjectName, url: session.Url = URL) -> None:
    """End it; what it holds stays in the account."""
    _run(project, url, lambda client, number: client.live.stop(number))
    typer.echo(f"{project} is stopped")


@app.command()
def liquidate(
    project: session.ProjectName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: session.Url = URL,
) -> None:
    """Cancel its orders, sell all that it holds at the market, and end it."""
    if not yes:
        typer.confirm(f"Sell everything that {project} holds, and end it?", abort=True)
    _run(project, url, lambda client, number: client.live.liquidate(number))
    typer.echo(f"{project} is liquidated")


@app.command()
def logs(
    project: session.ProjectName,
    last: Annotated[
        int, typer.Option("--last", "-n", min=1, max=10_000, help="How many lines, at most.")
    ] = 100,
    url: session.Url = URL,
) -> None:
    """Show the end of its log, as young as QuantConnect gives it: some minutes old."""

    async def act(client: QuantConnect) -> list[str]:
        found = await session.find_project(client, project)
        deploy_id = (await client.live.read(found.project_id)).deploy_id
        if deploy_id is None:
            raise NotFound("deployment of", found.name)
        length = (await client.live.logs(found.project_id, deploy_id, 0, 1)).length or 0
        lines: list[str] = []
        for start in range(max(0, length - last), length, MAX_LOG_LINES):
            end = min(start + MAX_LOG_LINES, length)
            lines += (await client.live.logs(found.project_id, deploy_id, start, end)).logs
        return lines

    view.print_lines(Console(), session.call(act, url))


def read_brokerage(file: Path) -> dict[str, Any]:
    """Read settings of a brokerage, and insist on both switches where it is not paper.

    Raises:
        Invalid: If the file is no JSON object with an id.
        Rejected: If a switch is off.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Invalid("brokerage", f"a file ({error.strerror})", str(file)) from error
    settings = _json_object("brokerage", text, shown=str(file))
    name = settings.get("id")
    if not isinstance(name, str) or not name:
        raise Invalid("brokerage.id", f"the name of one, such as {PAPER_BROKERAGE}", name)
    account = settings.pop(ACCOUNT_SWITCH, False) is True
    if name != PAPER_BROKERAGE:
        Switches(stage=stage_allows_live(), account=account).require_live(name)
    return settings


def _json_object(field: str, text: str, shown: str | None = None) -> dict[str, Any]:
    # What a file of settings holds is a secret: it is never a part of the message.
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid(field, "a JSON object", shown or text) from error
    if not isinstance(found, dict):
        raise Invalid(field, "a JSON object", shown or text)
    return found


def _run(
    project: str, url: str, act: Callable[[QuantConnect, int], Coroutine[Any, Any, None]]
) -> None:
    async def run(client: QuantConnect) -> None:
        found = await session.find_project(client, project)
        await act(client, found.project_id)

    session.call(run, url)


async def _deployment(client: QuantConnect, project: Project) -> LiveAlgorithm | None:
    for live in await client.live.list(project_id=project.project_id):
        # Some servers list every project's.
        if not live.is_over and live.project_id == project.project_id:
            return live
    return None


async def _free_node(client: QuantConnect, project: Project) -> str:
    nodes = (await client.projects.nodes(project.project_id)).live
    for node in nodes:
        if not node.busy:
            return node.id
    reason = f"none of the {len(nodes)} live nodes is free; stop an algorithm, or add a node"
    raise Unavailable("quantconnect", reason)


async def _started(client: QuantConnect, project: Project, poll_s: float, timeout_s: float) -> None:
    with view.progress(f"starting {project.name}", total=None):
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    live = await client.live.read(project.project_id)
                    if live.status == LiveStatus.RUNNING:
                        break
                    if live.is_over:
                        words = live.error or live.message or "no reason given"
                        raise session.QuantConnectFailedError(
                            f"{project.name} is {live.status}: {words}"
                        )
                    await asyncio.sleep(poll_s)
        except TimeoutError:
            reason = (
                f"not running after {timeout_s:g} s; it may yet: {view.link(project.project_id)}"
            )
            raise Unavailable(f"deployment of {project.name}", reason) from None
    typer.echo(f"it runs: {view.link(project.project_id)}")
