"""Bars in a real lake: one from before moments were kept, two writers, a migration undone."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from arro3.core import Table

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionKind, ActionsImport, CorporateAction
from algotrendy.market_data.adapters.lake_actions import LakeActions
from algotrendy.market_data.adapters.lake_bar_rows import DATASET, HISTORY, PARTITIONS, table_of
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.migration_lake import LakeTarget
from algotrendy.market_data.migration.checksum import Columns
from algotrendy.market_data.migration.ports import Stretch
from algotrendy.market_data.series import RawBars, day_ns
from algotrendy.platform.lake import Lake
from fakes.migrated import bars_mapping

AAPL = Symbol("AAPL")
NOW = datetime(2024, 1, 8, tzinfo=UTC)
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
MINUTE_NS = 60 * 10**9


def bars(*closes: float, source: str = "test", first_day: int = 2) -> RawBars:
    times = tuple(day_ns(date(2024, 1, first_day + place)) for place in range(len(closes)))
    ones = (1.0,) * len(closes)
    return RawBars(AAPL, Timeframe.DAY, times, closes, closes, closes, closes, ones, ones, source)


def lake_of_before(folder: Path, *closes: float) -> Lake:
    """Make a lake as it was written before rows said when they were recorded."""
    given = bars(*closes)
    count = len(closes)
    rows = table_of(
        {
            "symbol": ["AAPL"] * count,
            "timeframe": ["1Day"] * count,
            "time": [time // 1000 for time in given.times],
            **{
                name: list(getattr(given, name))
                for name in ("open", "high", "low", "close", "volume", "factor")
            },
            "source": ["test"] * count,
            "recorded": [0] * count,
            "revision": [0] * count,
            "gone": [False] * count,
        }
    )
    lake = Lake(f"file://{folder}/lake")
    names = [name for name in rows.column_names if name not in HISTORY]
    lake.write(DATASET, Table.from_arrays([rows.column(n) for n in names], names=names), PARTITIONS)
    return lake


def test_a_lake_from_before_is_read_corrected_and_was_always_known(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    store = LakeBars(lake_of_before(tmp_path, 10.0, 11.0, 12.0), clock)
    assert store.read(AAPL, as_of=LONG_AGO) == store.read(AAPL)
    assert store.read(AAPL).close == (10.0, 11.0, 12.0)
    assert [item.bars for item in store.symbols(as_of=LONG_AGO)] == [3]
    first = store.version()
    assert store.replace([bars(10.0, 11.0, 12.0)]).changed == ()
    store.replace([bars(10.0, 99.0, 12.0, 13.0)])
    assert store.read(AAPL).close == (10.0, 99.0, 12.0, 13.0)
    assert store.read(AAPL, as_of=LONG_AGO).close == (10.0, 11.0, 12.0)
    assert store.read(AAPL, version=first, as_of=LONG_AGO).close == (10.0, 11.0, 12.0)
    assert [item.bars for item in store.symbols()] == [4]


def test_of_two_writers_none_is_lost_and_each_bar_stands_once(tmp_path: Path) -> None:
    lake = f"file://{tmp_path}/lake"
    begin = threading.Barrier(4)

    def write(number: int) -> None:
        begin.wait()
        for turn in range(3):
            LakeBars(Lake(lake)).replace([bars(10.0 * number + turn + 1, source=f"{number}")])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = Lake(lake).query(DATASET, f"SELECT revision, recorded FROM {DATASET} ORDER BY recorded")
    assert rows["revision"] == list(range(12))
    assert len(set(rows["recorded"])) == 12
    store = LakeBars(Lake(lake))
    known = {store.read(AAPL, as_of=moment).close for moment in rows["recorded"]}
    assert known == {(10.0 * number + turn + 1,) for number in range(4) for turn in range(3)}


def minutes(count: int, price: float) -> Columns:
    times = day_ns(date(2024, 1, 2)) + np.arange(count, dtype=np.int64) * MINUTE_NS
    return Columns(["AAPL"] * count, times, (np.full(count, price),) * 4 + (np.ones(count),) * 2)


@pytest.mark.parametrize("before", [False, True])
def test_a_migration_corrects_and_forgets_without_losing_what_was(
    tmp_path: Path, before: bool
) -> None:
    clock = ManualClock(NOW)
    lake = lake_of_before(tmp_path, 10.0) if before else Lake(f"file://{tmp_path}/lake")
    target = LakeTarget(lake, bars_mapping(), clock)
    target.begin("mapping")
    whole = [Stretch("AAPL", day_ns(date(2024, 1, 2)), day_ns(date(2024, 1, 3)))]
    target.put(minutes(5, 10.0), whole)
    target.put(minutes(5, 10.0), whole)
    assert sum(len(rows) for rows in target.stored()) == 5
    clock.advance(timedelta(days=1))
    target.put(minutes(3, 11.0), whole)
    [stored] = target.stored()
    assert (len(stored), set(stored.numbers[0])) == (3, {11.0})
    clock.advance(timedelta(days=1))
    target.forget()
    assert (target.has_rows(), target.progress(), list(target.stored())) == (False, None, [])
    store = LakeBars(lake)
    if not before:
        with pytest.raises(NotFound):
            store.read(AAPL)
    ends = [NOW, NOW + timedelta(days=1)]
    known = [store.read(AAPL, timeframe=Timeframe.MINUTE, as_of=moment).close for moment in ends]
    assert known == [(10.0,) * 5, (11.0,) * 3]
    target.begin("mapping")
    target.put(minutes(4, 12.0), whole)
    assert store.read(AAPL, timeframe=Timeframe.MINUTE).close == (12.0,) * 4


def test_of_two_who_import_actions_none_is_lost(tmp_path: Path) -> None:
    lake = f"file://{tmp_path}/lake"
    begin = threading.Barrier(4)
    told: list[int] = []

    def write(number: int) -> None:
        symbol = Symbol(f"S{number}")
        split = CorporateAction(symbol, ActionKind.SPLIT, date(2024, 1, 3), 2.0)
        given = ActionsImport((symbol,), split.day, split.day, (split,), "test")
        begin.wait()
        told.append(LakeActions(Lake(lake)).replace([given]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [1] * 4
    actions = LakeActions(Lake(lake))
    expected = [f"S{number}" for number in range(4)]
    assert [action.symbol for action in actions.read().all()] == expected
    # The bars know of the newest of them.
    assert [action.symbol for action in actions.of_bars(None, None).all()] == expected
