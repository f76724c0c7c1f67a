"""The `algotrendy chart` command: draw a chart of any style into a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]


def chart(
    symbol: Annotated[str, typer.Argument(help="Such as AAPL.")],
    style: Annotated[
        str, typer.Option(help="NAME:PARAMETER=VALUE,...; docs/charts.md has all of them.")
    ] = "time:interval=1Day",
    out: Annotated[Path | None, typer.Option(help="The picture, an .svg file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="A CSV file of trades, also .gz.")] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Daily bars that came along, four trades a day.")
    ] = False,
    start: Day = None,
    end: Day = None,
    last: Annotated[int, typer.Option(help="Draw the last so many bars.", min=1, max=2000)] = 120,
    partial: Annotated[
        bool, typer.Option("--partial/--whole", help="Draw the unfinished bar too, paler.")
    ] = True,
) -> None:
    """Draw bars of a chart style, from the trades in the lake or from a file.

    Examples: `algotrendy chart AAPL --style renko:size=2 --samples`, `algotrendy chart XYZ
    --style volume:amount=10000 --csv trades.csv --out xyz.svg`.
    """
    from algotrendy.cli.trade_source import find_trades
    from algotrendy.market_data.charts.building import MOST_OF_A_COMMAND, Builder
    from algotrendy.market_data.charts.drawing import draw
    from algotrendy.market_data.charts.styles import parse

    wanted = parse(style)
    path = out or Path(f"{symbol}-{wanted.kind.name}.svg")
    if path.suffix != ".svg":
        raise Invalid("out", "an .svg file", path.name)
    days = (None if day is None else day.date() for day in (start, end))
    trades = find_trades(parse_symbol(symbol), csv, samples, *days)
    builder = Builder(wanted)
    bars: list[Any] = list(builder.push(trades, MOST_OF_A_COMMAND))
    unfinished = builder.partial() if partial else None
    if unfinished is not None:
        bars.append(unfinished)
    if not bars:
        raise Invalid("style", f"one that {len(trades):,} trades make a bar of", str(wanted))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(draw(bars[-last:], wanted, symbol), encoding="utf-8")
    typer.echo(
        f"{len(bars):,} bars of {wanted} from {len(trades):,} trades of {symbol} ({trades.source})"
    )
    typer.echo(f"chart: {path.resolve()}")
