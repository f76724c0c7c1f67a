"""Find bars, trades and quotes whose values cannot be right: repeated, frozen, without volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.quality.findings import Finding, Kind, Rules, Weight
from algotrendy.market_data.series import BarSeries
from algotrendy.market_data.ticks import Ticks

_NS_PER_S = 1_000_000_000


def duplicates(series: BarSeries) -> Iterator[Finding]:
    """Find bars of one time, and daily bars that repeat the one before in every value."""
    for before, after in pairwise(range(len(series))):
        time = series.times[after]
        if time == series.times[before]:
            yield Finding(Kind.DUPLICATE, Weight.ERROR, time, time, 1, "two bars of one time")
        elif series.timeframe is Timeframe.DAY and _repeats(series, before, after):
            detail = "all five values are those of the session before"
            yield Finding(Kind.DUPLICATE, Weight.WARNING, time, time, 1, detail)


def repeated_trades(ticks: Ticks) -> Iterator[Finding]:
    """Find trades that are equal in time, price and size: a feed may have told them twice.

    Two such trades can be real where times are coarse, so it is a note.
    """
    rows = zip(ticks.times, ticks.prices, ticks.sizes, strict=True)
    again = [time for time, same in _equal_rows(rows) for _ in range(same - 1)]
    if again:
        detail = "trades equal to another in time, price and size"
        yield Finding(Kind.DUPLICATE, Weight.NOTE, again[0], again[-1], len(again), detail)


def stale(series: BarSeries, rules: Rules) -> Iterator[Finding]:
    """Find runs of bars with one price: open, high, low and close unchanged over all of them."""
    places = range(len(series))
    for prices, run in groupby(places, key=lambda place: _prices(series, place)):
        found = list(run)
        if len(found) >= rules.stale_bars and len(set(prices)) == 1:
            first, last = series.times[found[0]], series.times[found[-1]]
            detail = f"{len(found)} bars in a row at {prices[0]!r}"
            yield Finding(Kind.STALE, Weight.WARNING, first, last, len(found), detail)


def zero_volume(series: BarSeries) -> Iterator[Finding]:
    """Find bars without volume; a series that never has any, such as an index, is one note."""
    if not len(series):
        return
    if not any(series.volume):
        span, count = (series.times[0], series.times[-1]), len(series)
        yield Finding(Kind.ZERO_VOLUME, Weight.NOTE, *span, count, "no bar has any volume")
        return
    for is_empty, run in groupby(range(len(series)), key=lambda place: series.volume[place] == 0):
        if not is_empty:
            continue
        found = list(run)
        moved = sum(series.high[place] != series.low[place] for place in found)
        weight = Weight.ERROR if moved else Weight.WARNING
        detail = f"no volume, though the price moved in {moved}" if moved else "no volume"
        first, last = series.times[found[0]], series.times[found[-1]]
        yield Finding(Kind.ZERO_VOLUME, weight, first, last, len(found), detail)


@dataclass(frozen=True, slots=True)
class NewestQuote:
    """The newest quote of a symbol that the stream has seen; times in ns UTC."""

    time: int
    bid: float
    ask: float
    received: int


def quote_findings(
    quote: NewestQuote, now: int, rules: Rules, *, is_open: bool
) -> Iterator[Finding]:
    """Judge the newest quote: its bid above its ask, or older than it may be in open hours."""
    if quote.bid > quote.ask > 0:
        detail = f"bid {quote.bid!r} is above ask {quote.ask!r}"
        yield Finding(Kind.CROSSED_QUOTES, Weight.ERROR, quote.time, quote.time, 1, detail)
    age_s = (now - quote.received) / _NS_PER_S
    if is_open and age_s > rules.quote_age_s:
        detail = f"the newest quote is {age_s:.0f} s old while the market is open"
        yield Finding(Kind.STALE_QUOTES, Weight.WARNING, quote.time, now, 1, detail)


def refused_findings(counts: Mapping[str, tuple[int, int, int]]) -> Iterator[Finding]:
    """Tell of trades that the stream refused: by reason how many, the first and the last time."""
    for reason, (count, first, last) in sorted(counts.items()):
        yield Finding(Kind.REFUSED_TRADES, Weight.WARNING, first, last, count, reason)


@dataclass(frozen=True, slots=True)
class StreamHole:
    """A span of which the stream is known not to have told something; times in ns UTC.

    Attributes:
        what: ``trades``, ``fixes``, or ``silence``, whose trades were read from the history.
    """

    what: str
    feed: str
    first: int
    last: int
    reason: str


_HOLES = {
    "trades": (Weight.WARNING, "trades may be missing"),
    "fixes": (Weight.ERROR, "cancels or corrections are missing"),
    "silence": (Weight.NOTE, "a silence, read from the history"),
}


def hole_findings(holes: Iterable[StreamHole]) -> Iterator[Finding]:
    """Tell of holes in a symbol's stream, one by one."""
    for hole in holes:
        weight, words = _HOLES[hole.what]
        detail = f"{hole.feed}: {words}: {hole.reason}"
        yield Finding(Kind.STREAM_HOLE, weight, hole.first, hole.last, 1, detail)


def _equal_rows(
    rows: Iterator[tuple[int, float, float]],
) -> Iterator[tuple[int, int]]:
    for time, same in groupby(rows, key=lambda row: row[0]):
        seen: dict[tuple[float, float], int] = {}
        for _, price, size in same:
            seen[price, size] = seen.get((price, size), 0) + 1
        for count in seen.values():
            if count > 1:
                yield time, count


def _prices(series: BarSeries, place: int) -> tuple[float, float, float, float]:
    return series.open[place], series.high[place], series.low[place], series.close[place]


def _repeats(series: BarSeries, before: int, after: int) -> bool:
    if series.volume[after] != series.volume[before] or series.volume[after] == 0:
        return False
    return _prices(series, before) == _prices(series, after)
