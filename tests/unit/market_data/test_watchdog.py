"""A connected feed that says nothing while its market is open is noticed; else it is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from algotrendy.market_data.calendar import always_open, us_equities
from algotrendy.market_data.streaming.watchdog import Watchdog


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_silence_in_regular_hours_is_mute() -> None:
    watchdog = Watchdog(us_equities(), 30.0)
    watchdog.connected(at("2026-09-15T14:00:00"))
    assert not watchdog.is_mute(at("2026-09-15T14:00:29"))
    assert watchdog.is_mute(at("2026-09-15T14:00:30"))


def test_silence_counts_from_the_opening() -> None:
    watchdog = Watchdog(us_equities(), 30.0)
    watchdog.connected(at("2026-09-15T09:00:00"))
    assert not watchdog.is_mute(at("2026-09-15T13:29:59"))
    assert not watchdog.is_mute(at("2026-09-15T13:30:29"))
    assert watchdog.is_mute(at("2026-09-15T13:30:30"))


def test_nobody_minds_a_silent_holiday_weekend_or_evening() -> None:
    watchdog = Watchdog(us_equities(), 30.0)
    watchdog.connected(at("2026-11-25T12:00:00"))
    for closed in ("2026-11-26T16:00:00", "2026-11-28T16:00:00", "2026-11-27T18:30:00"):
        assert watchdog.silence_s(at(closed)) == 0
    # The day after Thanksgiving is open until 13:00 in New York.
    assert watchdog.is_mute(at("2026-11-27T17:59:00"))


def test_daylight_saving_moves_the_opening() -> None:
    watchdog = Watchdog(us_equities(), 30.0)
    watchdog.connected(at("2026-11-02T13:00:00"))
    assert not watchdog.is_mute(at("2026-11-02T14:00:00"))
    assert watchdog.is_mute(at("2026-11-02T14:31:00"))


def test_a_market_that_never_closes_is_always_watched() -> None:
    watchdog = Watchdog(always_open(), 30.0)
    watchdog.connected(at("2026-11-28T03:00:00"))
    assert watchdog.is_mute(at("2026-11-28T03:00:30"))


def test_a_feed_that_stays_silent_is_given_twice_the_time_and_one_that_speaks_is_trusted() -> None:
    watchdog = Watchdog(always_open(), 30.0)
    waits = []
    for _ in range(6):
        waits.append(watchdog.patience_s)
        watchdog.gave_up()
    assert waits == [30, 60, 120, 240, 300, 300]
    watchdog.heard(at("2026-11-28T03:00:00"))
    assert watchdog.patience_s == 30


def test_a_feed_that_may_be_silent_is_never_mute() -> None:
    watchdog = Watchdog(always_open(), None)
    watchdog.connected(at("2026-11-28T03:00:00"))
    assert not watchdog.is_mute(at("2026-11-28T23:00:00"))


def test_beyond_the_calendar_a_feed_is_watched() -> None:
    watchdog = Watchdog(us_equities(), 30.0)
    watchdog.connected(at("2031-01-02T15:00:00"))
    assert watchdog.is_mute(at("2031-01-02T15:00:00") + timedelta(seconds=30))
