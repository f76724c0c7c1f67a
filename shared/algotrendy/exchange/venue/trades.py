"""Keep the books, and book what is traded in them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.market.events import QuoteEvent
from algotrendy.exchange.venue.book import Book
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.groups import Groups
from algotrendy.exchange.venue.model import Order, UpdateEvent
from algotrendy.exchange.venue.orders import Execution
from algotrendy.exchange.venue.prices import to_ns
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.order_status import OrderStatus


class Trades:
    """The book of every symbol; what an order fills, and what follows from it."""

    def __init__(self, desk: Desk, groups: Groups) -> None:
        self._desk = desk
        self._orders = desk.orders
        self._groups = groups
        self._books: dict[str, Book] = {}
        self._fresh: dict[str, list[Order]] = {}

    def begin(self, order: Order) -> None:
        """Take note of an order that begins to work; it meets the others after the next event."""
        self._fresh.setdefault(order.symbol, []).append(order)

    def take_fresh(self, symbol: str) -> list[Order]:
        """Give the orders that began to work since the last call."""
        return self._fresh.pop(symbol, [])

    def book(self, symbol: str) -> Book:
        """Give a symbol's book as it is now."""
        book = self._books.get(symbol)
        if book is None:
            book = Book(self._desk.assets[symbol], self._orders.priority)
            self._books[symbol] = book
        book.update(self._orders.take_moved(symbol))
        return book

    def present_quote(self, symbol: str, now: datetime) -> QuoteEvent | None:
        """Give the quote, unless it is from before this session."""
        quote = self._desk.prices.quote(symbol)
        session = self._desk.hours.session_at(now)
        if quote is None or session is None or quote.time_ns >= to_ns(session.pre_open):
            return quote
        return None

    def fill(
        self, order: Order, quantity: Decimal, price: Decimal, is_whole: bool, now: datetime
    ) -> None:
        """Book a fill, tell its owner, and let its group follow.

        Args:
            is_whole: Whether nothing is left, for an order without a quantity.
        """
        if quantity <= 0:
            return
        order.filled_quantity += quantity
        order.filled_value = EXACT.add(order.filled_value, EXACT.multiply(quantity, price))
        is_whole = is_whole or order.filled_quantity == order.quantity
        status = OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED
        event = UpdateEvent.FILL if is_whole else UpdateEvent.PARTIAL_FILL
        self._orders.move(order, status, None, now)
        execution_id = self._orders.next_execution_id(order)
        position = self._desk.ledger.book_fill(order, execution_id, quantity, price, now)
        self._orders.tell(order, event, now, Execution(execution_id, price, quantity, position))
        for released in self._groups.after_fill(order, quantity, now):
            self.begin(released)
