"""Two tenants with rows in the same tables: what one has, the other neither sees nor finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from algotrendy.identity.account_access import AccountGate
from algotrendy.identity.adapters.access_store import AccessInPostgres
from algotrendy.identity.adapters.audit_desk import AuditDesk
from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.adapters.key_store import KeysInPostgres
from algotrendy.identity.api import audit, create_api, keys
from algotrendy.identity.api_keys import Sealer
from algotrendy.identity.app import account_access, guard_clock, token_verifier
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.idempotent import doing_once
from algotrendy.identity.key_ring import KeyRing
from algotrendy.identity.permissions import Role
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from algotrendy.kernel.money import Currency, Money
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.platform.idempotency import Once
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.api.account_access import account_gate
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, KeysInMemory, jwk, jwks
from fakes.keys_in_memory import PEPPER
from fakes.order_counter import AAPL, NOON
from fakes.risk_desk import buy, sell
from fakes.trading_api import TradingApi

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ROLES = [f"role:{role}" for role in Role if role is not Role.ADMIN]
# Of the deployment, not of a tenant: over AppConfig, which no table holds.
DEPLOYED = {"/v1/flags"}
SWITCH = {"flatten": False, "reason": "before the numbers", "at": "2026-11-23T21:00:00Z"}
PARENT = {
    "account": "paper",
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "60",
    "style": "twap",
    "slices": 6,
    "ends_at": "2026-11-23T19:00:00Z",
}
KEY = {"name": "desk", "permissions": ["bars:read"], "days": 30}


@dataclass
class Side:
    """A tenant, somebody of it, and what it has, by the name of a path's parameter."""

    tenant: str
    client: Mapping[str, AppClient]
    things: dict[str, str]

    def get(self, app: str, path: str, things: Mapping[str, str]) -> httpx.Response:
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", things[name])
        return self.client[app].get(path, params={"account": things["account"]})

    def post(self, app: str, path: str, body: Any, **params: str) -> Any:
        headers = {"idempotency-key": "the-same-for-both"}
        options = {"json": body, "params": params, "headers": headers}
        answer = self.client[app].post(path, **options)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture
def sides(database: Database) -> tuple[Side, Side]:
    trading = TradingApi(ledger=PostgresLedger(database, Outbox()))
    counter = trading.counter
    once = Once(database, counter.clock)
    store = AccessInPostgres(database, AuditTrail().add)
    trading.app.dependency_overrides |= {
        account_access: lambda: lambda: store,
        doing_once: lambda: lambda: once,
        account_gate: lambda: AccountGate(store, counter.clock, counter.ids),
    }
    who = create_api()
    tokens = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), counter.clock)
    ids = SeededIds(5, counter.clock)
    key_store = KeysInPostgres(database, AuditTrail().add)
    ring = KeyRing(key_store, Sealer(lambda: PEPPER), counter.clock, ids)
    who.dependency_overrides |= {
        token_verifier: lambda: tokens,
        guard_clock: lambda: counter.clock,
        account_access: lambda: lambda: store,
        doing_once: lambda: lambda: once,
        keys.key_ring: lambda: ring,
        keys.key_clock: lambda: counter.clock,
        audit.audit_desk: lambda: AuditDesk(database, None, counter.clock),
    }
    apps = {"trading": trading.app, "identity": who}
    demo, rival = (_side(trading, apps, name) for name in ("demo", "rival"))
    _trade(trading, demo)
    _open(trading, rival)
    for side in (demo, rival):
        _act(database, side)
    return demo, rival


def _side(trading: TradingApi, apps: Mapping[str, FastAPI], tenant: str) -> Side:
    # Both have one name and one subject: nothing but the tenant tells them apart.
    token = trading.issuer.token(f"tenant:{tenant}", *ROLES)
    headers = {"Authorization": f"Bearer {token}"}
    return Side(tenant, {name: AppClient(app, headers) for name, app in apps.items()}, {})


def _trade(trading: TradingApi, side: Side) -> None:
    counter = trading.counter
    counter.quote(AAPL, "100")
    counter.trade(buy("20"), price="100")
    sold = counter.trade(sell("5"), price="101")
    parent = side.post("trading", "/v1/parent-orders", PARENT)
    side.things |= {"account": "paper", "order_id": str(sold.id), "parent_id": parent["id"]}


def _open(trading: TradingApi, side: Side) -> None:
    desk = AccountId("desk")
    opened = Account(
        id=desk,
        tenant=TenantId(side.tenant),
        broker="alpaca",
        opened_at=NOON,
        leverage=Decimal(1),
    )
    paid = entries.deposit(desk, "opening", NOON, Money.of(7_777, Currency.USD))
    trading.ledger.run(lambda tx: (tx.accounts.add(opened), tx.books.post(paid)))
    # It has no order: ids that nobody has stand for one.
    nobodys = "01936b1e-0000-7000-8000-000000000007"
    side.things |= {"account": "desk", "order_id": nobodys, "parent_id": nobodys}


def _act(database: Database, side: Side) -> None:
    account = side.things["account"]
    side.things["switch_id"] = side.post("trading", "/v1/kill-switch", SWITCH, account=account)[
        "id"
    ]
    side.things["key_id"] = side.post("identity", "/v1/api-keys", KEY)["id"]
    entry = AuditEntry(
        id=UUID(int=len(side.tenant)),
        tenant=TenantId(side.tenant),
        at=NOON,
        who="ada",
        action="limits.changed",
        subject=f"secret of {side.tenant}",
        account=AccountId(account),
    )
    database.run(lambda tx: AuditTrail().add(tx, entry))


def reads(side: Side) -> Iterator[tuple[str, str, set[str]]]:
    """Give every read of both apps: the app, the path, and what a caller has to name."""
    for app, client in side.client.items():
        made: Any = client._app
        for path, operations in made.openapi()["paths"].items():
            operation = operations.get("get")
            if operation is None or operation["security"] == [] or path in DEPLOYED:
                continue
            yield app, path, {each["name"] for each in operation.get("parameters", [])}


def secrets_of(side: Side) -> set[str]:
    found = {side.things["account"] + '"', f"secret of {side.tenant}", *side.things.values()}
    for app, path, _ in reads(side):
        if "order_id" in path or "parent_id" in path:
            continue
        answer = side.get(app, path, side.things)
        assert answer.is_success or path.endswith("/access"), (path, answer.text)
        found |= set(_ID.findall(answer.text))
    return found - {side.things["account"]} - _of_both


# The subject of both, and what is derived of nothing but the time.
_of_both = {"3f9d1c1e-0000-4000-8000-000000000001"}


def test_what_is_in_the_same_tables_stays_apart(sides: tuple[Side, Side]) -> None:
    known = {side.tenant: secrets_of(side) for side in sides}
    for owner, intruder in (sides, sides[::-1]):
        secrets = known[owner.tenant] - known[intruder.tenant]
        assert len(secrets) > 3
        asked = 0
        for app, path, names in reads(intruder):
            answer = intruder.get(app, path, owner.things)
            said = str(answer.request.url)
            seen = {secret for secret in secrets if secret in answer.text}
            told = {secret for secret in seen if secret.strip('"') not in said}
            assert told == set(), (path, told, answer.text)
            if names & {*owner.things}:
                # Only an admin reads lists of accounts; and 404 comes of what is not theirs.
                assert answer.status_code in (403, 404), (path, answer.status_code, answer.text)
                asked += 1
            else:
                assert answer.is_success, (path, answer.text)
        assert asked > 15


def test_keys_of_requests_and_the_audit_are_each_tenants_own(sides: tuple[Side, Side]) -> None:
    demo, rival = sides
    assert demo.things["key_id"] != rival.things["key_id"]
    assert demo.things["switch_id"] != rival.things["switch_id"]
    for mine, theirs in ((demo, rival), (rival, demo)):
        path = f"/v1/api-keys/{theirs.things['key_id']}"
        answer = mine.client["identity"].request("DELETE", path)
        assert answer.status_code == 404
        mine_again = mine.get("identity", "/v1/api-keys", mine.things).json()["keys"]
        assert [each["id"] for each in mine_again] == [mine.things["key_id"]]
    for side, other in (sides, sides[::-1]):
        listed = side.get("identity", "/v1/audit/entries", side.things)
        assert f"secret of {side.tenant}" in listed.text
        assert other.tenant not in listed.text
        verified = side.get("identity", "/v1/audit/verification", side.things)
        assert verified.json()["is_sound"] is True, verified.text


def test_the_audit_leaves_out_what_was_done_to_an_account_that_is_closed(
    sides: tuple[Side, Side], database: Database
) -> None:
    demo, _ = sides
    before = demo.get("identity", "/v1/audit/entries", demo.things).json()["entries"]
    assert "paper" in {entry["account"] for entry in before}
    database.run(
        lambda tx: tx.execute("INSERT INTO account_access VALUES ('demo','paper','bob','trader')")
    )
    after = demo.get("identity", "/v1/audit/entries", demo.things).json()["entries"]
    assert after == [entry for entry in before if entry["account"] is None]
    assert demo.get("trading", "/v1/accounts", demo.things).json() == {"accounts": []}
