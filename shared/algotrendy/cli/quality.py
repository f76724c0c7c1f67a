"""`algotrendy quality`: what is missing or wrong in the bars of the lake, by symbol."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from algotrendy.cli.consoles import wide_console
from algotrendy.kernel.bar import parse_timeframe
from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.quality.inspecting import Asked
from algotrendy.market_data.quality.report import as_json, moment
from algotrendy.market_data.quality.timeline import svg

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]


def quality(
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL]...", help="None means all.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="Bars of this span alone: 1Min, 5Min, 15Min, 1Hour, 1Day.")
    ] = None,
    start: Day = None,
    end: Day = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")] = False,
    picture: Annotated[
        Path | None, typer.Option("--svg", help="Draw the sessions into this SVG file.")
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="First ask ALGOTRENDY_REPAIR_SOURCE for what is missing."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail when anything graver than a note is found.")
    ] = False,
) -> None:
    """Judge the bars in the lake: gaps by the exchange's calendar, outliers, splits, volume.

    Without a symbol, one line each, the worst first; with one, its sessions and findings.
    """
    asked = Asked(
        tuple(parse_symbol(symbol) for symbol in symbols or ()),
        parse_timeframe(timeframe) if timeframe else None,
        _day(start),
        _day(end),
    )
    if repair:
        _repair(asked)
    reports = list(wiring.inspector().reports(asked))
    if picture is not None:
        picture.write_text(svg(reports), encoding="utf-8")
    if as_json_:
        typer.echo(json.dumps([as_json(report) for report in reports]))
    elif not reports:
        typer.echo("no bars yet: algotrendy bars import --source all")
    else:
        from algotrendy.cli.quality_view import show_all, show_one

        console = wide_console()
        if symbols:
            for report in reports:
                show_one(console, report)
        else:
            show_all(console, reports)
    bad = [str(report.symbol) for report in reports if not report.is_good]
    if strict and bad:
        raise Rejected(f"not good: {', '.join(bad)}", symbols=bad)


def _repair(asked: Asked) -> None:
    with wiring.repairer() as repairer:
        if repairer is None:
            expected = "set, such as alpaca:iex or ccxt:binance, to repair bars"
            raise Invalid("ALGOTRENDY_REPAIR_SOURCE", expected, None)
        done = repairer.run(asked)
    typer.echo(
        f"repaired: {done.bars:,} bars stored; {done.asked:,} gaps or wrong bars asked for, "
        f"{len(done.unrepaired):,} not had, {done.waiting:,} asked for not long ago",
        err=True,
    )
    for series in done.left:
        typer.echo(f"  left alone: {series}, which ccxt cannot ask here", err=True)
    for note in done.unrepaired:
        hole = note.hole
        typer.echo(
            f"  {hole.symbol} {hole.timeframe} {hole.kind} {moment(hole.first)}: "
            f"{note.lacking:,} bars, {note.reason}",
            err=True,
        )


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
