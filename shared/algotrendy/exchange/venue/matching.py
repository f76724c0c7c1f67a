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
from algotrendy.exchange.venue.book import (
    Book,
    detach,
    detached,
    is_waiting_stop,
    resting_limit,
)
from algotrendy.exchange.venue.chance import part_of
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.groups import Groups
from algotrendy.exchange.venue.hours import Phase
from algotrendy.exchange.venue.model import ZERO, Order, UpdateEvent
from algotrendy.exchange.venue.orders import WORKING, Execution
from algotrendy.exchange.venue.prices import exact, from_ns, to_ns
from algotrendy.exchange.venue.rows import remaining
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

Step = Callable[[list[OrderRow], list[FillRow]], int]
Eligible = Callable[[Order], bool]

_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_OPEN_ENDED = Terms()
_SIZED = Terms(size_check=1)
_CLOSING = codes.LAST_OF_SESSION | codes.REGULAR_HOURS


class Matching:
    """The book of every symbol, and what happens in them."""

    def __init__(self, desk: Desk, groups: Groups) -> None:
        self._desk = desk
        self._orders = desk.orders
        self._groups = groups
        self._books: dict[str, Book] = {}
        self._opened: set[str] = set()
        self._fresh: dict[str, list[str]] = {}
        self._fills: list[FillRow] = []
        quoted = desk.terms.liquidity == "quoted"
        share = float(desk.terms.participation) if quoted else 0.0
        self._terms = Terms(participation=share, size_check=int(quoted))

    # The market

    def on_quote(self, event: QuoteEvent, now: datetime) -> None:
        """Match a symbol's orders against a new quote."""
        phase = self._phase(event.symbol, now)
        if phase is None or not self._orders.open_of_symbol(event.symbol):
            return
        quote = _quote_row(event, phase)
        buy, sell = exact(event.ask), exact(event.bid)
        self._match(
            event.symbol,
            now,
            lambda rows, fills: step.match_quote(rows, len(rows), quote, self._terms, fills, 0),
            (buy, sell),
        )
        self._meet_each_other(event.symbol, now)

    def on_trade(self, event: TradeEvent, now: datetime) -> None:
        """Match a symbol's orders against a trade."""
        phase = self._phase(event.symbol, now)
        if phase is None or not self._orders.open_of_symbol(event.symbol):
            return
        trade = TradeRow(price=event.price, size=event.size, phase=phase)
        price = exact(event.price)
        self._match(
            event.symbol,
            now,
            lambda rows, fills: step.match_trade(rows, len(rows), trade, self._terms, fills, 0),
            (price, price),
        )
        self._meet_each_other(event.symbol, now)

    def on_bar(self, event: BarEvent, now: datetime) -> None:
        """Match against a bar that no ticks have told the orders that were there at its begin."""
        began = from_ns(event.time_ns)
        phase = self._phase(event.symbol, began)
        if phase is None or not self._orders.open_of_symbol(event.symbol):
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
            lambda order: order.submitted_at <= began,
        )
        self._meet_each_other(event.symbol, now)

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
        self._match(symbol, now, meet, prices, lambda order: order.time_in_force is TimeInForce.CLS)

    # Orders

    def begin(self, order: Order) -> None:
        """Take note of an order that begins to work; it meets the others after the next event."""
        self._fresh.setdefault(order.symbol, []).append(order.id)

    def arrive(self, order: Order, now: datetime) -> None:
        """Let a new order that works meet the book, and then the present quote."""
        self._meet_others(order, now)
        if order.status not in WORKING:
            return
        quote = self._present_quote(order.symbol, now)
        if quote is not None:
            row = _quote_row(quote, self._phase(order.symbol, now, look=True) or 0)
            place = self._book(order.symbol).places[order.id]
            self._match(
                order.symbol,
                now,
                lambda rows, fills: step.match_arrival(rows, place, row, self._terms, fills, 0),
                (exact(quote.ask), exact(quote.bid)),
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
        eligible: Eligible | None = None,
    ) -> None:
        book = self._book(symbol)
        if not book.rows:
            return
        parts = self._prepare(book, prices, eligible)
        before = [(row.stop, row.mark, row.triggered) for row in book.rows]
        room = 2 * len(book.rows) + 2
        while len(self._fills) < room:
            self._fills.append(FillRow())
        count = meet(book.rows, self._fills)
        changed = self._note_stops(book, before, now)
        self._book_fills(book, self._fills[:count], parts, now)
        self._end_what_ended(book, now)
        self._end_what_had_its_chance([book.orders[place] for place in parts], now)
        if count or changed or parts or eligible is not None:
            book.version = -1
        else:
            book.version = self._orders.version(symbol)

    def _prepare(
        self, book: Book, prices: tuple[Decimal, Decimal], eligible: Eligible | None
    ) -> set[int]:
        """Size notional orders, take out who may not trade, and leave sizes to chance.

        Returns:
            The places whose fills are cut short.
        """
        parts: set[int] = set()
        for place, (order, row) in enumerate(zip(book.orders, book.rows, strict=True)):
            if order.status not in WORKING:
                continue
            if eligible is not None and not eligible(order):
                row.state = codes.FREE
                continue
            if order.quantity is None:
                self._size(order, row, prices[0] if order.side is Side.BUY else prices[1])
                continue
            executions = self._orders.executions(order)
            part = part_of(self._desk.terms, order, executions, book.asset.quantity_step)
            if part is not None:
                row.quantity = float(order.filled_quantity + part)
                detach(book.rows, place)
                parts.add(place)
        return parts

    def _size(self, order: Order, row: OrderRow, price: Decimal) -> None:
        """Say how many units the rest of a notional order is, never more than there are to sell."""
        units = self._desk.units_of(order, order.limit_price or order.stop_price or price)
        if order.side is Side.SELL:
            units = min(units, max(self._desk.held(order.account_id, order.symbol), ZERO))
        row.quantity = float(order.filled_quantity + units)
        if units <= 0:
            row.state = codes.FREE

    def _note_stops(
        self, book: Book, before: Sequence[tuple[float, float, int]], now: datetime
    ) -> bool:
        """Write back where stops stand; say whether one was elected."""
        elected = False
        for order, row, (stop, mark, triggered) in zip(book.orders, book.rows, before, strict=True):
            if (row.stop, row.mark, row.triggered) == (stop, mark, triggered):
                continue
            if order.type is OrderType.TRAILING_STOP:
                order.stop_price = exact(row.stop) if row.stop else None
                order.mark = exact(row.mark) if row.mark else None
            if row.triggered and not order.triggered:
                order.triggered = elected = True
                self.begin(order)
            self._orders.touch(order, now)
        return elected

    def _book_fills(
        self, book: Book, fills: Sequence[FillRow], parts: set[int], now: datetime
    ) -> None:
        last_of = {fill.order: index for index, fill in enumerate(fills)}
        meant = [(fill.order, exact(fill.quantity), exact(fill.price)) for fill in fills]
        for index, (place, filled, price) in enumerate(meant):
            order, quantity = book.orders[place], filled
            is_whole = (
                book.rows[place].state == codes.FILLED
                and place not in parts
                and last_of[place] == index
            )
            if order.quantity is not None:
                left = remaining(order)
                quantity = left if is_whole else min(filled, left)
            self._fill(order, quantity, price, is_whole, now)

    def _end_what_ended(self, book: Book, now: datetime) -> None:
        for order, row in zip(book.orders, book.rows, strict=True):
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

    def _fill(
        self, order: Order, quantity: Decimal, price: Decimal, is_whole: bool, now: datetime
    ) -> None:
        if quantity <= 0:
            return
        order.filled_quantity += quantity
        order.filled_value += quantity * price
        is_whole = is_whole or order.filled_quantity == order.quantity
        status = OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED
        event = UpdateEvent.FILL if is_whole else UpdateEvent.PARTIAL_FILL
        self._orders.move(order, status, None, now)
        execution_id = self._orders.next_execution_id(order)
        position = self._desk.ledger.book_fill(order, execution_id, quantity, price, now)
        self._orders.tell(order, event, now, Execution(execution_id, price, quantity, position))
        for released in self._groups.after_fill(order, quantity, now):
            self.begin(released)

    # Orders of different accounts

    def _meet_each_other(self, symbol: str, now: datetime) -> None:
        for order_id in self._fresh.pop(symbol, ()):
            order = self._orders.get(order_id)
            if order.status in WORKING and not is_waiting_stop(order):
                self._meet_others(order, now)

    def _meet_others(self, order: Order, now: datetime) -> None:
        """Trade with resting orders of others that are as good as the outside market or better."""
        if order.quantity is None or is_waiting_stop(order):
            return
        against = self._crossing(order, now)
        there = sum((remaining(each) for each in against), ZERO)
        if order.time_in_force is TimeInForce.FOK and there < remaining(order):
            return
        for resting in against:
            quantity = min(remaining(order), remaining(resting))
            price = resting_limit(resting)
            # A sibling that was filled may have cancelled or shrunk what stood here before.
            if price is None or resting.status not in WORKING or order.status not in WORKING:
                continue
            at = [self._taken(each, price, quantity) for each in (resting, order)]
            for each, found in zip((resting, order), at, strict=True):
                if found is not None and None not in at:
                    self._fill(each, quantity, found, False, now)

    def _crossing(self, order: Order, now: datetime) -> list[Order]:
        quote = self._present_quote(order.symbol, now)
        outside = None
        if quote is not None:
            outside = exact(quote.ask if order.side is Side.BUY else quote.bid) or None
        worst = resting_limit(order)
        if worst is None and outside is None:
            return []
        bounds = [bound for bound in (worst, outside) if bound is not None]
        bound = min(bounds) if order.side is Side.BUY else max(bounds)
        found = []
        for resting in self._book(order.symbol).resting_against(order):
            price = resting_limit(resting)
            if price is not None and (bound - price) * order.side.sign >= 0:
                found.append(resting)
        return found

    def _taken(self, order: Order, price: Decimal, quantity: Decimal) -> Decimal | None:
        """Ask the rules for the price at which an order takes a quantity that is offered to it."""
        row = detached(order, self._desk.assets[order.symbol])
        at, size = float(price), float(quantity)
        quote = QuoteRow(bid=at, bid_size=size, ask=at, ask_size=size, phase=codes.REGULAR_HOURS)
        fills = [FillRow()]
        return (
            exact(fills[0].price) if step.match_quote([row], 1, quote, _SIZED, fills, 0) else None
        )

    # Where we are

    def _book(self, symbol: str) -> Book:
        book = self._books.get(symbol)
        if book is None:
            book = Book(self._desk.assets[symbol], self._orders.priority)
            self._books[symbol] = book
        version = self._orders.version(symbol)
        if book.version != version:
            book.rebuild(self._orders.open_of_symbol(symbol), version)
        return book

    def _present_quote(self, symbol: str, now: datetime) -> QuoteEvent | None:
        """Give the quote, unless it is from before this session."""
        quote = self._desk.prices.quote(symbol)
        session = self._desk.hours.session_at(now)
        if quote is None or session is None or quote.time_ns >= to_ns(session.pre_open):
            return quote
        return None

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


def _quote_row(event: QuoteEvent, phase: int) -> QuoteRow:
    return QuoteRow(
        bid=event.bid,
        bid_size=event.bid_size,
        ask=event.ask,
        ask_size=event.ask_size,
        phase=phase,
    )
