"""The app of market data over stores and a cache in memory, and a viewer who calls it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import FastAPI

from algotrendy.identity.app import token_verifier
from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.api import bar_store, create_api, page_cache, tick_store
from algotrendy.market_data.series import RawBars, day_ns
from fakes.app_client import AppClient
from fakes.bar_store import MemoryBars
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks
from fakes.tick_store import MemoryTicks

CLOCK = ManualClock(NOW)
FIRST = date(2020, 1, 1)
COUNT = 25


class MemoryCache:
    """Remembers for good, and what it was told."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.ttls: set[int] = set()

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        self.values[key] = value
        self.ttls.add(ttl_s)


def made(name: str, count: int = COUNT, price: float = 10.0) -> RawBars:
    return RawBars(
        symbol=Symbol(name),
        timeframe=Timeframe.DAY,
        times=tuple(day_ns(FIRST + timedelta(days=day)) for day in range(count)),
        open=tuple(price + day for day in range(count)),
        high=tuple(price + day + 2.5 for day in range(count)),
        low=tuple(price + day - 1 for day in range(count)),
        close=tuple(price + day + 1 for day in range(count)),
        volume=tuple(1000.0 * day for day in range(count)),
        factor=(0.25,) * count,
        source="test",
    )


class World:
    """An app over a store and a cache in memory, and a viewer who calls it."""

    def __init__(self) -> None:
        self.store = MemoryBars(made("AAPL"), made("BTC/USD", price=5000.0))
        self.trades = MemoryTicks()
        self.cache = MemoryCache()
        self.app: FastAPI = create_api()
        verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), CLOCK)
        self.app.dependency_overrides |= {
            token_verifier: lambda: verifier,
            bar_store: lambda: self.store,
            tick_store: lambda: self.trades,
            page_cache: lambda: self.cache,
        }
        self.client = self.caller("viewer")

    def caller(self, role: str) -> AppClient:
        token = Issuer(CLOCK).token(TENANT_GROUP + "acme", ROLE_GROUP + role)
        return AppClient(self.app, {"Authorization": f"Bearer {token}"})

    def get(self, path: str, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(path, headers=named)
