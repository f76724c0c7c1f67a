"""Answer for risk: limits in versions, trading states, the kill switch."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query

from algotrendy.identity.idempotent import idempotent
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, parse_uuid7
from algotrendy.risk.limits import StrategyId, TradingState
from algotrendy.risk.records import LimitsVersion, StateChange
from algotrendy.trading import listings, queries
from algotrendy.trading.api import access
from algotrendy.trading.api.access import (
    AccountName,
    Books,
    Caller,
    Cursor,
    PageSize,
    Risk,
    RiskManager,
    Viewer,
)
from algotrendy.trading.api.risk_views import (
    LIMITS_EXAMPLES,
    STATE_EXAMPLES,
    SWITCH_EXAMPLES,
    LimitsIn,
    LimitsOut,
    LimitsVersionsOut,
    StateIn,
    StateOut,
    StatesOut,
    SwitchesOut,
    SwitchIn,
    SwitchOut,
    limits_out,
    state_out,
    switch_out,
)
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.paging import Page, Question

router = APIRouter(prefix="/v1", tags=[access.CAPABILITY])


@router.get("/limits")
def get_limits(account: AccountName, viewer: Viewer, books: Books) -> LimitsOut:
    """Tell the limits of an account as they are now."""
    asked = access.whole_account_of(account)

    def work(tx: LedgerTransaction) -> LimitsOut:
        queries.require_account(tx, viewer.reach, asked)
        limits = tx.risk.limits(asked)
        return limits_out(limits, next(iter(tx.risk.limits_versions(asked, 1)), None))

    return books.run(work)


@router.put("/limits")
def set_limits(
    account: AccountName,
    body: Annotated[LimitsIn, Body(openapi_examples=LIMITS_EXAMPLES)],
    manager: RiskManager,
    books: Books,
    risk: Risk,
) -> LimitsOut:
    """Make the next version of an account's limits; those before are kept.

    A conflict says that somebody else made a version since the one that you have seen.
    """
    asked = _whole_account(books, manager, account)
    by = access.name_of(manager)
    made = risk.change_limits(asked, body.changes(), body.version, by, body.reason)
    return limits_out(made.limits, made)


@router.get("/limits/versions")
def list_limits_versions(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> LimitsVersionsOut:
    """List the versions of an account's limits, newest first: who made which, and why."""
    asked = access.whole_account_of(account)
    question = Question(("limits", asked), limit, cursor)
    below = _number(question.place)

    def work(tx: LedgerTransaction) -> Page[LimitsVersion]:
        queries.require_account(tx, viewer.reach, asked)
        found = tx.risk.limits_versions(asked, question.limit + 1, below)
        return question.page(found, lambda version: str(version.limits.version))

    page = books.run(work)
    return LimitsVersionsOut(
        versions=[limits_out(each.limits, each) for each in page.items],
        next_cursor=page.next_cursor,
    )


@router.get("/trading-state")
def get_trading_state(account: AccountName, viewer: Viewer, books: Books) -> StatesOut:
    """Tell what an account may do now, and what single strategies of it may."""
    asked = access.whole_account_of(account)

    def work(tx: LedgerTransaction) -> list[StateChange]:
        queries.require_account(tx, viewer.reach, asked)
        found = tx.risk.trading_states(asked)
        return sorted(found.values(), key=lambda change: change.strategy or "")

    states = books.run(work)
    whole = next((each.state for each in states if each.strategy is None), TradingState.ACTIVE)
    return StatesOut(account=asked, state=whole, states=[state_out(each) for each in states])


@router.put("/trading-state")
def set_trading_state(
    account: AccountName,
    body: Annotated[StateIn, Body(openapi_examples=STATE_EXAMPLES)],
    manager: RiskManager,
    books: Books,
    risk: Risk,
) -> StateOut:
    """Let an account, or one strategy of it, trade, only reduce, or halt.

    Halting cancels nothing: that is what the kill switch does.
    """
    asked = _whole_account(books, manager, account)
    strategy = None if body.strategy is None else StrategyId(body.strategy)
    by = access.name_of(manager)
    return state_out(risk.set_trading_state(asked, body.state, by, body.reason, strategy))


@router.post("/kill-switch", status_code=202)
@idempotent()
def pull_kill_switch(
    account: AccountName,
    body: Annotated[SwitchIn, Body(openapi_examples=SWITCH_EXAMPLES)],
    manager: RiskManager,
    books: Books,
    risk: Risk,
) -> SwitchOut:
    """Stop everything on an account: it is halted at once, and every order of it is cancelled.

    With ``flatten`` its positions are closed at the market too. ``done_at`` says when it is over;
    the account stays halted until somebody sets its trading state.
    """
    asked = _whole_account(books, manager, account)
    at = access.moment_of(body.at, "at")
    by = access.name_of(manager)
    return switch_out(risk.pull_kill_switch(asked, body.flatten, by, body.reason, at))


@router.get("/kill-switch")
def list_kill_switches(
    account: AccountName,
    viewer: Viewer,
    books: Books,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> SwitchesOut:
    """List the kill switches of an account, newest first, scheduled ones too."""
    asked = access.whole_account_of(account)
    question = Question(("kill-switch", asked), limit, cursor)
    page = books.run(lambda tx: listings.kill_switches(tx, viewer.reach, asked, question))
    return SwitchesOut(
        kill_switches=[switch_out(each) for each in page.items], next_cursor=page.next_cursor
    )


@router.delete("/kill-switch/{switch_id}")
def release_kill_switch(
    switch_id: str,
    account: AccountName,
    manager: RiskManager,
    books: Books,
    risk: Risk,
    reason: Annotated[str, Query(min_length=1, max_length=500, description="Why.")],
) -> SwitchOut:
    """Take a scheduled kill switch back, or end what a pulled one still does.

    An account that was halted stays so until somebody sets its trading state.
    """
    asked = _whole_account(books, manager, account)
    found: UUID = parse_uuid7(switch_id, "switch_id")
    return switch_out(risk.revoke_kill_switch(asked, found, access.name_of(manager), reason))


def _whole_account(books: Ledger, caller: Caller, text: str) -> AccountId:
    asked = access.whole_account_of(text)
    books.run(lambda tx: queries.require_account(tx, caller.reach, asked))
    return asked


def _number(place: str | None) -> int | None:
    if place is None:
        return None
    if not place.isdecimal():
        raise Invalid("cursor", "next_cursor of the page before", place)
    return int(place)
