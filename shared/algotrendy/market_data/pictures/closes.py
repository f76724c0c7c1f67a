"""Draw one symbol's closes under several adjustments, and the days on which they part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.pictures.dates import date_marks
from algotrendy.market_data.pictures.paper import (
    BOTTOM,
    GRID,
    HEIGHT,
    INK,
    RIGHT,
    TOP,
    WIDTH,
    Frame,
    heading,
    sheet,
    step_for,
    text,
)
from algotrendy.market_data.series import Adjustment, BarSeries, session_date

_LEFT: Final = 104
_FOOT: Final = HEIGHT - BOTTOM
_LINE: Final = 13
_PARTS: Final = 1e-6
"""Two quotients that differ by less are one, but for rounding."""
_MOST_PARTS: Final = 100
_NEAR: Final = 3.0
_FAR: Final = 20.0
_COLUMN: Final = 2.0
"""Pixels of which four closes tell as much as all."""
_LOOKS: Final[Mapping[Adjustment, tuple[str, str]]] = {
    # Where two lines lie on each other, the dashed one lets the other be seen.
    "raw": (INK, ""),
    "dividend": ("#d97706", ""),
    "split": ("#0f9d8a", ' stroke-dasharray="5 3"'),
    "all": ("#2563eb", ' stroke-dasharray="5 3"'),
}


def draw_closes(found: Sequence[BarSeries]) -> str:
    """Draw closes as lines, each with its adjustment and its first close.

    Below stand the splits and dividends, read from where the lines part: so they are exactly those
    that were applied.

    Args:
        found: The same bars of one symbol under one or more adjustments, ``raw`` among them.
    """
    by_name = {series.adjustment: series for series in found}
    raw = by_name["raw"]
    closes = [close for series in found for close in series.close]
    # Logarithms: what adjusts a price divides it, and lines that differ by a split are parallel.
    low, high = log10(min(closes)), log10(max(closes))
    margin = max((high - low) * 0.06, 1e-6)
    frame = Frame(low - margin, high + margin, 1.0)
    splits = [] if "split" not in by_name else list(_splits(raw, by_name["split"]))
    cash = [] if "dividend" not in by_name else list(_parting(raw, by_name["dividend"]))
    title = f"{raw.symbol} {raw.timeframe}, closes {_listed(list(by_name))}"
    return sheet(
        title,
        [
            *heading(title, _told(raw, splits, cash, by_name)),
            *_scale(frame),
            *date_marks(raw.times[0], raw.times[-1], _LEFT, WIDTH - RIGHT, _FOOT, TOP),
            *_split_marks(splits, raw),
            *_dividend_marks(cash, raw),
            *(_line(series, frame) for series in found),
            *_names(found, frame),
        ],
    )


def _told(
    raw: BarSeries,
    splits: Sequence[tuple[int, str]],
    cash: Sequence[int],
    by_name: Mapping[Adjustment, BarSeries],
) -> str:
    first, last = (session_date(time) for time in (raw.times[0], raw.times[-1]))
    parts = [f"{len(raw):,} bars, {first} to {last}"]
    if splits:
        parts.append(f"{len(splits)} split{'s' if len(splits) > 1 else ''}")
    if cash:
        parts.append(f"{len(cash)} dividend{'s' if len(cash) > 1 else ''} (ticks below)")
    if "split" not in by_name:
        parts.append("no splits or dividends are recorded: all is by the source's own factor")
    return " · ".join(parts)


def _splits(raw: BarSeries, adjusted: BarSeries) -> Iterator[tuple[int, str]]:
    """Give each time from which on prices stand on a new basis, with the ratio: 2:1."""
    for place in _parting(raw, adjusted):
        before, after = (raw.close[at] / adjusted.close[at] for at in (place - 1, place))
        ratio = Fraction(before / after).limit_denominator(_MOST_PARTS)
        yield place, f"{ratio.numerator}:{ratio.denominator}"


def _parting(raw: BarSeries, adjusted: BarSeries) -> Iterator[int]:
    quotients = [one / other for one, other in zip(raw.close, adjusted.close, strict=True)]
    for place, (before, after) in enumerate(pairwise(quotients), 1):
        if abs(before / after - 1) > _PARTS:
            yield place


def _scale(frame: Frame) -> Iterator[str]:
    for price in _round_prices(10**frame.low, 10**frame.high):
        y = frame.y(log10(price))
        yield f'<path d="M{_LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield text(WIDTH - RIGHT + 8, y + 4, f"{price:,.6g}", size=11)


def _round_prices(low: float, high: float) -> list[float]:
    """Give some round prices between two: even steps where they are near, or 1, 2, 5, 10."""
    if high / low < _NEAR:
        step = step_for(high - low)
        return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]
    digits = (1, 2, 5) if high / low > _FAR else (1, 2, 3, 4, 6, 8)
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found = [digit * 10.0**power for power in powers for digit in digits]
    return [price for price in found if low <= price <= high]


def _x(time: int, raw: BarSeries) -> float:
    span = max(raw.times[-1] - raw.times[0], 1)
    return _LEFT + (time - raw.times[0]) / span * (WIDTH - RIGHT - _LEFT)


def _split_marks(splits: Sequence[tuple[int, str]], raw: BarSeries) -> Iterator[str]:
    free = 0.0
    for place, ratio in splits:
        x = _x(raw.times[place], raw)
        yield f'<path d="M{x:.1f} {TOP}V{_FOOT}" stroke="#94a3b8" stroke-dasharray="2 3"/>'
        words = f"{ratio} on {_day(raw, place)}"
        # Words that would lie on those before, or leave the paper, are left out; the line stays.
        if x > free and x + 6 * len(words) < WIDTH - RIGHT:
            free = x + 6 * len(words) + 8
            yield text(x + 5, TOP + 12, words, size=11)


def _dividend_marks(cash: Sequence[int], raw: BarSeries) -> Iterator[str]:
    colour, _ = _LOOKS["dividend"]
    for place in cash:
        x = _x(raw.times[place], raw)
        hint = f"<title>dividend, ex on {_day(raw, place)}</title>"
        yield f'<path d="M{x:.1f} {_FOOT - 8}V{_FOOT}" stroke="{colour}">{hint}</path>'


def _line(series: BarSeries, frame: Frame) -> str:
    colour, dashes = _LOOKS[series.adjustment]
    points = " ".join(f"{x:.1f},{frame.y(log10(close)):.1f}" for x, close in _thinned(series))
    look = f'fill="none" stroke="{colour}" stroke-width="1.3" stroke-linejoin="round"{dashes}'
    return f'<polyline points="{points}" {look}/>'


def _thinned(series: BarSeries) -> Iterator[tuple[float, float]]:
    """Give of each column of the picture the first, lowest, highest and last close, in order."""
    column: list[tuple[float, float]] = []
    for time, close in zip(series.times, series.close, strict=True):
        x = _x(time, series)
        if column and x // _COLUMN != column[0][0] // _COLUMN:
            yield from _telling(column)
            column = []
        column.append((x, close))
    yield from _telling(column)


def _telling(column: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    places = range(len(column))
    lowest = min(places, key=lambda at: column[at][1])
    highest = max(places, key=lambda at: column[at][1])
    for at in sorted({0, lowest, highest, len(column) - 1}):
        yield column[at]


def _names(found: Sequence[BarSeries], frame: Frame) -> Iterator[str]:
    """Write each line's name and first close before it, pushed apart where they would meet."""
    by_height = sorted(found, key=lambda series: frame.y(log10(series.close[0])))
    # The lowest name may be no lower than the foot, so that there is room for all.
    room = _FOOT - _LINE * (len(found) - 1)
    y = TOP + 4.0
    for series in by_height:
        y = max(y, min(frame.y(log10(series.close[0])) + 4, room))
        colour, _ = _LOOKS[series.adjustment]
        close = series.close[0]
        words = (
            f"{series.adjustment} {close:,.2f}"
            if close >= 1
            else f"{series.adjustment} {close:.4g}"
        )
        yield text(_LEFT - 6, y, words, size=11, weight=600, anchor="end", colour=colour)
        y += _LINE
        room += _LINE


def _day(raw: BarSeries, place: int) -> str:
    day = session_date(raw.times[place])
    return f"{day}" if raw.timeframe is Timeframe.DAY else f"{day} UTC"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
