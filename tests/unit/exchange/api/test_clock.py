from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from algotrendy.exchange.alpaca_api.clock import CalendarQuery, clock_json, sessions_json
from algotrendy.exchange.alpaca_api.results import ClockResult, SessionResult
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.market_data.calendar import us_equities


def sessions(**query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [*sessions_json(CalendarQuery.model_validate(query))]
    for each in found:
        SessionResult.model_validate(each)
    return found


def test_the_clock_tells_new_yorks_time_and_the_next_session() -> None:
    told = clock_json(us_equities(), datetime(2026, 1, 2, 20, 59, 59, 500_000, tzinfo=UTC))
    ClockResult.model_validate(told)
    assert told == {
        "timestamp": "2026-01-02T15:59:59.500000-05:00",
        "is_open": True,
        "next_open": "2026-01-05T09:30:00-05:00",
        "next_close": "2026-01-02T16:00:00-05:00",
    }


def test_days_are_listed_from_start_to_end_without_holidays() -> None:
    found = sessions(start="2025-12-24", end="2025-12-29")
    assert [each["date"] for each in found] == ["2025-12-24", "2025-12-26", "2025-12-29"]
    assert found[0] == {
        "date": "2025-12-24",
        "open": "09:30",
        "close": "13:00",
        "session_open": "0400",
        "session_close": "1700",
        "settlement_date": "2025-12-26",
    }


def test_trades_settled_two_days_later_until_may_2024() -> None:
    found = sessions(start="2024-05-24", end="2024-05-28")
    assert [each["settlement_date"] for each in found] == ["2024-05-29", "2024-05-29"]


def test_without_a_range_the_whole_calendar_is_listed() -> None:
    found = sessions()
    assert (found[0]["date"], found[-1]["date"]) == ("1990-01-02", "2030-12-31")


def test_a_range_outside_of_the_calendar_is_empty_and_a_turned_one_is_refused() -> None:
    assert sessions(start="2031-01-01", end="2031-02-01") == []
    with pytest.raises(Refused, match="end must not be before start"):
        sessions(start="2026-02-01", end="2026-01-01")


def test_without_dates_every_session_is_listed() -> None:
    found = sessions()
    assert len(found) == len({each["date"] for each in found}) > 10_000
    assert found[0]["date"] == "1990-01-02"
    assert sessions(start="2026-01-02", end="2026-01-05") == [
        each for each in found if each["date"] in ("2026-01-02", "2026-01-05")
    ]
