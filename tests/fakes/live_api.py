"""The HTTP API of live strategies over stores in memory: real app, real tokens."""

from __future__ import annotations

from algotrendy.identity.app import account_access, guard_clock, token_verifier
from algotrendy.identity.idempotent import doing_once
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.live.api import access, create_api, runs
from fakes.access_in_memory import AccessInMemory
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, Issuer, KeysInMemory, jwk, jwks
from fakes.live_bench import LiveBench
from fakes.live_desk import desk_of
from fakes.memory_reports import MemoryReports
from fakes.once_in_memory import OnceInMemory
from fakes.registry_in_memory import World


class LiveApi:
    """The app over a world, and a client for each who calls."""

    def __init__(self) -> None:
        self.world = World()
        self.issuer = Issuer(self.world.clock)
        self.app, once = create_api(), OnceInMemory()
        self.lists, self.reports = AccessInMemory(), MemoryReports()
        self.bench = LiveBench()
        verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), self.world.clock)
        self.app.dependency_overrides |= {
            token_verifier: lambda: verifier,
            guard_clock: lambda: self.world.clock,
            doing_once: lambda: lambda: once,
            account_access: lambda: lambda: self.lists,
            access.registry: lambda: self.world.registry,
            access.reports: lambda: self.reports,
            runs.run_desk: lambda: desk_of(self.bench),
            runs.live_ledger: lambda: self.bench.live,
        }

    def client(self, *roles: str, tenant: str = "acme") -> AppClient:
        """Give a client of somebody with these roles, who has just signed in."""
        groups = (f"tenant:{tenant}", *(f"role:{role}" for role in roles))
        token = self.issuer.token(*groups)
        return AppClient(self.app, {"Authorization": f"Bearer {token}"})
