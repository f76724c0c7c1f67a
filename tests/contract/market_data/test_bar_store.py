"""Every BarStore behaves alike: the one in memory, and the one in the lake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.ports import NO_BARS_YET, BarStore, Replacement, SymbolSummary
from algotrendy.market_data.series import RawBars, day_ns, session_date
from algotrendy.platform.lake import Lake
from fakes.bar_store import MemoryBars

AAPL, IBM = Symbol("AAPL"), Symbol("IBM")


def bars(
    symbol: Symbol, *days: str, price: float = 10.0, factor: float = 0.5, source: str = "test"
) -> RawBars:
    count = len(days)
    return RawBars(
        symbol=symbol,
        timeframe=Timeframe.DAY,
        times=tuple(day_ns(date.fromisoformat(day)) for day in days),
        open=tuple(price + index for index in range(count)),
        high=tuple(price + 2 + index for index in range(count)),
        low=tuple(price - 1 + index for index in range(count)),
        close=tuple(price + 1 + index for index in range(count)),
        volume=tuple(100.0 * index for index in range(count)),
        factor=(factor,) * count,
        source=source,
    )


WEEK = ("2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03", "2024-01-05")


@pytest.fixture(params=["memory", "lake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BarStore:
    makers: dict[str, Callable[[], BarStore]] = {
        "memory": MemoryBars,
        "lake": lambda: LakeBars(Lake(f"file://{tmp_path}/lake")),
    }
    return makers[request.param]()


def test_an_empty_store_has_no_version_no_symbols_and_says_how_to_import(store: BarStore) -> None:
    assert store.version() == NO_BARS_YET
    assert store.symbols() == []
    for version in (None, NO_BARS_YET):
        with pytest.raises(NotFound, match="AAPL was not found; nothing is imported yet"):
            store.read(AAPL, version=version)


def test_what_was_imported_is_read_back_exactly(store: BarStore) -> None:
    raw = bars(AAPL, *WEEK, price=0.1)
    done = store.replace([raw])
    assert done == Replacement(store.version(), (AAPL,))
    assert done.version > NO_BARS_YET
    assert store.read(AAPL) == raw.adjusted("raw")
    assert store.read(AAPL, adjustment="all") == raw.adjusted("all")


def test_a_range_holds_both_its_ends(store: BarStore) -> None:
    store.replace([bars(AAPL, *WEEK), bars(IBM, *WEEK, price=50.0)])
    raw = bars(AAPL, *WEEK).adjusted("raw")
    assert store.read(AAPL, date(2023, 12, 29), date(2024, 1, 3)).times == raw.times[1:4]
    assert store.read(AAPL, date(2023, 12, 30), date(2024, 1, 4)).times == raw.times[2:4]
    assert store.read(AAPL, start=date(2024, 1, 5)).times == raw.times[4:]
    assert store.read(AAPL, end=date(2023, 12, 28)).times == raw.times[:1]


def test_pages_put_together_are_the_whole(store: BarStore) -> None:
    store.replace([bars(AAPL, *WEEK)])
    first = store.read(AAPL, limit=2)
    second = store.read(AAPL, limit=2, after=first.times[-1])
    third = store.read(AAPL, limit=2, after=second.times[-1])
    assert [len(first), len(second), len(third)] == [2, 2, 1]
    assert first.times + second.times + third.times == store.read(AAPL).times
    assert first.close + second.close + third.close == store.read(AAPL).close
    assert len(store.read(AAPL, limit=2, after=third.times[-1])) == 0


def test_an_unknown_symbol_is_not_found_with_near_ones(store: BarStore) -> None:
    store.replace([bars(AAPL, *WEEK), bars(IBM, *WEEK)])
    with pytest.raises(NotFound, match=r"APPL was not found; did you mean AAPL\?"):
        store.read(Symbol("APPL"))
    with pytest.raises(NotFound, match="2 symbols are stored: algotrendy bars list"):
        store.read(Symbol("ZZZZ"), after=0)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2024-01-06", None, "start"),
        ("2024-01-06", "2024-12-31", "start"),
        (None, "2023-12-27", "end"),
        ("2023-12-30", "2024-01-01", "end"),
        ("2024-01-03", "2024-01-02", "start"),
    ],
)
@pytest.mark.parametrize("after", [None, 0])
def test_a_range_without_bars_names_the_field_and_the_range_there_is(
    store: BarStore, start: str | None, end: str | None, field: str, after: int | None
) -> None:
    store.replace([bars(AAPL, *WEEK)])
    first, last = (None if day is None else date.fromisoformat(day) for day in (start, end))
    with pytest.raises(Invalid) as caught:
        store.read(AAPL, first, last, after=after)
    assert caught.value.field == field
    if first is None or last is None or first <= last:
        assert "bars for AAPL run 2023-12-28 to 2024-01-05" in str(caught.value)


def test_the_same_import_twice_is_unchanged(store: BarStore) -> None:
    first = store.replace([bars(AAPL, *WEEK), bars(IBM, *WEEK)]).version
    assert store.replace([bars(IBM, *WEEK), bars(AAPL, *WEEK)]) == Replacement(first, ())
    second = Replacement(first + 1, (AAPL,))
    assert store.replace([bars(AAPL, *WEEK[1:3], price=70.0)]) == second
    assert store.version() == first + 1


def test_only_what_differs_is_written_and_all_of_it_at_once(store: BarStore) -> None:
    first = store.replace([bars(AAPL, *WEEK)]).version
    done = store.replace([bars(AAPL, *WEEK), bars(IBM, *WEEK, price=50.0)])
    assert done == Replacement(first + 1, (IBM,))


@pytest.mark.parametrize(
    "change",
    [
        {"volume": (0.0, 100.0, 200.0, 300.0, 401.0)},
        {"factor": (0.5, 0.5, 0.5, 0.5, 0.25)},
        {"source": "other"},
    ],
)
def test_any_difference_is_a_change(store: BarStore, change: dict[str, object]) -> None:
    store.replace([bars(AAPL, *WEEK)])
    changed = replace(bars(AAPL, *WEEK), **change)  # type: ignore[arg-type]
    assert store.replace([changed]).changed == (AAPL,)
    assert store.read(AAPL, adjustment="all") == changed.adjusted("all")


def test_an_import_takes_the_place_of_all_in_its_range_and_of_nothing_else(
    store: BarStore,
) -> None:
    store.replace([bars(AAPL, *WEEK), bars(IBM, *WEEK)])
    correction = bars(AAPL, "2023-12-29", "2024-01-03", price=70.0, source="mine")
    store.replace([correction])
    series = store.read(AAPL)
    # 2024-01-02 lay in the range, and the new source does not have it.
    assert [str(session_date(time)) for time in series.times] == [
        "2023-12-28",
        "2023-12-29",
        "2024-01-03",
        "2024-01-05",
    ]
    assert series.open == (10.0, 70.0, 71.0, 14.0)
    assert store.read(IBM) == bars(IBM, *WEEK).adjusted("raw")
    assert store.symbols()[0].source == "mine, test"


def test_new_days_extend_a_symbol(store: BarStore) -> None:
    store.replace([bars(AAPL, *WEEK[:3])])
    store.replace([bars(AAPL, *WEEK[3:], price=30.0)])
    assert store.read(AAPL).open == (10.0, 11.0, 12.0, 30.0, 31.0)


def test_symbols_are_listed_with_their_range(store: BarStore) -> None:
    store.replace([bars(IBM, *WEEK[1:3]), bars(AAPL, *WEEK)])
    assert store.symbols() == [
        SymbolSummary(AAPL, Timeframe.DAY, date(2023, 12, 28), date(2024, 1, 5), 5, "test"),
        SymbolSummary(IBM, Timeframe.DAY, date(2023, 12, 29), date(2024, 1, 2), 2, "test"),
    ]


def test_an_old_version_reads_as_it_was(store: BarStore) -> None:
    first = store.replace([bars(AAPL, *WEEK)]).version
    second = store.replace([bars(AAPL, *WEEK, price=20.0), bars(IBM, *WEEK)]).version
    assert store.read(AAPL, version=first).open[0] == 10.0
    assert store.read(AAPL, version=second).open[0] == store.read(AAPL).open[0] == 20.0
    assert [item.symbol for item in store.symbols(first)] == [AAPL]
    with pytest.raises(NotFound, match="IBM was not found"):
        store.read(IBM, version=first)


@pytest.mark.parametrize("version", [2, 10**15, -2])
def test_a_version_that_never_was_is_not_found(store: BarStore, version: int) -> None:
    newest = store.replace([bars(AAPL, *WEEK)]).version
    said = rf"version of the bars .* was not found; the newest is {newest}"
    with pytest.raises(NotFound, match=said):
        store.read(AAPL, version=version)
    with pytest.raises(NotFound, match="version of the bars"):
        store.symbols(version)


def test_two_series_of_one_symbol_in_one_import_are_refused(store: BarStore) -> None:
    with pytest.raises(Invalid, match="imports must be one of each symbol and timeframe, was 'two"):
        store.replace([bars(AAPL, *WEEK[:2]), bars(AAPL, *WEEK[2:])])
    assert store.version() == NO_BARS_YET


@pytest.mark.parametrize("name", ["BRK.B", "BTC/USD", "^GSPC", "A-B_C", "1INCH"])
def test_symbols_of_every_form_are_kept_apart(store: BarStore, name: str) -> None:
    store.replace([bars(Symbol(name), *WEEK), bars(AAPL, *WEEK, price=20.0)])
    assert store.read(Symbol(name)) == bars(Symbol(name), *WEEK).adjusted("raw")
    assert Symbol(name) in {item.symbol for item in store.symbols()}
    assert store.replace([bars(Symbol(name), *WEEK)]).changed == ()


def test_days_before_1970_and_far_ahead_are_kept(store: BarStore) -> None:
    raw = bars(AAPL, "1800-01-01", "1969-12-31", "1970-01-01", "2199-12-31")
    store.replace([raw])
    assert store.read(AAPL) == raw.adjusted("raw")
    assert len(store.read(AAPL, end=date(1969, 12, 31))) == 2
    assert len(store.read(AAPL, after=raw.times[1])) == 2
