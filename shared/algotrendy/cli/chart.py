"""The `algotrendy chart` command: draw a chart of any style into a file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.ticks import Ticks

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]
_NS = 1_000_000_000


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
    from algotrendy.market_data.charts.building import Builder
    from algotrendy.market_data.charts.drawing import draw
    from algotrendy.market_data.charts.styles import parse

    wanted = parse(style)
    path = out or Path(f"{symbol}-{wanted.kind.name}.svg")
    if path.suffix != ".svg":
        raise Invalid("out", "an .svg file", path.name)
    trades = _trades(parse_symbol(symbol), csv, samples, start, end)
    builder = Builder(wanted)
    bars: list[Any] = list(builder.push(trades))
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


def _trades(
    symbol: Symbol, csv: Path | None, samples: bool, start: datetime | None, end: datetime | None
) -> Ticks:
    first = start.date() if start else date(1970, 1, 1)
    last = end.date() if end else date(2199, 12, 31)
    if csv is not None and samples:
        raise Invalid("trades", "from --csv or from --samples", "both")
    if csv is None and not samples:
        return _of_lake(symbol, first, last)
    found = _of_samples(symbol) if csv is None else _of_csv(csv, symbol)
    low = bisect_left(found.times, _ns(first))
    high = bisect_right(found.times, _ns(last) + 86_400 * _NS - 1)
    if low >= high:
        raise Invalid("start", "a range with trades", f"{first} to {last}")
    rows = slice(low, high)
    return Ticks(symbol, found.times[rows], found.prices[rows], found.sizes[rows], found.source)


def _of_csv(csv: Path, symbol: Symbol) -> Ticks:
    from algotrendy.market_data.tick_rows import read_ticks

    return read_ticks(csv, symbol)


def _of_samples(symbol: Symbol) -> Ticks:
    from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples
    from algotrendy.market_data.charts.of_bars import trades_of_bars

    there = {each.bars.symbol: each.bars for s in SAMPLE_SOURCES for each in read_samples(s)}
    if symbol not in there:
        raise NotFound("sample", symbol, f"there are {', '.join(sorted(there))}")
    return trades_of_bars(there[symbol].adjusted("raw"), there[symbol].source)


def _of_lake(symbol: Symbol, first: date, last: date) -> Ticks:
    from algotrendy.market_data import wiring
    from algotrendy.market_data.ticks import unknown_symbol

    try:
        store = wiring.tick_store()
    except Unavailable as error:
        reason = "none is set up here; `algotrendy up` starts one; --csv and --samples need none"
        raise Unavailable("the lake of trades", reason) from error
    stored = store.symbols()
    summary = next((item for item in stored if item.symbol == symbol), None)
    if summary is None:
        raise unknown_symbol(symbol, stored)
    found = store.read(symbol, max(first, summary.first), min(last, summary.last))
    if not len(found):
        run = f"a range with trades ({summary.first} to {summary.last})"
        raise Invalid("start", run, f"{first} to {last}")
    return found


def _ns(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _NS
