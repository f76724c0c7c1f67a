"""Bars of runs from the lake, told as a backtest's dataset would have them known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.step_records import BarSeen
from algotrendy.backtest.markets import calendar_named
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.live.ports import BarsFound, DueStep
from algotrendy.live.runs import Run
from algotrendy.live.versions import Content
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import BarSeries, session_date

_SOME_DAYS: Final = timedelta(days=7)
_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOLD: Final = ("time", "known", "open", "high", "low", "close", "volume")


class LakeBarsOfRun:
    """Is the ``RunBars`` over a store of bars. Prices are as they were traded, raw."""

    def __init__(self, bars: BarStore) -> None:
        self._bars = bars

    def after(self, run: Run, up_to: datetime) -> BarsFound:
        """Give what became known after a run's last step and not later than a moment."""
        version = self._bars.version()
        begin = run.origin
        if run.bar_at and not run.timeframes:
            # Longer bars are made of all bars since the run's first one; these alone need few.
            begin = max(begin, run.bar_at - int(_SOME_DAYS.total_seconds()) * _SECOND)
        places, dataset = self._dataset(run.content, run.timeframes, begin, version)
        if dataset is None:
            return BarsFound(version, ())
        until = _ns(up_to)
        newest = {
            symbol: int(dataset.assets[place].base.known[-1]) for symbol, place in places.items()
        }
        told: defaultdict[int, list[BarSeen]] = defaultdict(list)
        for place, symbol in enumerate(run.content.symbols):
            if symbol in places:
                for known, bar in _seen(dataset, places[symbol], place, run.bar_at, until):
                    told[known].append(bar)
        steps = [int(each) for each in dataset.timeline if run.bar_at < each <= until]
        due = []
        for before, now in zip([run.bar_at, *steps], steps, strict=False):
            # A longer bar may be whole where no bar that is decided at is: then it is told next.
            bars = [bar for known in sorted(told) if before < known <= now for bar in told[known]]
            lacking = [each for each in run.content.symbols if newest.get(each, 0) < now]
            due.append(DueStep(now, tuple(sorted(bars, key=_order)), tuple(lacking)))
        return BarsFound(version, tuple(due))

    def origin(self, content: Content, warm_up: int, until: datetime) -> int:
        """Give when the first bar begins so that so many steps are known by a moment."""
        version = self._bars.version()
        for symbol in content.symbols:
            if all(each.symbol != symbol for each in self._bars.symbols(version)):
                raise NotFound("bars", symbol, "import some first")
        _, dataset = self._dataset(content, (), None, version)
        if dataset is None:
            return _ns(until)
        timeline = dataset.timeline
        end = int(timeline.searchsorted(_ns(until), "right"))
        first = int(timeline[max(end - max(warm_up, 1), 0)])
        begins = []
        for asset in dataset.assets:
            place = int(asset.base.known.searchsorted(first, "left"))
            if place < len(asset.base):
                begins.append(int(asset.base.time[place]))
        return min(begins, default=_ns(until))

    def next_close(self, content: Content, after: datetime) -> datetime | None:
        """Give when the first bar after a moment closes, by the calendar; None where unknown."""
        span = content.timeframe.span
        calendar = calendar_named(content.calendar)
        if calendar is None:
            return _next_multiple(after, span)
        try:
            if content.timeframe is Timeframe.DAY:
                # Known when its UTC date is over, as in a backtest.
                day = calendar.next_session(after.date() - timedelta(days=1)).date
                return datetime(day.year, day.month, day.day, tzinfo=UTC) + span
            close = _next_multiple(after, span)
            if calendar.is_open(close - timedelta(seconds=1)):
                return close
            return calendar.next_open(after) + span
        except Invalid:
            return None

    def _dataset(
        self, content: Content, coarser: Sequence[str], begin: int | None, version: int
    ) -> tuple[dict[str, int], Dataset | None]:
        """Give a dataset of the symbols that have bars since a moment, and their places in it."""
        found = [self._series(content, symbol, begin, version) for symbol in content.symbols]
        there = [each for each in found if each is not None]
        places = {str(each.symbol): place for place, each in enumerate(there)}
        if not there:
            return places, None
        calendar = calendar_named(content.calendar)
        return places, from_series(there, coarser=coarser, calendar=calendar)

    def _series(
        self, content: Content, symbol: str, begin: int | None, version: int
    ) -> BarSeries | None:
        wanted = next(each for each in content.symbols if each == symbol)
        try:
            found = self._bars.read(
                wanted,
                None if begin is None else session_date(begin),
                timeframe=content.timeframe,
                # One nanosecond before: bars later than this time are given.
                after=None if begin is None else begin - 1,
                version=version,
            )
        except (Invalid, NotFound):
            return None
        return found if len(found) else None


def _seen(
    dataset: Dataset, found: int, place: int, after: int, until: int
) -> list[tuple[int, BarSeen]]:
    """Give the bars of an asset, of every timeframe, that became known within a span."""
    told: list[tuple[int, BarSeen]] = []
    for frame, bars in enumerate(dataset.assets[found].frames):
        first = int(bars.known.searchsorted(after, "right"))
        last = int(bars.known.searchsorted(until, "right"))
        columns = [getattr(bars, name)[first:last].tolist() for name in _TOLD]
        rows = zip(*columns, strict=True)
        told.extend(
            (known, BarSeen(place, begin, known, first_price, high, low, close, volume, frame))
            for begin, known, first_price, high, low, close, volume in rows
        )
    return told


def _order(bar: BarSeen) -> tuple[int, int, int]:
    return bar.asset, bar.frame, bar.time


def _ns(moment: datetime) -> int:
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * _SECOND + passed.microseconds * 1_000


def _next_multiple(after: datetime, span: timedelta) -> datetime:
    return after + (span - (after - _EPOCH) % span)
