"""Say at which hours a market takes orders of each time in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import TimeInForce
from algotrendy.market_data.calendar import Session, TradingCalendar, us_equities


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHours:
    """When orders are taken; those of a time in force that is not named here at any hour.

    Attributes:
        calendar: Gives the sessions of the market.
        in_session: Taken in the regular hours only.
        before_open: Not taken from so long before the opening on.
        before_close: Not taken from so long before the close on.
        resumes: How long after the close those of the auctions are taken again.
    """

    calendar: Callable[[], TradingCalendar]
    in_session: frozenset[TimeInForce] = frozenset()
    before_open: Mapping[TimeInForce, timedelta] = field(default_factory=dict)
    before_close: Mapping[TimeInForce, timedelta] = field(default_factory=dict)
    resumes: timedelta = timedelta()

    def check(self, life: TimeInForce, now: datetime) -> None:
        """Refuse a time in force that is not taken now.

        Raises:
            Invalid: Naming it, and saying when it is taken.
        """
        calendar = self.calendar()
        if life in self.in_session and not calendar.is_open(now):
            opens = calendar.next_open(now).isoformat()
            raise Invalid("time_in_force", f"another before the opening at {opens}", life.value)
        session = calendar.session(calendar.date_at(now))
        last_call = None if session is None else self._last_call(life, session)
        if session is None or last_call is None:
            return
        again = session.close + self.resumes
        if last_call <= now < again:
            span = f"{last_call.isoformat()} to {again.isoformat()}"
            raise Invalid("time_in_force", f"another from {span}", life.value)

    def _last_call(self, life: TimeInForce, session: Session) -> datetime | None:
        if life in self.before_open:
            return session.open - self.before_open[life]
        if life in self.before_close:
            return session.close - self.before_close[life]
        return None


US_EQUITIES = OrderHours(
    calendar=us_equities,
    in_session=frozenset({TimeInForce.IOC, TimeInForce.FOK}),
    before_open={TimeInForce.OPG: timedelta(minutes=2)},
    before_close={TimeInForce.CLS: timedelta(minutes=10)},
    resumes=timedelta(hours=3),
)
"""Alpaca's for shares, which the paper exchange has taken over: opg until 09:28, cls until 15:50,
both again from 19:00, New York."""
