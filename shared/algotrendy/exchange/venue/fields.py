"""Check the single fields of a request: numbers, price increments, and which go together."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.orders import Orders
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.rows import price_step
from algotrendy.kernel.decimals import decimals_of, is_multiple, plain
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType
from algotrendy.kernel.order_request import OrderRequest

MAX_CLIENT_ORDER_ID = 128
MAX_QUANTITY = Decimal(10) ** 9
MAX_PRICE = Decimal(10) ** 7
MAX_NOTIONAL = Decimal(10) ** 12
MAX_TRAIL_PERCENT = Decimal(100)
QUANTITY_DECIMALS = 9
NOTIONAL_DECIMALS = 2
PERCENT_DECIMALS = 4


def check_client_order_id(orders: Orders, account_id: str, name: str | None) -> None:
    """Refuse a name that is too long, empty or used before; None is made up later."""
    if name is None:
        return
    if not 1 <= len(name) <= MAX_CLIENT_ORDER_ID:
        raise Refused(
            Reason.INVALID,
            f"client_order_id must be 1 to {MAX_CLIENT_ORDER_ID} characters, was {len(name)}",
        )
    if orders.by_client_id(account_id, name) is not None:
        raise Refused(Reason.INVALID, "client_order_id must be unique")


def check_number(field: str, value: Decimal, most: Decimal, decimals: int) -> None:
    """Refuse what is not above zero, beyond reason, or finer than the venue counts."""
    if not value.is_finite() or value <= 0:
        raise Refused(Reason.UNPROCESSABLE, f"{field} must be > 0, was {_shown(value)}")
    if value > most:
        raise Refused(
            Reason.UNPROCESSABLE, f"{field} must be <= {plain(most)}, was {_shown(value)}"
        )
    if decimals_of(value) > decimals:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"{field} must be limited to {decimals} decimal places, was {_shown(value)}",
        )


def check_price(field: str, price: Decimal, asset: Asset) -> None:
    """Refuse a price that is none, or that lies between two steps of the asset."""
    check_number(field, price, MAX_PRICE, QUANTITY_DECIMALS)
    step = price_step(asset, price)
    if is_multiple(price, step):
        return
    if asset.asset_class is AssetClass.CRYPTO:
        raise Refused(
            Reason.UNPROCESSABLE,
            f"invalid {field} {plain(price)}. it must be a multiple of {plain(step)}",
        )
    raise Refused(
        Reason.UNPROCESSABLE,
        f"invalid {field} {plain(price)}. "
        f"sub-penny increment does not fulfill minimum pricing criteria of {plain(step)}",
    )


def check_size(request: OrderRequest, asset: Asset) -> None:
    """Refuse a request without exactly one of qty and notional, or with an odd one."""
    if request.quantity is not None and request.notional is not None:
        raise Refused(Reason.INVALID, "only one of qty or notional is accepted")
    if request.quantity is not None:
        check_quantity(request.quantity, asset)
    elif request.notional is not None:
        check_number("notional", request.notional, MAX_NOTIONAL, NOTIONAL_DECIMALS)
    else:
        raise Refused(Reason.INVALID, "qty or notional is required")


def check_quantity(quantity: Decimal, asset: Asset) -> None:
    """Refuse a quantity that the asset cannot be traded in."""
    check_number("qty", quantity, MAX_QUANTITY, QUANTITY_DECIMALS)
    if not is_multiple(quantity, asset.quantity_step):
        raise Refused(
            Reason.UNPROCESSABLE,
            f"qty must be a multiple of {plain(asset.quantity_step)}, was {plain(quantity)}",
        )


def check_prices(request: OrderRequest, asset: Asset) -> None:
    """Refuse prices that the type of order lacks or has no use for, and odd ones."""
    kind = request.type
    _check_presence("limit_price", request.limit_price, kind.has_limit, kind)
    _check_presence("stop_price", request.stop_price, kind.has_stop, kind)
    if request.limit_price is not None:
        check_price("limit_price", request.limit_price, asset)
    if request.stop_price is not None:
        check_price("stop_price", request.stop_price, asset)
    _check_trail(request, asset)


def _check_presence(field: str, price: Decimal | None, needed: bool, kind: OrderType) -> None:
    if needed and price is None:
        raise Refused(Reason.INVALID, f"{kind} orders require {field}")
    if price is not None and not needed:
        raise Refused(Reason.INVALID, f"{kind} orders must not have {field}")


def _check_trail(request: OrderRequest, asset: Asset) -> None:
    price, percent = request.trail_price, request.trail_percent
    if request.type is not OrderType.TRAILING_STOP:
        if price is not None or percent is not None:
            field = "trail_percent" if price is None else "trail_price"
            raise Refused(Reason.INVALID, f"{request.type} orders must not have {field}")
        return
    if (price is None) == (percent is None):
        raise Refused(
            Reason.INVALID, "trailing_stop orders require exactly one of trail_price, trail_percent"
        )
    if price is not None:
        check_price("trail_price", price, asset)
    if percent is not None:
        check_trail_percent(percent)


def check_trail_percent(percent: Decimal) -> None:
    """Refuse a trail of nothing, or of the whole price."""
    check_number("trail_percent", percent, MAX_TRAIL_PERCENT, PERCENT_DECIMALS)
    if percent >= MAX_TRAIL_PERCENT:
        raise Refused(Reason.UNPROCESSABLE, "trail_percent must be < 100")


def _shown(value: Decimal) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:40] + "…"
