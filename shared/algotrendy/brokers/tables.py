"""Look up by name what a broker can do; no vendor's library is loaded, and nobody is asked."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from algotrendy.brokers.asset_rules import ALPACA, ANYTHING, AssetRules
from algotrendy.brokers.capabilities import Capabilities, Stream
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType, TimeInForce

_CCXT = Capabilities(
    asset_classes=frozenset({AssetClass.CRYPTO}),
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}),
    times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK}),
    times_by_type={
        OrderType.MARKET: frozenset({TimeInForce.GTC}),
        OrderType.STOP_LIMIT: frozenset({TimeInForce.GTC}),
    },
    fractional=True,
    notional=True,
    replace=True,
    stream=Stream.POLLED,
    client_order_id_length=32,
    notes=("The most that any exchange takes: its own table, read by ccxt, may have less.",),
)
BROKERS = ("alpaca", "ccxt", "quantconnect", "simulated")


@cache
def capabilities_named(broker: str) -> Capabilities:
    """Give the capability table of a broker, such as ``alpaca``.

    Of an exchange behind ``ccxt`` it is what all of them have at most.

    Raises:
        Invalid: If there is no broker of this name.
    """
    match broker:
        case "alpaca":
            from algotrendy.brokers.alpaca.capabilities import CAPABILITIES as ALPACA

            return ALPACA
        case "quantconnect":
            from algotrendy.brokers.quantconnect.capabilities import CAPABILITIES as QUANTCONNECT

            return QUANTCONNECT
        case "simulated":
            from algotrendy.brokers.simulated.broker import CAPABILITIES as SIMULATED

            return SIMULATED
        case "ccxt":
            return _CCXT
        case _:
            raise Invalid("broker", f"one of {', '.join(BROKERS)}", broker)


def least_equity_on_margin(broker: str) -> Decimal:
    """Give the equity below which an account buys for its cash alone, and sells nothing short.

    Source: Alpaca, "Margin and Short Selling", which follows FINRA Rule 4210(b).
    """
    return Decimal(2000) if broker in ("alpaca", "simulated") else Decimal(0)


def asset_rules(broker: str, asset_class: AssetClass) -> AssetRules:
    """Give what a broker asks of orders in a class of assets.

    Raises:
        Invalid: If it does not trade that class.
    """
    if broker in ("alpaca", "simulated"):
        rules = ALPACA.get(asset_class)
    else:
        known = asset_class in capabilities_named(broker).asset_classes
        rules = ANYTHING if known else None
    if rules is None:
        raise Invalid("symbol", "of a class of assets that the broker trades", asset_class.value)
    return rules
