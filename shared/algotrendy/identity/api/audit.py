"""Answer for the audit: what people did that is sensitive, and whether its chain is sound."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.identity import wiring
from algotrendy.identity.adapters.audit_desk import AuditDesk
from algotrendy.identity.app import CurrentPrincipal, CurrentReach
from algotrendy.identity.audit import Harm, Link, entry_of
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.paging import MOST, Question

_ENTRY: dict[str, Any] = {
    "seq": 7,
    "id": "019aaf3c-7d2e-7c51-9d2f-0b8b6f3e6a01",
    "at": "2026-11-22T12:00:00Z",
    "who": "rita",
    "action": "kill_switch.pulled",
    "subject": "019aaf3c-7d2e-7c51-9d2f-0b8b6f3e6a02",
    "reason": "prices look wrong",
    "account": "paper",
    "correlation_id": None,
    "facts": {"flatten": True},
    "previous": "5b" * 32,
    "hash": "8e" * 32,
}


class AuditEntryOut(BaseModel):
    """Who did what to which, when and why; and its place in the chain."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    seq: int = Field(description="Counted from 1 within the tenant, without a gap.")
    id: UUID
    at: datetime
    who: str
    action: str
    subject: str
    reason: str
    account: str | None
    correlation_id: str | None
    facts: dict[str, Any]
    previous: str = Field(description="The hash of the entry before.")
    hash: str = Field(description="SHA-256 of the canonical JSON of all that stands above.")


class AuditEntriesOut(BaseModel):
    """A page of the audit, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"entries": [_ENTRY], "next_cursor": None}]}
    )

    entries: list[AuditEntryOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


class MisfitOut(BaseModel):
    """The first entry that does not fit."""

    seq: int
    harm: Harm
    why: str


class AuditVerificationOut(BaseModel):
    """What a look at the tenant's whole chain found."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "is_sound": True,
                    "entries": 7,
                    "hash": "8e" * 32,
                    "kept_heads": 3,
                    "sealed": 7,
                    "misfit": None,
                }
            ]
        }
    )

    is_sound: bool
    entries: int = Field(description="How many are sound, from the first on.")
    hash: str = Field(description="Of the last of these: keep it, to ask for it later.")
    kept_heads: int = Field(description="How many heads that are kept elsewhere it was held to.")
    sealed: int = Field(description="Up to which entry those say that all is as it was.")
    misfit: MisfitOut | None


def audit_desk() -> AuditDesk:
    """Give the audit of this deployment; a test overrides this dependency."""
    return wiring.audit_desk()


Desk = Annotated[AuditDesk, Depends(audit_desk)]
router = APIRouter(prefix="/v1/audit", tags=["identity"])


@router.get("/entries")
def list_audit_entries(
    caller: CurrentPrincipal,
    reach: CurrentReach,
    desk: Desk,
    action: Annotated[
        str | None, Query(max_length=100, description="Only this one: limits.changed.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    cursor: Annotated[
        str | None, Query(max_length=200, description="next_cursor of the page before.")
    ] = None,
) -> AuditEntriesOut:
    """List what people of the tenant did that is sensitive, newest first.

    What was done to an account that is closed to the caller is left out, so that a page may be
    shorter than its limit.
    """
    question = Question(("audit entries", caller.tenant, action or ""), limit, cursor)
    found = desk.newest(caller.tenant, limit + 1, before=_place(question), action=action or None)
    page = question.page(found, lambda each: str(each.seq))
    told = [_out(each) for each in page.items]
    seen = [each for each in told if each.account is None or reach.sees(AccountId(each.account))]
    return AuditEntriesOut(entries=seen, next_cursor=page.next_cursor)


@router.get("/verification")
def verify_audit(caller: CurrentPrincipal, desk: Desk) -> AuditVerificationOut:
    """Work every hash of the tenant's chain out again, and hold it to heads kept elsewhere."""
    found = desk.verify(caller.tenant)
    misfit = found.misfit
    return AuditVerificationOut(
        is_sound=found.is_sound,
        entries=found.head.seq,
        hash=found.head.hash,
        kept_heads=found.kept,
        sealed=found.sealed,
        misfit=None
        if misfit is None
        else MisfitOut(seq=misfit.seq, harm=misfit.harm, why=misfit.why),
    )


def _place(question: Question) -> int | None:
    place = question.place
    if place is None:
        return None
    if not place.isascii() or not place.isdigit() or len(place) > 18:
        raise Invalid("cursor", "next_cursor of the page before", question.cursor)
    return int(place)


def _out(stored: Link) -> AuditEntryOut:
    told = entry_of(stored)
    return AuditEntryOut(
        seq=stored.seq,
        id=told.id,
        at=told.at,
        who=told.who,
        action=told.action,
        subject=told.subject,
        reason=told.reason,
        account=told.account,
        correlation_id=told.correlation_id,
        facts=dict(told.facts),
        previous=stored.previous,
        hash=stored.hash,
    )
