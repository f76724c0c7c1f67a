"""Answer ``/v2/clock`` and ``/v2/calendar``."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.parsing import Moment, Sent, query_of
from algotrendy.exchange.alpaca_api.problems import answer
from algotrendy.exchange.alpaca_api.results import ClockResult, SessionResult
from algotrendy.exchange.alpaca_api.routes import Routes
from algotrendy.exchange.alpaca_api.wire import Json
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.market_data.calendar import NEW_YORK, Session, TradingCalendar, us_equities

_ZONE: Final = ZoneInfo(NEW_YORK)
# SEC rule 15c6-1(a) as amended in 2023: one day after the trade, before that two.
_NEXT_DAY_SETTLEMENT: Final = date(2024, 5, 28)


class CalendarQuery(Sent):
    """Which days to list."""

    start: Moment | None = None
    end: Moment | None = None


def add_clock(routes: Routes, floor: Floor) -> None:
    """Add the routes of the clock and the calendar."""
    venue = floor.venue

    async def clock(request: Request) -> Response:
        """Tell the market's time, and when it opens and closes."""
        signed_in(venue, request.headers)
        return answer(clock_json(floor.calendar, floor.now()))

    async def calendar(request: Request) -> Response:
        """List the days on which US equities trade, 1990 to 2030."""
        signed_in(venue, request.headers)
        query = query_of(request, CalendarQuery)
        # The first time takes half a second.
        return await asyncio.to_thread(lambda: answer(sessions_json(query)))

    routes.add("GET", "/v2/clock", clock, tag="clock", result=ClockResult)
    routes.add(
        "GET",
        "/v2/calendar",
        calendar,
        tag="clock",
        query=CalendarQuery,
        result=SessionResult,
        many=True,
    )


def clock_json(calendar: TradingCalendar, now: datetime) -> Json:
    """Write the clock."""
    return {
        "timestamp": _local(now),
        "is_open": calendar.is_open(now),
        "next_open": _local(calendar.next_open(now)),
        "next_close": _local(calendar.next_close(now)),
    }


def sessions_json(query: CalendarQuery) -> list[Json]:
    """Write the sessions that a query asks for."""
    calendar = us_equities()
    start, end = _day(query.start or calendar.first), _day(query.end or calendar.last)
    if query.start is not None and query.end is not None and end < start:
        raise Refused(Reason.INVALID, f"end must not be before start, {start}, was {end}")
    dates, rows = _every_session()
    return list(rows[bisect_left(dates, start) : bisect_right(dates, end)])


@cache
def _every_session() -> tuple[Sequence[date], Sequence[Json]]:
    """Write every session there is: ten thousand, of which none changes."""
    calendar = us_equities()
    sessions = calendar.sessions(calendar.first, calendar.last)
    dates = [session.date for session in sessions]
    rows = [
        _session_json(session, _settlement(session.date, dates[place + 1 : place + 3]))
        for place, session in enumerate(sessions)
    ]
    return dates, rows


def _settlement(day: date, following: Sequence[date]) -> date:
    """Give when what is traded on a day settles; the next days of trading are known."""
    days = 1 if day >= _NEXT_DAY_SETTLEMENT else 2
    return following[:days][-1] if following else day


def _session_json(session: Session, settles: date) -> Json:
    return {
        "date": session.date.isoformat(),
        "open": f"{session.open.astimezone(_ZONE):%H:%M}",
        "close": f"{session.close.astimezone(_ZONE):%H:%M}",
        "session_open": f"{session.pre_open.astimezone(_ZONE):%H%M}",
        "session_close": f"{session.post_close.astimezone(_ZONE):%H%M}",
        "settlement_date": settles.isoformat(),
    }


def _local(at: datetime) -> str:
    return at.astimezone(_ZONE).isoformat()


def _day(moment: datetime | date) -> date:
    return moment.astimezone(_ZONE).date() if isinstance(moment, datetime) else moment
