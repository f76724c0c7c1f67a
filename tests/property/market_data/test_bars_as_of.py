"""Whatever is imported, corrected and taken back: the past reads as it was, in every store."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import BarSeries, RawBars, day_ns
from algotrendy.platform.lake import Lake
from fakes.bar_store import MemoryBars

SYMBOL = Symbol("AAPL")
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

closes = st.dictionaries(
    st.integers(1, 8), st.sampled_from([10.0, 11.0, 12.0]), min_size=1, max_size=8
)


def bars(by_day: dict[int, float]) -> RawBars:
    days = sorted(by_day)
    prices = tuple(by_day[day] for day in days)
    ones = (1.0,) * len(days)
    times = tuple(day_ns(date(2024, 1, day)) for day in days)
    return RawBars(SYMBOL, Timeframe.DAY, times, prices, prices, prices, prices, ones, ones, "any")


def told(store: BarStore, as_of: datetime | None = None) -> BarSeries | None:
    try:
        return store.read(SYMBOL, as_of=as_of)
    except (NotFound, Invalid):
        return None


@settings(max_examples=20, deadline=None)
@given(imports=st.lists(closes, min_size=1, max_size=5))
def test_every_moment_reads_as_it_was_then_and_both_stores_agree(
    imports: list[dict[int, float]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock(BEGIN)
        lake, memory = LakeBars(Lake(f"file://{folder}"), clock), MemoryBars(clock=clock)
        seen: list[tuple[datetime, BarSeries | None]] = [(BEGIN - HOUR, None)]
        for number, by_day in enumerate(imports):
            for store in (lake, memory):
                done = store.replace([bars(by_day)])
                assert store.replace([bars(by_day)]) == type(done)(done.version, ())
            seen.append((BEGIN + number * HOUR, told(memory)))
            assert told(lake) == told(memory)
            assert lake.symbols() == memory.symbols()
            clock.advance(HOUR)
        for moment, then in seen:
            assert told(lake, moment) == told(memory, moment) == then
            assert lake.symbols(as_of=moment) == memory.symbols(as_of=moment)
