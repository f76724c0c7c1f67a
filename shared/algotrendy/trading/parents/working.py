"""Bring a parent order forward, one step a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from algotrendy.brokers.tables import capabilities_named
from algotrendy.kernel.decimals import EXACT, plain
from algotrendy.kernel.errors import Rejected
from algotrendy.kernel.ids import AccountId, EventId, OrderId
from algotrendy.trading.accounts import root_of
from algotrendy.trading.admission import Placement, admit
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.documents import from_document, to_document
from algotrendy.trading.ledger import Document, LedgerTransaction
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.parent import (
    PARENT,
    Parent,
    ParentState,
    ParentWish,
    slice_name,
)
from algotrendy.trading.parents.slicing import (
    Await,
    Close,
    EndSlice,
    PlaceSlice,
    filled,
    next_action,
    was_refused,
)
from algotrendy.trading.risk_desk import fresh

WRITER: Final = "platform:parent-order"
RETRY_AFTER: Final = timedelta(seconds=30)
MOST_REFUSALS: Final = 5
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class StepIds:
    """What a step writes, named before: the same step again changes nothing."""

    order: OrderId
    event: EventId


def find_parent(tx: LedgerTransaction, parent_id: OrderId) -> Parent | None:
    """Read a parent order, or None."""
    document = tx.documents.find(PARENT, parent_id)
    return None if document is None else parent_of(document)


def parent_of(document: Document) -> Parent:
    """Read a parent order from its document."""
    return from_document(Parent, document.body)


def open_parents(tx: LedgerTransaction, root: AccountId) -> Iterator[Parent]:
    """Go through all parent orders of an account that are not over, newest first."""
    before: UUID | None = None
    while page := tx.documents.select(PARENT, root, _PAGE, before=before, only_open=True):
        yield from map(parent_of, page)
        before = page[-1].id


def keep_parent(tx: LedgerTransaction, parent: Parent) -> None:
    """Keep a parent order as it is now."""
    tx.documents.put(
        Document(
            kind=PARENT,
            id=parent.id,
            account=parent.wish.account,
            at=parent.begins_at,
            is_open=not parent.state.is_over,
            body=to_document(parent),
        )
    )


def advance(tx: LedgerTransaction, parent_id: OrderId, ids: StepIds, now: datetime) -> bool:
    """Do what is to be done for a parent order; say whether an order was placed or cancelled.

    Raises:
        Rejected, Invalid: If its next slice is refused; nothing is changed then.
    """
    parent = find_parent(tx, parent_id)
    if parent is None or parent.state.is_over:
        return False
    if parent.slice == ids.order:
        return True
    at_market = None if parent.slice is None else tx.orders.find(parent.slice)
    if at_market is None and parent.look_at is not None and now < parent.look_at:
        return False
    if at_market is not None and not at_market.is_settled:
        return _carry_out(tx, parent, [at_market], ids, now)
    slices = tx.orders.children(parent.id)
    if at_market is not None:
        parent = _after_slice(parent, at_market, now)
    parent = replace(parent, filled=filled(slices))
    if parent.look_at is not None and now < parent.look_at:
        keep_parent(tx, parent)
        return False
    return _carry_out(tx, parent, slices, ids, now)


def require_small(tx: LedgerTransaction, wish: ParentWish, now: datetime) -> None:
    """Refuse a parent order that, as one order, would wait for a person: none agrees to slices.

    One of which no price is known yet passes.

    Raises:
        Rejected: Saying from how much on a person must agree.
    """
    account = tx.accounts.get(wish.account)
    most = account.approval_above or tx.accounts.get(account.root).approval_above
    quote = fresh(tx.market.quotes(account.root, {wish.symbol}).get(wish.symbol), now)
    last = None if quote is None else quote.ask or quote.last
    price = max((each for each in (wish.limit_price, last) if each is not None), default=None)
    if most is None or price is None:
        return
    worth = EXACT.multiply(wish.quantity, price)
    if worth > most.amount:
        raise Rejected(
            f"worth {plain(worth)} {most.currency}, and above {most} a person must agree: "
            "that goes for orders, and not for their slices",
            limit=str(most),
            actual=f"{plain(worth)} {most.currency}",
        )


def note_refusal(tx: LedgerTransaction, parent_id: OrderId, reason: str, now: datetime) -> None:
    """Write down that a slice was refused: it is tried again later, and not for ever."""
    parent = find_parent(tx, parent_id)
    if parent is None or parent.state is not ParentState.WORKING:
        return
    if parent.look_at is None or parent.look_at <= now:
        keep_parent(tx, _refused(parent, reason, now))


def _carry_out(
    tx: LedgerTransaction,
    parent: Parent,
    slices: Sequence[PlatformOrder],
    ids: StepIds,
    now: datetime,
) -> bool:
    match next_action(parent, slices, now):
        case Await(until=until):
            if parent.slice is None or until is not None:
                keep_parent(tx, replace(parent, look_at=until))
            return False
        case EndSlice(order=order):
            cancel_order(tx, order.id, ids.event, now, WRITER, f"slice of {parent.id}")
            return True
        case Close(state=state, reason=reason):
            keep_parent(tx, replace(parent, state=state, reason=reason, look_at=None))
            return False
        case PlaceSlice(quantity=quantity):
            root = tx.accounts.get(root_of(parent.wish.account))
            quotes = tx.market.quotes(root.id, {parent.wish.symbol})
            if fresh(quotes.get(parent.wish.symbol), now) is None:
                tx.market.want(root.id, {parent.wish.symbol}, now)
                return False
            if not parent.placed:
                require_small(tx, parent.wish, now)
            number = parent.placed + 1
            most = capabilities_named(root.broker).client_order_id_length
            placement = Placement(
                account=parent.wish.account,
                request=parent.wish.request(quantity, slice_name(parent.id, number, most)),
                provenance=replace(parent.provenance, parent=parent.id),
                order_id=ids.order,
                intent_id=ids.event,
            )
            order = admit(tx, placement, now)
            keep_parent(tx, replace(parent, placed=number, slice=order.id, look_at=None))
            return True


def _after_slice(parent: Parent, over: PlatformOrder, now: datetime) -> Parent:
    """Take note that a slice is over."""
    parent = replace(parent, slice=None)
    if over.executions:
        return replace(parent, refusals=0, reason="")
    if was_refused(over) and parent.state is ParentState.WORKING:
        return _refused(parent, over.reason, now)
    return parent


def _refused(parent: Parent, reason: str, now: datetime) -> Parent:
    refusals = parent.refusals + 1
    state = ParentState.PAUSED if refusals >= MOST_REFUSALS else parent.state
    return replace(parent, refusals=refusals, reason=reason, state=state, look_at=now + RETRY_AFTER)
