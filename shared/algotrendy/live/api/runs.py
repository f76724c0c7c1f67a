"""Answer for runs of strategies: start, show, pause, stop, and what they did and earned."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response

from algotrendy.identity.app import CurrentReach
from algotrendy.identity.idempotent import idempotent
from algotrendy.kernel.cursors import cursor_to, place_of
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import UserId, parse_user_id
from algotrendy.live.api.access import CAPABILITY, Caller, Cursor, PageSize
from algotrendy.live.api.run_bodies import (
    START_EXAMPLES,
    STATE_EXAMPLES,
    ProfitOut,
    RunOut,
    RunsOut,
    RunStateIn,
    StartIn,
    StepsOut,
    profit_out,
    run_out,
    step_out,
)
from algotrendy.live.commands import RunDesk, visible
from algotrendy.live.ports import LiveLedger
from algotrendy.live.runs import parse_run_id
from algotrendy.live.versions import parse_name
from algotrendy.platform.telemetry import correlation_id

_OF_THIS_LIST = "used with the list that it was given for"
_POINTS = 1_000

router = APIRouter(prefix="/v1/strategy-runs", tags=[CAPABILITY])


def run_desk() -> RunDesk:
    """Give the use cases of those who lead runs; a test overrides this dependency."""
    from algotrendy.live import wiring

    return wiring.run_desk()


def live_ledger() -> LiveLedger:
    """Give where runs are kept; a test overrides this dependency."""
    from algotrendy.live import wiring

    return wiring.live_ledger()


Desk = Annotated[RunDesk, Depends(run_desk)]
Kept = Annotated[LiveLedger, Depends(live_ledger)]


@router.post("", status_code=201)
@idempotent()
def start_strategy(
    caller: Caller,
    reach: CurrentReach,
    desk: Desk,
    body: Annotated[StartIn, Body(openapi_examples=START_EXAMPLES)],
    response: Response,
) -> RunOut:
    """Start a version of a registered strategy on a part of an account."""
    run = desk.start(body.wish(), reach, _name_of(caller), correlation_id())
    response.headers["location"] = f"/v1/strategy-runs/{run.id}"
    return run_out(run)


@router.get("")
def list_strategy_runs(
    caller: Caller,
    reach: CurrentReach,
    kept: Kept,
    name: Annotated[
        str | None, Query(max_length=63, description="Only runs of this strategy.")
    ] = None,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> RunsOut:
    """List runs of strategies, newest first."""
    wanted = None if name is None else parse_name(name)
    words = ("strategy runs", name or "")
    before = None
    if cursor is not None:
        before = parse_run_id(place_of(cursor, words, _OF_THIS_LIST), "cursor")
    found = kept.run(
        lambda _, live: live.runs_of(caller.tenant, limit + 1, before=before, name=wanted)
    )
    page = found[:limit]
    more = cursor_to(str(page[-1].id), words) if len(found) > limit else None
    return RunsOut(
        runs=[run_out(each) for each in page if reach.has(each.account)], next_cursor=more
    )


@router.get("/{run_id}")
def get_strategy_run(run_id: str, reach: CurrentReach, kept: Kept) -> RunOut:
    """Tell where a run stands."""
    wanted = parse_run_id(run_id)
    return run_out(kept.run(lambda _, live: visible(live, wanted, reach)))


@router.put("/{run_id}/state")
def set_strategy_run_state(
    run_id: str,
    caller: Caller,
    reach: CurrentReach,
    desk: Desk,
    body: Annotated[RunStateIn, Body(openapi_examples=STATE_EXAMPLES)],
) -> RunOut:
    """Pause a run, let it go on, stop it, or stop it and sell its positions.

    What is stopped is over, for good.
    """
    wanted, by = parse_run_id(run_id), _name_of(caller)
    return run_out(desk.want(wanted, body.wanted, by, reach, body.reason))


@router.get("/{run_id}/steps")
def list_strategy_run_steps(
    run_id: str, reach: CurrentReach, kept: Kept, limit: PageSize = 20, cursor: Cursor = None
) -> StepsOut:
    """List the steps of a run, newest first: what was decided, and what became of it."""
    wanted = parse_run_id(run_id)
    words = ("steps", run_id)
    before = None if cursor is None else _number(place_of(cursor, words, _OF_THIS_LIST))
    run, found = kept.run(
        lambda _, live: (
            visible(live, wanted, reach),
            live.steps_of(wanted, limit + 1, before=before),
        )
    )
    page = found[:limit]
    more = cursor_to(str(page[-1].step), words) if len(found) > limit else None
    return StepsOut(steps=[step_out(run, each) for each in page], next_cursor=more)


@router.get("/{run_id}/profit-and-loss")
def get_strategy_run_profit(run_id: str, reach: CurrentReach, kept: Kept) -> ProfitOut:
    """Tell what a run has earned, step by step."""
    wanted = parse_run_id(run_id)
    run, steps = kept.run(
        lambda _, live: (visible(live, wanted, reach), live.steps_of(wanted, _POINTS))
    )
    return profit_out(run, steps)


def _name_of(caller: Caller) -> UserId:
    """Give the name under which the audit keeps what somebody did: one that people can read."""
    try:
        return parse_user_id(caller.username)
    except Invalid:
        return caller.subject


def _number(place: str) -> int:
    try:
        return int(place)
    except ValueError as error:
        raise Invalid("cursor", "next_cursor of the page before", place) from error
