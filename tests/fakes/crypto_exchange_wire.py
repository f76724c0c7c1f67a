"""Say what a paper venue holds in the words of Binance's spot API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from algotrendy.exchange.venue.model import Account, Activity, Order, Update
from algotrendy.kernel.decimals import floor_to, plain
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

PAIR, ID, BASE, QUOTE = "BTC/USDT", "BTCUSDT", "BTC", "USDT"
TICK, STEP = Decimal("0.01"), Decimal("0.00001")
MOST = Decimal(9000)
_EIGHT = Decimal("0.00000001")
_STATUSES = {
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
    OrderStatus.REJECTED: "REJECTED",
}
_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
}


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def eight(value: Decimal | None) -> str:
    return plain(floor_to(value or Decimal(0), _EIGHT).quantize(_EIGHT))


def our_name(order: Order) -> str:
    """Give the client's name: the venue's own is unique for ever, Binance's among open orders."""
    return order.client_order_id.partition("#")[0]


def life(order: Order) -> str:
    """Give the time in force; the venue has no FOK for pairs."""
    return "FOK" if order.client_order_id.endswith("#fok") else order.time_in_force.upper()


def status(order: Order) -> str:
    is_passing = order.time_in_force is TimeInForce.IOC and order.type is not OrderType.MARKET
    if order.status is OrderStatus.CANCELED and is_passing:
        return "EXPIRED"
    return _STATUSES.get(order.status, "NEW")


def order_json(order: Order) -> dict[str, Any]:
    """Write an order as ``GET /api/v3/order`` does."""
    quantity = order.filled_quantity if order.quantity is None else order.quantity
    return {
        "symbol": ID,
        "orderId": order.sequence,
        "orderListId": -1,
        "clientOrderId": our_name(order),
        "price": eight(order.limit_price),
        "origQty": eight(quantity),
        "executedQty": eight(order.filled_quantity),
        "origQuoteOrderQty": eight(order.notional),
        "cummulativeQuoteQty": eight(order.filled_value),
        "status": status(order),
        "timeInForce": life(order),
        "type": _TYPES[order.type],
        "side": order.side.upper(),
        "stopPrice": eight(order.stop_price),
        "icebergQty": "0.00000000",
        "time": ms(order.submitted_at),
        "updateTime": ms(order.updated_at),
        "isWorking": True,
        "workingTime": ms(order.submitted_at),
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def new_order_json(order: Order, fills: Sequence[tuple[int, Activity]]) -> dict[str, Any]:
    """Write the FULL answer to a new order."""
    told = order_json(order)
    for name in ("time", "updateTime", "isWorking", "icebergQty"):
        del told[name]
    told["transactTime"] = ms(order.submitted_at)
    told["fills"] = [
        {
            "price": eight(fill.price),
            "qty": eight(abs(fill.quantity or Decimal(0))),
            "commission": "0.00000000",
            "commissionAsset": QUOTE,
            "tradeId": number,
        }
        for number, fill in fills
        if fill.order_id == order.id
    ]
    return told


def trade_json(number: int, fill: Activity, order: Order) -> dict[str, Any]:
    """Write an execution as ``GET /api/v3/myTrades`` does."""
    quantity, price = abs(fill.quantity or Decimal(0)), fill.price or Decimal(0)
    return {
        "symbol": ID,
        "id": number,
        "orderId": order.sequence,
        "orderListId": -1,
        "price": eight(price),
        "qty": eight(quantity),
        "quoteQty": eight(quantity * price),
        "commission": "0.00000000",
        "commissionAsset": QUOTE,
        "time": ms(fill.at),
        "isBuyer": order.side is Side.BUY,
        "isMaker": order.type is OrderType.LIMIT,
        "isBestMatch": True,
    }


def report_json(update: Update, number: int) -> dict[str, Any]:
    """Write an ``executionReport`` of the user data stream.

    Args:
        number: Of the trade; -1 where there is none.
    """
    order = update.order
    is_over = order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
    kind = "TRADE" if number > 0 else "CANCELED" if is_over else "NEW"
    quantity = order.filled_quantity if order.quantity is None else order.quantity
    last = abs(update.quantity or Decimal(0))
    name = our_name(order)
    return {
        "e": "executionReport",
        "E": ms(update.at),
        "s": ID,
        "c": "cancel-of-it" if kind == "CANCELED" else name,
        "S": order.side.upper(),
        "o": _TYPES[order.type],
        "f": life(order),
        "q": eight(quantity),
        "p": eight(order.limit_price),
        "P": eight(order.stop_price),
        "F": "0.00000000",
        "g": -1,
        "C": name if kind == "CANCELED" else "",
        "x": "EXPIRED" if is_over and status(order) == "EXPIRED" else kind,
        "X": status(order),
        "r": "NONE",
        "i": order.sequence,
        "l": eight(last),
        "z": eight(order.filled_quantity),
        "L": eight(update.price),
        "n": "0",
        "N": QUOTE if number > 0 else None,
        "T": ms(update.at),
        "t": number,
        "w": order.status.is_open,
        "m": order.type is OrderType.LIMIT,
        "O": ms(order.submitted_at),
        "Z": eight(order.filled_value),
        "Y": eight(last * (update.price or Decimal(0))),
        "Q": eight(order.notional),
        "V": "EXPIRE_MAKER",
    }


def account_json(
    account: Account, held: Decimal, open_orders: Sequence[Order], now_ms: int
) -> dict[str, Any]:
    """Write ``GET /api/v3/account``."""
    locked = {BASE: Decimal(0), QUOTE: Decimal(0)}
    for order in open_orders:
        left = (order.quantity or Decimal(0)) - order.filled_quantity
        if order.side is Side.SELL:
            locked[BASE] += left
        else:
            locked[QUOTE] += left * (order.limit_price or Decimal(0))
    total = {BASE: held, QUOTE: account.cash}
    return {
        "makerCommission": 0,
        "takerCommission": 0,
        "canTrade": not account.blocked,
        "canWithdraw": False,
        "canDeposit": False,
        "updateTime": now_ms,
        "accountType": "SPOT",
        "balances": [
            {
                "asset": name,
                "free": eight(total[name] - locked[name]),
                "locked": eight(locked[name]),
            }
            for name in (BASE, QUOTE)
        ],
        "permissions": ["SPOT"],
        "uid": 4711,
    }


def exchange_info(now_ms: int) -> dict[str, Any]:
    """Write ``GET /api/v3/exchangeInfo``."""
    step, most, tick = eight(STEP), eight(MOST), eight(TICK)
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [
            {
                "symbol": ID,
                "status": "TRADING",
                "baseAsset": BASE,
                "baseAssetPrecision": 8,
                "quoteAsset": QUOTE,
                "quotePrecision": 8,
                "quoteAssetPrecision": 8,
                "baseCommissionPrecision": 8,
                "quoteCommissionPrecision": 8,
                "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT"],
                "icebergAllowed": False,
                "ocoAllowed": False,
                "quoteOrderQtyMarketAllowed": True,
                "allowTrailingStop": False,
                "cancelReplaceAllowed": True,
                "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": False,
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": tick,
                        "maxPrice": "1000000.00000000",
                        "tickSize": tick,
                    },
                    {"filterType": "LOT_SIZE", "minQty": step, "maxQty": most, "stepSize": step},
                    {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
                ],
                "permissions": [],
                "permissionSets": [["SPOT"]],
                "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            }
        ],
    }
