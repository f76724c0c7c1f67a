"""Answer ``/v1/accounts/{account}/access``: who gets at an account, and in which roles."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, Field

from algotrendy.identity.account_access import MOST_MEMBERS, AccessList, AccountGate, Member
from algotrendy.identity.permissions import Role
from algotrendy.kernel.ids import AccountId
from algotrendy.trading import queries
from algotrendy.trading.api import access
from algotrendy.trading.api.access import Books, Caller, Viewer
from algotrendy.trading.api.values import Body as Wish
from algotrendy.trading.api.values import example
from algotrendy.trading.ledger import Ledger

router = APIRouter(prefix="/v1/accounts/{account}/access", tags=[access.CAPABILITY])

_EXAMPLES: Any = {
    "two": example(
        {
            "version": 0,
            "members": [
                {"user": "ada", "roles": ["trader"]},
                {"user": "grace", "roles": ["viewer", "risk_manager"]},
            ],
            "reason": "only the desk trades it",
        },
        "Two people; everybody else of the tenant does not see it",
    )
}


class MemberIn(Wish):
    """Somebody on the list."""

    user: str = Field(description="What they sign in with, or `machine:` and a machine's name.")
    roles: list[Role] = Field(
        min_length=1, description="What they are there, as far as they have these roles at all."
    )


class AccessIn(Wish):
    """Those who get at an account, in place of those who do now."""

    version: int = Field(ge=0, description="That you have seen; 0 where there was no list yet.")
    members: list[MemberIn] = Field(min_length=1, max_length=MOST_MEMBERS)
    reason: Annotated[str, Field(min_length=1, max_length=500, description="Kept in the audit.")]


class MemberOut(BaseModel):
    """Somebody on the list."""

    user: str
    roles: list[Role]


class AccessOut(BaseModel):
    """Who gets at an account. Admins of the tenant always do."""

    account: str
    is_open: bool = Field(description="There is no list: the whole tenant gets at it.")
    version: int
    members: list[MemberOut]
    changed_by: str | None
    changed_at: datetime | None
    reason: str | None


async def account_gate() -> AccountGate:
    """Give what shows and changes lists; a test overrides this dependency."""
    from algotrendy.identity import wiring

    return wiring.account_gate()


Gate = Annotated[AccountGate, Depends(account_gate)]
Account = Annotated[str, Path(description="A whole account.", examples=["paper"])]


@router.get("")
def get_account_access(account: Account, viewer: Viewer, books: Books, gate: Gate) -> AccessOut:
    """Tell who gets at an account, and in which roles."""
    asked = _whole_account(books, viewer, account)
    return _shown(gate.show(viewer.reach.tenant, asked))


@router.put("")
def set_account_access(
    account: Account,
    body: Annotated[AccessIn, Body(openapi_examples=_EXAMPLES)],
    admin: Viewer,
    books: Books,
    gate: Gate,
) -> AccessOut:
    """Let only these get at an account, from now on. They do there what their own roles allow too.

    Everybody else of the tenant is answered as if there were no such account, but for admins. A
    conflict says that somebody else changed the list since you saw it.
    """
    asked = _whole_account(books, admin, account)
    members = [Member(each.user, frozenset(each.roles)) for each in body.members]
    return _shown(gate.change(admin.principal, asked, members, body.version, body.reason))


@router.delete("")
def reopen_account(
    account: Account,
    admin: Viewer,
    books: Books,
    gate: Gate,
    version: Annotated[int, Query(ge=0, description="That you have seen.")],
    reason: Annotated[str, Query(min_length=1, max_length=500, description="Kept in the audit.")],
) -> AccessOut:
    """Open an account to its whole tenant again."""
    asked = _whole_account(books, admin, account)
    return _shown(gate.change(admin.principal, asked, [], version, reason))


def _whole_account(books: Ledger, caller: Caller, text: str) -> AccountId:
    asked = access.whole_account_of(text)
    books.run(lambda tx: queries.require_account(tx, caller.reach, asked))
    return asked


def _shown(found: AccessList) -> AccessOut:
    return AccessOut(
        account=found.account,
        is_open=found.is_open,
        version=found.version,
        members=[MemberOut(user=each.user, roles=sorted(each.roles)) for each in found.members],
        changed_by=found.changed_by,
        changed_at=found.changed_at,
        reason=found.reason,
    )
