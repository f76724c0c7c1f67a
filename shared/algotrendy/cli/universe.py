"""The `algotrendy universe` commands: import who belonged to an index, and show it as of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from algotrendy.cli.consoles import tell_bad_rows
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import InvalidRows
from algotrendy.market_data import wiring

app = typer.Typer(
    help="Import who belonged to a universe and when; show its members as of a day.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Name = Annotated[str, typer.Argument(help="Such as sp500.")]


@app.command("import")
def import_(
    name: Name,
    csv: Annotated[Path, typer.Argument(help="Columns symbol, first, last; days included.")],
) -> None:
    """Import all stays of a universe; a second time, nothing changes.

    An empty last means that the symbol still belongs to it. What was imported before is kept, and
    shown with --known.
    """
    from algotrendy.market_data.history_rows import read_memberships

    try:
        stays = read_memberships(csv)
    except InvalidRows as error:
        tell_bad_rows(error)
        raise
    is_new = wiring.universe_store().replace(name, stays, f"csv:{csv.name}")
    symbols = len({stay.symbol for stay in stays})
    word = "imported" if is_new else "unchanged"
    typer.echo(f"{word}: {len(stays):,} stays of {symbols:,} symbols in {name}")


@app.command("list")
def list_() -> None:
    """List the universes."""
    for name in wiring.universe_store().names():
        typer.echo(name)


@app.command()
def show(
    name: Name,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The day; today."),
    ] = None,
    known: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What was recorded by then: 2024-06-10T00:00Z."),
    ] = None,
) -> None:
    """Show who belonged to a universe on a day, by the names of that day."""
    from algotrendy.market_data.universes import members_on

    moment = None if known is None else parse_time(known, "known")
    day: date = datetime.now(UTC).date() if as_of is None else as_of.date()
    found = wiring.universe_store().read(name, moment)
    members = members_on(found.memberships, day, wiring.action_store().read(moment))
    for symbol in members:
        typer.echo(symbol)
    typer.echo(f"{len(members):,} members of {name} on {day}, from {found.source}", err=True)
