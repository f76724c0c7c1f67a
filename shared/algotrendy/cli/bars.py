"""The `algotrendy bars` commands: import market bars into the lake, list them, show them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.cli import alpaca_options
from algotrendy.cli.consoles import wide_console
from algotrendy.cli.pictures import require_svg, write_closes, write_stored
from algotrendy.kernel.bar import Timeframe, parse_timeframe
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid, InvalidRows, NotFound, RowError
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.imports import CheckedBars, ImportReport, import_bars
from algotrendy.market_data.quality.policy import Declared, GapPolicy, declared
from algotrendy.market_data.rows import ValidRows
from algotrendy.market_data.series import Adjustment, session_date

app = typer.Typer(
    help="Import market bars into the lake, list them, show them.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_SHOWN_ENDS = 10


class Source(StrEnum):
    """Where real bars come from that a package ships."""

    BOKEH = "bokeh"
    ARCH = "arch"
    ALL = "all"


class Prices(StrEnum):
    """The basis of the prices shown."""

    RAW = "raw"
    SPLIT = "split"
    DIVIDEND = "dividend"
    ALL = "all"


Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]


@app.command("import")
def import_(
    source: Annotated[
        Source | None,
        typer.Option(
            help="Sample data of installed packages: bokeh (AAPL FB GOOG IBM MSFT, 2000-2013), "
            "arch (SPX IXIC, 1999-2018), or all."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV file of your own, also .gz.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="A Parquet file of your own.")] = None,
    symbol: Annotated[
        str | None,
        typer.Option(help="Whose bars your file holds; of a source, the only one wanted."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Where a name differs: --column close=Last --column date=Day."),
    ] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Of the file's dates, as of strptime: %d.%m.%Y.")
    ] = None,
    alpaca: Annotated[
        str | None, typer.Option(metavar="SYMBOL", help="Ask Alpaca, with --start.")
    ] = None,
    ccxt: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="EXCHANGE PAIR", help="Ask an exchange: binance BTC/USDT."),
    ] = None,
    timeframe: Annotated[
        str, typer.Option(help="Of a service's bars: 1Min, 5Min, 15Min, 1Hour, 1Day.")
    ] = "1Day",
    start: Annotated[
        datetime | None,
        typer.Option(formats=alpaca_options.MOMENTS, help="Of a service's bars; UTC."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(formats=alpaca_options.MOMENTS, help="Of a service's bars; now."),
    ] = None,
    feed: alpaca_options.Feed = "iex",
    url: alpaca_options.Url = None,
    key: alpaca_options.Key = None,
    secret: alpaca_options.Secret = None,
) -> None:
    """Import bars into the lake; a second time, nothing changes.

    A service is asked page by page; a run that was stopped goes on where it was. A file of your
    own has the daily columns date, open, high, low, close, volume, and adj_close where
    prices have an adjusted close. One bad row refuses the whole file, and every bad line is named.
    """
    ways = {"source": source, "csv": csv, "parquet": parquet, "alpaca": alpaca, "ccxt": ccxt}
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        expected = "one of --source, --csv, --parquet, --alpaca and --ccxt"
        raise Invalid("import", expected, " and ".join(given) or "none")
    if alpaca is not None or ccxt is not None:
        from algotrendy.cli.bars_history import import_history

        import_history(
            alpaca=alpaca,
            ccxt=ccxt,
            timeframe=timeframe,
            start=start,
            end=end,
            feed=feed,
            url=url,
            key=key,
            secret=secret,
        )
        return
    if source is not None:
        import_samples(source, None if symbol is None else parse_symbol(symbol))
        return
    if symbol is None:
        raise Invalid("symbol", "given with --symbol for a file of your own", None)
    own = _own_file(csv, parquet, parse_symbol(symbol), _columns(column), date_format)
    _print_report(import_bars(wiring.filled_bars(), [own]))


def import_samples(source: Source = Source.ALL, only: Symbol | None = None) -> ImportReport:
    """Import what installed packages ship, and print what came of it."""
    report = import_bars(wiring.filled_bars(), _samples(source, only))
    _print_report(report)
    return report


@app.command("list")
def list_(
    svg: Annotated[
        Path | None,
        typer.Option(help="Draw from when to when there are bars, and gaps, into this SVG file."),
    ] = None,
) -> None:
    """List the symbols in the lake, with the range of their bars."""
    if svg is not None:
        require_svg(svg)
    found = wiring.bar_store().symbols()
    if not found:
        typer.echo("no bars yet: algotrendy bars import --source all")
        return
    table = _table("Symbol", "Timeframe", "First", "Last", "Bars", "Source", right=("Bars",))
    for item in found:
        table.add_row(
            item.symbol,
            item.timeframe,
            str(item.first),
            str(item.last),
            f"{item.bars:,}",
            Text(item.source),
        )
    wide_console(120).print(table)
    if svg is not None:
        write_stored(svg, wiring.bar_store())


@app.command()
def show(
    symbol: Annotated[str, typer.Argument(help="Such as AAPL.")],
    start: Day = None,
    end: Day = None,
    adjustment: Annotated[
        Prices, typer.Option(help="raw as traded, or adjusted for splits, dividends or all.")
    ] = Prices.RAW,
    timeframe: Annotated[
        str | None, typer.Option(help="1Min, 5Min, 15Min, 1Hour or 1Day; the longest there is.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What was recorded by then: 2024-06-10T00:00Z."),
    ] = None,
    named: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="A day on which that was its name."
        ),
    ] = None,
    gaps: Annotated[
        GapPolicy,
        typer.Option(
            help="Of bars that are missing by the exchange's calendar: keep the gap, fill it with "
            "the close before and no volume, or refuse."
        ),
    ] = GapPolicy.KEEP,
    style: Annotated[
        str | None,
        typer.Option(help="Bars of a chart style, made of the stored trades: renko:size=1."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Every bar, not the first and last.")
    ] = False,
    svg: Annotated[
        Path | None,
        typer.Option(help="Draw the closes, as traded and adjusted, into this SVG file."),
    ] = None,
) -> None:
    """Show the bars of a symbol: those that are stored, or with --style of its trades."""
    if svg is not None:
        require_svg(svg)
    if style is not None:
        given = {
            "adjustment": adjustment if adjustment is not Prices.RAW else None,
            "timeframe": timeframe,
            "as_of": as_of,
            "named": named,
            "gaps": gaps if gaps is not GapPolicy.KEEP else None,
            "svg": svg,
        }
        for name, value in given.items():
            if value is not None:
                raise Invalid(name, "left out with --style: its bars are made of trades", value)
        from algotrendy.cli.bars_drawn import show_drawn

        show_drawn(symbol, style, _day(start), _day(end), every)
        return

    def read(wanted: Adjustment) -> Declared:
        series = wiring.bar_store().read(
            parse_symbol(symbol),
            _day(start),
            _day(end),
            timeframe=None if timeframe is None else parse_timeframe(timeframe),
            adjustment=wanted,
            as_of=None if as_of is None else parse_time(as_of, "as_of"),
            named=_day(named),
        )
        return declared(series, gaps)

    _print_series(read(adjustment.value), every)
    if svg is not None:
        write_closes(svg, lambda wanted: read(wanted).series)


def _samples(source: Source, only: Symbol | None) -> list[CheckedBars]:
    from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples

    wanted = [name for name in SAMPLE_SOURCES if source in (Source.ALL, name)]
    found = [checked for name in wanted for checked in read_samples(name)]
    if only is None:
        return found
    if kept := [checked for checked in found if checked.bars.symbol == only]:
        return kept
    there = ", ".join(checked.bars.symbol for checked in found)
    raise NotFound("symbol", only, f"--source {source} has {there}")


def _own_file(
    csv: Path | None,
    parquet: Path | None,
    symbol: Symbol,
    columns: dict[str, str],
    date_format: str | None,
) -> CheckedBars:
    def read() -> tuple[ValidRows, str]:
        if csv is not None:
            from algotrendy.market_data.csv_rows import read_csv

            return read_csv(csv, columns, date_format=date_format), f"csv:{csv.name}"
        from algotrendy.market_data.adapters.parquet_rows import read_parquet

        assert parquet is not None  # noqa: S101 - one of the two is given
        return read_parquet(parquet, columns, date_format=date_format), f"parquet:{parquet.name}"

    rows, source = _reported(read)
    return CheckedBars(rows.bars(symbol, Timeframe.DAY, source))


def _reported(read: Callable[[], tuple[ValidRows, str]]) -> tuple[ValidRows, str]:
    try:
        return read()
    except InvalidRows as error:
        _print_faults(f"{error.source}: nothing was imported", error.rows, error.count)
        raise


def _columns(pairs: list[str] | None) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs or ():
        field, equals, name = pair.partition("=")
        if not (field and equals and name):
            raise Invalid("column", "FIELD=NAME, such as close=Last", pair)
        columns[field] = name
    return columns


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _print_report(report: ImportReport) -> None:
    table = _table("Symbol", "Bars", "First", "Last", "Source", "", right=("Bars",))
    for item in report.symbols:
        left_out = f", {_counted(item.quarantined, 'row')} quarantined" if item.quarantined else ""
        table.add_row(
            item.symbol,
            f"{item.bars:,}",
            str(item.first),
            str(item.last),
            Text(item.source),
            ("imported" if item.changed else "unchanged") + left_out,
        )
    Console().print(table)
    for item in report.symbols:
        if item.quarantined:
            _print_faults(f"{item.symbol}: left out", item.faults, item.quarantined)
    parts = (
        f"{_counted(report.bars, 'bar')} of {_counted(len(report.symbols), 'symbol')}",
        f"{_counted(report.quarantined, 'row')} quarantined",
        f"version {report.version}",
    )
    typer.echo(f"{'imported' if report.changed else 'unchanged'}: {', '.join(parts)}")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _print_faults(title: str, faults: tuple[RowError, ...], count: int) -> None:
    # Written line by line and unstyled: a reason may hold anything that a file holds.
    console = Console(stderr=True, soft_wrap=True)
    console.print(Text(f"{title}; {_counted(count, 'bad row')}"))
    for fault in faults:
        console.print(Text(f"  {fault}"))
    told = len({fault.line for fault in faults})
    if told < count:
        console.print(Text(f"  ... {count - told:,} more"))


def _print_series(found: Declared, every: bool) -> None:
    series = found.series
    prices = ("Open", "High", "Low", "Close", "Volume")
    is_daily = series.timeframe is Timeframe.DAY
    said = ("",) if found.filled else ()
    table = _table("Date" if is_daily else "Time, UTC", *prices, *said, right=prices)
    table.title = f"{series.symbol} {series.timeframe}, {series.adjustment} prices"
    count = len(series)
    hidden = range(0) if every else range(_SHOWN_ENDS, count - _SHOWN_ENDS)
    for index in range(count):
        if index in hidden:
            if index == hidden.start:
                table.add_row(f"… {len(hidden):,} more", *[""] * len(prices))
            continue
        table.add_row(
            _time(series.times[index], is_daily=is_daily),
            *(
                _price(column[index])
                for column in (series.open, series.high, series.low, series.close)
            ),
            f"{series.volume[index]:,.0f}",
            *(("filled" if series.times[index] in found.filled else "",) if said else ()),
        )
    wide_console(120).print(table)
    filled = f", {len(found.filled):,} of them filled" if found.filled else ""
    typer.echo(f"{_counted(count, 'bar')}{filled}")


def _time(time_ns: int, *, is_daily: bool) -> str:
    if is_daily:
        return str(session_date(time_ns))
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d %H:%M}"


def _price(price: float) -> str:
    return f"{price:,.2f}" if price >= 1 else f"{price:.6g}"


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(
            column, justify="right" if column in right else "left", no_wrap=column != "Source"
        )
    return table
