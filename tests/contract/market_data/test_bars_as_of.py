"""Every BarStore forgets nothing: what was known at any moment can be read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import RawBars, day_ns
from algotrendy.platform.lake import Lake
from fakes.bar_store import MemoryBars

AAPL, IBM = Symbol("AAPL"), Symbol("IBM")
MONDAY = datetime(2024, 1, 8, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE_NS = 60 * 10**9


class World(NamedTuple):
    """A store, and the clock that it records by."""

    store: BarStore
    clock: ManualClock

    def on(self, moment: datetime) -> BarStore:
        self.clock.advance(moment - self.clock.now())
        return self.store


@pytest.fixture(params=["memory", "lake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    clock = ManualClock(MONDAY)
    makers: dict[str, Callable[[], BarStore]] = {
        "memory": lambda: MemoryBars(clock=clock),
        "lake": lambda: LakeBars(Lake(f"file://{tmp_path}/lake"), clock),
    }
    return World(makers[request.param](), clock)


def bars(symbol: Symbol, closes: dict[int, float], source: str = "test") -> RawBars:
    """Give daily bars of January 2024 by day of the month."""
    prices = tuple(closes.values())
    return RawBars(
        symbol,
        Timeframe.DAY,
        tuple(day_ns(date(2024, 1, day)) for day in closes),
        prices,
        prices,
        prices,
        prices,
        (100.0,) * len(prices),
        (1.0,) * len(prices),
        source,
    )


def minutes(symbol: Symbol, *closes: float) -> RawBars:
    begin = day_ns(date(2024, 1, 2)) + 23 * 60 * MINUTE_NS
    times = tuple(begin + place * 45 * MINUTE_NS for place in range(len(closes)))
    return replace(
        bars(symbol, dict(enumerate(closes, 1))), timeframe=Timeframe.MINUTE, times=times
    )


def test_a_correction_is_seen_from_the_moment_it_was_recorded_on(world: World) -> None:
    store = world.on(MONDAY)
    store.replace([bars(AAPL, {2: 10.0, 3: 11.0, 4: 12.0})])
    world.on(MONDAY + DAY).replace([bars(AAPL, {3: 99.0})])
    assert store.read(AAPL).close == (10.0, 99.0, 12.0)
    assert store.read(AAPL, as_of=MONDAY + DAY).close == (10.0, 99.0, 12.0)
    just_before = MONDAY + DAY - timedelta(microseconds=1)
    assert store.read(AAPL, as_of=just_before).close == (10.0, 11.0, 12.0)
    assert store.read(AAPL, as_of=MONDAY).close == (10.0, 11.0, 12.0)
    in_tokyo = just_before.astimezone(timezone(timedelta(hours=9)))
    assert store.read(AAPL, as_of=in_tokyo).close == (10.0, 11.0, 12.0)


def test_before_anything_was_recorded_nothing_is_known(world: World) -> None:
    world.on(MONDAY + DAY).replace([bars(AAPL, {2: 10.0})])
    told = f"AAPL was not found; nothing was recorded by {MONDAY:%Y-%m-%dT%H:%M:%SZ}: give a later"
    with pytest.raises(NotFound, match=told):
        world.store.read(AAPL, as_of=MONDAY)
    assert world.store.symbols(as_of=MONDAY) == []


def test_a_bar_that_a_source_takes_back_is_gone_and_was_there(world: World) -> None:
    store = world.on(MONDAY)
    store.replace([bars(AAPL, {2: 10.0, 3: 11.0, 4: 12.0})])
    world.on(MONDAY + DAY).replace([bars(AAPL, {2: 10.0, 4: 12.0})])
    assert store.read(AAPL).close == (10.0, 12.0)
    assert store.read(AAPL, as_of=MONDAY).close == (10.0, 11.0, 12.0)
    world.on(MONDAY + 2 * DAY).replace([bars(AAPL, {2: 10.0, 3: 11.0, 4: 12.0})])
    assert store.read(AAPL).close == (10.0, 11.0, 12.0)
    assert store.read(AAPL, as_of=MONDAY + DAY).close == (10.0, 12.0)
    with pytest.raises(Invalid, match="end must be in a range with at least one bar"):
        store.read(AAPL, date(2024, 1, 3), date(2024, 1, 3), as_of=MONDAY + DAY)


def test_what_is_there_already_is_not_written_again(world: World) -> None:
    store = world.on(MONDAY)
    store.replace([bars(AAPL, {2: 10.0, 3: 11.0})])
    corrected = store.replace([bars(AAPL, {3: 12.0})])
    again = world.on(MONDAY + DAY).replace([bars(AAPL, {2: 10.0, 3: 12.0})])
    assert (again.version, again.changed) == (corrected.version, ())
    # Two corrections at one tick of the clock: the later one stands, the earlier can be read.
    assert store.read(AAPL).close == (10.0, 12.0)
    assert store.read(AAPL, as_of=MONDAY).close == (10.0, 11.0)


def test_pages_and_lists_count_what_stands(world: World) -> None:
    store = world.on(MONDAY)
    store.replace([bars(AAPL, {2: 10.0, 3: 11.0, 4: 12.0, 5: 13.0}), bars(IBM, {2: 5.0})])
    world.on(MONDAY + DAY).replace([bars(AAPL, {3: 99.0, 5: 98.0}, source="other")])
    found: list[int] = []
    after = None
    while page := store.read(AAPL, limit=1, after=after).times:
        found += page
        after = page[-1]
    assert found == [day_ns(date(2024, 1, day)) for day in (2, 3, 5)]
    [of_aapl, of_ibm] = store.symbols()
    assert (of_aapl.bars, of_aapl.source, of_ibm.bars) == (3, "other, test", 1)
    assert [item.bars for item in store.symbols(as_of=MONDAY)] == [4, 1]
    world.on(MONDAY + 2 * DAY)
    store.replace([replace(bars(IBM, {2: 6.0, 9: 7.0}), times=(0, day_ns(date(2024, 1, 9))))])
    assert [str(item.first) for item in store.symbols()] == ["2024-01-02", "1970-01-01"]


def test_a_version_and_a_moment_go_together(world: World) -> None:
    store = world.on(MONDAY)
    first = store.replace([bars(AAPL, {2: 10.0})]).version
    world.on(MONDAY + DAY).replace([bars(AAPL, {2: 11.0})])
    last = world.on(MONDAY + 2 * DAY).replace([bars(AAPL, {2: 12.0})]).version
    far = MONDAY + 99 * DAY
    assert store.read(AAPL, version=first, as_of=far).close == (10.0,)
    assert store.read(AAPL, version=last, as_of=MONDAY + DAY).close == (11.0,)
    assert store.read(AAPL, version=last, as_of=far).close == (12.0,)


def test_a_moment_has_a_zone(world: World) -> None:
    world.store.replace([bars(AAPL, {2: 10.0})])
    with pytest.raises(Invalid, match="as_of must be a time with a zone"):
        world.store.read(AAPL, as_of=datetime(2024, 1, 1))  # noqa: DTZ001 - that is the point


def test_timeframes_are_kept_apart_and_the_longest_is_read(world: World) -> None:
    store = world.store
    store.replace([bars(AAPL, {2: 10.0}), minutes(AAPL, 1.0, 2.0, 3.0), minutes(IBM, 7.0, 8.0)])
    assert store.read(AAPL).close == (10.0,)
    assert store.read(AAPL, timeframe=Timeframe.MINUTE).close == (1.0, 2.0, 3.0)
    assert store.read(IBM).timeframe is Timeframe.MINUTE
    # A date holds all its times of day.
    second = date(2024, 1, 2)
    assert store.read(IBM, second, second).close == (7.0, 8.0)
    assert store.read(AAPL, date(2024, 1, 3), timeframe=Timeframe.MINUTE).close == (3.0,)
    assert [(item.symbol, item.timeframe, item.bars) for item in store.symbols()] == [
        (AAPL, Timeframe.MINUTE, 3),
        (AAPL, Timeframe.DAY, 1),
        (IBM, Timeframe.MINUTE, 2),
    ]
    with pytest.raises(Invalid, match="timeframe must be of IBM one of 1Min, was '1Day'"):
        store.read(IBM, timeframe=Timeframe.DAY)
    with pytest.raises(Invalid, match="bars for IBM run 2024-01-02 to 2024-01-02"):
        store.read(IBM, date(2024, 1, 9))
    assert store.replace([minutes(AAPL, 1.0, 2.0, 4.0)]).changed == (AAPL,)
    assert store.read(AAPL).close == (10.0,)


def test_only_the_times_of_an_import_are_replaced(world: World) -> None:
    store = world.store
    store.replace([minutes(AAPL, 1.0, 2.0, 3.0)])
    only_first = minutes(AAPL, 9.0)
    store.replace([only_first])
    assert store.read(AAPL).close == (9.0, 2.0, 3.0)
