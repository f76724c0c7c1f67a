"""`algotrendy status`: this machine's platform, and what the public status page says.

Incidents and maintenance go straight to where the page is kept, and never through the API: they are
told when the API is down, by whoever may write there.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.text import Text

from algotrendy.cli.platform import AsJson
from algotrendy.cli.platform import status as show_platform
from algotrendy.kernel.clock import SystemClock, parse_time
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import parse_uuid7
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import BY_ID, State
from algotrendy.operations.status.document import document, headline, shown_states
from algotrendy.operations.status.incidents import Incident, Stage, declared
from algotrendy.operations.status.maintenance import planned
from algotrendy.operations.status.uptime import percent
from algotrendy.operations.wiring import change_status, read_status

_COLOURS = {
    State.OPERATIONAL: "green",
    State.DEGRADED: "yellow",
    State.OUTAGE: "bold red",
    State.MAINTENANCE: "blue",
    State.UNKNOWN: "dim",
}
_PUBLIC = "Everybody can read what you write here."

Components = Annotated[
    list[str],
    typer.Option("--component", "-c", help=f"What it is about, again for each: {', '.join(BY_ID)}"),
]
Said = Annotated[str, typer.Option("--text", "-t", help=f"What to tell. {_PUBLIC}")]
Id = Annotated[str, typer.Argument(help="The id that `incident open` or `list` shows.")]
Impact = Annotated[str, typer.Option(help="How users suffer: degraded or outage.")]

app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="markdown",
    help="Show each part of the platform on this machine: state, pid, port, uptime, restarts.\n\n"
    "Ends with 0 when the platform is ready, with 3 when it is not. The commands below are about "
    "the public status page.",
)
incident_app = typer.Typer(
    no_args_is_help=True, help=f"Tell on the status page what goes wrong. {_PUBLIC}"
)
maintenance_app = typer.Typer(
    no_args_is_help=True, help=f"Tell on the status page of work before it begins. {_PUBLIC}"
)
app.add_typer(incident_app, name="incident")
app.add_typer(maintenance_app, name="maintenance")


@app.callback()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        show_platform(as_json)


@app.command()
def page(as_json: AsJson = False) -> None:
    """Show what the status page says: components, open incidents, planned maintenance."""
    board, now = read_status(), SystemClock().now()
    if as_json:
        typer.echo(json.dumps(document(board, now), indent=2))
        return
    console = Console()
    console.print(Text(headline(board, now), style="bold"))
    for component, state in shown_states(board, now).items():
        standing = board.standings.get(component.id)
        uptime = percent(standing.tally.uptime(now.date())) if standing else "no data"
        line = Text(f"{component.id:<12} ")
        line.append(f"{state.value:<12} ", style=_COLOURS[state])
        line.append(f"{uptime:>9} in 90 days")
        if standing and standing.reason and state is standing.state:
            line.append(f"  {standing.reason}", style=_COLOURS[state])
        console.print(line)
    for incident in board.incidents:
        if incident.is_open:
            _print_incident(console, incident)
    for work in board.maintenances:
        if not work.is_over(now):
            console.print(f"{work.id}  maintenance  {work.title}  {_when(work.starts_at)} to "
                          f"{_when(work.ends_at)}", markup=False)  # fmt: skip
    if board.looked_at is not None:
        console.print(Text(f"last looked at {_when(board.looked_at)}", style="dim"))


@incident_app.command("open")
def open_incident(
    title: Annotated[str, typer.Argument(help="What goes wrong, in some words.")],
    component: Components,
    text: Said,
    impact: Impact = State.DEGRADED.value,
) -> None:
    """Open an incident; while one of the same title and components is open, that is it."""
    now = SystemClock().now()
    made = declared(title, _impact(impact), component, text, _who(), now)
    _changed(lambda board: board.opened(made), lambda board: _or(board.same(made), made))


@incident_app.command("update")
def update_incident(
    incident: Id,
    text: Said,
    stage: Annotated[
        str, typer.Option(help="How far you are: investigating, identified or monitoring.")
    ] = Stage.IDENTIFIED.value,
    impact: Annotated[
        str | None, typer.Option(help="How users suffer now: degraded or outage.")
    ] = None,
) -> None:
    """Tell how it goes on. The same word again changes nothing."""
    reached = _stage(stage)
    _tell(_identity(incident), reached, text, None if impact is None else _impact(impact))


@incident_app.command("resolve")
def resolve_incident(incident: Id, text: Said) -> None:
    """Tell that it is over. What the probes opened resolves by itself when they find no more."""
    _tell(_identity(incident), Stage.RESOLVED, text, None)


@incident_app.command("list")
def list_incidents(
    every: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List incidents, the newest first."""
    board, now = read_status(), SystemClock().now()
    found = [each for each in reversed(board.incidents) if every or each.is_open]
    if as_json:
        ids = {str(each.id) for each in found}
        told = [each for each in document(board, now)["incidents"] if each["id"] in ids]
        typer.echo(json.dumps(told, indent=2))
        return
    console = Console()
    for incident in found:
        _print_incident(console, incident)
    if not found:
        typer.echo("no incidents" if every else "no open incidents; --all shows the others")


@maintenance_app.command("plan")
def plan_maintenance(
    title: Annotated[str, typer.Argument(help="What is done, in some words.")],
    component: Components,
    text: Said,
    start: Annotated[
        str | None, typer.Option(help="ISO 8601 with a zone, 2026-03-02T20:00Z; now if left out.")
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, max=2880, help="How long it lasts.")] = 60,
) -> None:
    """Tell of work. While it lasts, its components are under maintenance, which costs no uptime."""
    now = SystemClock().now()
    begin = now if start is None else parse_time(start, "start")
    work = planned(title, text, component, begin, begin + timedelta(minutes=minutes), _who(), now)
    change_status(lambda board: board.planned(work))
    typer.echo(f"{work.id}  {work.title}: {_when(work.starts_at)} to {_when(work.ends_at)}")


@maintenance_app.command("end")
def end_maintenance(
    maintenance: Annotated[str, typer.Argument(help="The id that `maintenance plan` showed.")],
) -> None:
    """End work that goes on, or take back what has not begun."""
    identity, now = _identity(maintenance, "maintenance"), SystemClock().now()
    change_status(lambda board: board.ended(identity, now))
    typer.echo(f"{identity}  ended")


def _tell(identity: UUID, stage: Stage, text: str, impact: State | None) -> None:
    now, who = SystemClock().now(), _who()
    _changed(
        lambda board: board.told(identity, stage, text, who, now, impact),
        lambda board: board.incident(identity),
    )


def _changed(work: Callable[[Board], Board], find: Callable[[Board], Incident]) -> None:
    _print_incident(Console(), find(change_status(work)))


def _or(found: Incident | None, made: Incident) -> Incident:
    return made if found is None else found


def _print_incident(console: Console, incident: Incident) -> None:
    colour = _COLOURS[incident.impact if incident.is_open else State.OPERATIONAL]
    line = Text(f"{incident.id}  ")
    line.append(f"{incident.stage.value:<13} ", style=colour)
    line.append(f"{incident.title}  {', '.join(incident.affects)}  {_when(incident.opened_at)}")
    console.print(line, soft_wrap=True)


def _identity(text: str, field: str = "incident") -> UUID:
    return parse_uuid7(text, field)


def _impact(text: str) -> State:
    if text not in (State.DEGRADED, State.OUTAGE):
        raise Invalid("impact", "degraded or outage", text)
    return State(text)


def _stage(text: str) -> Stage:
    open_stages = [stage.value for stage in Stage if stage is not Stage.RESOLVED]
    if text not in open_stages:
        raise Invalid("stage", " or ".join(open_stages), text)
    return Stage(text)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
