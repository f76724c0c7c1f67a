"""Answer ``/v2/positions``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from fastapi import Request, Response
from pydantic import Field

from algotrendy.exchange.alpaca_api.assets import found_asset
from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.orders import cancelled, shown
from algotrendy.exchange.alpaca_api.parsing import Number, Sent, query_of
from algotrendy.exchange.alpaca_api.prior_closes import PriorCloses
from algotrendy.exchange.alpaca_api.problems import answer, refused_json
from algotrendy.exchange.alpaca_api.results import BulkResult, OrderResult, PositionResult
from algotrendy.exchange.alpaca_api.routes import Routes
from algotrendy.exchange.alpaca_api.wire import ASSET_CLASSES, Json, exchange_of, number_text
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import Activity, ActivityType, Position
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue

TAG = "positions"
_RATIO_DECIMALS = 10


class CloseQuery(Sent):
    """How much to close; all when neither is given."""

    qty: Number | None = Field(None, description="Units.")
    percentage: Number | None = Field(None, description="Above 0, up to 100.")


class CloseAllQuery(Sent):
    """How to close everything."""

    cancel_orders: bool = Field(False, description="Cancel open orders first.")


def add_positions(routes: Routes, floor: Floor, closes: PriorCloses) -> None:
    """Add the routes of positions."""
    venue = floor.venue

    async def list_positions(request: Request) -> Response:
        """List what is held."""
        account = signed_in(venue, request.headers)
        held = list(venue.positions(account.id))
        return answer([await _written(floor, closes, position) for position in held])

    async def one(request: Request) -> Response:
        """Show a position, by its asset's symbol or id."""
        account = signed_in(venue, request.headers)
        position = venue.position(account.id, _symbol_of(venue, request))
        return answer(await _written(floor, closes, position))

    async def close(request: Request) -> Response:
        """Send the market order that closes a position, or a part of it."""
        account = signed_in(venue, request.headers)
        symbol, query = _symbol_of(venue, request), query_of(request, CloseQuery)
        if query.qty is not None and query.percentage is not None:
            raise Refused(Reason.INVALID, "only one of qty and percentage may be given")

        def command(venue: Venue, now: datetime) -> Json:
            order = venue.close_position(
                account.id, symbol, now, quantity=query.qty, percentage=query.percentage
            )
            return shown(venue, order, nested=False)

        return answer(await floor.run(command))

    async def close_all(request: Request) -> Response:
        """Send the orders that close everything; tells for each what became of it."""
        account = signed_in(venue, request.headers)
        query = query_of(request, CloseAllQuery)

        def command(venue: Venue, now: datetime) -> list[Json]:
            if query.cancel_orders:
                cancelled(venue, account.id, now)
            return closed(venue, account.id, now)

        return answer(await floor.run(command), 207)

    add = routes.add
    add("GET", "/v2/positions", list_positions, tag=TAG, result=PositionResult, many=True)
    add(
        "DELETE",
        "/v2/positions",
        close_all,
        tag=TAG,
        query=CloseAllQuery,
        result=BulkResult,
        many=True,
        status=207,
    )
    path = "/v2/positions/{symbol_or_asset_id:path}"
    add("GET", path, one, tag=TAG, result=PositionResult)
    add("DELETE", path, close, tag=TAG, query=CloseQuery, result=OrderResult)


async def _written(floor: Floor, closes: PriorCloses, position: Position) -> Json:
    venue = floor.venue
    since, close = await closes.before(venue.asset(position.symbol), floor.now())
    today = fills_since(venue.activities(position.account_id), position.symbol, since)
    return position_json(venue, position, close, today)


def _symbol_of(venue: Venue, request: Request) -> str:
    return found_asset(venue, request.path_params["symbol_or_asset_id"]).symbol


def closed(venue: Venue, account_id: str, now: datetime) -> list[Json]:
    """Close every position of an account, and say how each went."""
    results: list[Json] = []
    for position in list(venue.positions(account_id)):
        symbol = position.symbol
        try:
            order = venue.close_position(account_id, symbol, now)
            body, status = shown(venue, order, nested=False), 200
        except Refused as error:
            body, status = refused_json(error), error.reason.status
        results.append({"symbol": symbol, "status": status, "body": body})
    return results


def fills_since(activities: Sequence[Activity], symbol: str, since: datetime) -> list[Activity]:
    """Give a symbol's fills after a moment, newest first; ``activities`` are oldest first."""
    found: list[Activity] = []
    for activity in reversed(activities):
        if activity.at <= since:
            break
        if activity.type is ActivityType.FILL and activity.symbol == symbol:
            found.append(activity)
    return found


def position_json(
    venue: Venue, position: Position, close: Decimal | None, today: Iterable[Activity]
) -> Json:
    """Write a position.

    Args:
        close: Of the session before.
        today: The symbol's fills since then.
    """
    asset = venue.asset(position.symbol)
    quantity, cost = position.quantity, position.cost
    free = abs(venue.available(position.account_id, position.symbol))
    written: Json = {
        "asset_id": asset.id,
        # Positions name a pair without the slash that its orders have.
        "symbol": asset.symbol.replace("/", ""),
        "exchange": exchange_of(asset),
        "asset_class": ASSET_CLASSES[asset.asset_class],
        "asset_marginable": asset.marginable,
        "qty": number_text(quantity),
        "qty_available": number_text(free if quantity > 0 else -free),
        "side": "long" if quantity > 0 else "short",
        "avg_entry_price": number_text(round(cost / quantity, 9)),
        "cost_basis": number_text(cost),
        "lastday_price": None if close is None else number_text(close),
    }
    price = venue.last_price(position.symbol)
    if price is None:
        unknown = ("market_value", "current_price", "change_today")
        profits = ("unrealized_pl", "unrealized_intraday_pl")
        names = (*unknown, *profits, *(f"{name}pc" for name in profits))
        return written | dict.fromkeys(names)
    value = quantity * price
    base = _base(position, close, today)
    return written | {
        "market_value": number_text(value),
        "current_price": number_text(price),
        "change_today": _ratio(price - close, close) if close else None,
        "unrealized_pl": number_text(value - cost),
        "unrealized_plpc": _ratio(value - cost, cost),
        "unrealized_intraday_pl": number_text(value - base),
        "unrealized_intraday_plpc": _ratio(value - base, base),
    }


def _base(position: Position, close: Decimal | None, today: Iterable[Activity]) -> Decimal:
    """Give what today's profit is counted from.

    What was held overnight counts from the last close, the rest from what was paid today.
    """
    quantity, sign = position.quantity, 1 if position.quantity > 0 else -1
    change = bought = spent = Decimal(0)
    for fill in today:
        moved, price = fill.quantity or Decimal(0), fill.price or Decimal(0)
        change += moved
        if moved * sign > 0:
            bought += moved
            spent += moved * price
    overnight = sign * min(max((quantity - change) * sign, Decimal(0)), abs(quantity))
    fresh = quantity - overnight
    entry = position.cost / quantity
    return overnight * (close or entry) + (fresh * spent / bought if bought else fresh * entry)


def _ratio(part: Decimal, whole: Decimal) -> str:
    return number_text(round(part / abs(whole), _RATIO_DECIMALS)) if whole else "0"
