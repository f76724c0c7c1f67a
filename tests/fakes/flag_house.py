"""Flags and the audit behind the real app of identity: AppConfig and the bucket are in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from algotrendy.identity.adapters.audit_desk import AuditDesk
from algotrendy.identity.adapters.flag_desk import FlagDesk
from algotrendy.identity.api import audit, create_api, flags
from algotrendy.identity.app import account_access, guard_clock, token_verifier
from algotrendy.identity.audit import KeptHead
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import SeededIds, TenantId
from algotrendy.platform.database import Database
from algotrendy.platform.flag_store import Deployed
from fakes.access_in_memory import AccessInMemory
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks

OPERATOR, OTHER = TenantId("house"), TenantId("guest")


@dataclass
class Store:
    """Is AppConfig in memory: one document, deployed at once."""

    document: Mapping[str, object] = field(default_factory=dict)
    number: int = 1
    deployed_at_once: list[bool] = field(default_factory=list)
    fault: Exception | None = None

    def deployed(self) -> Deployed:
        return Deployed(self.document, self.number, self.number)

    def deploy(
        self, document: Mapping[str, object], seen: Deployed, why: str, *, at_once: bool
    ) -> int:
        assert why
        if self.fault:
            raise self.fault
        assert seen.number == self.number
        self.document, self.number = document, self.number + 1
        self.deployed_at_once.append(at_once)
        return self.number


@dataclass
class Heads:
    """Is a ``HeadArchive`` in memory."""

    found: list[KeptHead] = field(default_factory=list)

    def keep(self, kept: KeptHead) -> None:
        self.found.append(kept)

    def kept(self, tenant: TenantId) -> list[KeptHead]:
        return [each for each in self.found if each.head.tenant == tenant]

    def tenants(self) -> list[TenantId]:
        return sorted({each.head.tenant for each in self.found})


class House:
    """The API over a real database, and people of two tenants."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock(NOW)
        self.issuer = Issuer(self.clock)
        self.store, self.heads, self.database = Store(), Heads(), database
        ids = SeededIds(7, self.clock)
        self.desk = FlagDesk(self.store, database, "prod", OPERATOR, self.clock, ids)
        self.audit = AuditDesk(database, self.heads, self.clock)
        self.app = create_api()
        verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), self.clock)
        self.app.dependency_overrides |= {
            token_verifier: lambda: verifier,
            guard_clock: lambda: self.clock,
            account_access: lambda: AccessInMemory,
            flags.flag_desk: lambda: self.desk,
            audit.audit_desk: lambda: self.audit,
        }

    def client(self, role: str = "admin", tenant: str = OPERATOR, **claims: Any) -> AppClient:
        token = self.issuer.token(f"tenant:{tenant}", f"role:{role}", **claims)
        return AppClient(self.app, {"Authorization": f"Bearer {token}"})

    def put(self, name: str, value: Any, client: AppClient | None = None, **more: Any) -> Any:
        body = {"value": value, "reason": "a test", **more}
        return (client or self.client()).request("PUT", f"/v1/flags/{name}", json=body)

    def turn(self, on: Any, client: AppClient | None = None) -> Any:
        body = {"on": on, "reason": "a test"}
        return (client or self.client()).request("PUT", "/v1/live-switch", json=body)

    def entries(self, **params: Any) -> list[dict[str, Any]]:
        answer = self.client().get("/v1/audit/entries", params=params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["entries"]
        return found
