"""Write the exchange's entities as Alpaca's JSON: decimals as strings, times in UTC, null for none.

REST answers and socket messages share these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from algotrendy.exchange.market.events import BarEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import Activity, ActivityType, Order
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass

Json = dict[str, JsonValue]

ASSET_CLASSES: Final[Mapping[AssetClass, str]] = {
    AssetClass.EQUITY: "us_equity",
    AssetClass.INDEX: "us_equity",
    AssetClass.CRYPTO: "crypto",
    AssetClass.CURRENCY_PAIR: "crypto",
}
# The venues that Alpaca's clients know by name.
_VENUES: Final = frozenset(
    ("AMEX", "ARCA", "ASCX", "BATS", "NYSE", "NASDAQ", "NYSEARCA", "OTC", "CRYPTO")
)
# One tape and one venue's letter stand for all: the exchange has no consolidated feed.
_TAPE: Final = "C"
_VENUE_LETTER: Final = "V"


def number_text(value: Decimal) -> str:
    """Write a decimal without exponent and trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def maybe_number(value: Decimal | None) -> str | None:
    """Write a decimal that may be absent."""
    return None if value is None else number_text(value)


@lru_cache(maxsize=4_096)
def time_text(at: datetime) -> str:
    """Write a moment in UTC, with as many decimals of a second as it has."""
    text = at.astimezone(UTC).isoformat()[:-6]
    return (text.rstrip("0") if "." in text else text) + "Z"


def maybe_time(at: datetime | None) -> str | None:
    """Write a moment that may be absent."""
    return None if at is None else time_text(at)


def ns_text(time_ns: int) -> str:
    """Write nanoseconds since 1970 as a moment in UTC, down to the nanosecond."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"


def number(value: float) -> float | int:
    """Write a whole float as an integer, as Alpaca's market data does."""
    whole = int(value)
    return whole if whole == value else value


def order_json(order: Order, asset: Asset, legs: Iterable[Order] | None = None) -> Json:
    """Write an order.

    Args:
        legs: Its exits, to be written inside of it; None writes null.
    """
    inner: list[JsonValue] | None = None
    if legs is not None:
        inner = [order_json(leg, asset) for leg in legs] or None
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": time_text(order.created_at),
        "updated_at": time_text(order.updated_at),
        "submitted_at": time_text(order.submitted_at),
        "filled_at": maybe_time(order.filled_at),
        "expired_at": maybe_time(order.expired_at),
        "expires_at": maybe_time(order.expires_at),
        "canceled_at": maybe_time(order.canceled_at),
        "failed_at": maybe_time(order.failed_at),
        "replaced_at": maybe_time(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": asset.id,
        "symbol": order.symbol,
        "asset_class": ASSET_CLASSES[asset.asset_class],
        "notional": maybe_number(order.notional),
        "qty": maybe_number(order.quantity),
        "filled_qty": number_text(order.filled_quantity),
        "filled_avg_price": maybe_number(order.filled_average_price),
        # Alpaca writes a simple order's class as nothing.
        "order_class": "" if order.order_class is OrderClass.SIMPLE else order.order_class.value,
        "order_type": order.type.value,
        "type": order.type.value,
        "side": order.side.value,
        "position_intent": None,
        "time_in_force": order.time_in_force.value,
        "limit_price": maybe_number(order.limit_price),
        "stop_price": maybe_number(order.stop_price),
        "status": order.status.value,
        "extended_hours": order.extended_hours,
        "legs": inner,
        "trail_percent": maybe_number(order.trail_percent),
        "trail_price": maybe_number(order.trail_price),
        "hwm": maybe_number(order.mark),
        "subtag": None,
        "source": None,
        "reject_reason": order.reason,
    }


def asset_json(asset: Asset) -> Json:
    """Write an asset."""
    crypto = asset.asset_class is not AssetClass.EQUITY
    shortable = asset.borrowable > 0
    written: Json = {
        "id": asset.id,
        "class": ASSET_CLASSES[asset.asset_class],
        "exchange": exchange_of(asset),
        "symbol": asset.symbol,
        "name": asset.name,
        "status": "active" if asset.tradable else "inactive",
        "tradable": asset.tradable,
        "marginable": asset.marginable,
        "shortable": shortable,
        "easy_to_borrow": shortable,
        "fractionable": asset.fractionable,
        "attributes": [],
    }
    if crypto:
        step = number_text(asset.quantity_step)
        written |= {
            "min_order_size": step,
            "min_trade_increment": step,
            "price_increment": number_text(asset.price_step),
        }
    return written


def exchange_of(asset: Asset) -> str:
    """Name the venue where an asset is listed, or nothing where clients would not know it."""
    return asset.venue if asset.venue in _VENUES else ""


def activity_json(activity: Activity) -> Json:
    """Write an entry of an account's history."""
    written: Json = {
        "id": activity.id,
        "account_id": activity.account_id,
        "activity_type": activity.type.value,
    }
    if activity.type is ActivityType.FILL:
        return written | {
            "transaction_time": time_text(activity.at),
            "type": activity.fill_type,
            "price": maybe_number(activity.price),
            "qty": maybe_number(None if activity.quantity is None else abs(activity.quantity)),
            "side": activity.side.value if activity.side else None,
            "symbol": activity.symbol,
            "leaves_qty": maybe_number(activity.leaves),
            "order_id": activity.order_id,
            "cum_qty": maybe_number(activity.cumulative),
            "order_status": "filled" if activity.fill_type == "fill" else "partially_filled",
            "execution_id": activity.execution_id,
        }
    written |= {
        "date": activity.at.date().isoformat(),
        "created_at": time_text(activity.at),
        "net_amount": number_text(activity.cash),
        "description": activity.description or "",
        "status": "executed",
    }
    optional = {
        "symbol": activity.symbol,
        "qty": maybe_number(activity.quantity),
        "price": maybe_number(activity.price),
        "per_share_amount": maybe_number(activity.per_share),
        "order_id": activity.order_id,
        "execution_id": activity.execution_id,
    }
    return written | {name: value for name, value in optional.items() if value is not None}


def bar_json(bar: BarEvent, time_ns: int | None = None) -> Json:
    """Write a bar as market data has it; ``time_ns`` stands in for its own begin."""
    return {
        "t": ns_text(bar.time_ns if time_ns is None else time_ns),
        "o": number(bar.open),
        "h": number(bar.high),
        "l": number(bar.low),
        "c": number(bar.close),
        "v": number(bar.volume),
        "n": bar.trades,
        "vw": number(bar.vwap),
    }


def quote_json(quote: QuoteEvent, *, crypto: bool) -> Json:
    """Write a quote as market data has it."""
    written: Json = {
        "t": ns_text(quote.time_ns),
        "ap": number(quote.ask),
        "as": number(quote.ask_size),
        "bp": number(quote.bid),
        "bs": number(quote.bid_size),
    }
    if not crypto:
        written |= {"ax": _VENUE_LETTER, "bx": _VENUE_LETTER, "c": ["R"], "z": _TAPE}
    return written


def trade_json(trade: TradeEvent, *, crypto: bool) -> Json:
    """Write a trade as market data has it."""
    written: Json = {
        "t": ns_text(trade.time_ns),
        "p": number(trade.price),
        "s": number(trade.size),
        "i": trade.id,
    }
    if not crypto:
        written |= {"x": _VENUE_LETTER, "c": ["@"], "z": _TAPE}
    return written
