"""Answer ``GET /v1/me``: who the platform takes the caller for, and what they may do."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.identity.app import CurrentPrincipal
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.principal import PrincipalKind


class MeOut(BaseModel):
    """A caller, as the platform sees them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subject": "3f9d1c1e-0000-4000-8000-000000000001",
                    "username": "ada",
                    "tenant": "acme",
                    "kind": "user",
                    "roles": ["researcher"],
                    "permissions": ["bars:read", "research:read", "research:run"],
                    "accounts": None,
                    "signed_in_at": "2026-11-22T12:00:00Z",
                    "key_id": None,
                }
            ]
        }
    )

    subject: str
    username: str
    tenant: str
    kind: PrincipalKind
    roles: list[Role]
    permissions: list[Permission] = Field(
        description="All that the caller may do; single accounts may be closed to them."
    )
    accounts: list[str] | None = Field(
        description="The only accounts that an API key gets at; null where none are named."
    )
    signed_in_at: datetime | None = Field(description="Null for machines and keys.")
    key_id: str | None = Field(description="Of the API key that was shown, if one was.")


router = APIRouter(prefix="/v1", tags=["identity"])


@router.get("/me")
async def get_me(caller: CurrentPrincipal) -> MeOut:
    """Tell who the caller is, for which tenant, in which roles, and what they may do."""
    return MeOut(
        subject=caller.subject,
        username=caller.username,
        tenant=caller.tenant,
        kind=caller.kind,
        roles=sorted(caller.roles),
        permissions=sorted(caller.permissions),
        accounts=None if caller.accounts is None else sorted(caller.accounts),
        signed_in_at=caller.signed_in_at,
        key_id=caller.key_id,
    )
