"""The `algotrendy ticks` commands: import single trades into the lake, list them, show them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from algotrendy.cli import alpaca_options
from algotrendy.cli.consoles import tell_bad_rows, wide_console
from algotrendy.kernel.errors import Invalid, InvalidRows
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.ticks import Ticks, dates_of, unknown_symbol

app = typer.Typer(
    help="Import single trades into the lake, list them, show them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


_SHOWN_ENDS = 10


class TimeUnit(StrEnum):
    """What whole numbers in the column of times count since 1970."""

    S = "s"
    MS = "ms"
    US = "us"
    NS = "ns"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]


@app.command("import")
def import_(
    csv: Annotated[Path | None, typer.Option(help="A CSV file of trades, also .gz.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Whose trades the file holds.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Where a name differs: --column price=Last --column time=When."),
    ] = None,
    time_unit: Annotated[
        TimeUnit, typer.Option(help="Of times that are whole numbers since 1970.")
    ] = TimeUnit.NS,
    alpaca: Annotated[
        str | None, typer.Option(metavar="SYMBOL", help="Ask Alpaca, with --start.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=alpaca_options.MOMENTS, help="Of Alpaca's trades; UTC."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(formats=alpaca_options.MOMENTS, help="Of Alpaca's trades; now."),
    ] = None,
    feed: alpaca_options.Feed = "iex",
    url: alpaca_options.Url = None,
    key: alpaca_options.Key = None,
    secret: alpaca_options.Secret = None,
) -> None:
    """Import trades into the lake; a second time, nothing changes.

    Alpaca is asked page by page; a run that was stopped goes on where it was, and what was
    streamed already is not stored again. A file has the columns time, price and size. Times are
    ISO 8601 with a zone, or whole numbers since 1970. The file takes the place of what is stored
    of the UTC dates from its first to its last trade. One bad row refuses the whole file, and
    every bad line is named.
    """
    if (csv is None) is (alpaca is None):
        given = "both" if alpaca else "none"
        raise Invalid("import", "one of --csv and --alpaca", given)
    if alpaca is not None:
        from algotrendy.cli.ticks_history import import_trades

        import_trades(alpaca, start, end, feed=feed, url=url, key=key, secret=secret)
        return
    if csv is None or symbol is None:
        raise Invalid("symbol", "given with --symbol for a file", None)
    from algotrendy.market_data.tick_rows import read_ticks

    name = parse_symbol(symbol)
    try:
        ticks = read_ticks(csv, name, _columns(column), time_unit=time_unit.value)
    except InvalidRows as error:
        tell_bad_rows(error)
        raise
    done = wiring.tick_store().replace(ticks)
    first, last = dates_of(ticks)
    verb = "imported" if done.changed else "unchanged"
    typer.echo(
        f"{verb}: {len(ticks):,} trades of {symbol}, {first} to {last}, version {done.version}"
    )


@app.command("list")
def list_() -> None:
    """List the symbols in the lake, with the range of their trades."""
    found = wiring.tick_store().symbols()
    if not found:
        typer.echo("no trades yet: algotrendy ticks import --csv FILE --symbol SYMBOL")
        return
    table = _table("Symbol", "First", "Last", "Trades", "Source", right=("Trades",))
    for item in found:
        dates = (str(item.first), str(item.last))
        table.add_row(item.symbol, *dates, f"{item.ticks:,}", Text(item.source))
    wide_console(120).print(table)


@app.command()
def show(
    symbol: Annotated[str, typer.Argument(help="Such as AAPL.")],
    day: Day = None,
    every: Annotated[
        bool, typer.Option("--every", help="Every trade, not the first and last.")
    ] = False,
) -> None:
    """Show the trades of one UTC date, by default the last that there is."""
    name = parse_symbol(symbol)
    stored = wiring.tick_store().symbols()
    summary = next((item for item in stored if item.symbol == name), None)
    if summary is None:
        raise unknown_symbol(name, stored)
    wanted = summary.last if day is None else day.date()
    ticks = wiring.tick_store().read(name, wanted, wanted)
    if not len(ticks):
        run = f"trades of {symbol} run {summary.first} to {summary.last}"
        raise Invalid("day", f"a date with trades ({run})", wanted)
    _print_ticks(ticks, wanted, every)


def _print_ticks(ticks: Ticks, day: date, every: bool) -> None:
    table = _table("Time", "Price", "Size", right=("Price", "Size"))
    table.title = f"{ticks.symbol} on {day}, UTC"
    count = len(ticks)
    hidden = range(0) if every else range(_SHOWN_ENDS, count - _SHOWN_ENDS)
    for index in range(count):
        if index in hidden:
            if index == hidden.start:
                table.add_row(f"… {len(hidden):,} more", "", "")
            continue
        time_ns = ticks.times[index]
        second = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
        time = f"{second:%H:%M:%S}.{time_ns % 1_000_000_000:09d}"
        table.add_row(time, f"{ticks.prices[index]:,}", f"{ticks.sizes[index]:,.12g}")
    wide_console(120).print(table)
    typer.echo(f"{count:,} trade" if count == 1 else f"{count:,} trades")


def _columns(pairs: list[str] | None) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs or ():
        field, equals, name = pair.partition("=")
        if not (field and equals and name):
            raise Invalid("column", "FIELD=NAME, such as price=Last", pair)
        columns[field] = name
    return columns


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        justify = "right" if column in right else "left"
        table.add_column(column, justify=justify, no_wrap=column != "Source")  # type: ignore[arg-type]
    return table
