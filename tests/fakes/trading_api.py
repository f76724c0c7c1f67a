"""The HTTP API of trading over a ledger in memory: real app, real tokens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from algotrendy.identity.account_access import AccountGate
from algotrendy.identity.app import account_access, guard_clock, token_verifier
from algotrendy.identity.idempotent import doing_once
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.trading.api import access, create_api
from algotrendy.trading.api.account_access import account_gate
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.risk_control import RiskControl
from fakes.access_in_memory import AccessInMemory
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, Issuer, KeysInMemory, jwk, jwks
from fakes.once_in_memory import OnceInMemory
from fakes.order_counter import NOON, OrderCounter

ORDER: dict[str, Any] = {"account": "paper", "symbol": "AAPL", "side": "buy", "quantity": "10"}


class TradingApi:
    """What stands behind the API, and a client for each who calls; accounts are of demo."""

    def __init__(self, **counter: Any) -> None:
        self.counter = OrderCounter(**counter)
        self.ledger = self.counter.ledger
        self.issuer = Issuer(ManualClock(NOON))
        self.lists, once = AccessInMemory(), OnceInMemory()
        self.app = create_api()
        keys = KeysInMemory(jwks(jwk()))
        verifier = TokenVerifier(ISSUER, CLIENT_ID, keys, self.counter.clock)
        self.app.dependency_overrides |= {
            token_verifier: lambda: verifier,
            guard_clock: lambda: self.counter.clock,
            account_access: lambda: lambda: self.lists,
            doing_once: lambda: lambda: once,
            account_gate: lambda: AccountGate(self.lists, self.counter.clock, self.counter.ids),
            access.ledger: lambda: self.ledger,
            access.intake: lambda: self.counter.intake,
            access.parent_intake: lambda: ParentIntake(
                self.ledger, self.counter.bell, self.counter.clock, self.counter.ids
            ),
            access.risk_control: lambda: RiskControl(
                self.ledger, self.counter.clock, self.counter.ids
            ),
            access.clock: lambda: self.counter.clock,
            access.ids: lambda: self.counter.ids,
        }

    def client(
        self,
        *roles: str,
        tenant: str = "demo",
        token: str | None = None,
        username: str = "ada",
    ) -> AppClient:
        """Give a client of a user with these roles; a trader by default."""
        groups = [f"role:{role}" for role in roles or ("trader",)]
        bearer = token or self.issuer.token(f"tenant:{tenant}", *groups, username=username)
        return AppClient(self.app, {"Authorization": f"Bearer {bearer}"})

    def place(self, **changes: Any) -> dict[str, Any]:
        """Place an order that is taken."""
        answer = self.client().post("/v1/orders", json={**ORDER, **changes})
        assert answer.status_code == 202, answer.text
        order: dict[str, Any] = answer.json()
        return order


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an app on this machine; give its address."""
    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Give the problem document that an answer must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def wrong_fields(answer: Any) -> list[str]:
    """Give the fields that an answer says are wrong."""
    return [error["field"] for error in problem(answer, 422)["errors"]]
