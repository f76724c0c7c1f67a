"""Trades of a CSV file: which rows are trades, and why the others are not."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.errors import Invalid, InvalidRows
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.tick_rows import read_ticks
from algotrendy.market_data.ticks import Ticks

NOON_NS = 1_719_921_600 * 1_000_000_000


def read(text: str, **options: str) -> Ticks:
    return read_ticks(io.StringIO(text, newline=""), Symbol("AAPL"), **options)  # type: ignore[arg-type]


def fault_of(cells: str) -> str:
    with pytest.raises(InvalidRows) as caught:
        read(f"time,price,size\n{cells}\n")
    return "; ".join(str(row) for row in caught.value.rows)


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        ("2024-07-02T12:00:00Z", 0),
        ("2024-07-02 12:00Z", 0),
        ("2024-07-02T08:00:00-04:00", 0),
        ("2024-07-02T08:00:00.5-0400", 500_000_000),
        ("2024-07-02T12:00:00.123456789+00:00", 123_456_789),
        (str(NOON_NS + 7), 7),
    ],
)
def test_times_are_read_to_the_nanosecond(time: str, nanoseconds: int) -> None:
    assert read(f"time,price,size\n{time},1,1\n").times == [NOON_NS + nanoseconds]


@pytest.mark.parametrize(("unit", "zeros"), [("s", 0), ("ms", 3), ("us", 6), ("ns", 9)])
def test_whole_numbers_count_the_unit_that_is_given(unit: str, zeros: int) -> None:
    text = f"time,price,size\n1719921600{'0' * zeros},1,1\n"
    assert read(text, time_unit=unit).times == [NOON_NS]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("2024-07-02T12:00:00,1,1", "has no zone"),
        ("2024-07-02,1,1", "is not a time like"),
        ("2024-02-30T12:00:00Z,1,1", "is not a time that there was"),
        ("1719921600000,1,1", "is it of another unit?"),
        ("1950-07-02T12:00:00Z,1,1", "not in the years 1971 to 2199"),
        (",1,1", "time is empty"),
        ("2024-07-02T12:00:00Z,0,1", "price 0.0 is not above 0"),
        ("2024-07-02T12:00:00Z,nan,1", "price nan is not a finite number"),
        ("2024-07-02T12:00:00Z,1_0,1", "price '1_0' is not a number"),
        ("2024-07-02T12:00:00Z,1,0", "size is 0"),
        ("2024-07-02T12:00:00Z,1,-5", "size -5.0 is below 0"),
        ("2024-07-02T12:00:00Z,1", "row has 2 cells"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_reason(cells: str, reason: str) -> None:
    fault = fault_of(cells)
    assert fault.startswith("line 2: ")
    assert reason in fault


def test_rows_come_in_the_order_of_time_and_equal_times_in_that_of_the_file() -> None:
    times = (NOON_NS + 2, NOON_NS, NOON_NS + 2, NOON_NS + 1)
    rows = "".join(f"{time},{price},1\n" for price, time in enumerate(times, 1))
    assert read("t,p,s\n" + rows).prices == [2.0, 4.0, 1.0, 3.0]


def test_other_columns_are_passed_over_and_the_order_of_columns_is_free() -> None:
    found = read(f"venue,Size,note,PRICE,Timestamp\nX,5,a,9.5,{NOON_NS}\n")
    assert (found.times, found.prices, found.sizes) == ([NOON_NS], [9.5], [5.0])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "file is empty"),
        ("time,price,size\n", "rows are missing"),
        ("time,price\n", "size has no column"),
        ("time,price,size,qty\n", "size could be 'size' and 'qty'"),
    ],
)
def test_a_file_without_trades_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidRows, match=reason):
        read(text)


def test_an_unknown_unit_or_field_is_refused() -> None:
    with pytest.raises(Invalid, match="time_unit must be one of s, ms, us, ns"):
        read("time,price,size\n", time_unit="h")
    with pytest.raises(Invalid, match="columns must be one of time, price, size"):
        read_ticks(io.StringIO("time,price,size\n"), Symbol("AAPL"), {"bid": "Bid"})


@given(
    times=st.lists(
        st.integers(NOON_NS, NOON_NS + 86_400 * 1_000_000_000), min_size=1, max_size=20
    ).map(sorted),
    iso=st.booleans(),
)
def test_written_trades_are_read_back_exactly(times: list[int], iso: bool) -> None:
    def shown(time_ns: int) -> str:
        if not iso:
            return str(time_ns)
        second = datetime.fromtimestamp(time_ns // 1_000_000_000, UTC)
        return f"{second:%Y-%m-%dT%H:%M:%S}.{time_ns % 1_000_000_000:09d}Z"

    rows = "".join(f"{shown(time)},{0.1 + place!r},1\n" for place, time in enumerate(times))
    found = read("time,price,size\n" + rows)
    assert found.times == times
    assert found.prices == [0.1 + place for place in range(len(times))]
