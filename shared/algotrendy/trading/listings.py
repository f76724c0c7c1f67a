"""List what happened on accounts, page by page: orders, fills, the journal, lots, the audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, OrderId, parse_order_id, parse_uuid7, time_of
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.risk.records import KillSwitch
from algotrendy.trading.accounts import root_of
from algotrendy.trading.journal import Entry, EntryKind, key_of_bust, without_amendment
from algotrendy.trading.ledger import (
    AuditRecord,
    ClosedPlace,
    Document,
    EntryQuery,
    LedgerTransaction,
    OrderQuery,
)
from algotrendy.trading.lots import ClosedLot
from algotrendy.trading.order_events import Execution
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.paging import ALWAYS, Page, Question, Within, gathered
from algotrendy.trading.queries import require_account, require_order
from algotrendy.trading.replaying import instant_of
from algotrendy.trading.status import PlatformStatus

_NAMED_WITHIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class FillRecord:
    """An execution as it was booked; ``place`` is where it stands in the journal."""

    place: str
    order: PlatformOrder
    execution: Execution
    is_busted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders of an account are wanted; the times are of their intent, ``until`` left out."""

    is_open: bool | None = None
    statuses: Collection[PlatformStatus] = ()
    side: Side | None = None
    symbol: Symbol | None = None
    since: datetime | None = None
    until: datetime | None = None


def orders(
    tx: LedgerTransaction,
    reach: Reach,
    account: AccountId,
    question: Question,
    wanted: OrderFilter | None = None,
) -> Page[PlatformOrder]:
    """List the orders of an account with all its parts, or of one part, newest first."""
    require_account(tx, reach, account)
    wanted = wanted or OrderFilter()

    def read(place: str | None, size: int) -> Sequence[PlatformOrder]:
        query = OrderQuery(
            account=account,
            is_open=wanted.is_open,
            statuses=wanted.statuses,
            symbol=wanted.symbol,
            since=wanted.since,
            until=wanted.until,
            before=None if place is None else parse_order_id(place, "cursor"),
            limit=size,
        )
        return tx.orders.select(query)

    def fits(order: PlatformOrder) -> bool:
        return wanted.side in (None, order.request.side)

    return gathered(question, read, lambda order: str(order.id), fits=fits)


def fills(
    tx: LedgerTransaction,
    reach: Reach,
    account: AccountId,
    question: Question,
    *,
    symbol: Symbol | None = None,
    order_id: OrderId | None = None,
    within: Within = ALWAYS,
) -> Page[FillRecord]:
    """List the executions of an account with all its parts, or of one part, newest first."""
    require_account(tx, reach, account)
    if order_id is not None:
        within = within.and_of(_executed(require_order(tx, reach, order_id)))

    def fits(entry: Entry) -> bool:
        is_of_order = order_id is None or entry.reason == str(order_id)
        return is_of_order and (symbol is None or _is_of(entry, symbol))

    page = _entries(tx, account, question, [EntryKind.FILL], within, fits)
    known: dict[OrderId, PlatformOrder] = {}
    found: list[FillRecord] = []
    for place, entry in page.items:
        of_order = parse_order_id(entry.reason, "order_id")
        if of_order not in known:
            known[of_order] = tx.orders.get(of_order)
        order = known[of_order]
        key = without_amendment(entry.key)
        execution_id = key.removeprefix(f"{EntryKind.FILL}:{entry.account}:")
        # One that its broker told otherwise is in the journal twice, and stands there once.
        is_told_anew = execution_id in order.disputed and execution_id not in order.busted
        if is_told_anew and tx.books.entry(key_of_bust(entry.key)) is not None:
            continue
        execution = next(each for each in order.executions if each.id == execution_id)
        found.append(FillRecord(place, order, execution, execution_id in order.busted))
    return Page(tuple(found), page.next_cursor)


def activities(
    tx: LedgerTransaction,
    reach: Reach,
    account: AccountId,
    question: Question,
    kinds: Collection[EntryKind] = (),
    within: Within = ALWAYS,
) -> Page[tuple[str, Entry]]:
    """List the journal of an account with all its parts, or of one part, newest first."""
    require_account(tx, reach, account)
    return _entries(tx, account, question, kinds, within)


def closed_lots(
    tx: LedgerTransaction,
    reach: Reach,
    account: AccountId,
    since: datetime,
    question: Question,
) -> Page[tuple[Symbol, ClosedLot]]:
    """List what was closed from a moment on, lot by lot, newest first."""
    require_account(tx, reach, account)
    place = _closed_place(question.place)
    found = tx.books.closed_lots(account, since, question.limit + 1, place)
    return question.page(found, _place_of_closed)


def kill_switches(
    tx: LedgerTransaction, reach: Reach, account: AccountId, question: Question
) -> Page[KillSwitch]:
    """List the kill switches of an account, newest first."""
    require_account(tx, reach, account)
    last = _uuid(question.place)
    before = None if last is None else tx.risk.kill_switch(last)
    found = tx.risk.kill_switches(account, question.limit + 1, before)
    return question.page(found, lambda switch: str(switch.id))


def documents(
    tx: LedgerTransaction,
    reach: Reach,
    account: AccountId,
    kind: str,
    question: Question,
    *,
    only_open: bool = False,
) -> Page[Document]:
    """List the records of one kind of an account and its parts, newest first."""
    # Those of a part are not kept apart from those of its account.
    require_account(tx, reach, root_of(account))
    require_account(tx, reach, account)
    found = tx.documents.select(
        kind,
        root_of(account),
        question.limit + 1,
        before=_uuid(question.place),
        only_open=only_open,
    )
    return question.page(found, lambda document: str(document.id))


def audit(
    tx: LedgerTransaction,
    reach: Reach,
    account: AccountId,
    question: Question,
    *,
    who: str | None = None,
    subject: str | None = None,
    within: Within = ALWAYS,
) -> Page[AuditRecord]:
    """List what people did to an account, newest first."""
    require_account(tx, reach, account)
    # A record was named a moment before or after the time that it bears.
    wider = within.wider(_NAMED_WITHIN)

    def read(place: str | None, size: int) -> Sequence[AuditRecord]:
        before = parse_uuid7(place, "cursor") if place is not None else wider.beyond()
        return tx.audit.select(account, size, before)

    def fits(record: AuditRecord) -> bool:
        is_wanted = who in (None, record.who) and subject in (None, record.subject)
        return is_wanted and within.has(record.at)

    return gathered(
        question,
        read,
        lambda record: str(record.id),
        fits=fits,
        is_past=lambda record: wider.is_over_before(time_of(record.id)),
    )


def _entries(
    tx: LedgerTransaction,
    account: AccountId,
    question: Question,
    kinds: Collection[EntryKind],
    within: Within,
    is_wanted: Callable[[Entry], bool] = lambda _: True,
) -> Page[tuple[str, Entry]]:
    """List entries; the journal is in the order of their milliseconds, which their places bear."""
    from_then = within.whole_milliseconds()

    def read(place: str | None, size: int) -> Sequence[tuple[str, Entry]]:
        beyond = within.beyond()
        before = place if place is not None or beyond is None else str(beyond)
        names = [kind.value for kind in kinds]
        return tx.books.entries(EntryQuery(account=account, before=before, kinds=names, limit=size))

    return gathered(
        question,
        read,
        lambda placed: placed[0],
        fits=lambda placed: within.has(placed[1].at) and is_wanted(placed[1]),
        is_past=lambda placed: from_then.is_over_before(instant_of(placed[1])),
    )


def _executed(order: PlatformOrder) -> Within:
    """Say within which times the executions of an order are."""
    times = [each.at for each in order.executions]
    if not times:
        return Within(order.intended_at, order.intended_at)
    return Within(min(times), max(times) + timedelta(microseconds=1))


def _is_of(entry: Entry, symbol: Symbol) -> bool:
    return any(each.symbol == symbol for each in entry.postings)


def _place_of_closed(placed: tuple[Symbol, ClosedLot]) -> str:
    symbol, lot = placed
    return json.dumps([lot.closed_at.isoformat(), symbol, lot.closed_by, lot.lot_id])


def _closed_place(place: str | None) -> ClosedPlace | None:
    if place is None:
        return None
    try:
        at, symbol, closed_by, lot_id = map(str, json.loads(place))
        closed_at = as_utc(datetime.fromisoformat(at), "cursor")
        return ClosedPlace(closed_at, Symbol(symbol), closed_by, lot_id)
    except (ValueError, TypeError) as error:
        raise Invalid("cursor", "next_cursor of the page before", place) from error


def _uuid(place: str | None) -> UUID | None:
    return None if place is None else parse_uuid7(place, "cursor")
