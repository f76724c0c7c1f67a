"""What is missing or wrong is asked for and stored; what the source lacks is noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_actions import LakeActions
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.lake_repairs import LakeRepairNotes
from algotrendy.market_data.fetching import FetchedBar
from algotrendy.market_data.quality.findings import Kind
from algotrendy.market_data.quality.inspecting import Asked, Inspector
from algotrendy.market_data.quality.repairing import Repaired, Repairer, wait
from algotrendy.market_data.quality.values import StreamHole
from algotrendy.market_data.series import BarSeries, RawBars
from algotrendy.platform.lake import lake_at
from fakes.quality_bars import altered, daily, minutes, scaled, without

SYMBOL = Symbol("AAPL")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAYS = daily(date(2025, 1, 2), date(2025, 6, 30))


class Source:
    """A service that tells the bars of a series, but for some."""

    source = "told"

    def __init__(self, bars: BarSeries | None) -> None:
        self.bars = bars
        self.asked: list[tuple[datetime, datetime]] = []
        self.fault: Exception | None = None

    def pages(
        self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Iterator[Sequence[FetchedBar]]:
        self.asked.append((start, end))
        if self.fault:
            raise self.fault
        if self.bars is None:
            raise NotFound("symbol", symbol)
        first, last = (int(moment.timestamp()) * 10**9 for moment in (start, end))
        columns = (self.bars.open, self.bars.high, self.bars.low, self.bars.close)
        rows = zip(self.bars.times, *columns, self.bars.volume, strict=True)
        yield [FetchedBar(*row) for row in rows if first <= row[0] < last]


class Quiet:
    """A stream that remembers nothing."""

    def refused(self, symbol: Symbol) -> dict[str, tuple[int, int, int]]:
        return {}

    def holes(self, symbol: Symbol, first: int, last: int) -> list[StreamHole]:
        return []

    def quote(self, symbol: Symbol) -> None:
        return None


class World:
    """A lake with bars, and somebody who repairs them."""

    def __init__(self, folder: Path) -> None:
        lake = lake_at(folder.as_uri())
        self.clock = ManualClock(NOW)
        self.store = LakeBars(lake, self.clock)
        self.actions = LakeActions(lake, self.clock)
        self.notes = LakeRepairNotes(lake)

    def put(self, bars: BarSeries, factor: float = 1.0, source: str = "first") -> None:
        numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        raw = RawBars(SYMBOL, bars.timeframe, bars.times, *numbers, (factor,) * len(bars), source)
        self.store.replace([raw])
        self.clock.advance(timedelta(minutes=1))

    def repair(self, source: Source, asked: Asked | None = None) -> Repaired:
        inspector = Inspector(self.store, Quiet(), self.clock.now)
        repairer = Repairer(self.store, inspector, source, self.notes, self.actions, self.clock.now)
        return repairer.run(asked)

    def read(self, timeframe: Timeframe = Timeframe.DAY) -> BarSeries:
        return self.store.read(SYMBOL, timeframe=timeframe)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_missing_sessions_are_filled_and_nothing_else_changes(world: World) -> None:
    world.put(without(DAYS, 10, 11, 40))
    before = world.clock.now()
    world.clock.advance(timedelta(minutes=1))
    done = world.repair(Source(DAYS))
    assert (done.asked, done.bars, done.unrepaired) == (2, 3, [])
    assert world.read().sha256() == DAYS.sha256()
    as_of = world.store.read(SYMBOL, timeframe=Timeframe.DAY, as_of=before)
    assert len(as_of) == len(DAYS) - 3
    again = world.repair(Source(DAYS))
    assert (again.asked, again.bars) == (0, 0)


def test_missing_minutes_are_filled_and_a_session_as_a_whole(world: World) -> None:
    whole = minutes(date(2025, 6, 2), date(2025, 6, 4))
    world.put(without(whole, 5, 6, 100, *range(390, 780)))
    done = world.repair(Source(whole))
    assert done.bars == 393
    assert done.unrepaired == []
    assert world.read(Timeframe.MINUTE).sha256() == whole.sha256()


def test_a_wrong_bar_is_corrected_and_what_was_known_stays_known(world: World) -> None:
    wrong = altered(DAYS, 50, close=DAYS.close[50] * 3, high=DAYS.close[50] * 3)
    world.put(wrong)
    before = world.clock.now()
    world.clock.advance(timedelta(minutes=1))
    done = world.repair(Source(DAYS))
    assert (done.asked, done.bars, done.unrepaired) == (1, 1, [])
    assert world.read().sha256() == DAYS.sha256()
    then = world.store.read(SYMBOL, timeframe=Timeframe.DAY, as_of=before)
    assert then.close[50] == wrong.close[50]


def test_what_the_source_says_too_is_noted_and_left(world: World) -> None:
    wrong = altered(DAYS, 50, close=DAYS.close[50] * 3, high=DAYS.close[50] * 3)
    world.put(wrong)
    done = world.repair(Source(wrong))
    (note,) = done.unrepaired
    assert (done.bars, note.lacking, note.reason) == (0, 1, "the source says the same")
    assert note.hole.kind is Kind.OUTLIER


def test_what_the_source_does_not_have_is_noted_and_asked_for_later(world: World) -> None:
    world.put(without(DAYS, 10, 11))
    source = Source(without(DAYS, 11))
    first = world.repair(source)
    (note,) = first.unrepaired
    assert (first.bars, note.lacking, note.attempts) == (1, 1, 1)
    nothing = Source(without(DAYS, 11))
    second = world.repair(nothing)
    # Of the two days one is left: that is another hole, which is asked for at once.
    assert (second.asked, [each.attempts for each in second.unrepaired]) == (1, [1])
    third = world.repair(nothing)
    assert (third.asked, third.waiting) == (0, 1)
    world.clock.advance(timedelta(hours=21))
    fourth = world.repair(nothing)
    assert [each.attempts for each in fourth.unrepaired] == [2]
    assert world.repair(nothing).waiting == 1
    world.clock.advance(timedelta(hours=21))
    assert world.repair(nothing).waiting == 1


def test_a_symbol_that_the_source_does_not_know_is_noted(world: World) -> None:
    world.put(without(DAYS, 10))
    (note,) = world.repair(Source(None)).unrepaired
    assert note.reason == "symbol AAPL was not found"


def test_bars_that_no_market_made_are_not_taken(world: World) -> None:
    world.put(without(DAYS, 10))
    bad = replace(DAYS, high=(*DAYS.high[:10], DAYS.low[10] / 2, *DAYS.high[11:]))
    done = world.repair(Source(bad))
    assert (done.bars, done.unrepaired[0].lacking) == (0, 1)


def test_a_source_that_does_not_answer_is_not_the_end_of_what_it_told(world: World) -> None:
    world.put(without(DAYS, 10))
    source = Source(DAYS)
    source.fault = Unavailable("told", "it is down")
    with pytest.raises(Unavailable):
        world.repair(source)
    source.fault = None
    assert world.repair(source).bars == 1


def test_a_series_with_factors_of_its_own_source_is_left_alone(world: World) -> None:
    world.put(without(DAYS, 10), factor=0.5)
    done = world.repair(Source(DAYS))
    assert (done.bars, "import it anew" in done.unrepaired[0].reason) == (0, True)


@pytest.mark.parametrize("is_there", [True, False])
def test_bars_of_an_exchange_are_repaired_from_it_alone(world: World, is_there: bool) -> None:
    world.put(without(DAYS, 10), source="ccxt:binance")
    other, binance = Source(scaled(DAYS, 0, 1.01)), Source(DAYS)
    binance.source = "ccxt:binance"
    named: list[str] = []

    def exchange(source: str) -> Source | None:
        named.append(source)
        return binance if is_there else None

    inspector = Inspector(world.store, Quiet(), world.clock.now)
    told = (world.notes, world.actions, world.clock.now)
    done = Repairer(world.store, inspector, other, *told, exchange).run()
    assert (named, other.asked) == (["ccxt:binance"], [])
    if is_there:
        assert (done.bars, done.left) == (1, [])
        assert world.read().sha256() == DAYS.sha256()
    else:
        assert done.left == [f"{SYMBOL} 1Day, from ccxt:binance"]
        assert (done.asked, done.bars, done.unrepaired) == (0, 0, [])
        assert len(world.read()) == len(DAYS) - 1


def test_a_whole_series_of_an_exchange_is_not_told_of(world: World) -> None:
    world.put(DAYS, source="ccxt:binance")
    assert world.repair(Source(DAYS)).left == []


def test_an_exchange_that_is_the_source_itself_is_asked(world: World) -> None:
    world.put(without(DAYS, 10), source="ccxt:kraken")
    kraken = Source(DAYS)
    kraken.source = "ccxt:kraken"
    assert world.repair(kraken).bars == 1


def test_nothing_is_begun_when_time_is_up(world: World) -> None:
    world.put(without(DAYS, 10))
    source = Source(DAYS)
    inspector = Inspector(world.store, Quiet(), world.clock.now)
    repairer = Repairer(world.store, inspector, source, world.notes, world.actions, world.clock.now)
    done = repairer.run(time_is_up=lambda: True)
    assert (done.asked, done.waiting, source.asked) == (0, 1, [])


@pytest.mark.parametrize(("attempts", "hours"), [(1, 20), (2, 40), (4, 160), (6, 640), (50, 720)])
def test_the_wait_doubles_up_to_a_month(attempts: int, hours: int) -> None:
    assert wait(attempts) == timedelta(hours=hours)
