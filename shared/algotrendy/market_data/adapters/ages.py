"""Tell how old the newest bar is, by the calendar, and when the streaming service last spoke."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.ports import NO_BARS_YET, BarStore
from algotrendy.market_data.streaming.listening import FeedState
from algotrendy.platform.cache import Cache
from algotrendy.platform.data_age import NOT_HERE, DataAge, NotHere

BEAT_KEY = "streaming:beat"
BEAT_EVERY_S = 5.0
GONE_S = 30.0
_KEPT_S = 86_400
_WELL = frozenset({FeedState.LIVE.value, FeedState.CLOSED.value})
# Bars of a session are there some hours after its close.
_SOURCES_NEED = timedelta(hours=12)


def newest_day(store: BarStore, version: int) -> date | None:
    """Give the day of the newest bar of a version, which in a large lake takes a while."""
    if version == NO_BARS_YET:
        return None
    return max((each.last for each in store.symbols(version)), default=None)


def newest_bar(newest: date | None, now: datetime, *, is_fetched: bool) -> DataAge:
    """Tell how old the newest bar is, and how many sessions have closed since its own.

    Args:
        newest: Its day; None where there is none yet.
        is_fetched: Whether anybody fetches bars by himself; where people import them, none is late.
    """
    if newest is None:
        return DataAge("newest bar", None, now)
    closed = _sessions_after(newest, now - _SOURCES_NEED)
    at, note = datetime.combine(newest, datetime.min.time(), now.tzinfo), f"of {newest}"
    if closed is None:
        return DataAge("newest bar", at, now, note=note)
    plural = "" if closed == 1 else "s"
    note += f", {closed} session{plural} closed since" if closed else ", of the last session"
    return DataAge("newest bar", at, now, note=note, late=is_fetched and closed > 0)


def streaming_beat(cache: Cache, now: datetime) -> DataAge | NotHere:
    """Tell when the streaming service last said that it works, and whether all its feeds do.

    Raises:
        Unavailable: If that is so long ago that it does not run.
    """
    said = cache.get(BEAT_KEY)
    if said is None:
        return NOT_HERE
    told = json.loads(said)
    at = parse_time(told["at"])
    age_s = (now - at).total_seconds()
    if age_s > GONE_S:
        raise Unavailable("streaming service", f"it said nothing for {age_s:.0f} s")
    states: Mapping[str, str] = told["feeds"]
    bad = sum(state not in _WELL for state in states.values())
    note = f"{len(states) - bad} of {len(states)} feeds are live"
    return DataAge("last word of the streaming service", at, now, GONE_S, note, late=bad > 0)


def write_beat(cache: Cache, feeds: Mapping[str, str], now: datetime) -> None:
    """Say that the streaming service works, and how each of its feeds stands."""
    told = json.dumps({"at": now.isoformat(), "feeds": dict(feeds)})
    cache.set(BEAT_KEY, told.encode(), _KEPT_S)


def _sessions_after(day: date, now: datetime) -> int | None:
    """Count the sessions that closed after a day's; None where the calendar does not reach."""
    calendar = us_equities()
    try:
        sessions = calendar.sessions(
            day + timedelta(days=1), max(now.date(), day + timedelta(days=1))
        )
    except Invalid:
        return None
    return sum(session.close <= now for session in sessions)
