"""Say when an order of an asset works, and until when it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum

from algotrendy.exchange.venue.model import Order
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import TimeInForce
from algotrendy.market_data.calendar import Session, TradingCalendar, always_open

GTC_DAYS = 90
_DAY = timedelta(days=1)


class Phase(Enum):
    """What part of a trading day it is."""

    CLOSED = "closed"
    EXTENDED = "extended"
    REGULAR = "regular"


class Hours:
    """The hours of the venue: of its calendar, or around the clock."""

    def __init__(self, calendar: TradingCalendar, round_the_clock: bool) -> None:
        self.calendar = always_open() if round_the_clock else calendar
        self._session: Session | None = None

    def session_at(self, now: datetime) -> Session | None:
        """Give the session that now lies in, extended hours included."""
        held = self._session
        if held is None or not held.pre_open <= now < held.post_close:
            held = self._session = self.calendar.session_at(now)
        return held

    def phase(self, asset_class: AssetClass, now: datetime) -> Phase:
        """Say what part of its day it is; crypto trades around the clock."""
        if asset_class is AssetClass.CRYPTO:
            return Phase.REGULAR
        session = self.session_at(now)
        if session is None:
            return Phase.CLOSED
        return Phase.REGULAR if session.is_regular(now) else Phase.EXTENDED

    def works(self, order: Order, asset_class: AssetClass, now: datetime) -> bool:
        """Say whether an order that came now meets the market at once."""
        if order.time_in_force in (TimeInForce.OPG, TimeInForce.CLS):
            return False
        phase = self.phase(asset_class, now)
        return phase is Phase.REGULAR or (phase is Phase.EXTENDED and order.extended_hours)

    def session_for(self, now: datetime, *, extended: bool) -> Session:
        """Give the session in which a day order that comes now stands."""
        session = self.calendar.session(self.calendar.date_at(now))
        if session is not None and now < (session.post_close if extended else session.close):
            return session
        return self.calendar.next_session(self.calendar.date_at(now))

    def session_to_open(self, now: datetime) -> Session:
        """Give the session that opens next."""
        session = self.calendar.session(self.calendar.date_at(now))
        if session is not None and now < session.open:
            return session
        return self.calendar.next_session(self.calendar.date_at(now))

    def expiry(self, order: Order, asset_class: AssetClass, now: datetime) -> datetime | None:
        """Say until when an order that comes now stands; None for one that never rests."""
        match order.time_in_force:
            case TimeInForce.IOC | TimeInForce.FOK:
                return None
            case TimeInForce.GTC:
                return now + timedelta(days=GTC_DAYS)
            case TimeInForce.OPG:
                return self.session_to_open(now).close
            case _ if asset_class is AssetClass.CRYPTO:
                return now + _DAY
        session = self.session_for(now, extended=order.extended_hours)
        return session.post_close if order.extended_hours else session.close

    def sessions_from(self, now: datetime) -> Iterator[Session]:
        """Give the session of now's date, if there is one, and those after it, without end."""
        day = self.calendar.date_at(now)
        if (session := self.calendar.session(day)) is not None:
            yield session
        while True:
            session = self.calendar.next_session(day)
            day = session.date
            yield session
