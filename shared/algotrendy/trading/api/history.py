"""Answer for what happened: fills, the journal, closed lots, reconciliations, the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from algotrendy.kernel.ids import parse_order_id
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.trading import listings
from algotrendy.trading.api import access
from algotrendy.trading.api.access import (
    AccountName,
    Books,
    Cursor,
    PageSize,
    Since,
    Until,
    Viewer,
)
from algotrendy.trading.api.account_views import (
    ActivitiesOut,
    AuditsOut,
    ClosedLotsOut,
    RecordsOut,
    activity_out,
    audit_out,
    closed_lot_out,
    record_out,
)
from algotrendy.trading.api.order_views import FillsOut, fill_out
from algotrendy.trading.journal import EntryKind
from algotrendy.trading.paging import Question, Within

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class About(StrEnum):
    """What a record is about."""

    BROKER = "reconciliation"
    PROTECTION = "protection"


router = APIRouter(prefix="/v1", tags=[access.CAPABILITY])


@router.get("/fills")
def list_fills(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    symbol: Annotated[str | None, Query(description="Only of this symbol.")] = None,
    order: Annotated[str | None, Query(description="Only of the order of this id.")] = None,
    since: Since = None,
    until: Until = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> FillsOut:
    """List executions, newest first, busted ones too."""
    asked, within = access.account_of(account), _within(since, until)
    of_symbol = None if symbol is None else parse_symbol(symbol)
    of_order = None if order is None else parse_order_id(order, "order")
    words = ("fills", asked, str(of_symbol), str(of_order), *_words(within))
    question = Question(words, limit, cursor)
    page = books.run(
        lambda tx: listings.fills(
            tx,
            viewer.reach,
            asked,
            question,
            symbol=of_symbol,
            order_id=of_order,
            within=within,
        )
    )
    return FillsOut(fills=[fill_out(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/activities")
def list_activities(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    kind: Annotated[
        list[EntryKind] | None, Query(description="Only these; give it again for more.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> ActivitiesOut:
    """List the double-entry journal, newest first: all that ever moved cash or units."""
    asked, kinds = access.account_of(account), sorted(set(kind or ()))
    within = _within(since, until)
    question = Question(("activities", asked, *kinds, *_words(within)), limit, cursor)
    page = books.run(
        lambda tx: listings.activities(tx, viewer.reach, asked, question, kinds, within)
    )
    return ActivitiesOut(
        activities=[activity_out(entry) for _, entry in page.items], next_cursor=page.next_cursor
    )


@router.get("/closed-lots")
def list_closed_lots(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    since: Annotated[datetime | None, Query(description="Closed then or later.")] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> ClosedLotsOut:
    """List tax lots that were closed, newest first, each with its profit."""
    asked, from_then = access.account_of(account), access.moment_of(since, "since") or _BEGINNING
    question = Question(("closed-lots", asked, from_then.isoformat()), limit, cursor)
    page = books.run(lambda tx: listings.closed_lots(tx, viewer.reach, asked, from_then, question))
    return ClosedLotsOut(
        lots=[closed_lot_out(symbol, lot) for symbol, lot in page.items],
        next_cursor=page.next_cursor,
    )


@router.get("/reconciliations")
def list_reconciliations(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    about: Annotated[
        About,
        Query(
            description="`reconciliation`: the broker and the ledger compared; `protection`: "
            "positions that had lost their stop."
        ),
    ] = About.BROKER,
    only_open: Annotated[
        bool, Query(alias="open", description="Only those that somebody has to act on.")
    ] = False,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> RecordsOut:
    """List what differed from what should be, and what was done about it, newest first."""
    asked = access.account_of(account)
    question = Question((about, asked, str(only_open)), limit, cursor)
    page = books.run(
        lambda tx: listings.documents(
            tx, viewer.reach, asked, about.value, question, only_open=only_open
        )
    )
    return RecordsOut(
        reconciliations=[record_out(each) for each in page.items], next_cursor=page.next_cursor
    )


@router.get("/audit")
def list_audit(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    who: Annotated[str | None, Query(description="Only what this one did.")] = None,
    subject: Annotated[
        str | None, Query(description="Only what was done to this: an order, a version.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> AuditsOut:
    """List who did what and why, newest first."""
    asked, within = access.account_of(account), _within(since, until)
    # Nobody is called nothing, which so stands for everybody here.
    question = Question(("audit", asked, who or "", subject or "", *_words(within)), limit, cursor)
    page = books.run(
        lambda tx: listings.audit(
            tx,
            viewer.reach,
            asked,
            question,
            who=who or None,
            subject=subject or None,
            within=within,
        )
    )
    return AuditsOut(records=[audit_out(each) for each in page.items], next_cursor=page.next_cursor)


def _within(since: datetime | None, until: datetime | None) -> Within:
    return Within(access.moment_of(since, "since"), access.moment_of(until, "until"))


def _words(within: Within) -> tuple[str, str]:
    return str(within.since), str(within.until)
