"""Refuse an order that no account could make of a symbol: sizes, steps of prices, exits.

The numbers are what the broker or the paper exchange would refuse later.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from algotrendy.brokers.asset_rules import AssetRules
from algotrendy.kernel.decimals import decimals_of, is_multiple, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.trading.ports import Listing, Quote

MAX_QUANTITY = Decimal(10) ** 9
MAX_PRICE = Decimal(10) ** 7
MAX_NOTIONAL = Decimal(10) ** 12
UNIT_DECIMALS = 9
_NOTIONAL_DECIMALS = 2
_PERCENT_DECIMALS = 4
_ONE = Decimal(1)
_CENT = Decimal("0.01")
_BELOW_ONE = Decimal("0.0001")


def check_listed(
    request: OrderRequest,
    kind: AssetClass,
    rules: AssetRules,
    listing: Listing | None,
    quote: Quote | None,
) -> None:
    """Refuse a request that does not fit what it trades.

    Args:
        request: That the broker's capability table has passed.
        kind: The class of the asset.
        rules: The broker's, of that class.
        listing: None where nobody told.
        quote: A fresh one, or None.

    Raises:
        Invalid: Naming the field.
    """
    if listing is not None and not listing.is_tradable:
        raise Invalid("symbol", "one that is traded now", request.symbol)
    rules.check(request)
    _check_size(request, listing)
    for field, price in prices_of(request):
        _check_price(field, price, kind, listing)
    if request.trail_percent is not None:
        _check_number("trail_percent", request.trail_percent, Decimal(100), _PERCENT_DECIMALS)
        if request.trail_percent == 100:
            raise Invalid("trail_percent", "below 100", request.trail_percent)
    if request.order_class is not OrderClass.SIMPLE:
        _check_exits(request, quote)


def check_direction(request: OrderRequest, rules: AssetRules, held: Decimal) -> None:
    """Refuse an order that does not fit which way the account's position is.

    Args:
        held: Units of the whole account, below zero for a short.

    Raises:
        Invalid: Naming the field.
    """
    closes = held * request.side.sign < 0
    kind = request.order_class
    if kind is OrderClass.OCO and not closes:
        raise Invalid("order_class", "other than oco where no position is to be closed", kind.value)
    if kind in (OrderClass.BRACKET, OrderClass.OTO) and closes and not rules.crosses_zero:
        raise Invalid("order_class", "simple or oco for what closes a position", kind.value)
    if closes or request.side is Side.BUY:
        return
    if request.quantity is None:
        raise Invalid("notional", "absent for a short sale", request.notional)
    if decimals_of(request.quantity):
        raise Invalid("quantity", "a whole number for a short sale", request.quantity)


def check_other_exit(request: OrderRequest, other: OrderRequest) -> None:
    """Refuse an exit that would not be a cent beyond the other one of its pair.

    Raises:
        Invalid: Naming the field.
    """
    target, stop = _target_of(request), request.stop_price
    if target is not None and other.stop_price is not None:
        _check_beyond("limit_price", target, request.side, other.stop_price, "the stop")
    elif stop is not None and (target := _target_of(other)) is not None:
        _check_beyond("stop_price", stop, request.side.opposite, target, "the target")


def _target_of(exit_: OrderRequest) -> Decimal | None:
    """Give the price at which an exit takes the profit; None where it stops a loss."""
    if exit_.type is not OrderType.LIMIT:
        return None
    if exit_.order_class is OrderClass.OCO and exit_.take_profit is not None:
        return exit_.take_profit.limit_price
    return exit_.limit_price


def prices_of(request: OrderRequest) -> Iterator[tuple[str, Decimal]]:
    """Give the prices that a request names, each with its field."""
    profit, loss = request.take_profit, request.stop_loss
    for field, price in (
        ("limit_price", request.limit_price),
        ("stop_price", request.stop_price),
        ("trail_price", request.trail_price),
        ("take_profit.limit_price", None if profit is None else profit.limit_price),
        ("stop_loss.stop_price", None if loss is None else loss.stop_price),
        ("stop_loss.limit_price", None if loss is None else loss.limit_price),
    ):
        if price is not None:
            yield field, price


def price_step(price: Decimal, kind: AssetClass, listing: Listing | None) -> Decimal | None:
    """Give the step between prices at a price; None where nobody told.

    Of shares it is a cent from 1.00 upwards and a hundredth of one below: 17 CFR 242.612.
    """
    step = listing.price_increment if listing is not None else None
    if step is None and kind is AssetClass.EQUITY:
        step = _CENT
    if step is None or price >= _ONE:
        return step
    return min(step, _BELOW_ONE)


def _check_size(request: OrderRequest, listing: Listing | None) -> None:
    is_fraction = request.quantity is None or decimals_of(request.quantity) > 0
    if request.quantity is not None:
        _check_number("quantity", request.quantity, MAX_QUANTITY, UNIT_DECIMALS)
    if request.notional is not None:
        _check_number("notional", request.notional, MAX_NOTIONAL, _NOTIONAL_DECIMALS)
    if is_fraction and listing is not None and not listing.is_fractionable:
        if request.quantity is None:
            raise Invalid("notional", f"absent: {request.symbol} has no parts", request.notional)
        raise Invalid("quantity", f"a whole number of {request.symbol}", request.quantity)


def _check_price(field: str, price: Decimal, kind: AssetClass, listing: Listing | None) -> None:
    _check_number(field, price, MAX_PRICE, UNIT_DECIMALS)
    step = price_step(price, kind, listing)
    if step is not None and not is_multiple(price, step):
        raise Invalid(field, f"a multiple of {plain(step)}", price)


def _check_number(field: str, value: Decimal, most: Decimal, decimals: int) -> None:
    if value > most:
        raise Invalid(field, f"at most {plain(most)}", value)
    if decimals_of(value) > decimals:
        raise Invalid(field, f"of at most {decimals} decimals", value)


def _check_exits(request: OrderRequest, quote: Quote | None) -> None:
    """Refuse exits on the wrong side of the entry, of the market, or of each other."""
    is_oco = request.order_class is OrderClass.OCO
    exit_side = request.side if is_oco else request.side.opposite
    target = None if request.take_profit is None else request.take_profit.limit_price
    stop = None if request.stop_loss is None else request.stop_loss.stop_price
    market = None if quote is None else _trades_at(quote, request.side)
    base = market if is_oco else request.limit_price or market
    if target is not None and base is not None and not is_oco:
        _check_beyond("take_profit.limit_price", target, exit_side, base, "the entry's price")
    if stop is not None and base is not None:
        of = "the market" if is_oco else "the entry's price"
        _check_beyond("stop_loss.stop_price", stop, exit_side.opposite, base, of)
    if target is not None and stop is not None:
        _check_beyond("take_profit.limit_price", target, exit_side, stop, "the stop")


def _check_beyond(field: str, price: Decimal, side: Side, base: Decimal, of: str) -> None:
    """Refuse a price less than a cent above the base, for a seller, or below it, for a buyer."""
    if (base - price) * side.sign >= _CENT:
        return
    if side is Side.SELL:
        raise Invalid(field, f"{plain(base + _CENT)} or more, a cent above {of}", price)
    raise Invalid(field, f"{plain(base - _CENT)} or less, a cent below {of}", price)


def _trades_at(quote: Quote, side: Side) -> Decimal:
    return (quote.ask if side is Side.BUY else quote.bid) or quote.last
