"""Daily bars are fetched once their session is over, and nobody is asked before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.daily import fetch_closed_days, last_whole_day
from algotrendy.market_data.fetching import FetchedBar
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import RawBars, day_ns
from algotrendy.platform.lake import lake_at

AAPL = parse_symbol("AAPL")
THURSDAY, FRIDAY = date(2024, 1, 4), date(2024, 1, 5)
# Friday's session is over in New York at its midnight, which is 05:00 UTC on Saturday.
BEFORE = datetime(2024, 1, 6, 4, 59, tzinfo=UTC)
AFTER = datetime(2024, 1, 6, 5, 1, tzinfo=UTC)


class Source:
    """A ``BarHistory`` that has a bar of each weekday."""

    source = "alpaca:iex"

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime]] = []
        self.knows = True

    def pages(
        self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Iterator[Sequence[FetchedBar]]:
        assert timeframe is Timeframe.DAY
        self.asked.append((symbol, start))
        if not self.knows:
            raise NotFound("symbol", symbol)
        # Such as are over where the market is.
        last = (end - timedelta(hours=5)).date()
        days = (start.date() + timedelta(days=more) for more in range(30))
        found = [day for day in days if day < last and day.weekday() < 5]
        yield [FetchedBar(day_ns(day), 10.0, 11.0, 9.0, 10.0, 100.0) for day in found]


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return LakeBars(lake_at(f"file://{tmp_path}/lake"))


def keep(store: BarStore, day: date, source: str = "alpaca:iex", symbol: Symbol = AAPL) -> None:
    one = (1.0,)
    store.replace(
        [RawBars(symbol, Timeframe.DAY, (day_ns(day),), one, one, one, one, one, one, source)]
    )


def test_a_session_that_is_over_is_fetched_from_the_last_stored_day_on(store: BarStore) -> None:
    keep(store, THURSDAY)
    source = Source()
    done = fetch_closed_days(store, source, AFTER)
    assert (done.asked, done.changed) == (1, 1)
    assert source.asked == [(AAPL, datetime(2024, 1, 4, tzinfo=UTC))]
    assert store.symbols()[0].last == FRIDAY


def test_before_the_day_is_over_and_when_nothing_is_missing_nobody_is_asked(
    store: BarStore,
) -> None:
    keep(store, THURSDAY)
    source = Source()
    fetch_closed_days(store, source, BEFORE)
    fetch_closed_days(store, source, AFTER)
    fetch_closed_days(store, source, AFTER + timedelta(days=1))
    assert len(source.asked) == 1


@pytest.mark.parametrize(
    ("day", "source"), [(date(2023, 12, 1), "alpaca:iex"), (THURSDAY, "bokeh")]
)
def test_a_series_that_ended_long_ago_or_came_from_elsewhere_is_left_alone(
    store: BarStore, day: date, source: str
) -> None:
    keep(store, day, source)
    asked = Source()
    fetch_closed_days(store, asked, AFTER)
    assert asked.asked == []


def test_a_symbol_that_the_source_does_not_know_stops_no_other(store: BarStore) -> None:
    keep(store, THURSDAY)
    source = Source()
    source.knows = False
    done = fetch_closed_days(store, source, AFTER)
    assert list(done.refused) == [AAPL]


def test_what_time_does_not_suffice_for_waits(store: BarStore) -> None:
    keep(store, THURSDAY)
    source = Source()
    done = fetch_closed_days(store, source, AFTER, time_is_up=lambda: True)
    assert (done.waiting, done.asked, source.asked) == (1, 0, [])


def test_the_last_whole_day_is_that_of_the_market(store: BarStore) -> None:
    assert last_whole_day(AAPL, BEFORE) == THURSDAY
    assert last_whole_day(AAPL, AFTER) == FRIDAY
    assert last_whole_day(parse_symbol("BTC/USD"), BEFORE) == FRIDAY
    assert last_whole_day(AAPL, datetime(2060, 1, 1, tzinfo=UTC)) is None
