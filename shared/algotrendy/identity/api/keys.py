"""Answer for API keys: make, list, rotate and revoke them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.identity import wiring
from algotrendy.identity.api_keys import ApiKey, IssuedKey
from algotrendy.identity.app import CurrentPrincipal
from algotrendy.identity.key_ring import (
    MOST_DAYS,
    MOST_NAME_CHARACTERS,
    MOST_OVERLAP_H,
    USUAL_DAYS,
    USUAL_OVERLAP_H,
    KeyRing,
    KeyWish,
)
from algotrendy.identity.permissions import Permission, parse_permission
from algotrendy.kernel.clock import Clock, SystemClock
from algotrendy.kernel.ids import parse_account_id, parse_uuid7

_ID = "019aaf3c-7d2e-7c51-9d2f-0b8b6f3e6a01"
_KEY_EXAMPLE: dict[str, Any] = {
    "id": _ID,
    "shown": "atk_019aaf3c7d2e7c519d2f0b8b6f3e6a01_…",
    "name": "night sweeps",
    "owner": "ada",
    "permissions": ["bars:read", "research:read", "research:run"],
    "accounts": None,
    "created_at": "2026-11-22T12:00:00Z",
    "expires_at": "2027-02-20T12:00:00Z",
    "last_used_at": None,
    "ends_at": None,
    "revoked_at": None,
    "replaced_by": None,
    "counts": True,
}


class KeyIn(BaseModel):
    """What a key is wanted for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "night sweeps",
                    "permissions": ["bars:read", "research:read", "research:run"],
                    "days": 90,
                }
            ]
        },
    )

    name: str = Field(
        min_length=1, max_length=MOST_NAME_CHARACTERS, description="For people to tell it by."
    )
    permissions: list[str] = Field(
        min_length=1,
        max_length=len(Permission),
        description="All that it may do, each one of yours, such as bars:read.",
    )
    accounts: list[str] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="The only accounts that it gets at; left out, all that you do.",
    )
    days: int = Field(USUAL_DAYS, ge=1, le=MOST_DAYS, description="How long it counts.")

    def wish(self) -> KeyWish:
        """Read permissions and accounts, or raise Invalid."""
        return KeyWish(
            name=self.name,
            permissions=frozenset(parse_permission(p, "permissions") for p in self.permissions),
            accounts=None
            if self.accounts is None
            else frozenset(parse_account_id(account, "accounts") for account in self.accounts),
            days=self.days,
        )


class RotationIn(BaseModel):
    """How long the old key goes on counting."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    overlap_hours: float = Field(
        USUAL_OVERLAP_H, ge=0, le=MOST_OVERLAP_H, description="For the old key, at most."
    )


class KeyOut(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEY_EXAMPLE]})

    id: UUID
    shown: str = Field(description="How to tell it: all of it but the secret.")
    name: str
    owner: str = Field(description="Who it acts as.")
    permissions: list[Permission]
    accounts: list[str] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    ends_at: datetime | None = Field(description="Before it expires: revoked or replaced.")
    revoked_at: datetime | None
    replaced_by: UUID | None
    counts: bool = Field(description="Whether it lets anybody in now.")


class IssuedKeyOut(KeyOut):
    """A key with its text."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_KEY_EXAMPLE,
                    "key": "atk_019aaf3c7d2e7c519d2f0b8b6f3e6a01_" + "x" * 43,
                }
            ]
        }
    )

    key: str = Field(
        description="Send it as Authorization: Bearer. It is shown this once and kept nowhere."
    )


class KeysOut(BaseModel):
    """Keys, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": [_KEY_EXAMPLE]}]})

    keys: list[KeyOut]


def key_ring() -> KeyRing:
    """Give the keys of this deployment; a test overrides this dependency."""
    return wiring.key_ring()


def key_clock() -> Clock:
    """Give the time that keys end by; a test overrides this dependency."""
    return SystemClock()


Ring = Annotated[KeyRing, Depends(key_ring)]
Now = Annotated[Clock, Depends(key_clock)]
Request = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="Yours, unique among your keys. Sent again with it, the same key is answered "
        "with a new secret, as long as nobody has used it.",
    ),
]

router = APIRouter(prefix="/v1/api-keys", tags=["identity"])


@router.get("")
def list_api_keys(
    caller: CurrentPrincipal,
    ring: Ring,
    clock: Now,
    everybody: Annotated[
        bool, Query(description="Everybody's of the tenant, which needs keys:all.")
    ] = False,
    ended: Annotated[bool, Query(description="Also those that count no longer.")] = False,
) -> KeysOut:
    """List your API keys, newest first; no secret is among it."""
    now = clock.now()
    found = [_out(key, now) for key in ring.listed(caller, everybody=everybody)]
    return KeysOut(keys=[key for key in found if ended or key.counts])


@router.post("", status_code=201)
def create_api_key(
    caller: CurrentPrincipal, ring: Ring, clock: Now, body: KeyIn, request: Request
) -> IssuedKeyOut:
    """Make an API key that acts as you, within the permissions and accounts that you name."""
    return _issued(ring.issue(caller, body.wish(), request), clock.now())


@router.post("/{key_id}/rotate", status_code=201)
def rotate_api_key(
    caller: CurrentPrincipal,
    ring: Ring,
    clock: Now,
    key_id: str,
    body: RotationIn,
    request: Request,
) -> IssuedKeyOut:
    """Make a key in place of one of yours, which goes on counting until its overlap is over."""
    overlap = timedelta(hours=body.overlap_hours)
    made = ring.rotate(caller, parse_uuid7(key_id, "key_id"), overlap, request)
    return _issued(made, clock.now())


@router.delete("/{key_id}")
def revoke_api_key(caller: CurrentPrincipal, ring: Ring, clock: Now, key_id: str) -> KeyOut:
    """End a key at once: one of yours, or with keys:all anybody's of your tenant."""
    return _out(ring.revoke(caller, parse_uuid7(key_id, "key_id")), clock.now())


def _out(key: ApiKey, now: datetime) -> KeyOut:
    return KeyOut(**_fields(key, now))


def _issued(made: IssuedKey, now: datetime) -> IssuedKeyOut:
    return IssuedKeyOut(**_fields(made.key, now), key=made.text)


def _fields(key: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "shown": key.shown,
        "name": key.name,
        "owner": key.owner_name,
        "permissions": sorted(key.permissions),
        "accounts": None if key.accounts is None else sorted(key.accounts),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "ends_at": key.ends_at,
        "revoked_at": key.revoked_at,
        "replaced_by": key.replaced_by,
        "counts": key.counts(now),
    }
