"""Make a dataset of single trades: its bars are those of a chart style."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

import numpy as np

from algotrendy.backtest.data.columns import Columns, IntArray, columns
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import Options, put_together
from algotrendy.backtest.data.moments import DAY_NS
from algotrendy.backtest.data.runs import begins_run
from algotrendy.backtest.data.sessions import sessions_around
from algotrendy.exchange.rules.codes import FIRST_OF_SESSION, REGULAR_HOURS
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.charts.building import INTERPRETED, Engine
from algotrendy.market_data.charts.feeding import chart_bars
from algotrendy.market_data.charts.styles import Style, parse
from algotrendy.market_data.ticks import Ticks

_FEW = 20_000
"""Trades of which bars are made before a compiled kernel is even loaded."""


def from_trades(
    trades: Ticks | Iterable[Ticks], style: Style | str, **options: Unpack[Options]
) -> Dataset:
    """Make a dataset of the bars that a chart style makes of trades.

    A bar counts once it was known whole, and its prices are what was traded meanwhile, as
    ``market_data.charts.feeding`` says. Nothing of it depends on later trades: cut the trades, and
    the bars before the cut stay as they are.

    Args:
        trades: Of one symbol, or of several, each once; as traded, not adjusted.
        style: Such as ``renko:size=0.5``.
        options: See ``Options``; of timeframes there is none but the style.

    Raises:
        Invalid: At the first wrong style, trade or option, or where there is no whole bar.
    """
    made = parse(style) if isinstance(style, str) else style
    for name in ("timeframe", "coarser"):
        if options.get(name):
            raise Invalid(name, f"left out for bars of {made}", str(options.get(name)))
    given = [trades] if isinstance(trades, Ticks) else list(trades)
    frames: dict[str, tuple[Columns, ...]] = {}
    for place, one in enumerate(given):
        symbol = str(one.symbol)
        if symbol in frames:
            raise Invalid(f"trades[{place}].symbol", "another one each", symbol)
        frames[symbol] = (_bars(one, made, options.get("calendar")),)
    return put_together(frames, (str(made),), (), options)


def _bars(trades: Ticks, style: Style, calendar: TradingCalendar | None) -> Columns:
    found = chart_bars(trades, style, _engine(len(trades)))
    if not len(found["time"]):
        expected = f"one that the {len(trades):,} trades of {trades.symbol} make a whole bar of"
        raise Invalid("style", expected, str(style))
    del found["direction"]
    known = found.pop("known")
    phase = _phases(found["time"], calendar)
    return columns(found, known=known, phase=phase, symbol=str(trades.symbol))


def _engine(count: int) -> Engine:
    if count <= _FEW:
        return INTERPRETED
    from algotrendy.market_data.charts.compiled import Compiled

    return Compiled()


def _phases(time: IntArray, calendar: TradingCalendar | None) -> IntArray:
    """Give the phase of each bar: where it begins. That it is its session's last nobody knows."""
    found = np.full(len(time), REGULAR_HOURS, dtype=np.int64)
    if calendar is None:
        found[begins_run(time // DAY_NS)] |= FIRST_OF_SESSION
        return found
    table = sessions_around(calendar, time)
    place = table.at(time)
    is_regular = table.is_regular(place, time)
    found[~is_regular] = 0
    regular = np.flatnonzero(is_regular)
    found[regular[begins_run(place[regular])]] |= FIRST_OF_SESSION
    return found
