"""Answer for what happened: fills, the journal, closed lots, reconciliations, the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from algotrendy.trading import queries
from algotrendy.trading.api import access
from algotrendy.trading.api.access import AccountName, Books, Cursor, PageSize, Viewer
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
from algotrendy.trading.paging import Question

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class About(StrEnum):
    """What a record is about."""

    BROKER = "reconciliation"
    PROTECTION = "protection"


router = APIRouter(prefix="/v1", tags=[access.CAPABILITY])


@router.get("/fills")
def get_fills(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> FillsOut:
    """List executions, newest first, busted ones too."""
    asked = access.account_of(account)
    question = Question(("fills", asked), limit, cursor)
    page = books.run(lambda tx: queries.fills(tx, viewer.tenant, asked, question))
    return FillsOut(fills=[fill_out(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/activities")
def get_activities(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    kind: Annotated[
        list[EntryKind] | None, Query(description="Only these; give it again for more.")
    ] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> ActivitiesOut:
    """List the double-entry journal, newest first: all that ever moved cash or units."""
    asked, kinds = access.account_of(account), sorted(set(kind or ()))
    question = Question(("activities", asked, *kinds), limit, cursor)
    page = books.run(lambda tx: queries.activities(tx, viewer.tenant, asked, question, kinds))
    return ActivitiesOut(
        activities=[activity_out(entry) for _, entry in page.items], next_cursor=page.next_cursor
    )


@router.get("/closed-lots")
def get_closed_lots(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    since: Annotated[datetime | None, Query(description="Closed then or later.")] = None,
    limit: PageSize = 50,
) -> ClosedLotsOut:
    """List tax lots that were closed, newest first, each with its profit."""
    asked, from_then = access.account_of(account), access.moment_of(since, "since") or _BEGINNING
    found = books.run(lambda tx: queries.closed_lots(tx, viewer.tenant, asked, from_then, limit))
    return ClosedLotsOut(lots=[closed_lot_out(symbol, lot) for symbol, lot in found])


@router.get("/reconciliations")
def get_reconciliations(
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
        lambda tx: queries.documents(
            tx, viewer.tenant, asked, about.value, question, only_open=only_open
        )
    )
    return RecordsOut(
        reconciliations=[record_out(each) for each in page.items], next_cursor=page.next_cursor
    )


@router.get("/audit")
def get_audit(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> AuditsOut:
    """List who did what and why, newest first."""
    asked = access.account_of(account)
    question = Question(("audit", asked), limit, cursor)
    page = books.run(lambda tx: queries.audit(tx, viewer.tenant, asked, question))
    return AuditsOut(records=[audit_out(each) for each in page.items], next_cursor=page.next_cursor)
