"""Read from ccxt what an exchange offers, and say what of it is mapped here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from algotrendy.brokers.capabilities import Capabilities, Stream
from algotrendy.brokers.ccxt.profiles import Profile, profile_of
from algotrendy.brokers.ccxt.vendor import vendor_class
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType, TimeInForce

_NEEDED = ("createOrder", "cancelOrder", "fetchOrder", "fetchMyTrades", "fetchBalance")


def capabilities_of(exchange: Any, profile: Profile) -> Capabilities:
    """Make the capability table of an exchange.

    Raises:
        Invalid: If it lacks what no adapter can do without.
    """
    has: Mapping[str, Any] = exchange.has
    lacking = [name for name in _NEEDED if not has.get(name)]
    if not (
        has.get("fetchOrders") or (has.get("fetchOpenOrders") and has.get("fetchClosedOrders"))
    ):
        lacking.append("fetchOrders")
    if lacking:
        offer = f"an exchange where ccxt offers {', '.join(lacking)}"
        raise Invalid("exchange", offer, exchange.id)
    offered = _spot_orders(exchange)
    types = {OrderType.LIMIT}
    if has.get("createMarketOrder") is not False:
        types.add(OrderType.MARKET)
    if offered.get("triggerPrice"):
        types.add(OrderType.STOP_LIMIT)
    times = {TimeInForce.GTC}
    known = offered.get("timeInForce") or {}
    times |= {time for time in (TimeInForce.IOC, TimeInForce.FOK) if known.get(time.upper())}
    standing = frozenset({TimeInForce.GTC})
    is_pushed = bool(has.get("watchOrders") and has.get("watchMyTrades"))
    return Capabilities(
        asset_classes=frozenset({AssetClass.CRYPTO}),
        order_types=frozenset(types),
        times_in_force=frozenset(times),
        times_by_type={OrderType.MARKET: standing, OrderType.STOP_LIMIT: standing},
        fractional=True,
        notional=bool(offered.get("marketBuyByCost") and has.get("createMarketBuyOrderWithCost")),
        replace=profile.replaces and has.get("editOrder") is True,
        stream=Stream.PUSHED if is_pushed else Stream.POLLED,
        client_order_id_length=profile.name_length,
        notes=(
            "Spot pairs only; nothing is borrowed, so nothing is sold short.",
            "A sum in place of a quantity is for market orders to buy.",
            *profile.notes,
        ),
    )


async def capabilities_at(exchange: str) -> Capabilities:
    """Make the capability table of an exchange without an account there.

    Raises:
        Invalid: If ccxt does not know the exchange, or it lacks what is needed.
    """
    kind = await vendor_class(exchange)
    return capabilities_of(kind({"options": {"defaultType": "spot"}}), profile_of(exchange))


def needs_direction(exchange: Any) -> bool:
    """Say whether an order with a stop has to say from which side the price comes."""
    return bool(_spot_orders(exchange).get("triggerDirection"))


def page_of(exchange: Any, method: str) -> int | None:
    """Give how many rows a list may be asked for; None where ccxt does not know."""
    return _features(exchange, method).get("limit")


def _spot_orders(exchange: Any) -> Mapping[str, Any]:
    return _features(exchange, "createOrder")


def _features(exchange: Any, method: str) -> Mapping[str, Any]:
    spot = (exchange.features or {}).get("spot") or {}
    return spot.get(method) or {}
