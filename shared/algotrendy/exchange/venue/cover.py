"""Judge whether an account can stand for an order: its units, its money, its other orders."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.desk import Desk
from algotrendy.exchange.venue.model import ZERO, Account, Order
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.rows import is_exit
from algotrendy.exchange.venue.standing import awaits_election, worst_price
from algotrendy.kernel.decimals import is_multiple, plain, rounded
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side

_ONE = Decimal(1)
_LEAST_PAIR = Decimal(10)
_LIMIT = OrderType.LIMIT


def check_cover(desk: Desk, order: Order, replacing: Order | None = None) -> None:
    """Refuse an order that its account cannot stand for; it is not among the orders yet.

    Args:
        replacing: The order whose place it takes, and which holds nothing any more.
    """
    account = desk.ledger.accounts[order.account_id]
    if account.blocked:
        raise Refused(Reason.FORBIDDEN, "account is blocked from trading")
    if replacing is not None and is_exit(order):
        # Of an exit only the price is replaced: it closes what it closed before.
        return
    asset = desk.assets[order.symbol]
    if order.notional is not None and not account.fractional:
        raise Refused(Reason.FORBIDDEN, "notional: account is not allowed to trade fractions")
    is_fraction = order.quantity is not None and _is_share_fraction(order.quantity, asset)
    if is_fraction and not account.fractional:
        raise Refused(Reason.FORBIDDEN, "qty: account is not allowed to trade fractions")
    without = "" if replacing is None else replacing.id
    check_wash(desk, order, without)
    opens = check_units(desk, account, asset, order, without)
    if opens:
        check_money(desk, order, without)


def check_units(desk: Desk, account: Account, asset: Asset, order: Order, without: str) -> bool:
    """Refuse to close more than is there; say whether the order opens or adds to a position."""
    held = desk.held(account.id, asset.symbol)
    closes = held * order.side.sign < 0
    if order.order_class is OrderClass.OCO and not closes:
        raise Refused(Reason.UNPROCESSABLE, "order_class: oco orders must be exit orders")
    if not closes:
        if order.side is Side.SELL:
            _check_short(desk, account, asset, order, without)
        return True
    if order.order_class in (OrderClass.BRACKET, OrderClass.OTO) and not is_exit(order):
        raise Refused(
            Reason.UNPROCESSABLE, f"order_class: {order.order_class} orders must be entry orders"
        )
    wanted = desk.wanted(order)
    available = desk.available(account.id, asset.symbol, without)
    if wanted > available:
        raise Refused(
            Reason.FORBIDDEN,
            "insufficient qty available for order "
            f"(requested: {_plain(wanted)}, available: {_plain(available)})",
            symbol=asset.symbol,
            existing_qty=_plain(held),
            held_for_orders=_plain(abs(held) - available),
            available=_plain(available),
        )
    return False


def check_money(desk: Desk, order: Order, without: str = "") -> None:
    """Refuse what the account's buying power does not reach for."""
    price = desk.market_price(order.symbol, Side.BUY)
    price = price or order.limit_price or order.stop_price
    if price is None:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"symbol: {order.symbol} has no price yet; a limit order could wait for one",
        )
    cost = order.notional or (order.quantity or ZERO) * (order.limit_price or price)
    _check_least(desk.assets[order.symbol], order, cost)
    needed = desk.ledger.buying_power_needed(order, price)
    power = desk.ledger.buying_power(order.account_id, desk.held_money(order.account_id, without))
    if needed > power:
        raise Refused(
            Reason.FORBIDDEN,
            "insufficient buying power",
            symbol=order.symbol,
            buying_power=_plain(rounded(power, 2)),
            cost_basis=_plain(rounded(cost, 2)),
        )


def _check_least(asset: Asset, order: Order, cost: Decimal) -> None:
    """Refuse what is too small: pairs below 10, fractions of a share below 1, as Alpaca does."""
    is_pair = asset.asset_class is AssetClass.CRYPTO
    is_fraction = order.quantity is None or _is_share_fraction(order.quantity, asset)
    least = _LEAST_PAIR if is_pair else _ONE
    if cost < least and (is_pair or is_fraction):
        message = f"cost basis must be >= minimal amount of order {least}"
        raise Refused(Reason.FORBIDDEN, message, cost_basis=_plain(cost))


def check_wash(desk: Desk, order: Order, without: str = "") -> None:
    """Refuse an order that might trade with another of the same account."""
    own = worst_price(order)
    found = desk.standing.facing(
        order.account_id,
        order.symbol,
        order.side.opposite,
        own or desk.market_price(order.symbol, order.side),
        own is None,
    )
    for other in found:
        if other.id == without or _are_family(order, other) or not _may_meet(desk, order, other):
            continue
        kind = "limit" if other.type is OrderType.LIMIT else "market/stop"
        raise Refused(
            Reason.FORBIDDEN,
            "potential wash trade detected. use complex orders",
            existing_order_id=other.id,
            reject_reason=f"opposite side {kind} order exists",
        )


def _may_meet(desk: Desk, order: Order, other: Order) -> bool:
    """Say whether a new order and a standing one of the other side could trade together."""
    if order.order_class is not OrderClass.SIMPLE or is_exit(other):
        # Complex orders are the way out that Alpaca names: only a price that crosses now counts.
        if order.type not in (OrderType.MARKET, OrderType.LIMIT) or other.type is not _LIMIT:
            return False
    elif awaits_election(order) and awaits_election(other):
        return False
    own, its = worst_price(order), worst_price(other)
    if own is None and other.type is not _LIMIT:
        return True
    own = own or desk.market_price(order.symbol, order.side)
    its = its or desk.market_price(order.symbol, other.side)
    return own is None or its is None or (own - its) * order.side.sign >= 0


def _are_family(order: Order, other: Order) -> bool:
    return (
        other.parent_id == order.id
        or order.parent_id == other.id
        or (order.parent_id is not None and order.parent_id == other.parent_id)
        or other.id in order.legs
    )


def _check_short(desk: Desk, account: Account, asset: Asset, order: Order, without: str) -> None:
    symbol = asset.symbol
    if asset.asset_class is AssetClass.CRYPTO:
        raise Refused(
            Reason.FORBIDDEN,
            f"insufficient balance for {symbol.partition('/')[0]} "
            f"(requested: {_plain(desk.wanted(order))}, available: 0)",
            symbol=symbol,
            available="0",
        )
    if order.quantity is None or _is_share_fraction(order.quantity, asset):
        field = "notional" if order.quantity is None else "qty"
        raise Refused(
            Reason.UNPROCESSABLE, f"{field}: fractional orders cannot be sold short", symbol=symbol
        )
    if not account.shorting or desk.ledger.leverage(account.id) < 2:
        raise Refused(Reason.FORBIDDEN, "side: account is not allowed to short", symbol=symbol)
    if not asset.borrowable:
        raise Refused(Reason.UNPROCESSABLE, f'side: asset "{symbol}" cannot be sold short')
    promised = desk.promised_short(symbol, without)
    if order.quantity > desk.ledger.shortable(symbol) - promised:
        left = max(desk.ledger.shortable(symbol) - promised, ZERO)
        raise Refused(
            Reason.FORBIDDEN,
            f'qty: asset "{symbol}" has not that much to borrow '
            f"(requested: {_plain(order.quantity)}, available: {_plain(left)})",
            symbol=symbol,
            available=_plain(left),
        )


def _is_share_fraction(quantity: Decimal, asset: Asset) -> bool:
    return asset.asset_class is AssetClass.EQUITY and not is_multiple(quantity, _ONE)


def _plain(value: Decimal) -> str:
    """Write a number without an exponent and without zeros at its end."""
    text = plain(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
