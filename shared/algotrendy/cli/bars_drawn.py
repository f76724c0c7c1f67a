"""Show the bars that a chart style makes of stored trades: `algotrendy bars show --style`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import typer
from rich.table import Table

from algotrendy.cli.consoles import wide_console
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.ticks import Ticks

_ENDS = 10
_PRICES = ("open", "high", "low", "close")


def show_drawn(symbol: str, style: str, start: date | None, end: date | None, every: bool) -> None:
    """Print the whole bars of a style, with the time at which each was known.

    Raises:
        Invalid: If the style is wrong, or the trades make no whole bar of it.
        NotFound: If no trades of the symbol are stored.
    """
    from algotrendy.cli.trade_source import find_trades
    from algotrendy.market_data.charts.building import MOST_OF_A_COMMAND, bars_of
    from algotrendy.market_data.charts.styles import parse

    wanted = parse(style)
    trades = find_trades(parse_symbol(symbol), None, False, start, end)
    bars = bars_of(trades, wanted, most=MOST_OF_A_COMMAND)
    if not bars:
        expected = f"one that {len(trades):,} trades make a whole bar of"
        raise Invalid("style", expected, str(wanted))
    _print(bars, trades, str(wanted), every)


def _print(bars: Any, trades: Ticks, style: str, every: bool) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.title = f"{trades.symbol} {style}, prices as drawn"
    table.add_column("Began, UTC", no_wrap=True)
    table.add_column("Known", no_wrap=True)
    for name in (*_PRICES, "volume", "trades"):
        table.add_column(name.capitalize(), justify="right", no_wrap=True)
    hidden = range(0) if every else range(_ENDS, len(bars) - _ENDS)
    for index, bar in enumerate(bars):
        if index in hidden:
            if index == hidden.start:
                table.add_row(f"… {len(hidden):,} more", *[""] * 7)
            continue
        prices = (f"{getattr(bar, name):,.8g}" for name in _PRICES)
        amounts = (f"{bar.volume:,.12g}", f"{bar.ticks:,}")
        table.add_row(_time(bar.began), _time(bar.known), *prices, *amounts)
    wide_console().print(table)
    typer.echo(f"{len(bars):,} whole bars of {len(trades):,} trades ({trades.source})")


def _time(time_ns: int) -> str:
    second, rest = divmod(int(time_ns), 1_000_000_000)
    whole = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}"
    return f"{whole}.{rest:09d}" if rest else whole
