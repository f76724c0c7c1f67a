"""Write the order that closes a position."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.fields import check_number, check_quantity
from algotrendy.exchange.venue.model import Position
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.decimals import floor_to, plain
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest

_WHOLE = Decimal(100)
_ONE = Decimal(1)
_PERCENT_DECIMALS = 9


def closing_request(
    position: Position, asset: Asset, quantity: Decimal | None, percentage: Decimal | None
) -> OrderRequest:
    """Ask for a market order over all of a position, a quantity or a percentage of it."""
    held = abs(position.quantity)
    if quantity is not None and percentage is not None:
        raise Refused(Reason.INVALID, "only one of qty or percentage is accepted")
    if quantity is not None:
        check_quantity(quantity, asset)
    elif percentage is not None:
        check_number("percentage", percentage, _WHOLE, _PERCENT_DECIMALS)
        quantity = floor_to(held * percentage / _WHOLE, _step(position, asset))
        if percentage == _WHOLE:
            quantity = held
        if not quantity:
            raise Refused(
                Reason.UNPROCESSABLE,
                f"percentage: {plain(percentage)} % of {plain(held)} is less than can be traded",
            )
    is_share = asset.asset_class is AssetClass.EQUITY
    return OrderRequest(
        symbol=asset.symbol,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY if is_share else TimeInForce.GTC,
        quantity=held if quantity is None else quantity,
    )


def _step(position: Position, asset: Asset) -> Decimal:
    """Give the step in which a part is taken; shorts of shares are whole."""
    if asset.asset_class is AssetClass.EQUITY and (position.quantity < 0 or not asset.fractionable):
        return _ONE
    return asset.quantity_step
