"""Answer for orders: place, change, cancel, agree, look."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from algotrendy.identity.idempotent import idempotent
from algotrendy.kernel.ids import AccountId, parse_order_id
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.kernel.order import Side
from algotrendy.platform import tracing
from algotrendy.platform.telemetry import correlation_id
from algotrendy.trading import listings, queries
from algotrendy.trading.api import access
from algotrendy.trading.api.access import (
    AccountName,
    Books,
    Caller,
    Cursor,
    IdempotencyKey,
    Orders,
    PageSize,
    RiskManager,
    Since,
    Trader,
    Until,
    Viewer,
)
from algotrendy.trading.api.order_bodies import (
    APPROVAL_EXAMPLES,
    ORDER_EXAMPLES,
    REPLACE_EXAMPLES,
    ApprovalIn,
    OrderIn,
    ReplaceIn,
)
from algotrendy.trading.api.order_views import (
    OrderOut,
    OrdersOut,
    OrderStoryOut,
    order_out,
    story_out,
)
from algotrendy.trading.ledger import Ledger
from algotrendy.trading.listings import OrderFilter
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.paging import Question
from algotrendy.trading.status import PlatformStatus

POLL_AFTER_S = 1
_ACCEPTED: Any = {202: {"headers": {"Location": {"schema": {"type": "string"}}}}}

router = APIRouter(prefix="/v1/orders", tags=[access.CAPABILITY])


@router.post("", status_code=202, responses=_ACCEPTED)
def place_order(
    body: Annotated[OrderIn, Body(openapi_examples=ORDER_EXAMPLES)],
    trader: Trader,
    books: Books,
    intake: Orders,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> OrderOut:
    """Place an order: it is judged by every limit, its buying power held, and it is stored.

    Then it is sent; ``GET`` its Location to see how it fares. What is refused has ``breaches``:
    every limit that it would break, its value, and what the order comes to. The same
    ``client_order_id`` again (or the same Idempotency-Key, where the body has none) gives the same
    order.
    """
    account = access.account_of(body.account)
    _require(books, trader, account)
    order = intake.place(
        account,
        body.request(idempotency_key),
        body.provenance(access.name_of(trader), correlation_id()),
        submit_within=timedelta(seconds=body.submit_within_s),
    )
    tracing.note(account=order.account, order_id=order.id)
    return _accepted(response, order_out(order))


@router.get("")
def list_orders(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only those that may still change, or not.")
    ] = None,
    status: Annotated[
        list[PlatformStatus] | None,
        Query(description="Only those that stand there; give it again for more."),
    ] = None,
    side: Annotated[Side | None, Query(description="Only buys, or only sells.")] = None,
    symbol: Annotated[str | None, Query(description="Only of this symbol.")] = None,
    since: Since = None,
    until: Until = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> OrdersOut:
    """List orders, newest first, the exits of brackets too."""
    asked = access.account_of(account)
    wanted = None if symbol is None else parse_symbol(symbol)
    from_then, before = access.moment_of(since, "since"), access.moment_of(until, "until")
    statuses = sorted(set(status or ()))
    words = map(str, ("orders", asked, is_open, side, wanted, from_then, before, *statuses))
    question = Question(tuple(words), limit, cursor)
    fitting = OrderFilter(
        is_open=is_open,
        statuses=statuses,
        side=side,
        symbol=wanted,
        since=from_then,
        until=before,
    )
    page = books.run(lambda tx: listings.orders(tx, viewer.reach, asked, question, fitting))
    return OrdersOut(orders=[order_out(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/{order_id}")
def get_order(order_id: str, viewer: Viewer, books: Books) -> OrderStoryOut:
    """Tell where an order stands, with everything that happened to it, and its exits."""
    wanted = parse_order_id(order_id)
    return story_out(books.run(lambda tx: queries.story(tx, viewer.reach, wanted)))


@router.patch("/{order_id}", status_code=202, responses=_ACCEPTED)
def replace_order(
    order_id: str,
    body: Annotated[ReplaceIn, Body(openapi_examples=REPLACE_EXAMPLES)],
    trader: Trader,
    books: Books,
    intake: Orders,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> OrderOut:
    """Change a standing order: a new order, judged like any other, takes its place at the broker.

    The new one is answered; the old one stands until the broker has changed it. A new quantity
    counts what is filled already.
    """
    old = _owned(books, trader, order_id)
    provenance = body.provenance(access.name_of(trader), correlation_id(), old.account)
    order = intake.replace(old.id, body.request(idempotency_key), provenance)
    return _accepted(response, order_out(order))


@router.delete("/{order_id}", status_code=202)
def cancel_order(
    order_id: str,
    trader: Trader,
    books: Books,
    intake: Orders,
    reason: Annotated[str, Query(max_length=500, description="Kept in the audit.")] = "",
) -> OrderOut:
    """Ask for the end of an order; one that was not sent yet ends at once.

    What fills before the broker hears of it stays filled. Asked twice, it is the same.
    """
    wanted = _owned(books, trader, order_id).id
    return order_out(intake.cancel(wanted, access.name_of(trader), reason))


@router.post("/{order_id}/approval")
@idempotent()
def decide_approval(
    order_id: str,
    body: Annotated[ApprovalIn, Body(openapi_examples=APPROVAL_EXAMPLES)],
    manager: RiskManager,
    books: Books,
    intake: Orders,
) -> OrderOut:
    """Agree that an order be sent that waits for a person, or withdraw it."""
    wanted = _owned(books, manager, order_id).id
    by = access.name_of(manager)
    answer = intake.approve if body.approve else intake.refuse
    return order_out(answer(wanted, by, body.reason))


def _require(books: Ledger, caller: Caller, account: AccountId) -> None:
    books.run(lambda tx: queries.require_account(tx, caller.reach, account))


def _owned(books: Ledger, caller: Caller, text: str) -> PlatformOrder:
    order_id = parse_order_id(text)
    return books.run(lambda tx: queries.require_order(tx, caller.reach, order_id))


def _accepted(response: Response, order: OrderOut) -> OrderOut:
    response.headers["location"] = f"/v1/orders/{order.id}"
    response.headers["retry-after"] = str(POLL_AFTER_S)
    return order
