"""Answer for flags: what holds, set one, turn the live switch."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.identity import wiring
from algotrendy.identity.adapters.flag_desk import LIVE, FlagChange, FlagDesk
from algotrendy.identity.app import CurrentPrincipal
from algotrendy.kernel.errors import Invalid
from algotrendy.platform.telemetry import correlation_id

_CHANGE: dict[str, Any] = {
    "name": "rate_limits.read.burst",
    "before": 100,
    "after": 200,
    "changed": True,
    "at_once": False,
    "deployment": 4,
    "entry": "019aaf3c-7d2e-7c51-9d2f-0b8b6f3e6a01",
}
Value = bool | int | float


class FlagOut(BaseModel):
    """One flag."""

    name: str
    value: Value = Field(description="As it is deployed; a process has it within 30 s.")
    default: Value
    is_set: bool = Field(description="Whether it differs from its default.")


class FlagsOut(BaseModel):
    """Every flag, by name, and what is on its way."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "flags": [
                        {"name": "live_trading", "value": False, "default": False, "is_set": False},
                        {
                            "name": "rate_limits.read.burst",
                            "value": 200,
                            "default": 100,
                            "is_set": True,
                        },
                    ],
                    "version": 4,
                    "under_way": None,
                    "percent": 100.0,
                }
            ]
        }
    )

    flags: list[FlagOut]
    version: int = Field(description="Of the document that holds.")
    under_way: int | None = Field(description="A deployment that has not come to its end.")
    percent: float = Field(description="How far that one is.")


class FlagIn(BaseModel):
    """What a flag is to be, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"value": 200, "reason": "the console reads more"}]},
    )

    value: Value | None = Field(description="Null: its default.")
    reason: str = Field(min_length=1, max_length=500, description="Why; kept in the audit.")
    at_once: bool = Field(
        False,
        description="Everywhere within 30 s, and a change that is on its way is taken back; else "
        "process by process within minutes, and taken back when an alarm comes.",
    )
    dry_run: bool = Field(False, description="Only say what it would do.")


class LiveSwitchIn(BaseModel):
    """Whether orders may cost real money, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"on": False, "reason": "end of the trial"}]},
    )

    on: bool = Field(strict=True)
    reason: str = Field(min_length=1, max_length=500, description="Why; kept in the audit.")
    dry_run: bool = Field(False, description="Only say what it would do.")


class FlagChangeOut(BaseModel):
    """What a change did, or would do."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHANGE]})

    name: str
    before: Value
    after: Value
    changed: bool = Field(description="Whether anything was deployed.")
    at_once: bool
    deployment: int | None
    entry: UUID | None = Field(description="Of the audit.")


def flag_desk() -> FlagDesk:
    """Give the desk of this deployment; a test overrides this dependency."""
    return wiring.flag_desk()


Desk = Annotated[FlagDesk, Depends(flag_desk)]
router = APIRouter(prefix="/v1", tags=["identity"])


@router.get("/flags")
def list_flags(desk: Desk) -> FlagsOut:
    """List flags and limits that change without a deploy, as they are deployed."""
    flags, deployed = desk.flags()
    return FlagsOut(
        flags=[
            FlagOut(name=each.name, value=each.value, default=each.default, is_set=each.is_set)
            for each in flags
        ],
        version=deployed.version,
        under_way=deployed.under_way,
        percent=deployed.percent,
    )


@router.put("/flags/{name}")
def set_flag(caller: CurrentPrincipal, desk: Desk, name: str, body: FlagIn) -> FlagChangeOut:
    """Set one flag for the whole deployment; only people of the tenant that runs it may."""
    if name == LIVE:
        raise Invalid("name", "any flag but this one, which PUT /v1/live-switch turns", name)
    text = "default" if body.value is None else json.dumps(body.value)
    change = desk.set(
        caller,
        name,
        text,
        body.reason,
        at_once=body.at_once,
        dry_run=body.dry_run,
        correlation_id=correlation_id(),
    )
    return _out(change)


@router.put("/live-switch")
def turn_live_switch(caller: CurrentPrincipal, desk: Desk, body: LiveSwitchIn) -> FlagChangeOut:
    """Let orders cost real money, or no longer: one of three switches that must all be on.

    The others are the setting of the stage and the one of the broker account.
    """
    change = desk.set(
        caller,
        LIVE,
        json.dumps(body.on),
        body.reason,
        dry_run=body.dry_run,
        correlation_id=correlation_id(),
    )
    return _out(change)


def _out(change: FlagChange) -> FlagChangeOut:
    return FlagChangeOut(
        name=change.name,
        before=change.before,
        after=change.after,
        changed=change.deployment is not None,
        at_once=change.at_once,
        deployment=change.deployment,
        entry=change.entry,
    )
