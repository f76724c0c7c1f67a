"""Say what Alpaca takes."""

from __future__ import annotations

from algotrendy.brokers.capabilities import STANDING, Capabilities, Stream
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, TimeInForce

CAPABILITIES = Capabilities(
    asset_classes=frozenset({AssetClass.EQUITY, AssetClass.CRYPTO}),
    order_types=frozenset(OrderType),
    times_in_force=frozenset(TimeInForce),
    times_by_type={
        OrderType.STOP: STANDING,
        OrderType.STOP_LIMIT: STANDING,
        OrderType.TRAILING_STOP: STANDING,
    },
    order_classes=frozenset(OrderClass),
    fractional=True,
    notional=True,
    short=True,
    extended_hours=True,
    replace=True,
    activities=True,
    stream=Stream.PUSHED,
    client_order_id_length=128,
    requests_per_minute=200,
    notes=(
        "Crypto: market, limit and stop-limit orders, gtc and ioc; no short sales.",
        "Fractional and notional orders of shares are day orders; a bracket's are whole shares.",
        "A replacement has a new broker order id.",
        "An order of a client order id that was used before is refused, and never sent again.",
    ),
)
