"""Judge one order against every limit, at a cost that no number of past orders changes.

Open orders count as if they may fill, the worse side of them, at the last prices. Who is over a
limit may always reduce; only the net exposure is kept against orders that reduce too, as the end of
a hedge makes it larger.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from algotrendy.kernel.decimals import require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.market_data.calendar import Session
from algotrendy.risk.book import EXACT, ZERO, Book, Holding, worst_of
from algotrendy.risk.decision import Breach, Decision, Limit
from algotrendy.risk.limits import (
    AccountLimits,
    BookLimits,
    FatFinger,
    Limits,
    MarketHours,
    OrderLimits,
    StrategyId,
    TradingState,
)
from algotrendy.risk.open_order import likeness_of, reach_of
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import UNKNOWN_TERMS, Terms

_NO_LIMITS = BookLimits()
_FLAT = Holding()
_FINEST_UNIT = Decimal("0.000000001")
_FINEST = Decimal(1).scaleb(-18)
_LOOSE = Context(prec=80)
_add, _subtract, _multiply = EXACT.add, EXACT.subtract, EXACT.multiply


class _Asked(NamedTuple):
    """An order as it is judged.

    Attributes:
        last, price: The last price and the worst of the order; zero where nobody knows one.
        value, notional: The quantity at each of them.
        known, total: How many of the last orders in the symbol are known, and their sizes added.
        like_at: When such an order was opened last.
        session: That the market is in, or None.
    """

    request: OrderRequest
    symbol: Symbol
    is_buy: bool
    quantity: Decimal
    last: Decimal
    price: Decimal
    value: Decimal
    notional: Decimal
    known: int
    total: Decimal
    like_at: datetime | None
    session: Session | None
    now: datetime


class _Step(NamedTuple):
    """What a symbol may come to in one book.

    Attributes:
        end: Size in the order's direction when it and all others of its side fill; zero or less
            when they can but reduce.
        growth: Of the worst size, whichever the direction, >= 0.
        reduces: Whether ``end`` is zero or less.
    """

    end: Decimal
    growth: Decimal
    reduces: bool


def decide(
    request: OrderRequest,
    state: RiskState,
    limits: Limits,
    now: datetime,
    strategy: StrategyId | None = None,
) -> Decision:
    """Say whether an order may be sent, with every limit that it would break.

    Nothing is changed: who sends the order tells ``state.on_order_opened`` before.

    Raises:
        Invalid: If the request has no quantity and no notional above zero, the strategy has no
            part of the account, or the day lies outside of the market's calendar.
    """
    own: BookLimits = (
        _NO_LIMITS if strategy is None else limits.by_strategy.get(strategy, _NO_LIMITS)
    )
    asked = _asked(request, state, now, strategy, (limits.account, own))
    breaches: list[Breach] = []
    if not asked.last:
        breaches.append(Breach(Limit.LAST_PRICE, f"symbol {asked.symbol}", "known", "unknown"))
    terms = state.terms.get(asked.symbol, UNKNOWN_TERMS)

    account = state.account
    step = _step(account, asked)
    _check_account(limits.account, state, asked, step, terms, breaches)
    _check_book(limits.account, account, asked, step, terms, breaches)
    _check_order(limits.account, "account", asked, step, breaches)
    _check_repeats(limits.account, account, asked, breaches)
    of_symbol = limits.by_symbol.get(asked.symbol)
    if of_symbol is not None:
        scope = f"symbol {asked.symbol}"
        _check_order(of_symbol, scope, asked, step, breaches)
        if not step.reduces:
            value = _multiply(step.end, asked.last)
            _check_position(of_symbol, scope, step.end, value, breaches)
    reduces = step.reduces
    if strategy is not None:
        book = state.book(strategy)
        step = _step(book, asked)
        _check_book(own, book, asked, step, terms, breaches)
        _check_order(own, book.name, asked, step, breaches)
        _check_repeats(own, book, asked, breaches)
        reduces = reduces and step.reduces
    price = asked.price if asked.last else None
    return Decision(tuple(breaches), limits.version, asked.quantity, price, reduces)


def standing_breaches(state: RiskState, limits: Limits) -> tuple[Breach, ...]:
    """Find every limit on what is held and ordered that is broken now, as after a price.

    Costs a look at each symbol that is held.
    """
    breaches: list[Breach] = []
    for book in state.books():
        rules: BookLimits = limits.account
        if book is not state.account:
            rules = limits.by_strategy.get(book.name.removeprefix("strategy "), _NO_LIMITS)
        exposure = book.exposure
        most = None
        if rules.concentration is not None:
            most = _multiply(rules.concentration, book.equity)
        _most(breaches, Limit.NET_EXPOSURE, book.name, rules.net_exposure, exposure.net)
        _check_sums(rules, book, exposure.gross, exposure.margin, breaches)
        _check_losses(rules, book, breaches)
        for symbol, holding in book.holdings.items():
            worst, value = holding.worst, holding.exposure.gross
            scope = f"{book.name} in {symbol}"
            _check_position(rules, scope, worst, value, breaches)
            _most(breaches, Limit.CONCENTRATION, scope, most, value)
            of_symbol = limits.by_symbol.get(symbol)
            if book is state.account and of_symbol is not None:
                _check_position(of_symbol, f"symbol {symbol}", worst, value, breaches)
    return tuple(breaches)


def _asked(
    request: OrderRequest,
    state: RiskState,
    now: datetime,
    strategy: StrategyId | None,
    rules: tuple[BookLimits, BookLimits],
) -> _Asked:
    is_buy = request.side is Side.BUY
    symbol = Symbol(request.symbol)
    last = state.prices.get(symbol, ZERO)
    price = _worst_price(request, is_buy, last)
    quantity = request.quantity
    if quantity is None:
        if request.notional is None:
            raise Invalid("quantity", "present, or a notional", None)
        if require_decimal(request.notional, "notional") <= 0:
            raise Invalid("notional", "above zero", request.notional)
        least = min(price, last) or price
        units = _LOOSE.divide(request.notional, least) if least else _FINEST_UNIT
        quantity = units.quantize(_FINEST_UNIT, ROUND_CEILING, _LOOSE)
    elif require_decimal(quantity, "quantity") <= 0:
        raise Invalid("quantity", "above zero", quantity)
    value, notional = _multiply(quantity, last), _multiply(quantity, price)
    known, total = state.mean_size(symbol)
    one, other = rules
    like_at = session = None
    if one.duplicate_window_s is not None or other.duplicate_window_s is not None:
        like_at = state.last_like(likeness_of(request, strategy))
    if one.market_hours or other.market_hours:
        session = state.session_at(symbol, now)
    return _Asked(
        request,
        symbol,
        is_buy,
        quantity,
        last,
        price,
        value,
        notional,
        known,
        total,
        like_at,
        session,
        now,
    )


def _worst_price(request: OrderRequest, is_buy: bool, last: Decimal) -> Decimal:
    """Give the highest price that an order is likely to trade at."""
    limit, stop = request.limit_price, request.stop_price
    for field, price in (("limit_price", limit), ("stop_price", stop)):
        if price is not None and require_decimal(price, field) <= 0:
            raise Invalid(field, "above zero", price)
    if is_buy and limit is not None:
        return limit
    return max(last, limit or ZERO, stop or ZERO)


def _step(book: Book, asked: _Asked) -> _Step:
    holding = book.holdings.get(asked.symbol, _FLAT)
    longest, shortest = holding.longest, holding.shortest
    before = worst_of(longest, shortest)
    end = _add(longest, asked.quantity) if asked.is_buy else _subtract(asked.quantity, shortest)
    growth = _subtract(end, before) if end > before else ZERO
    return _Step(end, growth, end <= 0)


def _check_account(
    limits: AccountLimits,
    state: RiskState,
    asked: _Asked,
    step: _Step,
    terms: Terms,
    breaches: list[Breach],
) -> None:
    """Check what is of the account alone: shares to borrow, and its own orders."""
    if not asked.is_buy and not step.reduces:
        _most(breaches, Limit.SHORT_AVAILABLE, f"symbol {asked.symbol}", terms.borrowable, step.end)
    if not limits.wash_trade_guard:
        return
    facing = state.facing(asked.symbol, asked.request.side)
    reach = reach_of(asked.request)
    if facing is not None and (reach >= facing if asked.is_buy else reach <= facing):
        other = "sell" if asked.is_buy else "buy"
        price = "at any price" if facing.is_infinite() or not facing else f"at {facing:f}"
        breaches.append(
            Breach(Limit.WASH_TRADE, "account", "apart from own orders", f"open {other} {price}")
        )


def _check_book(
    limits: BookLimits,
    book: Book,
    asked: _Asked,
    step: _Step,
    terms: Terms,
    breaches: list[Breach],
) -> None:
    """Check an order against what its account or strategy holds, has lost, and may do."""
    if book.state is not TradingState.ACTIVE and (
        book.state is TradingState.HALTED or not step.reduces
    ):
        wanted = "active or reduced" if book.state is TradingState.REDUCING else "active"
        breaches.append(Breach(Limit.TRADING_STATE, book.name, wanted, book.state.value))
    if asked.request.symbol in limits.restricted:
        breaches.append(Breach(Limit.RESTRICTED, book.name, "not restricted", asked.symbol))
    if not limits.short_selling and not asked.is_buy and not step.reduces:
        breaches.append(Breach(Limit.SHORT_SELLING, book.name, ZERO, step.end))
    if limits.market_hours is not None:
        _check_hours(limits.market_hours, book.name, asked, terms, breaches)
    exposure = book.exposure
    change = asked.value
    net = _add(exposure.net_long, change) if asked.is_buy else _subtract(change, exposure.net_short)
    _most(breaches, Limit.NET_EXPOSURE, book.name, limits.net_exposure, net)
    if step.reduces:
        return
    _check_losses(limits, book, breaches)
    growth = asked.value
    if step.growth != asked.quantity:
        growth = _multiply(step.growth, asked.last)
    margin = _add(exposure.margin, _multiply(growth, terms.margin_rate))
    _check_sums(limits, book, _add(exposure.gross, growth), margin, breaches)
    scope, value = f"{book.name} in {asked.symbol}", _multiply(step.end, asked.last)
    _check_position(limits, scope, step.end, value, breaches)
    if limits.concentration is not None:
        most = _multiply(limits.concentration, book.equity)
        _most(breaches, Limit.CONCENTRATION, scope, most, value)


def _check_sums(
    limits: BookLimits, book: Book, gross: Decimal, margin: Decimal, breaches: list[Breach]
) -> None:
    _most(breaches, Limit.GROSS_EXPOSURE, book.name, limits.gross_exposure, gross)
    if limits.leverage is not None:
        most = _multiply(limits.leverage, book.equity)
        _most(breaches, Limit.LEVERAGE, book.name, most, gross)
    if limits.margin_use is not None:
        most = _multiply(limits.margin_use, book.equity)
        _most(breaches, Limit.MARGIN_USE, book.name, most, margin)


def _check_losses(limits: BookLimits, book: Book, breaches: list[Breach]) -> None:
    if limits.daily_loss is not None:
        _most(breaches, Limit.DAILY_LOSS, book.name, limits.daily_loss, book.loss_today)
    if limits.drawdown is not None and book.equity < book.peak:
        most = _multiply(limits.drawdown, max(book.peak, ZERO))
        _most(breaches, Limit.DRAWDOWN, book.name, most, _subtract(book.peak, book.equity))


def _check_order(
    limits: OrderLimits,
    scope: str,
    asked: _Asked,
    step: _Step,
    breaches: list[Breach],
) -> None:
    """Check the order's own size and price."""
    _most(breaches, Limit.ORDER_QUANTITY, scope, limits.order_quantity, asked.quantity)
    _most(breaches, Limit.ORDER_NOTIONAL, scope, limits.order_notional, asked.notional)
    if limits.price_collar is not None and asked.request.limit_price is not None and asked.last:
        _check_collar(limits.price_collar, scope, asked, asked.request.limit_price, breaches)
    if limits.fat_finger is not None and not step.reduces:
        _check_finger(limits.fat_finger, scope, asked, breaches)


def _check_position(
    limits: OrderLimits, scope: str, worst: Decimal, value: Decimal, breaches: list[Breach]
) -> None:
    _most(breaches, Limit.POSITION_QUANTITY, scope, limits.position_quantity, worst)
    _most(breaches, Limit.POSITION_NOTIONAL, scope, limits.position_notional, value)


def _check_collar(
    collar: Decimal, scope: str, asked: _Asked, limit: Decimal, breaches: list[Breach]
) -> None:
    stop = asked.request.stop_price or asked.last
    if asked.is_buy:
        bound = _multiply(max(stop, asked.last), _add(Decimal(1), collar))
        if limit > bound:
            breaches.append(Breach(Limit.PRICE_COLLAR, scope, bound, limit))
    else:
        bound = _multiply(min(stop, asked.last), _subtract(Decimal(1), collar))
        if limit < bound:
            breaches.append(Breach(Limit.PRICE_COLLAR, scope, f"at least {bound:f}", limit))


def _check_finger(finger: FatFinger, scope: str, asked: _Asked, breaches: list[Breach]) -> None:
    known, total = asked.known, asked.total
    if known < finger.after:
        return
    most = _multiply(finger.multiple, total)
    if _multiply(asked.quantity, Decimal(known)) > most:
        mean = _LOOSE.divide(most, Decimal(known)).quantize(_FINEST, ROUND_HALF_EVEN, _LOOSE)
        breaches.append(Breach(Limit.FAT_FINGER, scope, mean, asked.quantity))


def _check_hours(
    hours: MarketHours, scope: str, asked: _Asked, terms: Terms, breaches: list[Breach]
) -> None:
    if terms.calendar is None:
        return
    session = asked.session
    if session is not None and session.is_regular(asked.now):
        return
    extended = hours is MarketHours.EXTENDED and asked.request.extended_hours
    if session is None or not extended:
        actual = "closed" if session is None else "extended hours"
        breaches.append(Breach(Limit.MARKET_HOURS, scope, hours.value, actual))


def _check_repeats(limits: BookLimits, book: Book, asked: _Asked, breaches: list[Breach]) -> None:
    """Check how many orders there were of late, and whether this is one of them again."""
    rate, sent = limits.order_rate, book.sent
    if rate is not None and len(sent) >= rate.orders:
        span = timedelta(seconds=rate.window_s)
        if asked.now - sent[-rate.orders] < span:
            # How many more there were would need a look at each.
            actual = f"order {rate.orders + 1} or later in {rate.window_s} s"
            allowed = f"at most {rate.orders} in {rate.window_s} s"
            breaches.append(Breach(Limit.ORDER_RATE, book.name, allowed, actual))
    if limits.duplicate_window_s is not None:
        at = asked.like_at
        if at is not None and asked.now - at < timedelta(seconds=limits.duplicate_window_s):
            allowed = f"none like it in {limits.duplicate_window_s} s"
            breaches.append(Breach(Limit.DUPLICATE, book.name, allowed, f"one at {at.isoformat()}"))


def _most(
    breaches: list[Breach], limit: Limit, scope: str, most: Decimal | None, actual: Decimal
) -> None:
    if most is not None and actual > most:
        breaches.append(Breach(limit, scope, most, actual))
