"""Find the splits that a series of raw and adjusted closes gives away."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from algotrendy.market_data.series import BarSeries, session_date

_RATIOS = (
    *((new, 1) for new in (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50)),
    (3, 2),
    (4, 3),
    (5, 2),
    (5, 3),
    (5, 4),
)
_NEAR_FACTOR = 0.02
_NEAR_PRICE = 0.2


def find_splits(raw: BarSeries, adjusted: BarSeries) -> dict[date, tuple[int, int]]:
    """Give the splits by their first session, as (new, old).

    The factor (adjusted over raw close) mixes splits with dividends, which cannot be had back from
    rounded prices. A split is one where the factor jumps by a usual ratio, give or take 2 % for a
    dividend on the same day, and the raw price jumps by the same, give or take 20 % for the day's
    news. Anything else is none.
    """
    found: dict[date, tuple[int, int]] = {}
    factors = [a / r for a, r in zip(adjusted.close, raw.close, strict=True)]
    for before, after in pairwise(range(len(raw))):
        jump = factors[after] / factors[before]
        if abs(jump - 1) < 0.15:
            continue
        fell = raw.close[before] / raw.open[after]
        ratio = _nearest(jump)
        if ratio is not None and abs(fell / (ratio[0] / ratio[1]) - 1) < _NEAR_PRICE:
            found[session_date(raw.times[after])] = ratio
    return found


def _nearest(jump: float) -> tuple[int, int] | None:
    reverse = jump < 1
    size = 1 / jump if reverse else jump
    new, old = min(_RATIOS, key=lambda ratio: abs(ratio[0] / ratio[1] / size - 1))
    if abs(new / old / size - 1) > _NEAR_FACTOR:
        return None
    return (old, new) if reverse else (new, old)
