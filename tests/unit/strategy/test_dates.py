from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from algotrendy.strategy.dates import (
    DAY_NS,
    day_of,
    month_of,
    next_weekday,
    weekday_of,
    weekdays_left,
)

EPOCH = date(1970, 1, 1)
times = st.integers(-130 * 365 * DAY_NS, 230 * 365 * DAY_NS)


def date_of(time: int) -> date:
    return EPOCH + timedelta(days=time // DAY_NS)


@given(times)
def test_dates_are_those_of_the_calendar(time: int) -> None:
    day = date_of(time)
    assert day_of(time) == (day - EPOCH).days
    assert (month_of(time), weekday_of(time)) == (day.month, day.weekday())


def test_every_day_of_four_centuries_has_its_month() -> None:
    days = range((date(1800, 1, 1) - EPOCH).days, (date(2200, 1, 1) - EPOCH).days)
    assert all(month_of(day * DAY_NS) == (EPOCH + timedelta(days=day)).month for day in days)


@given(times)
def test_the_next_weekday_is_never_on_a_weekend_and_leaves_none_out(time: int) -> None:
    found = next_weekday(time)
    assert date_of(found).weekday() < 5
    assert all(date_of(at).weekday() >= 5 for at in range(time + DAY_NS, found, DAY_NS))


@given(times)
def test_weekdays_left_are_those_later_in_the_month(time: int) -> None:
    day, count = date_of(time), 0
    while (after := day + timedelta(days=1)).month == date_of(time).month:
        count += after.weekday() < 5
        day = after
    assert weekdays_left(time) == count


def test_a_time_of_day_belongs_to_its_date() -> None:
    time = int(datetime(2024, 2, 29, 23, 59, tzinfo=UTC).timestamp()) * 10**9
    assert (month_of(time), weekday_of(time), weekdays_left(time)) == (2, 3, 0)
    assert month_of(next_weekday(time)) == 3
