"""Say when a market is open: sessions, early closes, holidays; nothing but the standard library.

Spans hold their begin and not their end: a market that closes at 16:00 is not open at 16:00.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol

US_EQUITIES_FILE = Path(__file__).with_name("us_equities.txt")
NEW_YORK = "America/New_York"

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Session:
    """One day of trading, by its date where the market is; its times are in UTC.

    Attributes:
        open: Begin of the regular hours, in which the auctions are.
        close: Their end.
        pre_open: Begin of the extended hours.
        post_close: Their end.
    """

    date: date
    open: datetime
    close: datetime
    pre_open: datetime
    post_close: datetime

    def is_regular(self, moment: datetime) -> bool:
        """Say whether the moment lies in the regular hours."""
        return self.open <= moment < self.close

    def is_extended(self, moment: datetime) -> bool:
        """Say whether the moment lies in the extended hours, before or after the regular ones."""
        return self.pre_open <= moment < self.post_close and not self.is_regular(moment)


class TradingCalendar:
    """The sessions of one market, from ``first`` to ``last``, both dates included.

    A question about a day outside of that raises Invalid: nobody knows its holidays.

    Args:
        name: What a person calls the market.
        zone: IANA name of the zone in which its dates are.
        trades: Says for a date in the range when it opens and closes, or None when it does not.
        sessions_a_year, session_hours: Taken for a year, where figures are annualised.
    """

    def __init__(
        self,
        name: str,
        zone: str,
        first: date,
        last: date,
        trades: Callable[[date], Session | None],
        sessions_a_year: float = 252.0,
        session_hours: float = 6.5,
    ) -> None:
        self.name = name
        self.first = first
        self.last = last
        self.zone = ZoneInfo(zone)
        self.sessions_a_year = sessions_a_year
        self.session_hours = session_hours
        self._trades = trades
        self._known: dict[date, Session | None] = {}

    def session(self, day: date) -> Session | None:
        """Give the session of a date, or None when there is none."""
        try:
            return self._known[day]
        except KeyError:
            found = self._trades(self._require(day))
            self._known[day] = found
            return found

    def sessions(self, start: date, end: date) -> list[Session]:
        """List the sessions from ``start`` to ``end``, both included."""
        self._require(start, "start")
        self._require(end, "end")
        days = range(start.toordinal(), end.toordinal() + 1)
        found = (self.session(date.fromordinal(day)) for day in days)
        return [session for session in found if session is not None]

    def is_open(self, now: datetime) -> bool:
        """Say whether it is the regular hours of a session."""
        session = self.session(self.date_at(now))
        return session is not None and session.is_regular(now)

    def next_open(self, now: datetime) -> datetime:
        """Give the next opening later than now."""
        day = self.date_at(now)
        session = self.session(day)
        if session is None or session.open <= now:
            session = self.next_session(day)
        return session.open

    def next_close(self, now: datetime) -> datetime:
        """Give the next closing later than now."""
        day = self.date_at(now)
        session = self.session(day)
        if session is None or session.close <= now:
            session = self.next_session(day)
        return session.close

    def session_at(self, now: datetime) -> Session | None:
        """Give the session that now lies in, extended hours included, or None between them."""
        session = self.session(self.date_at(now))
        if session is None or not session.pre_open <= now < session.post_close:
            return None
        return session

    def next_session(self, day: date) -> Session:
        """Give the first session after a date."""
        return self._nearest(day, 1)

    def previous_session(self, day: date) -> Session:
        """Give the last session before a date."""
        return self._nearest(day, -1)

    def date_at(self, now: datetime) -> date:
        """Give the date that it is where the market is."""
        return as_utc(now, "now").astimezone(self.zone).date()

    def _nearest(self, day: date, step: int) -> Session:
        while True:
            day = date.fromordinal(day.toordinal() + step)
            if (session := self.session(day)) is not None:
                return session

    def _require(self, day: date, field: str = "day") -> date:
        if not self.first <= day <= self.last:
            raise Invalid(field, f"a date from {self.first} to {self.last} ({self.name})", day)
        return day


@cache
def us_equities() -> TradingCalendar:
    """Give the calendar of shares listed in the United States, 1990 to 2030.

    Regular hours are 09:30 to 16:00 in New York, extended hours 04:00 to 20:00; after an early
    close (13:00, in 1990 to 1992 14:00) they end at 17:00.
    """
    first, last, exceptions = read_exceptions(US_EQUITIES_FILE.read_text(encoding="ascii"))
    trades = partial(_us_session, ZoneInfo(NEW_YORK), exceptions)
    return TradingCalendar("US equities", NEW_YORK, first, last, trades)


@cache
def always_open() -> TradingCalendar:
    """Give the calendar of a market that never closes: each UTC date is a session."""
    # One year less at each end, so that the begin and the end of every day can be written down.
    first, last = date(2, 1, 1), date(9998, 12, 31)
    return TradingCalendar("round the clock", "UTC", first, last, _whole_day, 365.0, 24.0)


def calendar_of(symbol: Symbol) -> TradingCalendar:
    """Give the calendar of a symbol's market: a pair such as BTC/USD trades round the clock."""
    return always_open() if "/" in symbol else us_equities()


def read_exceptions(text: str) -> tuple[date, date, Mapping[date, time | None]]:
    """Read a file of exceptions to the rule that a market trades from Monday to Friday.

    The first line is "from DATE to DATE"; each other one a date, alone when the market stays
    closed, or with the time at which it closes early.
    """
    head, *lines = text.splitlines()
    _, first, _, last = head.split()
    exceptions: dict[date, time | None] = {}
    for line in lines:
        day, _, close = line.partition(" ")
        exceptions[date.fromisoformat(day)] = time.fromisoformat(close) if close else None
    return date.fromisoformat(first), date.fromisoformat(last), exceptions


def _us_session(
    zone: ZoneInfo, exceptions: Mapping[date, time | None], day: date
) -> Session | None:
    if day.weekday() >= _SATURDAY:
        return None
    close, post_close = time(16), time(20)
    if day in exceptions:
        early = exceptions[day]
        if early is None:
            return None
        close, post_close = early, time(17)
    open_, pre_open = time(9, 30), time(4)
    begin, end, first, last = (
        datetime.combine(day, moment, zone).astimezone(UTC)
        for moment in (open_, close, pre_open, post_close)
    )
    return Session(day, begin, end, first, last)


def _whole_day(day: date) -> Session:
    begin = datetime.combine(day, time(), UTC)
    return Session(day, begin, begin + _DAY, begin, begin + _DAY)
