"""What bars are taken, what is refused and how it is named."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.data.columns import NAMES, Columns, columns
from algotrendy.backtest.data.moments import DAY_NS
from algotrendy.kernel.errors import Invalid
from fakes.bar_columns import daily, minutes


def changed(
    column: str, row: int, value: float, *, more: dict[str, float] | None = None
) -> Columns:
    bars = daily("2024-01-01", 10)
    arrays: dict[str, Any] = {name: array.copy() for name, array in bars.arrays().items()}
    for name, number in ({column: value} | (more or {})).items():
        arrays[name][row] = number
    for array in arrays.values():
        array.flags.writeable = False
    return Columns(**arrays)


def test_sound_bars_are_taken_as_they_are() -> None:
    bars = daily("2024-01-01", 10)
    assert bars.validate("AAPL") is bars
    assert len(bars) == 10
    assert bars.close[0] == 100.5
    assert bars.known[0] == bars.time[1]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("open", np.nan, "a finite price above 0"),
        ("high", np.inf, "a finite price above 0"),
        ("low", 0.0, "a finite price above 0"),
        ("close", -1.0, "a finite price above 0"),
        ("open", 1000.0, "inside low to high"),
        ("close", 1.0, "inside low to high"),
        ("high", 1.0, "inside low to high"),
        ("volume", np.nan, "a finite volume of at least 0"),
        ("volume", -1.0, "a finite volume of at least 0"),
        ("volume", np.inf, "a finite volume of at least 0"),
    ],
)
def test_a_wrong_number_is_named_by_row_column_symbol_and_time(
    column: str, value: float, reason: str
) -> None:
    with pytest.raises(Invalid) as caught:
        changed(column, 7, value).validate("AAPL")
    assert caught.value.field == f"bars[7].{column}"
    assert caught.value.expected == f"{reason} (AAPL at 2024-01-08 00:00 UTC)"


@pytest.mark.parametrize(
    ("days", "reason"), [(6, "the same, 2024-01-07"), (2, "earlier than 2024-01-07")]
)
def test_a_time_that_comes_twice_or_goes_back_is_named(days: int, reason: str) -> None:
    start = int(daily("2024-01-01", 1).time[0])
    with pytest.raises(Invalid, match=reason) as caught:
        changed("time", 7, start + days * DAY_NS).validate("AAPL")
    assert caught.value.field == "bars[7].time"


def test_a_bar_that_has_no_time_is_named_without_one() -> None:
    with pytest.raises(Invalid, match=r"bars\[3\].time must be a moment \(AAPL\)") as caught:
        changed("time", 3, np.iinfo(np.int64).min).validate("AAPL")
    assert caught.value.field == "bars[3].time"


def test_a_bar_must_be_known_later_than_its_begin_and_than_the_bar_before() -> None:
    bars = daily("2024-01-01", 10)
    with pytest.raises(Invalid, match=r"bars\[4\].known must be later than the bar's begin"):
        changed("known", 4, int(bars.time[4])).validate()
    with pytest.raises(Invalid, match=r"bars\[5\].known must be later than the bar before"):
        changed("known", 4, int(bars.known[5])).validate()


def test_the_first_wrong_row_is_the_one_that_is_named() -> None:
    bars = changed("close", 6, np.nan, more={"volume": -1.0})
    with pytest.raises(Invalid, match=r"bars\[6\].close"):
        bars.validate()


def test_a_million_bars_are_checked_in_less_than_50_ms() -> None:
    bars = minutes("2020-01-01", 1_000_000)
    spent = []
    for _ in range(5):
        begin = time.perf_counter()
        bars.validate()
        spent.append(time.perf_counter() - begin)
    assert min(spent) < 0.050


def test_nobody_can_write_to_the_bars_not_even_who_made_them() -> None:
    mine = np.full(3, 10.0)
    times = np.arange(3) * DAY_NS
    bars = columns(
        {"time": times, "open": mine, "high": mine, "low": mine, "close": mine},
        known=times + DAY_NS,
    )
    mine[0] = times[0] = -1
    assert bars.open[0] == 10.0
    assert bars.time[0] == 0
    for name in NAMES:
        with pytest.raises(ValueError, match="read-only"):
            getattr(bars, name)[0] = 0


def test_a_slice_shares_the_arrays() -> None:
    bars = daily("2024-01-01", 10)
    cut = bars[2:5]
    assert len(cut) == 3
    assert all(np.shares_memory(getattr(cut, name), getattr(bars, name)) for name in NAMES)
    with pytest.raises(Invalid, match="a slice of step 1"):
        bars[::2]


def test_columns_of_unequal_length_are_refused_by_name() -> None:
    times = np.arange(3) * DAY_NS
    arrays: dict[str, Any] = {"time": times, "open": [1.0] * 3, "high": [1.0] * 3, "low": [1.0] * 3}
    with pytest.raises(Invalid, match="close must be of 3 values, as time, was 2"):
        columns(arrays | {"close": [1.0] * 2}, known=times + DAY_NS)
    with pytest.raises(Invalid, match="close must be given, was missing"):
        columns(arrays, known=times + DAY_NS)
    with pytest.raises(Invalid, match="closing must be one of time, open"):
        columns(arrays | {"closing": [1.0] * 3}, known=times + DAY_NS)
    with pytest.raises(Invalid, match="low must be numbers that float64 holds"):
        columns(arrays | {"low": ["a", "b", "c"]}, known=times + DAY_NS)
    with pytest.raises(Invalid, match=r"time must be nanoseconds since 1970 or datetime64"):
        columns(arrays | {"time": [0.0, 1.0, 2.0]}, known=times + DAY_NS)


def test_volume_is_zero_where_nobody_knows_it() -> None:
    times = np.arange(2) * DAY_NS
    arrays = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    bars = columns({"time": times.astype("M8[ns]"), **arrays}, known=times + DAY_NS)
    assert bars.volume.tolist() == [0.0, 0.0]
    assert bars.time.tolist() == times.tolist()


def test_an_array_of_another_kind_is_refused_by_the_record_itself() -> None:
    arrays = daily("2024-01-01", 2).arrays()
    with pytest.raises(Invalid, match="open must be a contiguous row of float64"):
        Columns(**(arrays | {"open": np.array([1, 2])}))
    with pytest.raises(Invalid, match="open must be a read-only array"):
        Columns(**(arrays | {"open": np.array([1.0, 2.0])}))


def test_columns_say_how_many_they_are_and_not_every_number() -> None:
    bars = daily("2024-01-01", 10)
    assert repr(bars) == "Columns(10 bars from 2024-01-01 00:00 UTC to 2024-01-10 00:00 UTC)"
    assert repr(bars[:0]) == "Columns(0 bars)"
