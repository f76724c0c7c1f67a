"""Answer for parent orders: quantities that are traded in slices, each an order of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import OrderId, parse_order_id
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.kernel.order import Side, TimeInForce
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
    PageSize,
    Parents,
    Trader,
    Viewer,
)
from algotrendy.trading.api.order_views import OrderOut, order_out
from algotrendy.trading.api.values import Body as Wish
from algotrendy.trading.api.values import DecimalIn, DecimalOut, example
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.paging import Page, Question
from algotrendy.trading.parents.parent import PARENT, Parent, ParentState, ParentWish, Style
from algotrendy.trading.parents.working import find_parent, parent_of

router = APIRouter(prefix="/v1/parent-orders", tags=[access.CAPABILITY])

_ACCEPTED: Any = {202: {"headers": {"Location": {"schema": {"type": "string"}}}}}
_EXAMPLES: Any = {
    "twap": example(
        {
            "account": "paper",
            "symbol": "AAPL",
            "side": "buy",
            "quantity": "1200",
            "style": "twap",
            "slices": 12,
            "ends_at": "2026-11-23T20:00:00Z",
        },
        "Twelve equal slices until three in New York",
    ),
    "iceberg": example(
        {
            "account": "paper",
            "symbol": "AAPL",
            "side": "sell",
            "quantity": "1000",
            "style": "iceberg",
            "display": "100",
            "limit_price": "190.00",
            "ends_at": "2026-11-23T21:00:00Z",
        },
        "At most a hundred at the market at a time",
    ),
}


class ParentIn(Wish):
    """A quantity that is to be traded in slices, one at the market at a time."""

    account: str
    symbol: str
    side: Side
    quantity: DecimalIn
    style: Style = Field(
        description="`twap`: equal slices at equal times; `vwap`: along a curve of volume; "
        "`iceberg`: one small order after the other."
    )
    ends_at: datetime = Field(description="When the last slice is given up.")
    begins_at: datetime | None = Field(None, description="Now where it is left out.")
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: DecimalIn | None = Field(None, description="Of each slice.")
    slices: int = Field(0, ge=0, description="How many, of a TWAP.")
    curve: tuple[DecimalIn, ...] = Field(
        (), max_length=500, description="Of a VWAP: the volume of each of equal spans."
    )
    display: DecimalIn | None = Field(None, description="Of an iceberg: the most at a time.")
    client_order_id: str | None = Field(None, min_length=1, max_length=128)

    def wish(self, key: str | None) -> ParentWish:
        """Give it as the rest of the platform says it."""
        return ParentWish(
            account=access.account_of(self.account),
            symbol=parse_symbol(self.symbol),
            side=self.side,
            quantity=self.quantity,
            style=self.style,
            ends_at=self.ends_at,
            begins_at=self.begins_at,
            time_in_force=self.time_in_force,
            limit_price=self.limit_price,
            slices=self.slices,
            curve=self.curve,
            display=self.display,
            client_order_id=key if self.client_order_id is None else self.client_order_id,
        )


class PauseIn(Wish):
    """Whether a parent order waits."""

    paused: bool = Field(description="True cancels the slice at the market; false goes on.")
    reason: str = Field("", max_length=500, description="Kept in the audit.")


class ParentOut(BaseModel):
    """A parent order, and how far it is."""

    id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: Side
    quantity: DecimalOut
    style: Style
    begins_at: datetime
    ends_at: datetime
    time_in_force: TimeInForce
    limit_price: DecimalOut | None
    slices: int
    curve: list[DecimalOut]
    display: DecimalOut | None
    state: ParentState
    reason: str
    is_open: bool
    placed: int = Field(description="Slices so far.")
    filled: DecimalOut = Field(description="By slices that are over.")
    refusals: int = Field(description="How many slices in a row were refused.")


class ParentStoryOut(ParentOut):
    """A parent order with its slices."""

    children: list[OrderOut] = Field(description="Oldest first.")


class ParentsOut(BaseModel):
    """Parent orders, newest first."""

    parents: list[ParentOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


@router.post("", status_code=202, responses=_ACCEPTED)
def place_parent_order(
    body: Annotated[ParentIn, Body(openapi_examples=_EXAMPLES)],
    trader: Trader,
    books: Books,
    parents: Parents,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ParentOut:
    """Place a parent order; each slice of it is judged by every limit when it is placed.

    Never more than its quantity is at the market and filled together.
    """
    wish = body.wish(idempotency_key)
    books.run(lambda tx: queries.require_account(tx, trader.reach, wish.account))
    provenance = Provenance(
        correlation_id=correlation_id(),
        user=access.name_of(trader),
        traceparent=tracing.traceparent(),
    )
    parent = parents.place(wish, provenance)
    response.headers["location"] = f"/v1/parent-orders/{parent.id}"
    return _shown(parent)


@router.get("")
def list_parent_orders(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    only_open: Annotated[bool, Query(alias="open", description="Only those not over.")] = False,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> ParentsOut:
    """List parent orders of an account and its parts, newest first."""
    asked = access.account_of(account)
    question = Question((PARENT, asked, str(only_open)), limit, cursor)
    page = books.run(
        lambda tx: listings.documents(
            tx, viewer.reach, asked, PARENT, question, only_open=only_open
        )
    )
    found = Page(tuple(parent_of(each) for each in page.items), page.next_cursor)
    return ParentsOut(parents=[_shown(each) for each in found.items], next_cursor=found.next_cursor)


@router.get("/{parent_id}")
def get_parent_order(parent_id: str, viewer: Viewer, books: Books) -> ParentStoryOut:
    """Tell how far a parent order is, with its slices."""
    wanted = parse_order_id(parent_id, "parent_id")

    def work(tx: LedgerTransaction) -> tuple[Parent, Sequence[PlatformOrder]]:
        return _require(tx, viewer.reach, wanted), tx.orders.children(wanted)

    parent, children = books.run(work)
    return ParentStoryOut(
        **_shown(parent).model_dump(), children=[order_out(each) for each in children]
    )


@router.patch("/{parent_id}", status_code=202)
def pause_parent_order(
    parent_id: str, body: PauseIn, trader: Trader, books: Books, parents: Parents
) -> ParentOut:
    """Pause a parent order, or let it go on; what its schedule has missed is caught up."""
    wanted = _owned(books, trader, parent_id)
    act = parents.pause if body.paused else parents.resume
    return _shown(act(wanted, access.name_of(trader), body.reason))


@router.delete("/{parent_id}", status_code=202)
def cancel_parent_order(
    parent_id: str,
    trader: Trader,
    books: Books,
    parents: Parents,
    reason: Annotated[str, Query(max_length=500, description="Kept in the audit.")] = "",
) -> ParentOut:
    """End a parent order: nothing more is placed, and the slice at the market is cancelled."""
    wanted = _owned(books, trader, parent_id)
    return _shown(parents.cancel(wanted, access.name_of(trader), reason))


def _owned(books: Ledger, caller: Caller, text: str) -> OrderId:
    wanted = parse_order_id(text, "parent_id")
    books.run(lambda tx: _require(tx, caller.reach, wanted))
    return wanted


def _require(tx: LedgerTransaction, reach: Reach, parent_id: OrderId) -> Parent:
    parent = find_parent(tx, parent_id)
    if parent is None or not queries.sees(tx, reach, parent.wish.account):
        raise NotFound("parent order", parent_id)
    queries.require_account(tx, reach, parent.wish.account)
    return parent


def _shown(parent: Parent) -> ParentOut:
    wish = parent.wish
    return ParentOut(
        id=str(parent.id),
        account=wish.account,
        client_order_id=wish.client_order_id,
        symbol=wish.symbol,
        side=wish.side,
        quantity=wish.quantity,
        style=wish.style,
        begins_at=parent.begins_at,
        ends_at=wish.ends_at,
        time_in_force=wish.time_in_force,
        limit_price=wish.limit_price,
        slices=wish.slices,
        curve=list(wish.curve),
        display=wish.display,
        state=parent.state,
        reason=parent.reason,
        is_open=not parent.state.is_over,
        placed=parent.placed,
        filled=parent.filled,
        refusals=parent.refusals,
    )
