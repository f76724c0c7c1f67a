"""Every TickStore behaves alike: the one in memory, and the one in the lake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_ticks import LakeTicks
from algotrendy.market_data.ports import NO_BARS_YET, Replacement
from algotrendy.market_data.series import day_ns
from algotrendy.market_data.ticks import Ticks, TickStore, TickSummary
from algotrendy.platform.lake import Lake
from fakes.tick_store import MemoryTicks

AAPL, BTC = Symbol("AAPL"), Symbol("BTC/USD")
TUESDAY, WEDNESDAY, THURSDAY = date(2024, 7, 2), date(2024, 7, 3), date(2024, 7, 4)


def ticks(
    *days: date, symbol: Symbol = AAPL, price: float = 10.0, source: str = "test", each: int = 3
) -> Ticks:
    count = each * len(days)
    return Ticks(
        symbol,
        # The second and third of a day have one time: their order is part of what is stored.
        [
            day_ns(day) + (1 + min(place, 1)) * 1_000_000_001
            for day in days
            for place in range(each)
        ],
        [price - index * 0.01 for index in range(count)],
        [100.0 + index % 7 for index in range(count)],
        source,
    )


@pytest.fixture(params=["memory", "lake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TickStore:
    makers: dict[str, Callable[[], TickStore]] = {
        "memory": MemoryTicks,
        "lake": lambda: LakeTicks(Lake(f"file://{tmp_path}/lake")),
    }
    return makers[request.param]()


def same(one: Ticks, other: Ticks) -> bool:
    return one.same_trades(other)


def test_an_empty_store_has_nothing_and_says_how_to_import(store: TickStore) -> None:
    assert store.version() == NO_BARS_YET
    assert store.symbols() == []
    with pytest.raises(NotFound, match="AAPL was not found; nothing is imported yet"):
        store.read(AAPL, TUESDAY, TUESDAY)


def test_what_was_imported_is_read_back_exactly_in_its_order(store: TickStore) -> None:
    raw = ticks(TUESDAY, WEDNESDAY, price=0.3)
    assert store.replace(raw) == Replacement(0, (AAPL,))
    assert same(store.read(AAPL, TUESDAY, WEDNESDAY), raw)


def test_a_range_holds_both_its_dates_and_may_be_empty(store: TickStore) -> None:
    store.replace(ticks(TUESDAY, THURSDAY))
    assert len(store.read(AAPL, TUESDAY, TUESDAY)) == 3
    assert len(store.read(AAPL, TUESDAY, THURSDAY)) == 6
    assert len(store.read(AAPL, WEDNESDAY, WEDNESDAY)) == 0
    with pytest.raises(Invalid, match="first must be on or before last"):
        store.read(AAPL, THURSDAY, TUESDAY)


def test_the_same_import_twice_is_unchanged(store: TickStore) -> None:
    store.replace(ticks(TUESDAY))
    assert store.replace(ticks(TUESDAY)) == Replacement(0, ())
    assert store.version() == 0


@pytest.mark.parametrize(
    "change", [{"price": 11.0}, {"source": "other"}, {"each": 2}, {"symbol": BTC}]
)
def test_any_difference_is_a_change(store: TickStore, change: dict[str, object]) -> None:
    store.replace(ticks(TUESDAY))
    changed = ticks(TUESDAY, **change)  # type: ignore[arg-type]
    assert store.replace(changed) == Replacement(1, (changed.symbol,))
    assert same(store.read(changed.symbol, TUESDAY, TUESDAY), changed)


def test_the_order_of_equal_times_is_a_difference(store: TickStore) -> None:
    raw = ticks(TUESDAY)
    store.replace(raw)
    swapped = replace(raw, prices=[raw.prices[0], raw.prices[2], raw.prices[1]])
    assert store.replace(swapped).changed == (AAPL,)
    assert same(store.read(AAPL, TUESDAY, TUESDAY), swapped)


def test_an_import_takes_the_place_of_the_days_that_it_spans_and_of_no_other(
    store: TickStore,
) -> None:
    store.replace(ticks(TUESDAY, WEDNESDAY, THURSDAY))
    store.replace(ticks(TUESDAY, symbol=BTC, price=60_000.0))
    store.replace(ticks(WEDNESDAY, price=50.0, source="mine", each=1))
    assert store.read(AAPL, WEDNESDAY, WEDNESDAY).prices == [50.0]
    assert len(store.read(AAPL, TUESDAY, THURSDAY)) == 7
    assert len(store.read(BTC, TUESDAY, TUESDAY)) == 3
    assert store.symbols() == [
        TickSummary(AAPL, TUESDAY, THURSDAY, 7, "mine, test"),
        TickSummary(BTC, TUESDAY, TUESDAY, 3, "test"),
    ]


def test_a_version_is_read_as_it_was(store: TickStore) -> None:
    before = ticks(TUESDAY)
    version = store.replace(before).version
    store.replace(ticks(TUESDAY, price=50.0))
    store.replace(ticks(TUESDAY, symbol=BTC))
    assert same(store.read(AAPL, TUESDAY, TUESDAY, version=version), before)
    assert len(store.read(BTC, TUESDAY, TUESDAY, version=version)) == 0
    with pytest.raises(NotFound, match="version of the trades 7 was not found; the newest is 2"):
        store.read(AAPL, TUESDAY, TUESDAY, version=7)


def test_an_unknown_symbol_is_not_found_with_near_ones(store: TickStore) -> None:
    store.replace(ticks(TUESDAY))
    with pytest.raises(NotFound, match=r"APPL was not found; did you mean AAPL\?"):
        store.read(Symbol("APPL"), TUESDAY, TUESDAY)
    with pytest.raises(NotFound, match="1 symbols are stored: algotrendy ticks list"):
        store.read(Symbol("ZZZZ"), TUESDAY, TUESDAY)


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"times": []}, "ticks"),
        ({"prices": [1.0]}, "ticks.prices"),
        ({"prices": [1.0, 0.0, 1.0]}, "ticks.prices[1]"),
        ({"sizes": [1.0, 1.0, float("nan")]}, "ticks.sizes[2]"),
        ({"times": [3, 2, 4]}, "ticks.times[1]"),
    ],
)
def test_what_are_no_trades_is_refused_and_nothing_is_stored(
    store: TickStore, fault: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        store.replace(replace(ticks(TUESDAY), **fault))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert store.version() == NO_BARS_YET
