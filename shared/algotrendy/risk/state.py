"""Follow fills, open orders and prices, so that a decision need not look back.

All prices and sums are in the account's currency; who feeds prices of another converts them. One
writer; nothing here is safe to share between threads.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from algotrendy.kernel.decimals import require_decimal
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.market_data.calendar import Session, TradingCalendar
from algotrendy.risk.book import EXACT, ZERO, Book
from algotrendy.risk.limits import LONGEST_WINDOW_S, StrategyId, TradingState
from algotrendy.risk.open_order import Likeness, OpenOrder, likeness_of, reach_of
from algotrendy.risk.terms import UNKNOWN_TERMS, Terms

_LAST_ORDERS = 20
_AWAIT_A_PRICE = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
_LONGEST_WINDOW = timedelta(seconds=LONGEST_WINDOW_S)


class RiskState:
    """What an account holds, has ordered, and sees, and each strategy's part of it.

    Args:
        cash: Of the account.
    """

    def __init__(self, cash: Decimal) -> None:
        self.account = Book("account", require_decimal(cash, "cash"))
        self.strategies: dict[StrategyId, Book] = {}
        self.prices: dict[Symbol, Decimal] = {}
        self.terms: dict[Symbol, Terms] = {}
        self.orders: dict[str, OpenOrder] = {}
        self._groups: dict[tuple[str, str], dict[str, OpenOrder]] = {}
        self._books_with: dict[Symbol, list[Book]] = {}
        self._sizes: dict[Symbol, tuple[deque[Decimal], Decimal]] = {}
        self._likes: OrderedDict[Likeness, datetime] = OrderedDict()
        self._sessions: dict[TradingCalendar, Session] = {}
        self._reaches: dict[tuple[Symbol, Side], list[Decimal]] = {}
        self._put_off: set[Symbol] | None = None

    @contextmanager
    def taking_over(self) -> Iterator[None]:
        """Put the sums off to the end, while much is told that was so before."""
        self._put_off = set()
        try:
            yield
        finally:
            symbols, self._put_off = self._put_off, None
            for symbol in symbols:
                self._revalue(symbol)

    def add_strategy(self, strategy: StrategyId, cash: Decimal) -> None:
        """Give a strategy its part of the account's cash; Conflict when it has one."""
        if strategy in self.strategies:
            raise Conflict(f"strategy {strategy} has its part already")
        self.strategies[strategy] = Book(f"strategy {strategy}", require_decimal(cash, "cash"))

    def set_trading_state(self, state: TradingState, strategy: StrategyId | None = None) -> None:
        """Let the account, or one strategy, trade, reduce, or halt."""
        self.book(strategy).state = state

    def set_terms(self, symbol: Symbol, terms: Terms) -> None:
        """Take what is known of a symbol."""
        self.terms[symbol] = terms
        self._revalue(symbol)

    def set_position(
        self, symbol: Symbol, quantity: Decimal, price: Decimal, strategy: StrategyId | None = None
    ) -> None:
        """Take over what one book holds already, at its last price; cash stays as it is.

        The day's loss and the peak begin anew from it. Of a strategy: the account's own is apart.
        """
        require_decimal(quantity, "quantity")
        book = self.book(strategy)
        self._hold(symbol, book).holding(symbol).position = quantity
        self.on_price(symbol, price)
        book.day_start = book.peak = book.equity

    def set_marks(
        self, day_start: Decimal, peak: Decimal, strategy: StrategyId | None = None
    ) -> None:
        """Measure losses from these, after positions and prices; a higher equity is the peak."""
        book = self.book(strategy)
        book.day_start = require_decimal(day_start, "day_start")
        book.peak = max(require_decimal(peak, "peak"), book.equity)

    def on_price(self, symbol: Symbol, price: Decimal) -> None:
        """Take the last price of a symbol, > 0."""
        if require_decimal(price, "price") <= 0:
            raise Invalid("price", "above zero", price)
        self.prices[symbol] = price
        self._revalue(symbol)

    def on_day_started(self) -> None:
        """Count the day's loss from here."""
        for book in (self.account, *self.strategies.values()):
            book.day_start = book.equity

    def on_cash_moved(self, amount: Decimal, strategy: StrategyId | None = None) -> None:
        """Pay into one book, or out of it: neither profit nor loss."""
        self.book(strategy).move_cash(require_decimal(amount, "amount"))

    def on_order_opened(
        self,
        order_id: str,
        request: OrderRequest,
        quantity: Decimal,
        at: datetime,
        strategy: StrategyId | None = None,
        group: str | None = None,
        *,
        is_new: bool = True,
    ) -> None:
        """Count an order as one that may fill, from before it is sent.

        Args:
            order_id: Ours, never used twice.
            request: As it was judged.
            quantity: In units, > 0, such as the decision gives it.
            at: When.
            strategy: Whose.
            group: Name of orders that fill one quantity together, such as a bracket's exits: what
                one fills, the others lose. All of one symbol, side and strategy.

        Raises:
            Conflict: If the order is open already.
            Invalid: If the group is of another symbol, side or strategy.
        """
        if order_id in self.orders:
            raise Conflict(f"order {order_id} is open already")
        if require_decimal(quantity, "quantity") <= 0:
            raise Invalid("quantity", "above zero", quantity)
        symbol = Symbol(request.symbol)
        reach = None if group is not None and request.type in _AWAIT_A_PRICE else reach_of(request)
        key = ("order", order_id) if group is None else ("group", group)
        order = OpenOrder(symbol, request.side, strategy, quantity, key, reach)
        self._require_like(order)
        self.book(strategy)
        before = self._claim(order)
        self.orders[order_id] = order
        self._groups.setdefault(order.group, {})[order_id] = order
        self._shift(order, before)
        if reach is not None:
            insort(self._reaches.setdefault((symbol, order.side), []), reach)
        if is_new:
            self.recall_order(request, quantity, at, strategy)

    def recall_order(
        self,
        request: OrderRequest,
        quantity: Decimal,
        at: datetime,
        strategy: StrategyId | None = None,
    ) -> None:
        """Count an order as sent, oldest first: for the rate, for duplicates and for mean sizes."""
        for book in self._books_of(strategy):
            book.sent.append(at)
        self._remember(likeness_of(request, strategy), Symbol(request.symbol), quantity, at)

    def on_order_closed(self, order_id: str) -> None:
        """Forget an order that cannot fill any more; an unknown one is closed already."""
        order = self.orders.pop(order_id, None)
        if order is None:
            return
        before = self._claim(order)
        members = self._groups[order.group]
        del members[order_id]
        if not members:
            del self._groups[order.group]
        self._shift(order, before)
        if order.reach is not None:
            reaches = self._reaches[order.symbol, order.side]
            del reaches[bisect_left(reaches, order.reach)]

    def on_fill(
        self,
        symbol: Symbol,
        side: Side,
        quantity: Decimal,
        price: Decimal,
        fee: Decimal = ZERO,
        *,
        order_id: str | None = None,
        strategy: StrategyId | None = None,
    ) -> None:
        """Take an execution, of an open order or of one that nobody knew.

        An order that has nothing remaining is still open until ``on_order_closed``. The strategy
        is the order's own where the order is open. A symbol without a price gets the fill's.
        """
        for field, value in (("quantity", quantity), ("price", price)):
            if require_decimal(value, field) <= 0:
                raise Invalid(field, "above zero", value)
        order = self.orders.get(order_id) if order_id is not None else None
        if order is not None:
            if (order.symbol, order.side) != (symbol, side):
                raise Invalid("order_id", f"of a {side} of {symbol}", order_id)
            strategy = order.strategy
        books = self._books_of(strategy)
        if order is not None:
            self._use_up(order, quantity)
        change = quantity if side is Side.BUY else -quantity
        paid = EXACT.add(EXACT.multiply(change, price), require_decimal(fee, "fee"))
        self.prices.setdefault(symbol, price)
        for book in books:
            holding = self._hold(symbol, book).holding(symbol)
            holding.position = EXACT.add(holding.position, change)
            book.cash = EXACT.subtract(book.cash, paid)
        self._revalue(symbol)

    def session_at(self, symbol: Symbol, now: datetime) -> Session | None:
        """Give the session that a symbol's market is in, or None."""
        calendar = self.terms.get(symbol, UNKNOWN_TERMS).calendar
        if calendar is None:
            return None
        # Asking a calendar takes a tenth of a decision's time, and it is the same all day.
        known = self._sessions.get(calendar)
        if known is None or not known.pre_open <= now < known.post_close:
            known = calendar.session_at(now)
            if known is not None:
                self._sessions[calendar] = known
        return known

    def mean_size(self, symbol: Symbol) -> tuple[int, Decimal]:
        """Give how many of the last orders in a symbol are known, and the sum of their sizes."""
        sizes, total = self._sizes.get(symbol, ((), ZERO))
        return len(sizes), total

    def last_like(self, likeness: Likeness) -> datetime | None:
        """Tell when such an order was opened last, within the longest window."""
        return self._likes.get(likeness)

    def facing(self, symbol: Symbol, side: Side) -> Decimal | None:
        """Give the price nearest to an order of this side that an own one trades at."""
        reaches = self._reaches.get((symbol, side.opposite))
        if not reaches:
            return None
        return reaches[0] if side is Side.BUY else reaches[-1]

    def books(self) -> Iterator[Book]:
        """Go through the account and its strategies."""
        yield self.account
        yield from self.strategies.values()

    def book(self, strategy: StrategyId | None) -> Book:
        """Give the account's book, or a strategy's; Invalid when it has no part of it."""
        if strategy is None:
            return self.account
        book = self.strategies.get(strategy)
        if book is None:
            raise Invalid("strategy", "one that has a part of the account", strategy)
        return book

    def _books_of(self, strategy: StrategyId | None) -> tuple[Book, ...]:
        if strategy is None:
            return (self.account,)
        return self.account, self.book(strategy)

    def _hold(self, symbol: Symbol, book: Book) -> Book:
        if symbol not in book.holdings:
            book.holding(symbol)
            self._books_with.setdefault(symbol, []).append(book)
        return book

    def _revalue(self, symbol: Symbol, books: Iterable[Book] | None = None) -> None:
        """Take a symbol's price or quantities into the sums, of all books or of some."""
        if self._put_off is not None:
            self._put_off.add(symbol)
            return
        price = self.prices.get(symbol, ZERO)
        rate = self.terms.get(symbol, UNKNOWN_TERMS).margin_rate
        for book in self._books_with.get(symbol, ()) if books is None else books:
            book.revalue(symbol, price, rate)

    def _require_like(self, order: OpenOrder) -> None:
        for other in self._groups.get(order.group, {}).values():
            ours = (order.symbol, order.side, order.strategy)
            if ours != (other.symbol, other.side, other.strategy):
                raise Invalid("group", "of one symbol, side and strategy", order.group[1])

    def _claim(self, order: OpenOrder) -> Decimal:
        """Give how much the orders of a group can fill together."""
        members = self._groups.get(order.group, {})
        return max((member.remaining for member in members.values()), default=ZERO)

    def _shift(self, order: OpenOrder, before: Decimal) -> None:
        """Bring the books up to what the order's group claims now."""
        change = EXACT.subtract(self._claim(order), before)
        if not change:
            return
        books = self._books_of(order.strategy)
        for book in books:
            holding = self._hold(order.symbol, book).holding(order.symbol)
            if order.side is Side.BUY:
                holding.buys = EXACT.add(holding.buys, change)
            else:
                holding.sells = EXACT.add(holding.sells, change)
        self._revalue(order.symbol, books)

    def _use_up(self, order: OpenOrder, quantity: Decimal) -> None:
        before = self._claim(order)
        for member in self._groups[order.group].values():
            # A broker that fills more than was asked for leaves nothing, and not less than that.
            member.remaining = max(ZERO, EXACT.subtract(member.remaining, quantity))
        self._shift(order, before)

    def _remember(
        self, likeness: Likeness, symbol: Symbol, quantity: Decimal, at: datetime
    ) -> None:
        self._likes[likeness] = at
        self._likes.move_to_end(likeness)
        while at - next(iter(self._likes.values())) > _LONGEST_WINDOW:
            self._likes.popitem(last=False)
        sizes, total = self._sizes.get(symbol, (deque(maxlen=_LAST_ORDERS), ZERO))
        if len(sizes) == _LAST_ORDERS:
            total = EXACT.subtract(total, sizes[0])
        sizes.append(quantity)
        self._sizes[symbol] = sizes, EXACT.add(total, quantity)
