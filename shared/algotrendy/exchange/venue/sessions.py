"""Open and close the sessions: what begins to work, what ends, what is reckoned."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime

from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.groups import Groups
from algotrendy.exchange.venue.matching import Matching
from algotrendy.exchange.venue.model import Order, UpdateEvent
from algotrendy.exchange.venue.orders import WORKING
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import TimeInForce
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.market_data.calendar import Session

Boundary = tuple[datetime, Callable[[Session], None], Session]

_SLEEPING = (OrderStatus.ACCEPTED, OrderStatus.DONE_FOR_DAY)


class Sessions:
    """Goes from one opening or closing to the next, as time comes to them.

    Attributes:
        waits_for_bars: Whether prices come as bars: the last one of a session is told at its
            close, so the close comes right after that moment instead of at it.
    """

    def __init__(self, desk: Desk, matching: Matching, groups: Groups) -> None:
        self.waits_for_bars = False
        self._desk = desk
        self._matching = matching
        self._groups = groups
        self._due: deque[Boundary] = deque()
        self._next: Iterator[Session] = iter(())
        self._now: datetime | None = None

    def begin(self, now: datetime, closed_at: datetime | None = None) -> None:
        """Start the clock at a moment up to which everything was done.

        Args:
            closed_at: The last close that is known to be done. A close at this very moment that
                is not is done again.
        """
        self._now = now
        self._next = self._desk.hours.sessions_from(now)
        self._due.clear()
        redo = None if closed_at == now else now
        self._refill(lambda at, is_close: at > now or (is_close and at == redo))

    def on_time(self, now: datetime) -> None:
        """Do all that was due up to now, in the order of time."""
        if self._now is None:
            self.begin(now, now)
        while self._due:
            at, action, session = self._due[0]
            if at > now or (at == now and action == self._close and self.waits_for_bars):
                break
            self._due.popleft()
            action(session)
            if not self._due:
                self._refill(None)
        self._now = now

    def expect(self, order: Order, now: datetime) -> OrderStatus:
        """Say in which state an order begins that comes now."""
        return OrderStatus.NEW if self._desk.works(order, now) else OrderStatus.ACCEPTED

    def _refill(self, wanted: Callable[[datetime, bool], bool] | None) -> None:
        while not self._due:
            session = next(self._next)
            for at, action in (
                (session.pre_open, self._pre_open),
                (session.open, self._open),
                (session.close, self._close),
                (session.post_close, self._post_close),
            ):
                if wanted is None or wanted(at, action == self._close):
                    self._due.append((at, action, session))

    def _pre_open(self, session: Session) -> None:
        for order in self._shares():
            if order.extended_hours and order.status in _SLEEPING:
                self._wake(order, session.pre_open)

    def _open(self, session: Session) -> None:
        self._matching.begin_session()
        for order in self._shares():
            life = order.time_in_force
            if order.status not in _SLEEPING or life is TimeInForce.CLS:
                continue
            if life is not TimeInForce.OPG or order.expires_at == session.close:
                self._wake(order, session.open)

    def _close(self, session: Session) -> None:
        now = session.close
        for symbol in self._desk.orders.open_symbols():
            if any(o.time_in_force is TimeInForce.CLS for o in self._open_of(symbol)):
                self._matching.close_auction(symbol, now)
        self._expire(now)
        if session.close < session.post_close or session.open > session.pre_open:
            self._rest(now, extended=False)
        following = self._desk.hours.calendar.next_session(session.date).date
        self._desk.ledger.close_session(session.date, now, (following - session.date).days)

    def _post_close(self, session: Session) -> None:
        self._expire(session.post_close)
        if session.close < session.post_close:
            self._rest(session.post_close, extended=True)

    def _wake(self, order: Order, now: datetime) -> None:
        status = OrderStatus.PARTIALLY_FILLED if order.filled_quantity else OrderStatus.NEW
        self._desk.orders.move(order, status, UpdateEvent.NEW, now)
        self._matching.begin(order)

    def _expire(self, now: datetime) -> None:
        """End every order whose time is over; what an auction left is cancelled."""
        for symbol in self._desk.orders.open_symbols():
            for order in self._open_of(symbol):
                if order.expires_at is None or order.expires_at > now or not order.status.is_open:
                    continue
                if order.status is OrderStatus.HELD:
                    continue
                is_auction = order.time_in_force in (TimeInForce.OPG, TimeInForce.CLS)
                ended = OrderStatus.CANCELED if is_auction else OrderStatus.EXPIRED
                self._groups.end(order, ended, now)

    def _rest(self, now: datetime, *, extended: bool) -> None:
        """Let gtc orders rest until the next session; at the close those of regular hours alone."""
        for order in self._shares():
            if order.status in WORKING and (extended or not order.extended_hours):
                event = UpdateEvent.DONE_FOR_DAY
                self._desk.orders.move(order, OrderStatus.DONE_FOR_DAY, event, now)

    def _shares(self) -> list[Order]:
        """Give the open orders of what has sessions, the oldest first."""
        found = [
            order
            for symbol in self._desk.orders.open_symbols()
            if self._desk.assets[symbol].asset_class is not AssetClass.CRYPTO
            for order in self._open_of(symbol)
        ]
        return sorted(found, key=lambda order: order.sequence)

    def _open_of(self, symbol: str) -> list[Order]:
        return self._desk.orders.open_of_symbol(symbol)
