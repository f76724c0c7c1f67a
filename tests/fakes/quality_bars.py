"""Bars by the calendar, with faults where a test wants them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from math import exp
from typing import Any

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import TradingCalendar, us_equities
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.series import BarSeries, day_ns

MINUTE_NS = 60_000_000_000


def walk(times: Sequence[int], timeframe: Timeframe, symbol: str = "AAPL") -> BarSeries:
    """Give bars of an ordinary share at these times: about 1 % a bar."""
    chance = random.Random(11)
    opens: list[float] = []
    highs: list[float] = []
    lows: list[float] = []
    closes: list[float] = []
    volumes: list[float] = []
    close = 100.0
    for _ in times:
        opened, close = close, close * exp(chance.gauss(0, 0.01))
        opens.append(opened)
        closes.append(close)
        highs.append(max(opened, close) * 1.002)
        lows.append(min(opened, close) * 0.998)
        volumes.append(float(chance.randrange(1_000, 9_000)))
    return BarSeries(
        Symbol(symbol),
        timeframe,
        tuple(times),
        tuple(opens),
        tuple(highs),
        tuple(lows),
        tuple(closes),
        tuple(volumes),
    )


def daily(start: date, end: date, calendar: TradingCalendar | None = None) -> BarSeries:
    """Give a bar for each session from ``start`` to ``end``."""
    sessions = (calendar or us_equities()).sessions(start, end)
    return walk([day_ns(session.date) for session in sessions], Timeframe.DAY)


def minutes(start: date, end: date, calendar: TradingCalendar | None = None) -> BarSeries:
    """Give a bar for each regular minute from ``start`` to ``end``."""
    sessions = (calendar or us_equities()).sessions(start, end)
    times = [
        time
        for session in sessions
        for time in range(ns(session.open), ns(session.close), MINUTE_NS)
    ]
    return walk(times, Timeframe.MINUTE)


def without(series: BarSeries, *places: int) -> BarSeries:
    """Leave out some bars."""
    kept = [place for place in range(len(series)) if place not in places]
    columns = ("times", "open", "high", "low", "close", "volume")
    taken: dict[str, Any] = {
        name: tuple(getattr(series, name)[place] for place in kept) for name in columns
    }
    return replace(series, **taken)


def altered(series: BarSeries, place: int, **values: float) -> BarSeries:
    """Give one bar other values."""
    changed: dict[str, Any] = {}
    for name, value in values.items():
        column = list(getattr(series, name))
        column[place] = value
        changed[name] = tuple(column)
    return replace(series, **changed)


def scaled(series: BarSeries, first: int, factor: float) -> BarSeries:
    """Multiply the prices of all bars from ``first`` on."""
    changed: dict[str, Any] = {}
    for name in ("open", "high", "low", "close"):
        column = getattr(series, name)
        changed[name] = (*column[:first], *(price * factor for price in column[first:]))
    return replace(series, **changed)
