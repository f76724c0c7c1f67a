"""The `algotrendy actions` commands: what companies did to their shares."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from algotrendy.cli.consoles import tell_bad_rows
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid, InvalidRows
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data import wiring

app = typer.Typer(
    help="Import splits, dividends, new names and delistings; list them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_FIRST = date(1970, 1, 1)


@app.command("import")
def import_(
    csv: Annotated[
        Path | None, typer.Argument(help="Columns symbol, kind, day, value, new_symbol.")
    ] = None,
    alpaca: Annotated[
        list[str] | None, typer.Option(help="A symbol to ask Alpaca for; again for more.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="First day; 1970-01-01."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Last day; today."),
    ] = None,
    key: Annotated[str | None, typer.Option(envvar="APCA_API_KEY_ID", help="Alpaca's.")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="APCA_API_SECRET_KEY", help="Alpaca's.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Another server of Alpaca's protocol.")] = None,
) -> None:
    """Import corporate actions; a second time, nothing changes.

    An import stands for all actions of its symbols from its first to its last day: what it no
    longer has is taken back, and is still seen as of an earlier moment.
    """
    from algotrendy.market_data.history_rows import read_actions

    if (csv is None) == (not alpaca):
        raise Invalid("import", "either a CSV file or --alpaca SYMBOL", "both" if csv else "none")
    if csv is not None:
        try:
            given = read_actions(csv)
        except InvalidRows as error:
            tell_bad_rows(error)
            raise
    else:
        from algotrendy.market_data.adapters.alpaca_bars import alpaca_actions

        symbols = [parse_symbol(symbol) for symbol in alpaca or ()]
        first = _FIRST if start is None else start.date()
        last = datetime.now(UTC).date() if end is None else end.date()
        with wiring.alpaca_rest(key, secret, url) as rest:
            given = alpaca_actions(rest, symbols, first, last)
    changed = wiring.action_store().replace([given])
    word = "imported" if changed else "unchanged"
    typer.echo(f"{word}: {len(given.actions):,} actions, {changed:,} new, changed or taken back")


@app.command("list")
def list_(
    symbol: Annotated[str | None, typer.Argument(help="Such as AAPL; all.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What was recorded by then: 2024-06-10T00:00Z."),
    ] = None,
) -> None:
    """List corporate actions."""
    moment = None if as_of is None else parse_time(as_of, "as_of")
    book = wiring.action_store().read(moment)
    found = book.all() if symbol is None else book.of(parse_symbol(symbol))
    table = Table("Symbol", "Day", "Action", "Value", box=None, header_style="bold", pad_edge=False)
    for action in found:
        value = action.new_symbol or ("" if action.value is None else f"{action.value:g}")
        table.add_row(action.symbol, str(action.day), str(action.kind), value)
    Console().print(table)
