"""Answer ``/v2/orders``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

from fastapi import Request, Response

from algotrendy.exchange.alpaca_api.assets import full_symbol
from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.order_bodies import (
    ByClientIdQuery,
    OrderBody,
    OrderQuery,
    OrdersQuery,
    ReplaceBody,
)
from algotrendy.exchange.alpaca_api.parsing import body_of, query_of
from algotrendy.exchange.alpaca_api.problems import answer, nothing, refused_json
from algotrendy.exchange.alpaca_api.results import BulkResult, OrderResult
from algotrendy.exchange.alpaca_api.routes import Routes
from algotrendy.exchange.alpaca_api.wire import ASSET_CLASSES, Json, order_json
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.venue import Venue

TAG = "orders"


def add_orders(routes: Routes, floor: Floor) -> None:
    """Add the routes of orders."""
    venue = floor.venue

    async def submit(request: Request) -> Response:
        """Send an order.

        Prices are a multiple of 0.01 from 1.00 on, of 0.0001 below. Send a client_order_id, so
        that an answer that was lost can be found again.
        """
        account = signed_in(venue, request.headers)
        wanted = (await body_of(request, OrderBody)).request()
        wanted = replace(wanted, symbol=full_symbol(venue, wanted.symbol))

        def command(venue: Venue, now: datetime) -> Json:
            return shown(venue, venue.submit(account.id, wanted, now), nested=True)

        return answer(await floor.run(command))

    async def list_orders(request: Request) -> Response:
        """List orders, newest first by default."""
        account = signed_in(venue, request.headers)
        query = query_of(request, OrdersQuery)
        found = listed(venue, account.id, query)
        return answer([shown(venue, order, nested=query.nested) for order in found])

    async def cancel_all(request: Request) -> Response:
        """Cancel every open order; tells for each what became of it."""
        account = signed_in(venue, request.headers)
        return answer(await floor.run(lambda v, now: cancelled(v, account.id, now)), 207)

    async def by_client_id(request: Request) -> Response:
        """Show the order of a client order id."""
        account = signed_in(venue, request.headers)
        query = query_of(request, ByClientIdQuery)
        order = venue.order_by_client_id(account.id, query.client_order_id)
        return answer(shown(venue, order, nested=query.nested))

    async def one(request: Request) -> Response:
        """Show an order."""
        account = signed_in(venue, request.headers)
        order = venue.order(account.id, id_of(request))
        return answer(shown(venue, order, nested=query_of(request, OrderQuery).nested))

    async def change(request: Request) -> Response:
        """Change a standing order; the answer is the order that takes its place."""
        account = signed_in(venue, request.headers)
        order_id = id_of(request)
        wanted = (await body_of(request, ReplaceBody)).request()

        def command(venue: Venue, now: datetime) -> Json:
            return shown(venue, venue.replace(account.id, order_id, wanted, now), nested=True)

        return answer(await floor.run(command))

    async def cancel(request: Request) -> Response:
        """Cancel an order."""
        account = signed_in(venue, request.headers)
        order_id = id_of(request)
        await floor.run(lambda v, now: v.cancel(account.id, order_id, now))
        return nothing()

    add = routes.add
    add("POST", "/v2/orders", submit, tag=TAG, body=OrderBody, result=OrderResult)
    add("GET", "/v2/orders", list_orders, tag=TAG, query=OrdersQuery, result=OrderResult, many=True)
    add("DELETE", "/v2/orders", cancel_all, tag=TAG, result=BulkResult, many=True, status=207)
    path = "/v2/orders:by_client_order_id"
    add("GET", path, by_client_id, tag=TAG, query=ByClientIdQuery, result=OrderResult)
    path = "/v2/orders/{order_id}"
    add("GET", path, one, tag=TAG, query=OrderQuery, result=OrderResult)
    add("PATCH", path, change, tag=TAG, body=ReplaceBody, result=OrderResult)
    add("DELETE", path, cancel, tag=TAG, status=204)


def id_of(request: Request) -> str:
    """Read the order's id in the path.

    Raises:
        Refused: 422 when it is no UUID.
    """
    text: str = request.path_params["order_id"]
    try:
        return str(UUID(text))
    except ValueError:
        raise Refused(Reason.INVALID, f"order_id must be a UUID, was {text[:60]!r}") from None


def shown(venue: Venue, order: Order, *, nested: bool) -> Json:
    """Write an order, with its exits inside where they are wanted."""
    legs = legs_of(venue, order) if nested and order.legs else None
    return order_json(order, venue.asset(order.symbol), legs)


def legs_of(venue: Venue, order: Order) -> list[Order]:
    """Give an order's exits."""
    return [venue.order(order.account_id, leg) for leg in order.legs]


def cancelled(venue: Venue, account_id: str, now: datetime) -> list[Json]:
    """Cancel every open order of an account, newest first, and say how each went."""
    results: list[Json] = []
    for order in reversed(venue.open_orders(account_id)):
        try:
            # Cancelling one of a group ends the others, which then have nothing left to cancel.
            if order.status.is_open:
                venue.cancel(account_id, order.id, now)
            results.append({"id": order.id, "status": 200})
        except Refused as error:
            status = error.reason.status
            results.append({"id": order.id, "status": status, "body": refused_json(error)})
    return results


def listed(venue: Venue, account_id: str, query: OrdersQuery) -> list[Order]:
    """Give the orders that a query asks for, in its order."""
    orders = _windowed(venue, account_id, query)
    found: list[Order] = []
    if query.symbols:
        symbols = tuple(full_symbol(venue, symbol) for symbol in query.symbols)
        query = query.model_copy(update={"symbols": symbols})
    for order in orders:
        if query.nested and order.parent_id is not None:
            continue
        family = [order, *legs_of(venue, order)] if query.nested else [order]
        if _fits(venue, order, family, query):
            found.append(order)
            if len(found) == query.limit:
                break
    return found


def _windowed(venue: Venue, account_id: str, query: OrdersQuery) -> Iterator[Order]:
    orders: Iterable[Order]
    if query.status == "open" and not query.nested:
        standing = venue.open_orders(account_id)
        orders = standing if query.direction == "asc" else reversed(standing)
    else:
        orders = venue.orders(account_id)
        if query.direction == "asc":
            orders = reversed(list(orders))
    above = _sequence(venue, account_id, query.after_order_id)
    below = _sequence(venue, account_id, query.before_order_id)
    after, until = _instant(query.after), _instant(query.until)
    for order in orders:
        if above is not None and order.sequence <= above:
            continue
        if below is not None and order.sequence >= below:
            continue
        if after is not None and order.submitted_at <= after:
            continue
        if until is None or order.submitted_at <= until:
            yield order


def _fits(venue: Venue, order: Order, family: Iterable[Order], query: OrdersQuery) -> bool:
    if query.symbols and order.symbol not in query.symbols:
        return False
    if query.side is not None and order.side is not query.side:
        return False
    classes = query.asset_class
    if classes and not {"all", ASSET_CLASSES[venue.asset(order.symbol).asset_class]} & {*classes}:
        return False
    if query.status == "open":
        return any(member.status.is_open for member in family)
    return query.status == "all" or not any(member.status.is_open for member in family)


def _sequence(venue: Venue, account_id: str, order_id: str | None) -> int | None:
    return None if order_id is None else venue.order(account_id, order_id).sequence


def _instant(moment: datetime | date | None) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), UTC)
