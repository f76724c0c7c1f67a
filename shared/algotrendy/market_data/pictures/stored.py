"""Draw what is stored: from when to when there are bars of each symbol, and where some lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from algotrendy.market_data.calendar import calendar_of
from algotrendy.market_data.pictures.dates import date_marks
from algotrendy.market_data.pictures.paper import (
    RIGHT,
    TOP,
    UP,
    WIDTH,
    heading,
    sheet,
    text,
)
from algotrendy.market_data.ports import BarStore, SymbolSummary
from algotrendy.market_data.quality.gaps import Gaps, find_gaps
from algotrendy.market_data.quality.timeline import COLORS, State, states
from algotrendy.market_data.series import day_ns

_LEFT: Final = 104
_ROW: Final = 40
_BAR: Final = 12
_DAY_NS: Final = day_ns(date(1970, 1, 2))


@dataclass(frozen=True, slots=True)
class StoredBars:
    """One symbol's bars of one timeframe, and what lacks between the first and the last."""

    summary: SymbolSummary
    gaps: Gaps


def stored_bars(store: BarStore) -> list[StoredBars]:
    """Look at all that is stored, and compare it with the exchange's calendar."""
    version = store.version()
    found = []
    for item in store.symbols(version):
        series = store.read(
            item.symbol, item.first, item.last, timeframe=item.timeframe, version=version
        )
        gaps = find_gaps(series.times, item.timeframe, calendar_of(item.symbol))
        found.append(StoredBars(item, gaps))
    return found


def draw_stored(rows: Sequence[StoredBars]) -> str:
    """Draw a row for each symbol and timeframe, with its missing sessions; one or more rows."""
    first = day_ns(min(row.summary.first for row in rows))
    last = day_ns(max(row.summary.last for row in rows)) + _DAY_NS
    foot = TOP + 8 + _ROW * len(rows)
    scale = _Scale(first, last)
    title = "What is stored, and where sessions are missing"
    names = len({row.summary.symbol for row in rows})
    bars = sum(row.summary.bars for row in rows)
    told = f"{bars:,} bars of {names:,} symbol{'' if names == 1 else 's'}"
    return sheet(
        title,
        [
            *heading(title, told),
            text(WIDTH - RIGHT + 8, 36, "bars", size=11),
            *_legend(rows),
            *date_marks(first, last, _LEFT, WIDTH - RIGHT, foot, TOP + 4),
            *(shape for at, row in enumerate(rows) for shape in _drawn(row, at, scale)),
        ],
        height=foot + 28,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: int
    last: int

    def x(self, time: int) -> float:
        share = (time - self.first) / (self.last - self.first)
        return _LEFT + share * (WIDTH - RIGHT - _LEFT)


def _legend(rows: Iterable[StoredBars]) -> Iterator[str]:
    there = {state for row in rows for _, state in states(row.gaps)}
    x = WIDTH - RIGHT - 24.0
    words = {State.MISSING: "sessions missing", State.THIN: "bars missing within sessions"}
    for state, told in words.items():
        if state in there:
            yield text(x, 36, told, size=11, anchor="end")
            x -= 5.8 * len(told) + 14
            yield f'<rect x="{x:.1f}" y="27" width="10" height="10" fill="{COLORS[state]}"/>'
            x -= 14


def _drawn(row: StoredBars, at: int, scale: _Scale) -> Iterator[str]:
    item = row.summary
    top = TOP + 8 + at * _ROW
    begin, end = scale.x(day_ns(item.first)), scale.x(day_ns(item.last) + _DAY_NS)
    yield text(12, top + 11, item.symbol, size=12, weight=600)
    yield text(12, top + 25, item.timeframe, size=11)
    yield _rect(begin, end, top, UP, f"{item.symbol}: {item.first} to {item.last}")
    for state, days in _runs(row.gaps):
        left, right = scale.x(day_ns(days[0])), scale.x(day_ns(days[-1]) + _DAY_NS)
        hint = f"{state}: {days[0]}" if len(days) == 1 else f"{state}: {days[0]} to {days[-1]}"
        yield _rect(left, right, top, COLORS[state], hint)
    missing = len(row.gaps.missing)
    lack = f" · {missing:,} session{'' if missing == 1 else 's'} missing" if missing else ""
    told = f"{item.first} to {item.last} · {item.source}{lack}"
    # Words begin with the bar; where they would leave the paper they end with it.
    if begin + 5.6 * len(told) < WIDTH - RIGHT:
        yield text(begin, top + 25, told, size=10)
    else:
        yield text(end, top + 25, told, size=10, anchor="end")
    yield text(WIDTH - RIGHT + 8, top + 11, f"{item.bars:,}", size=11)


def _runs(gaps: Gaps) -> Iterator[tuple[State, list[date]]]:
    for state, group in groupby(states(gaps), key=lambda item: item[1]):
        if state is not State.PRESENT:
            yield state, [day for day, _ in group]


def _rect(left: float, right: float, top: float, colour: str, hint: str) -> str:
    # A missing day of twenty years is seen too.
    width = max(right - left, 1.5)
    place = f'x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}"'
    return f'<rect {place} fill="{colour}"><title>{hint}</title></rect>'
