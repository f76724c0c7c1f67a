"""Give the routes who is calling, what they call upon, and what a query may say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Query

from algotrendy.identity.account_access import Reach
from algotrendy.identity.app import CurrentPrincipal, CurrentReach
from algotrendy.identity.principal import Principal
from algotrendy.kernel.clock import Clock, SystemClock, as_utc
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, Ids, UserId, parse_account_id, parse_user_id
from algotrendy.trading.accounts import PART
from algotrendy.trading.intake import Intake
from algotrendy.trading.ledger import Ledger
from algotrendy.trading.paging import MOST
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.risk_control import RiskControl

CAPABILITY = "trading"

# Coroutines, so that each look-up runs where it stands: a thread for it costs more than it does.


async def ledger() -> Ledger:
    """Give the ledger of this deployment; a test overrides this dependency."""
    from algotrendy.trading import wiring

    return wiring.ledger()


async def intake() -> Intake:
    """Give what takes orders in; a test overrides this dependency."""
    from algotrendy.trading import wiring

    return wiring.intake()


async def parent_intake() -> ParentIntake:
    """Give what takes parent orders in; a test overrides this dependency."""
    from algotrendy.trading import wiring

    return wiring.parent_intake()


async def risk_control() -> RiskControl:
    """Give what changes limits and states; a test overrides this dependency."""
    from algotrendy.trading import wiring

    return wiring.risk_control()


async def clock() -> Clock:
    """Give the time; a test overrides this dependency."""
    return SystemClock()


async def ids() -> Ids:
    """Give what makes ids; a test overrides this dependency."""
    from algotrendy.trading import wiring

    return wiring.ids()


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.trading import wiring

    wiring.check_database()


Books = Annotated[Ledger, Depends(ledger)]
Orders = Annotated[Intake, Depends(intake)]
Parents = Annotated[ParentIntake, Depends(parent_intake)]
Risk = Annotated[RiskControl, Depends(risk_control)]
Time = Annotated[Clock, Depends(clock)]
NewIds = Annotated[Ids, Depends(ids)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and at which accounts they get with this request."""

    principal: Principal
    reach: Reach


async def caller(principal: CurrentPrincipal, reach: CurrentReach) -> Caller:
    """Give the caller, whom the guard let pass."""
    return Caller(principal, reach)


# What each route needs of its caller stands in identity/routes.py.
Viewer = Annotated[Caller, Depends(caller)]
Trader = Viewer
RiskManager = Viewer

AccountName = Annotated[
    str,
    Query(
        description="An account, with all its parts, or one part of it.",
        examples=["paper", "paper/trend"],
    ),
]
PageSize = Annotated[int, Query(ge=1, le=MOST, description="How many a page.")]
Since = Annotated[datetime | None, Query(description="Only from this time on.")]
Until = Annotated[datetime | None, Query(description="Only before this time.")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before.")]
_KEY = Header(
    description="Yours, unique for this request in its account: sent again with it, nothing is "
    "done twice.",
    min_length=1,
    max_length=128,
)
IdempotencyKey = Annotated[str | None, _KEY]
NeededKey = Annotated[str, _KEY]


def account_of(text: str) -> AccountId:
    """Read the name of an account or part, or raise Invalid."""
    return parse_account_id(text)


def whole_account_of(text: str) -> AccountId:
    """Read the name of a whole account, or raise Invalid."""
    account = parse_account_id(text)
    if PART in account:
        raise Invalid("account", "a whole account, without a part", text)
    return account


def moment_of(value: datetime | None, field: str) -> datetime | None:
    """Read a time with a zone, or raise Invalid."""
    return None if value is None else as_utc(value, field)


def name_of(caller: Caller) -> UserId:
    """Give the name under which the ledger keeps what somebody did: one that people can read."""
    try:
        return parse_user_id(caller.principal.username)
    except Invalid:
        return caller.principal.subject
