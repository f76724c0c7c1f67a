"""Say what the bridge algorithm on QuantConnect can do."""

from __future__ import annotations

from algotrendy.brokers.capabilities import Capabilities, Stream
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType, TimeInForce

CAPABILITIES = Capabilities(
    asset_classes=frozenset({AssetClass.EQUITY}),
    order_types=frozenset(
        {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}
    ),
    times_in_force=frozenset({TimeInForce.DAY, TimeInForce.GTC}),
    short=True,
    replace=True,
    keeps_order_id=True,
    stream=Stream.POLLED,
    # No limit of a tag's length is documented; this one is ours.
    client_order_id_length=64,
    notes=(
        "Orders and portfolio are snapshots that QuantConnect renews about every 10 minutes.",
        "A day order that ends with its day comes as canceled: LEAN has no expired.",
        "Buying power is the cash: the API tells no other.",
        "A replaced order keeps its broker order id.",
    ),
)
