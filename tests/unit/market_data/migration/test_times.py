"""Times of every spelling become the lake's, or are told with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.market_data.migration.mapping import TableMapping
from algotrendy.market_data.migration.times import TimeKind, TimeReader
from fakes.migrated import bars_mapping, trades_mapping

WRITTEN = (datetime(1975, 1, 1), datetime(2037, 1, 1))  # noqa: DTZ001 - as a clock shows them
NEW_YORK = {"zone": "America/New_York"}


def read(mapping: TableMapping, value: Any, kind: TimeKind = TimeKind.RAW) -> str:
    times, faults = TimeReader(mapping).read([value], kind)
    if faults:
        return faults[0]
    seconds, nanoseconds = divmod(int(times[0]), 1_000_000_000)
    whole = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    return f"{whole}.{nanoseconds:09d}" if nanoseconds else whole


def minutes(**time: Any) -> TableMapping:
    return bars_mapping(time=time)


def days(**time: Any) -> TableMapping:
    return bars_mapping(to={"timeframe": "1Day"}, time=time)


@pytest.mark.parametrize(
    ("mapping", "value", "read_as"),
    [
        (minutes(unit="s"), 1_704_207_600, "2024-01-02 15:00:00"),
        (minutes(unit="ms"), 1_704_207_600_000, "2024-01-02 15:00:00"),
        (minutes(unit="s"), "1704207600", "2024-01-02 15:00:00"),
        (minutes(unit="s"), 1_704_207_600.0, "2024-01-02 15:00:00"),
        (minutes(), "2024-01-02 10:00:00-05:00", "2024-01-02 15:00:00"),
        (minutes(**NEW_YORK), "2024-01-02T10:00", "2024-01-02 15:00:00"),
        (minutes(**NEW_YORK), "2024-07-02T10:00", "2024-07-02 14:00:00"),
        (minutes(**NEW_YORK, repeated_hour="first"), "2024-11-03T01:30", "2024-11-03 05:30:00"),
        (minutes(**NEW_YORK, repeated_hour="second"), "2024-11-03T01:30", "2024-11-03 06:30:00"),
        (trades_mapping(), "2024-01-02T15:00:00.123456789Z", "2024-01-02 15:00:00.123456789"),
        (trades_mapping(time={"unit": "s"}), 1_704_207_600.25, "2024-01-02 15:00:00.250000000"),
        (days(), "2024-01-02", "2024-01-02 00:00:00"),
        (days(**NEW_YORK), "2024-07-02T04:00:00Z", "2024-07-02 00:00:00"),
        (days(**NEW_YORK), "2024-07-02", "2024-07-02 00:00:00"),
        (days(any_time_of_day=True, **NEW_YORK), "2024-07-02T20:30Z", "2024-07-02 00:00:00"),
        (minutes(**NEW_YORK), "2024-03-10T02:30", "is a time that no clock of America/New_York"),
        (minutes(**NEW_YORK), "2024-11-03T01:30", "is a time that clocks of America/New_York show"),
        (minutes(unit="s"), 1_704_207_600_000, "1704207600000 is not in the years 1971 to 2199"),
        (minutes(unit="ms"), 1_704_207_600, "1704207600 is not in the years 1971 to 2199: is time"),
        (minutes(), 1_704_207_600, "1704207600 is a number: state time.unit, one of s, ms, us, ns"),
        (minutes(unit="s"), float("nan"), "nan is not a time"),
        (minutes(), "2024-01-02T10:00:00.5", "is not a whole second"),
        (minutes(), "noon", "'noon' is not a time like 2024-07-02T13:30:00Z"),
        (minutes(), b"x", "is of the type bytes, no time"),
        (days(**NEW_YORK), "2024-07-02T00:00Z", "is at 20:00:00 in America/New_York, and a daily"),
    ],
)
def test_a_time_is_read_or_refused(mapping: TableMapping, value: Any, read_as: str) -> None:
    assert read(mapping, value).startswith(read_as)


def test_what_a_database_calls_an_instant_needs_no_zone() -> None:
    micros = 1_704_207_600_000_000
    assert read(minutes(**NEW_YORK), micros, TimeKind.INSTANT) == "2024-01-02 15:00:00"
    assert read(minutes(**NEW_YORK), micros, TimeKind.LOCAL) == "2024-01-02 20:00:00"
    assert read(minutes(), 2**63 - 1, TimeKind.INSTANT) == "is not in the years 1971 to 2199"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        ["America/St_Johns", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
    ),
    st.lists(st.datetimes(*WRITTEN), min_size=1, max_size=30),
)
def test_a_column_is_read_as_each_of_its_times_alone(zone: str, written: list[datetime]) -> None:
    moments = [moment.replace(microsecond=0) for moment in written]
    times, faults = TimeReader(minutes(zone=zone, repeated_hour="second")).read(
        [str(moment) for moment in moments], TimeKind.RAW
    )
    for place, moment in enumerate(moments):
        there = moment.replace(tzinfo=ZoneInfo(zone), fold=1)
        was_shown = there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) == moment
        assert (place not in faults) == was_shown
        if was_shown:
            assert times[place] == int(there.timestamp()) * 1_000_000_000
