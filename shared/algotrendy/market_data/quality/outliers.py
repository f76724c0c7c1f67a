"""Find prices that stand out from their neighbours, and splits that nobody applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from math import log
from statistics import median

from algotrendy.market_data.quality.findings import Finding, Kind, Rules, Weight
from algotrendy.market_data.series import BarSeries, session_date

# Of a normal distribution, the MAD times this is the standard deviation.
_NORMAL = 1.4826
_WHOLE = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 28, 30, 40, 50, 100)
# Nearer to one, news alone makes such a ratio every other year.
_PARTS = ((3, 2), (4, 3), (5, 2), (5, 3))
SPLITS: tuple[tuple[int, int], ...] = tuple(
    ratio
    for new, old in (*((new, 1) for new in _WHOLE), *_PARTS)
    for ratio in ((new, old), (old, new))
)
"""New shares and old of the splits that are looked for, forward and reverse."""

_BARS = 3
_SPREADS = 6.0
_LEAST_RATIO = log(1.25)


def outliers(series: BarSeries, rules: Rules, explained: Collection[int] = ()) -> Iterator[Finding]:
    """Find closes, highs and lows that stand out from their neighbours.

    A return from close to close is compared with the median of those around it, in units of
    their median absolute deviation (MAD): a few wild ones among them do not widen the measure. A
    return that the next bars take back is a slip; one that stays may be news. A high is measured
    from the greater of open and close, a low from the lesser.

    Args:
        series: Bars adjusted for splits, or a split is one.
        explained: Times (ns UTC) of bars whose return is known to be something else.
    """
    if len(series) < rules.neighbours:
        return
    closes = [log(close) for close in series.close]
    returns = [after - before for before, after in pairwise(closes)]
    for begin in range(0, len(returns), rules.neighbours):
        around = returns[max(0, begin - rules.neighbours) : begin + 2 * rules.neighbours]
        middle = median(around)
        spread = _NORMAL * median(abs(each - middle) for each in around)
        limit = max(rules.outlier_mads * spread, rules.least_move)
        for place in range(begin, min(begin + rules.neighbours, len(returns))):
            bar = place + 1
            move = returns[place] - middle
            if abs(move) > limit and series.times[bar] not in explained:
                if place and _takes_back(returns[place], returns[place - 1], limit, rules):
                    continue
                yield _close_finding(series, closes, bar, rules)
            elif finding := _wick(series, bar, limit):
                yield finding


def unapplied_splits(series: BarSeries, rules: Rules) -> Iterator[Finding]:
    """Find overnight ratios of two prices that are those of a split, and stay.

    Args:
        series: Bars adjusted for every action that is recorded: what is left nobody recorded.
    """
    closes = series.close
    moves = sorted(abs(log(after / before)) for before, after in pairwise(closes))
    usual = _NORMAL * moves[len(moves) // 2] if moves else 0.0
    for bar in range(1, len(series)):
        before, opened = closes[bar - 1], series.open[bar]
        overnight = log(before / opened)
        if abs(overnight) <= max(_LEAST_RATIO, _SPREADS * usual):
            continue
        day = session_date(series.times[bar])
        if session_date(series.times[bar - 1]) == day:
            continue
        ratio = nearest_split(before / opened)
        if abs(overnight - log(ratio[0] / ratio[1])) > rules.split_tolerance:
            continue
        earlier, later = closes[max(0, bar - _BARS) : bar], closes[bar : bar + _BARS]
        strayed = max(abs(log(median(earlier) / before)), abs(log(median(later) / opened)))
        if strayed > abs(overnight) / 2:
            continue  # there or back: a slip, not a split
        detail = f"{before:.8g} before, {opened:.8g} after: as of a split {ratio[0]} for {ratio[1]}"
        time = series.times[bar]
        yield Finding(Kind.UNAPPLIED_SPLIT, Weight.WARNING, time, time, 1, detail)


def nearest_split(ratio: float) -> tuple[int, int]:
    """Give the new and old shares of the usual split that is nearest to a ratio of two prices."""
    return min(SPLITS, key=lambda split: abs(log(split[0] / split[1]) - log(ratio)))


def _takes_back(now: float, before: float, limit: float, rules: Rules) -> bool:
    """Say whether a return is the way back of the slip before it, which was told already."""
    return abs(before) > limit and now * before < 0 and abs(now) >= rules.undone * abs(before)


def _close_finding(series: BarSeries, closes: Sequence[float], bar: int, rules: Rules) -> Finding:
    move = closes[bar] - closes[bar - 1]
    later = closes[bar + 1 : bar + 1 + _BARS]
    back = max((-(each - closes[bar]) / move for each in later), default=0.0)
    slip = back >= rules.undone
    percent = (series.close[bar] / series.close[bar - 1] - 1) * 100
    detail = f"close {series.close[bar]:.8g}, {percent:+.1f}% from the bar before"
    detail += ", taken back by the next" if slip else ", and stays there"
    weight = Weight.ERROR if slip else Weight.NOTE
    time = series.times[bar]
    return Finding(Kind.OUTLIER, weight, time, time, 1, detail)


def _wick(series: BarSeries, bar: int, limit: float) -> Finding | None:
    body = series.open[bar], series.close[bar]
    high, low = series.high[bar], series.low[bar]
    # A range within a bar is wider than a return from close to close: twice the limit.
    reach = 2 * limit + abs(log(body[0] / body[1]))
    time = series.times[bar]
    for name, price, off in (
        ("high", high, log(high / max(body))),
        ("low", low, log(min(body) / low)),
    ):
        if off > reach:
            percent = (price / (max(body) if name == "high" else min(body)) - 1) * 100
            detail = f"{name} {price:.8g}, {percent:+.1f}% from open and close"
            return Finding(Kind.OUTLIER, Weight.WARNING, time, time, 1, detail)
    return None
