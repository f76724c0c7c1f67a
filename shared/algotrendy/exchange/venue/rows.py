"""Write orders as the records that the rules read."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.rules import codes
from algotrendy.exchange.rules.records import OrderRow
from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.orders import WORKING
from algotrendy.kernel.decimals import is_multiple
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce

KINDS = {
    OrderType.MARKET: codes.MARKET,
    OrderType.LIMIT: codes.LIMIT,
    OrderType.STOP: codes.STOP,
    OrderType.STOP_LIMIT: codes.STOP_LIMIT,
    OrderType.TRAILING_STOP: codes.TRAILING_STOP,
}
LIVES = {
    TimeInForce.DAY: codes.DAY,
    TimeInForce.GTC: codes.GTC,
    TimeInForce.OPG: codes.OPG,
    TimeInForce.CLS: codes.CLS,
    TimeInForce.IOC: codes.IOC,
    TimeInForce.FOK: codes.FOK,
}
_ONE = Decimal(1)
_HALF = Decimal("0.5")
_SUB_PENNY = Decimal("0.0001")


def price_step(asset: Asset, price: Decimal) -> Decimal:
    """Give the step between prices of an asset at a price."""
    return min(_SUB_PENNY, asset.price_step) if price < _ONE else asset.price_step


def remaining(order: Order) -> Decimal:
    """Give what is left to fill of an order that has a quantity."""
    return (order.quantity or order.filled_quantity) - order.filled_quantity


def is_exit(order: Order) -> bool:
    """Say whether the order is an exit of a group."""
    return order.parent_id is not None or order.order_class is OrderClass.OCO


def role_of(order: Order) -> int:
    """Say what the order is in its group."""
    if not is_exit(order):
        return codes.ALONE if order.order_class is OrderClass.SIMPLE else codes.ENTRY
    return codes.TAKE_PROFIT if order.type is OrderType.LIMIT else codes.STOP_LOSS


def row_of(order: Order, asset: Asset) -> OrderRow:
    """Write an order as a record without links; a notional order's quantity is set later."""
    state = codes.HELD
    if order.status in WORKING:
        state = codes.PARTLY_FILLED if order.filled_quantity else codes.WORKING
    anchor = order.stop_price or order.limit_price or _ONE
    by_the_share = asset.asset_class is AssetClass.EQUITY and is_multiple(
        order.quantity or _HALF, _ONE
    )
    return OrderRow(
        kind=KINDS[order.type],
        side=codes.BUY if order.side is Side.BUY else codes.SELL,
        tif=LIVES[order.time_in_force],
        role=role_of(order),
        state=state,
        quantity=float(order.quantity or 0),
        filled=float(order.filled_quantity),
        limit=float(order.limit_price or 0),
        stop=float(order.stop_price or 0),
        trail_price=float(order.trail_price or 0),
        trail_percent=float(order.trail_percent or 0),
        mark=float(order.mark or 0),
        increment=float(price_step(asset, anchor)),
        lot=1.0 if by_the_share else 0.0,
        triggered=int(order.triggered),
        extended=int(order.extended_hours),
    )
