"""Let orders meet the market and each other, by the rules, and book what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.market.events import BarEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.rules import codes, step
from algotrendy.exchange.rules.records import (
    BarRow,
    FillRow,
    OrderRow,
    QuoteRow,
    Terms,
    TradeRow,
)
from algotrendy.exchange.venue.book import Part, detach, is_waiting_stop
from algotrendy.exchange.venue.chance import part_of
from algotrendy.exchange.venue.crossing import Crossing
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.groups import Groups
from algotrendy.exchange.venue.hours import Phase
from algotrendy.exchange.venue.model import ZERO, Order, UpdateEvent
from algotrendy.exchange.venue.orders import WORKING
from algotrendy.exchange.venue.prices import exact, from_ns, to_ns
from algotrendy.exchange.venue.rows import remaining
from algotrendy.exchange.venue.trades import Trades
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

Step = Callable[[list[OrderRow], list[FillRow]], int]
Eligible = Callable[[Order], bool]
Stop = tuple[float, float, int]

_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_OPEN_ENDED = Terms()
_CLOSING = codes.LAST_OF_SESSION | codes.REGULAR_HOURS


class Matching:
    """The book of every symbol, and what happens in them."""

    def __init__(self, desk: Desk, groups: Groups) -> None:
        self._desk = desk
        self._orders = desk.orders
        self._groups = groups
        self._trades = Trades(desk, groups)
        self._crossing = Crossing(desk, self._trades)
        self._opened: set[str] = set()
        self._fills: list[FillRow] = []
        quoted = desk.terms.liquidity == "quoted"
        share = float(desk.terms.participation) if quoted else 0.0
        self._terms = Terms(participation=share, size_check=int(quoted))

    # The market

    def on_quote(self, event: QuoteEvent, now: datetime) -> None:
        """Match a symbol's orders against a new quote."""
        phase = self._phase(event.symbol, now)
        if phase is None or not self._orders.are_open(event.symbol):
            return
        quote = _quote_row(event, phase)
        buy, sell = exact(event.ask), exact(event.bid)
        self._match(
            event.symbol,
            now,
            lambda rows, fills: step.match_quote(rows, len(rows), quote, self._terms, fills, 0),
            (buy, sell),
            self._trades.book(event.symbol).touched(event.ask, event.bid),
        )
        self._crossing.meet_fresh(event.symbol, now)

    def on_trade(self, event: TradeEvent, now: datetime) -> None:
        """Match a symbol's orders against a trade."""
        phase = self._phase(event.symbol, now)
        if phase is None or not self._orders.are_open(event.symbol):
            return
        trade = TradeRow(price=event.price, size=event.size, phase=phase)
        price = exact(event.price)
        self._match(
            event.symbol,
            now,
            lambda rows, fills: step.match_trade(rows, len(rows), trade, self._terms, fills, 0),
            (price, price),
            self._trades.book(event.symbol).touched(event.price, event.price),
        )
        self._crossing.meet_fresh(event.symbol, now)

    def on_bar(self, event: BarEvent, now: datetime) -> None:
        """Match against a bar that no ticks have told the orders that were there at its begin."""
        began = from_ns(event.time_ns)
        phase = self._phase(event.symbol, began)
        if phase is None or not self._orders.are_open(event.symbol):
            return
        session = self._desk.hours.session_at(began)
        if session is not None and to_ns(session.close) <= event.time_ns + event.span_ns:
            phase |= codes.LAST_OF_SESSION
            self.release_closing(event.symbol, now)
        bar = BarRow(
            open=event.open,
            high=event.high,
            low=event.low,
            close=event.close,
            volume=event.volume,
            phase=phase,
        )
        price = exact(event.open)
        self._match(
            event.symbol,
            now,
            lambda rows, fills: step.match_bar(rows, len(rows), bar, self._terms, fills, 0),
            (price, price),
            self._trades.book(event.symbol).whole(),
            lambda order: order.submitted_at <= began,
        )
        self._crossing.meet_fresh(event.symbol, now)

    def begin_session(self) -> None:
        """Let the next event of every symbol be the first of its session."""
        self._opened.clear()

    def release_closing(self, symbol: str, now: datetime) -> None:
        """Let the cls orders of a symbol work that stand for a session which ends by now."""
        for order in self._orders.open_of_symbol(symbol):
            due = order.expires_at is not None and order.expires_at <= now
            if (
                due
                and order.time_in_force is TimeInForce.CLS
                and order.status is OrderStatus.ACCEPTED
            ):
                self._orders.move(order, OrderStatus.NEW, UpdateEvent.NEW, now)

    def close_auction(self, symbol: str, now: datetime) -> None:
        """Fill cls orders at the last trade of the session, else at the quote."""
        self.release_closing(symbol, now)
        last, quote = self._desk.prices.last_trade(symbol), self._desk.prices.quote(symbol)
        if last is not None:
            trade = TradeRow(price=last, phase=_CLOSING)
            prices = (exact(last), exact(last))
            meet: Step = lambda rows, fills: step.match_trade(  # noqa: E731
                rows, len(rows), trade, _OPEN_ENDED, fills, 0
            )
        elif quote is not None:
            row = _quote_row(quote, _CLOSING)
            prices = (exact(quote.ask), exact(quote.bid))
            meet = lambda rows, fills: step.match_quote(  # noqa: E731
                rows, len(rows), row, _OPEN_ENDED, fills, 0
            )
        else:
            return
        whole = self._trades.book(symbol).whole()
        self._match(
            symbol, now, meet, prices, whole, lambda each: each.time_in_force is TimeInForce.CLS
        )

    # Orders

    def begin(self, order: Order) -> None:
        """Take note of an order that begins to work; it meets the others after the next event."""
        self._trades.begin(order)

    def arrive(self, order: Order, now: datetime) -> None:
        """Let a new order that works meet the book, and then the present quote."""
        self._crossing.meet_others(order, now)
        if order.status not in WORKING:
            return
        quote = self._trades.present_quote(order.symbol, now)
        if quote is not None:
            row = _quote_row(quote, self._phase(order.symbol, now, look=True) or 0)
            part = self._trades.book(order.symbol).of(order)
            place = part.place(order)
            self._match(
                order.symbol,
                now,
                lambda rows, fills: step.match_arrival(rows, place, row, self._terms, fills, 0),
                (exact(quote.ask), exact(quote.bid)),
                part,
                only=place,
            )
        at_once = order.time_in_force in _AT_ONCE and not is_waiting_stop(order)
        if at_once and order.status in WORKING:
            self._groups.end(order, OrderStatus.CANCELED, now)

    # One step of the rules

    def _match(
        self,
        symbol: str,
        now: datetime,
        meet: Step,
        prices: tuple[Decimal, Decimal],
        part: Part,
        eligible: Eligible | None = None,
        only: int | None = None,
    ) -> None:
        rows = part.rows
        if not rows:
            return
        places = range(len(rows)) if only is None else range(only, only + 1)
        cut = self._prepare(symbol, part, places, prices, eligible)
        before = [_stop_of(rows[place]) for place in places]
        room = 2 * len(rows) + 2
        while len(self._fills) < room:
            self._fills.append(FillRow())
        count = meet(rows, self._fills)
        self._note_stops(part, places, before, now)
        self._book_fills(part, self._fills[:count], cut, now)
        self._end_what_ended(part, now)
        self._end_what_had_its_chance([part.orders[place] for place in cut], now)

    def _prepare(
        self,
        symbol: str,
        part: Part,
        places: range,
        prices: tuple[Decimal, Decimal],
        eligible: Eligible | None,
    ) -> set[int]:
        """Size notional orders, take out who may not trade, and leave sizes to chance.

        Returns:
            The places whose fills are cut short.
        """
        cut: set[int] = set()
        step_of = self._desk.assets[symbol].quantity_step
        for place in places:
            order, row = part.orders[place], part.rows[place]
            if order.status not in WORKING:
                continue
            if eligible is not None and not eligible(order):
                row.state = codes.FREE
                self._orders.mark_moved(order)
                continue
            if order.quantity is None:
                self._orders.mark_moved(order)
                self._size(order, row, prices[0] if order.side is Side.BUY else prices[1])
                continue
            executions = self._orders.executions(order)
            most = part_of(self._desk.terms, order, executions, step_of)
            if most is not None:
                row.quantity = float(order.filled_quantity + most)
                detach(part.rows, place)
                self._orders.mark_moved(order)
                cut.add(place)
        return cut

    def _size(self, order: Order, row: OrderRow, price: Decimal) -> None:
        """Say how many units the rest of a notional order is, never more than there are to sell."""
        units = self._desk.units_of(order, order.limit_price or order.stop_price or price)
        if order.side is Side.SELL:
            units = min(units, max(self._desk.held(order.account_id, order.symbol), ZERO))
        row.quantity = float(order.filled_quantity + units)
        if units <= 0:
            row.state = codes.FREE

    def _note_stops(self, part: Part, places: range, before: Sequence[Stop], now: datetime) -> None:
        """Write back where stops stand."""
        for place, stood in zip(places, before, strict=True):
            order, row = part.orders[place], part.rows[place]
            if _stop_of(row) == stood:
                continue
            if order.type is OrderType.TRAILING_STOP:
                order.stop_price = exact(row.stop)
                order.mark = exact(row.mark)
            if row.triggered and not order.triggered:
                order.triggered = True
                self.begin(order)
            self._orders.touch(order, now)

    def _book_fills(
        self, part: Part, fills: Sequence[FillRow], cut: set[int], now: datetime
    ) -> None:
        last_of = {fill.order: index for index, fill in enumerate(fills)}
        meant = [(fill.order, exact(fill.quantity), exact(fill.price)) for fill in fills]
        for index, (place, filled, price) in enumerate(meant):
            order, quantity = part.orders[place], filled
            if not order.status.is_open:
                # Its other exit, cut off for a size by chance, has ended it in this very step.
                continue
            is_whole = (
                part.rows[place].state == codes.FILLED
                and place not in cut
                and last_of[place] == index
            )
            if order.quantity is not None:
                left = remaining(order)
                quantity = left if is_whole else min(filled, left)
            self._trades.fill(order, quantity, price, is_whole, now)

    def _end_what_ended(self, part: Part, now: datetime) -> None:
        for order, row in zip(part.orders, part.rows, strict=True):
            if row.state in (codes.CANCELED, codes.EXPIRED) and order.status.is_open:
                ended = OrderStatus.EXPIRED if row.state == codes.EXPIRED else OrderStatus.CANCELED
                self._groups.end(order, ended, now)

    def _end_what_had_its_chance(self, orders: Sequence[Order], now: datetime) -> None:
        """Cancel the rest of orders whose one fill was cut short by chance."""
        for order in orders:
            if (
                order.status is OrderStatus.PARTIALLY_FILLED
                and order.time_in_force not in (TimeInForce.DAY, TimeInForce.GTC)
                and not is_waiting_stop(order)
            ):
                self._groups.end(order, OrderStatus.CANCELED, now)

    # Where we are

    def _phase(self, symbol: str, now: datetime, look: bool = False) -> int | None:
        """Give the phase in the rules' terms, None when nothing trades; the first event opens."""
        phase = self._desk.hours.phase(self._desk.assets[symbol].asset_class, now)
        if phase is Phase.CLOSED:
            return None
        if phase is Phase.EXTENDED:
            return 0
        if look or symbol in self._opened:
            return codes.REGULAR_HOURS
        self._opened.add(symbol)
        return codes.REGULAR_HOURS | codes.FIRST_OF_SESSION


def _stop_of(row: OrderRow) -> Stop:
    return row.stop, row.mark, row.triggered


def _quote_row(event: QuoteEvent, phase: int) -> QuoteRow:
    return QuoteRow(
        bid=event.bid,
        bid_size=event.bid_size,
        ask=event.ask,
        ask_size=event.ask_size,
        phase=phase,
    )
