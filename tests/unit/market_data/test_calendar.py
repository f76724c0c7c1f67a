"""The calendar of US equities agrees with exchange_calendars, and says what is asked of it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import exchange_calendars
import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.adapters.us_equities_writer import exceptions_text
from algotrendy.market_data.calendar import US_EQUITIES_FILE, always_open, us_equities

US = us_equities()
NEW_YORK = ZoneInfo("America/New_York")

# exchange_calendars 4.13 reads a pandas property that pandas 3.1 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Series.values returning")


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def test_every_session_is_the_one_of_exchange_calendars() -> None:
    theirs = exchange_calendars.get_calendar("XNYS", start=str(US.first), end=str(US.last))
    expected = [
        (session.date(), row.open.to_pydatetime(), row.close.to_pydatetime())
        for session, row in theirs.schedule.iterrows()
    ]
    ours = US.sessions(US.first, US.last)
    assert [(session.date, session.open, session.close) for session in ours] == expected
    assert len(ours) == 10322


def test_the_data_file_is_what_its_writer_writes() -> None:
    assert US_EQUITIES_FILE.read_text(encoding="ascii") == exceptions_text()


def test_the_calendar_loads_no_heavy_package() -> None:
    code = (
        "import sys, algotrendy.market_data.calendar as c; c.us_equities().first;"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert not loaded & {"pandas", "numpy", "exchange_calendars", "pydantic"}


def test_hours_follow_new_york_through_summer_and_winter_time() -> None:
    friday, monday = US.session(date(2024, 3, 8)), US.session(date(2024, 3, 11))
    assert friday is not None
    assert monday is not None
    assert friday.open == datetime(2024, 3, 8, 14, 30, tzinfo=UTC)
    assert monday.open == datetime(2024, 3, 11, 13, 30, tzinfo=UTC)
    assert (monday.pre_open, monday.post_close) == (
        new_york("2024-03-11T04:00"),
        new_york("2024-03-11T20:00"),
    )


def test_an_early_close_ends_the_extended_hours_early_too() -> None:
    session = US.session(date(2024, 11, 29))
    assert session is not None
    assert session.close == new_york("2024-11-29T13:00")
    assert session.post_close == new_york("2024-11-29T17:00")


@pytest.mark.parametrize(
    "day", [date(2024, 12, 25), date(2001, 9, 12), date(2012, 10, 29), date(2025, 1, 9)]
)
def test_there_is_no_session_on_a_day_of_closure(day: date) -> None:
    assert US.session(day) is None
    assert not US.is_open(datetime(day.year, day.month, day.day, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "is_open", "next_open", "next_close"),
    [
        ("2024-11-27T09:29:59", False, "2024-11-27T09:30", "2024-11-27T16:00"),
        ("2024-11-27T09:30", True, "2024-11-29T09:30", "2024-11-27T16:00"),
        ("2024-11-27T15:59:59", True, "2024-11-29T09:30", "2024-11-27T16:00"),
        ("2024-11-27T16:00", False, "2024-11-29T09:30", "2024-11-29T13:00"),
        ("2024-11-28T12:00", False, "2024-11-29T09:30", "2024-11-29T13:00"),
        ("2024-11-29T13:00", False, "2024-12-02T09:30", "2024-12-02T16:00"),
        ("2024-11-30T23:00", False, "2024-12-02T09:30", "2024-12-02T16:00"),
    ],
)
def test_a_span_holds_its_begin_and_not_its_end(
    now: str, is_open: bool, next_open: str, next_close: str
) -> None:
    moment = new_york(now).astimezone(UTC)
    assert US.is_open(moment) is is_open
    assert US.next_open(moment) == new_york(next_open)
    assert US.next_close(moment) == new_york(next_close)


def test_a_session_holds_its_extended_hours() -> None:
    session = US.session(date(2024, 7, 2))
    assert session is not None
    assert US.session_at(new_york("2024-07-02T03:59:59")) is None
    assert US.session_at(new_york("2024-07-02T04:00")) == session
    assert US.session_at(new_york("2024-07-02T19:59:59")) == session
    assert US.session_at(new_york("2024-07-02T20:00")) is None
    assert session.is_extended(new_york("2024-07-02T09:29"))
    assert not session.is_extended(new_york("2024-07-02T09:30"))
    assert session.is_extended(new_york("2024-07-02T16:00"))
    assert not session.is_extended(new_york("2024-07-02T20:00"))


def test_the_session_before_and_after_a_date_skip_weekends_and_holidays() -> None:
    assert US.next_session(date(2024, 12, 24)).date == date(2024, 12, 26)
    assert US.previous_session(date(2024, 9, 3)).date == date(2024, 8, 30)
    assert US.next_session(date(2024, 8, 31)).date == date(2024, 9, 3)


def test_sessions_of_a_range_hold_both_its_ends() -> None:
    found = US.sessions(date(2024, 12, 24), date(2024, 12, 27))
    assert [session.date.day for session in found] == [24, 26, 27]
    assert US.sessions(date(2024, 12, 27), date(2024, 12, 24)) == []


@pytest.mark.parametrize("day", [date(1989, 12, 29), date(2031, 1, 2)])
def test_a_day_that_nobody_knows_the_holidays_of_is_refused(day: date) -> None:
    with pytest.raises(Invalid, match="day must be a date from 1990-01-01 to 2030-12-31"):
        US.session(day)
    with pytest.raises(Invalid):
        US.next_open(datetime(2030, 12, 31, 22, tzinfo=UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="now must be a time with a zone"):
        US.is_open(datetime(2024, 7, 2, 12))  # noqa: DTZ001 - this is the fault


def test_a_market_round_the_clock_is_open_at_every_moment() -> None:
    calendar = always_open()
    now = datetime(2024, 12, 25, 23, 59, 59, tzinfo=UTC)
    midnight = datetime(2024, 12, 26, tzinfo=UTC)
    assert calendar.is_open(now)
    assert calendar.next_close(now) == calendar.next_open(now) == midnight
    assert calendar.next_close(midnight) == midnight + timedelta(days=1)
    session = calendar.session_at(midnight)
    assert session is not None
    assert session.date == date(2024, 12, 26)
    assert not session.is_extended(midnight)
