"""A series keeps its invariants, and says which bar breaks them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import RawBars, day_ns, session_date

DAY = day_ns(session_date(0)) + 86_400_000_000_000

RAW = RawBars(
    symbol=Symbol("AAPL"),
    timeframe=Timeframe.DAY,
    times=(DAY, 2 * DAY, 3 * DAY),
    open=(10.0, 11.0, 12.0),
    high=(12.0, 12.0, 13.0),
    low=(9.0, 10.0, 11.0),
    close=(11.0, 11.5, 12.5),
    volume=(100.0, 0.0, 300.0),
    factor=(0.5, 0.5, 1.0),
    source="test",
)


def test_a_good_series_is_valid() -> None:
    assert len(RAW.validate()) == len(RAW.adjusted("all").validate()) == 3


@pytest.mark.parametrize(
    ("column", "values", "field"),
    [
        ("times", (DAY, DAY, 3 * DAY), "bars[1].time"),
        ("times", (DAY, 3 * DAY, 2 * DAY), "bars[2].time"),
        ("open", (10.0, 12.5, 12.0), "bars[1].open"),
        ("high", (12.0, 9.0, 13.0), "bars[1].high"),
        ("low", (9.0, 0.0, 11.0), "bars[1].low"),
        ("low", (9.0, -1.0, 11.0), "bars[1].low"),
        ("close", (11.0, 11.5, 13.5), "bars[2].close"),
        ("close", (float("nan"), 11.5, 12.5), "bars[0].close"),
        ("high", (float("inf"), 12.0, 13.0), "bars[0].high"),
        ("volume", (100.0, -1.0, 300.0), "bars[1].volume"),
        ("volume", (100.0, float("inf"), 300.0), "bars[1].volume"),
        ("factor", (0.5, 0.0, 1.0), "bars[1].factor"),
        ("factor", (0.5, 1.0, float("nan")), "bars[2].factor"),
    ],
)
def test_a_bad_value_is_named_by_column_and_index(column: str, values: Any, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        replace(RAW, **{column: values}).validate()
    assert caught.value.field == field


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(Invalid, match="bars must be 3 values a column, was 2"):
        replace(RAW, volume=(1.0, 2.0))
    with pytest.raises(Invalid, match="bars must be 3 values a column, was 1"):
        replace(RAW.adjusted("raw"), close=(1.0,))


def test_an_import_of_no_bars_is_refused() -> None:
    empty: Any = dict.fromkeys(("times", "open", "high", "low", "close", "volume", "factor"), ())
    with pytest.raises(Invalid, match="at least one bar"):
        replace(RAW, **empty).validate()


def test_raw_prices_are_as_given_and_adjusted_ones_times_the_factor() -> None:
    raw, adjusted = RAW.adjusted("raw"), RAW.adjusted("all")
    assert (raw.open, raw.adjustment) == (RAW.open, "raw")
    assert (adjusted.open, adjusted.adjustment) == ((5.0, 5.5, 12.0), "all")
    assert (adjusted.high, adjusted.low) == ((6.0, 6.0, 13.0), (4.5, 5.0, 11.0))
    assert adjusted.close == (5.5, 5.75, 12.5)
    assert adjusted.volume == RAW.volume


def test_a_hash_changes_with_anything_that_differs() -> None:
    series = RAW.adjusted("raw")
    assert series.sha256() == RAW.adjusted("raw").sha256()
    others = [
        replace(series, symbol=Symbol("IBM")),
        replace(series, adjustment="all"),
        replace(series, volume=(100.0, 0.0, 301.0)),
        series.head(2),
        RAW.adjusted("all"),
    ]
    assert len({series.sha256(), *(other.sha256() for other in others)}) == 6
    assert RAW.sha256() != replace(RAW, source="other").sha256()


def test_the_head_is_the_first_bars() -> None:
    head = RAW.adjusted("raw").head(2)
    assert (len(head), head.times, head.close) == (2, (DAY, 2 * DAY), (11.0, 11.5))
    assert len(head.head(9)) == 2


@pytest.mark.parametrize("day", ["1970-01-01", "1969-12-31", "1800-01-01", "2199-12-31"])
def test_a_session_and_its_time_are_one(day: str) -> None:
    from datetime import date

    session = date.fromisoformat(day)
    assert session_date(day_ns(session)) == session
