"""Mark years, months, days or hours along a picture, as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from algotrendy.market_data.pictures.paper import GRID, text

_SECOND: Final = 1_000_000_000
_ROOM: Final = 84
"""Pixels that a date and the space beside it take."""
_MONTHS: Final = (1, 3, 6, 12, 24, 60, 120, 240)
_SECONDS: Final = (60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400, 14 * 86_400)


def date_marks(
    first: int, last: int, left: float, right: float, foot: float, top: float
) -> list[str]:
    """Draw upright lines at round times from a first to a last one (ns UTC), with their dates.

    Args:
        left, right: Where the first and the last time are.
        foot, top: How far the lines go; dates stand below the foot.
    """
    span = max(last - first, 1)
    found = []
    for time, words in _round_times(first, last, max(int((right - left) / _ROOM), 1)):
        x = left + (time - first) / span * (right - left)
        found.append(f'<path d="M{x:.1f} {top:.1f}V{foot:.1f}" stroke="{GRID}"/>')
        found.append(text(x, foot + 18, words, size=11, anchor="middle"))
    return found


def _round_times(first: int, last: int, most: int) -> Iterator[tuple[int, str]]:
    seconds = (last - first) / _SECOND
    step = next((each for each in _SECONDS if each * most >= seconds), None)
    if step is not None:
        form = "%m-%d %H:%M" if step < 86_400 else "%Y-%m-%d"
        for number in range(ceil(first / (step * _SECOND)), last // (step * _SECOND) + 1):
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number * step)
            yield number * step * _SECOND, moment.strftime(form)
        return
    months = next(
        (each for each in _MONTHS if each * most * 30.4 * 86_400 >= seconds), 20 * _MONTHS[-1]
    )
    form = "%Y-%m" if months < 12 else "%Y"
    begin = datetime.fromtimestamp(first // _SECOND, UTC)
    number = ceil((begin.year * 12 + begin.month - 1) / months) * months
    while True:
        moment = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        time = int(moment.timestamp()) * _SECOND
        if time > last:
            return
        if time >= first:
            yield time, moment.strftime(form)
        number += months
