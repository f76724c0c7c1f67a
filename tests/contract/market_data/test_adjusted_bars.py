"""Every BarStore applies splits, dividends and new names on read, as of a date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import (
    ActionKind,
    ActionsImport,
    CorporateAction,
    numbered,
)
from algotrendy.market_data.adapters.lake_actions import LakeActions
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import Adjustment, RawBars, day_ns
from algotrendy.platform.lake import Lake
from fakes.bar_store import MemoryBars

FB, META, XYZ = Symbol("FB"), Symbol("META"), Symbol("XYZ")
NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)


class World(NamedTuple):
    """A store, how it is told of actions, and its clock."""

    store: BarStore
    replace: Callable[[ActionsImport], object]
    clock: ManualClock

    def tell(self, *actions: CorporateAction, source: str = "test") -> None:
        symbols = tuple(sorted({action.symbol for action in actions}))
        days = [action.day for action in actions]
        given = numbered(actions)
        self.replace(ActionsImport(symbols, min(days), max(days), given, source))


@pytest.fixture(params=["memory", "lake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    clock = ManualClock(NOW)
    if request.param == "memory":
        memory = MemoryBars(clock=clock)
        return World(memory, memory.tell, clock)
    lake = Lake(f"file://{tmp_path}/lake")
    actions = LakeActions(lake, clock)
    return World(LakeBars(lake, clock), lambda given: actions.replace([given]), clock)


def bars(symbol: Symbol, closes: dict[int, float], factor: float = 1.0) -> RawBars:
    prices = tuple(closes.values())
    return RawBars(
        symbol,
        Timeframe.DAY,
        tuple(day_ns(date(2024, 1, day)) for day in closes),
        prices,
        tuple(price + 1 for price in prices),
        prices,
        prices,
        (100.0,) * len(prices),
        (factor,) * len(prices),
        "test",
    )


def split(day: int, ratio: float, symbol: Symbol = XYZ) -> CorporateAction:
    return CorporateAction(symbol, ActionKind.SPLIT, date(2024, 1, day), ratio)


def dividend(day: int, cash: float, symbol: Symbol = XYZ) -> CorporateAction:
    return CorporateAction(symbol, ActionKind.DIVIDEND, date(2024, 1, day), cash)


def rename(day: int, old: Symbol, new: Symbol) -> CorporateAction:
    return CorporateAction(old, ActionKind.RENAME, date(2024, 1, day), None, new)


def test_a_split_scales_prices_and_volume_before_its_ex_date(world: World) -> None:
    world.store.replace([bars(XYZ, {2: 100.0, 3: 110.0, 4: 56.0})])
    world.tell(split(4, 2.0))
    found = world.store.read(XYZ, adjustment="split")
    assert found.close == (50.0, 55.0, 56.0)
    assert found.high == (50.5, 55.5, 57.0)
    assert found.volume == (200.0, 200.0, 100.0)
    assert found.adjustment == "split"
    assert world.store.read(XYZ, adjustment="dividend").close == (100.0, 110.0, 56.0)
    assert world.store.read(XYZ).close == (100.0, 110.0, 56.0)


def test_a_dividend_scales_prices_alone_by_the_close_before_it(world: World) -> None:
    world.store.replace([bars(XYZ, {2: 100.0, 3: 50.0, 4: 49.0})])
    world.tell(dividend(4, 0.5), dividend(4, 1.0))
    found = world.store.read(XYZ, adjustment="dividend")
    left = (1 - 1.0 / 50) * (1 - 0.5 / 50)
    assert found.close == pytest.approx((100 * left, 50 * left, 49.0))
    assert found.volume == (100.0,) * 3
    # Whatever part of the series is read, the close before the ex-date is found.
    first = world.store.read(XYZ, end=date(2024, 1, 2), adjustment="dividend")
    assert first.close == found.close[:1]
    page = world.store.read(XYZ, adjustment="dividend", after=found.times[0], limit=1)
    assert page.close == found.close[1:2]


def test_a_dividend_of_the_day_of_a_split_is_paid_on_new_shares(world: World) -> None:
    world.store.replace([bars(XYZ, {2: 100.0, 3: 49.0})])
    world.tell(split(3, 2.0), dividend(3, 1.0))
    assert world.store.read(XYZ, adjustment="all").close == (100 / 2 * (1 - 1 / 50), 49.0)
    assert world.store.read(XYZ, adjustment="dividend").close == (100 * (1 - 1 / 50), 49.0)


def test_actions_take_the_place_of_a_source_s_factor_and_without_any_it_stays(
    world: World,
) -> None:
    world.store.replace([bars(XYZ, {2: 100.0, 3: 50.0}, factor=0.25)])
    assert world.store.read(XYZ, adjustment="all").close == (25.0, 12.5)
    kinds: tuple[Adjustment, ...] = ("split", "dividend")
    for kind in kinds:
        with pytest.raises(Invalid, match="adjustment must be raw or all: of XYZ there is a facto"):
            world.store.read(XYZ, adjustment=kind)
    world.tell(split(3, 2.0))
    assert world.store.read(XYZ, adjustment="all").close == (50.0, 50.0)


def test_an_action_is_applied_from_its_ex_date_on_and_once_it_is_known(world: World) -> None:
    recorded = world.store.replace([bars(XYZ, {2: 100.0})]).version
    world.clock.advance(timedelta(days=1))
    world.tell(CorporateAction(XYZ, ActionKind.SPLIT, date(2024, 2, 4), 2.0))
    read = world.store.read
    assert read(XYZ, adjustment="split").close == (100.0,)
    later = datetime(2024, 2, 4, tzinfo=UTC)
    assert read(XYZ, adjustment="split", as_of=later).close == (50.0,)
    world.clock.advance(timedelta(days=5))
    assert read(XYZ, adjustment="split").close == (50.0,)
    assert read(XYZ, adjustment="split", as_of=NOW).close == (100.0,)
    # A version of the bars says which actions belong to it.
    assert read(XYZ, adjustment="split", version=recorded).close == (100.0,)
    assert world.store.version() > recorded


def test_actions_are_corrected_and_taken_back_without_losing_what_was(world: World) -> None:
    world.store.replace([bars(XYZ, {2: 100.0, 5: 50.0})])
    world.tell(split(3, 4.0), split(4, 2.0))
    world.clock.advance(timedelta(days=1))
    world.tell(split(3, 10.0), dividend(5, 1.0))
    assert world.store.read(XYZ, adjustment="split").close == (10.0, 50.0)
    assert world.store.read(XYZ, adjustment="split", as_of=NOW).close == (12.5, 50.0)


def test_minutes_are_adjusted_by_new_york_s_dates_and_daily_closes(world: World) -> None:
    daily = bars(XYZ, {2: 100.0, 3: 50.0})
    # 00:30 UTC is the evening before in New York.
    times = tuple(day_ns(date(2024, 1, 3)) + minute * 60 * 10**9 for minute in (30, 15 * 60))
    minutes = replace(bars(XYZ, {1: 102.0, 2: 51.0}), timeframe=Timeframe.MINUTE, times=times)
    world.store.replace([daily, minutes])
    world.tell(split(3, 2.0), dividend(3, 1.0))
    found = world.store.read(XYZ, timeframe=Timeframe.MINUTE, adjustment="all")
    assert found.close == (102 / 2 * (1 - 1 / 50), 51.0)


def test_a_company_is_read_under_all_its_names(world: World) -> None:
    world.store.replace([bars(FB, {2: 10.0, 3: 11.0}), bars(META, {4: 12.0, 5: 13.0})])
    world.tell(rename(4, FB, META), split(3, 2.0, FB))
    whole = (10.0, 11.0, 12.0, 13.0)
    assert world.store.read(META).close == whole
    old = world.store.read(FB, named=date(2024, 1, 2))
    assert (old.symbol, old.close) == (FB, whole)
    assert world.store.read(FB).close == whole  # nobody has taken up the name
    assert world.store.read(META, adjustment="split").close == (5.0, 11.0, 12.0, 13.0)
    assert world.store.read(META, start=date(2024, 1, 3), limit=2).close == (11.0, 12.0)
    after = day_ns(date(2024, 1, 3))
    assert world.store.read(META, after=after).close == (12.0, 13.0)
    with pytest.raises(NotFound):
        world.store.read(META, named=date(2024, 1, 2), end=date(2024, 1, 2), version=-1)


def test_history_that_a_source_gives_under_the_new_name_is_found_by_the_old(world: World) -> None:
    world.store.replace([bars(META, {2: 10.0, 3: 11.0, 4: 12.0})])
    world.tell(rename(4, FB, META))
    assert world.store.read(FB, named=date(2024, 1, 3)).close == (10.0, 11.0, 12.0)
    assert world.store.read(FB).close == (10.0, 11.0, 12.0)


def test_a_name_that_another_company_takes_up_is_two_companies(world: World) -> None:
    world.store.replace([bars(FB, {2: 10.0, 3: 11.0, 5: 99.0}), bars(META, {4: 12.0})])
    world.tell(rename(4, FB, META))
    assert world.store.read(FB).close == (99.0,)
    assert world.store.read(FB, named=date(2024, 1, 3)).close == (10.0, 11.0, 12.0)
    assert world.store.read(META).close == (10.0, 11.0, 12.0)
