"""How old the newest bar is, by the calendar, and what the streaming service said last."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data.adapters.ages import newest_bar, newest_day, streaming_beat, write_beat
from algotrendy.platform.data_age import NOT_HERE, DataAge

# A Monday, some hours before the open.
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRIDAY = date(2026, 2, 27)


class Store:
    """A store of two symbols."""

    def symbols(self, version: int) -> list[Any]:
        assert version == 3
        return [SimpleNamespace(last=date(2020, 1, 2)), SimpleNamespace(last=FRIDAY)]


class Memory:
    """A cache in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        self.kept[key] = value


def age(last: date | None, now: datetime = MONDAY, *, is_fetched: bool = True) -> DataAge:
    return newest_bar(last, now, is_fetched=is_fetched)


def test_the_newest_day_is_that_of_any_symbol() -> None:
    store: Any = Store()
    assert newest_day(store, 3) == FRIDAY
    assert newest_day(store, -1) is None


def test_over_a_weekend_the_bars_of_friday_are_the_newest_there_can_be() -> None:
    found = age(FRIDAY)
    assert (found.is_late, found.note) == (False, "of 2026-02-27, of the last session")
    assert found.age_s == 84 * 3600


def test_a_session_that_has_closed_and_is_not_there_is_late_once_sources_have_it() -> None:
    evening = datetime(2026, 3, 2, 22, tzinfo=UTC)
    assert age(FRIDAY, evening).is_late is False, "an hour after the close"
    tuesday = datetime(2026, 3, 3, 12, tzinfo=UTC)
    found = age(FRIDAY, tuesday)
    assert (found.is_late, found.note) == (True, "of 2026-02-27, 1 session closed since")


def test_where_people_import_bars_none_is_late() -> None:
    assert age(date(2013, 3, 1), is_fetched=False).is_late is False
    assert age(None).at is None


def test_the_streaming_service_is_there_for_as_long_as_it_says_so() -> None:
    cache = Memory()
    assert streaming_beat(cache, MONDAY) is NOT_HERE
    write_beat(cache, {"paper": "live"}, MONDAY)
    found = streaming_beat(cache, MONDAY + timedelta(seconds=10))
    assert isinstance(found, DataAge)
    assert (found.age_s, found.is_late, found.note) == (10, False, "1 of 1 feeds are live")
    with pytest.raises(Unavailable, match="said nothing for 31 s"):
        streaming_beat(cache, MONDAY + timedelta(seconds=31))


def test_a_feed_that_is_not_live_makes_it_late() -> None:
    cache = Memory()
    write_beat(cache, {"paper": "mute", "crypto": "live"}, MONDAY)
    found = streaming_beat(cache, MONDAY)
    assert isinstance(found, DataAge)
    assert (found.is_late, found.note) == (True, "1 of 2 feeds are live")
