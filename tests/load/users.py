"""Be users of each role, for locust: what they look at and do, and how often of each.

Tokens and what else they need come as JSON in the file that LOAD_USERS names, so that signing in
is no part of the load.
"""

from __future__ import annotations

import itertools
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from locust import HttpUser, constant_pacing, events, task

_GIVEN: dict[str, Any] = json.loads(Path(os.environ["LOAD_USERS"]).read_text())
_NAMES = itertools.count()
_ORDER = {"account": "paper", "symbol": "AAPL", "side": "buy", "quantity": "1", "type": "limit",
          "time_in_force": "gtc", "limit_price": "1.00"}  # fmt: skip


def note(name: str, response_time: float, exception: object, **_: object) -> None:
    """Keep what was refused or took long, a line each."""
    if exception is None and response_time < _GIVEN["slow_ms"]:
        return
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    said = {"at": at, "route": name, "ms": round(response_time), "error": str(exception or "")}
    with Path(_GIVEN["noted"]).open("a") as kept:
        kept.write(json.dumps(said) + "\n")


events.request.add_listener(note)  # type: ignore[no-untyped-call]


class Signed(HttpUser):
    """Somebody with a token; asks once in so many seconds, however long the answer takes."""

    abstract = True
    role = ""
    wait_time = constant_pacing(_GIVEN["pace_s"])

    def on_start(self) -> None:
        """Show the token with each request."""
        self.client.headers["authorization"] = f"Bearer {_GIVEN['tokens'][self.role]}"

    def look(self, path: str, name: str | None = None, **params: str) -> None:
        """Ask for something."""
        self.client.get(path, params=params, name=name or path)


class Viewer(Signed):
    """Looks at prices and books."""

    role = "viewer"
    weight = 3

    @task(3)
    def bars(self) -> None:
        self.look("/v1/bars/AAPL", "/v1/bars/{symbol}", limit="200")

    @task(2)
    def positions(self) -> None:
        self.look("/v1/positions", account="paper")

    @task
    def symbols(self) -> None:
        self.look("/v1/symbols")

    @task
    def quotes(self) -> None:
        self.look("/v1/quotes", symbols="AAPL,MSFT")


class Researcher(Signed):
    """Looks at what was tried."""

    role = "researcher"
    weight = 1

    @task
    def sweeps(self) -> None:
        self.look("/v1/sweeps")

    @task
    def strategies(self) -> None:
        self.look("/v1/strategies")

    @task
    def trials(self) -> None:
        self.look("/v1/trials")


class Trader(Signed):
    """Places orders that rest, looks after them, and takes half of them back."""

    role = "trader"
    weight = 4

    @task(2)
    def place(self) -> None:
        """Place one; keep the id of each that was taken, one a line: the ledger is asked for it."""
        name = f"load-{os.getpid()}-{next(_NAMES)}"
        body = {**_ORDER, "client_order_id": name}
        path = "/v1/orders"
        with self.client.post(path, json=body, name=path, catch_response=True) as answer:
            if answer.status_code == 202:
                with Path(_GIVEN["placed"]).open("a") as kept:
                    kept.write(f"{answer.json()['id']} {name}\n")
                self.last = answer.json()["id"]
            else:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")

    @task
    def show(self) -> None:
        if order := getattr(self, "last", None):
            self.look(f"/v1/orders/{order}", "/v1/orders/{order_id}")

    @task
    def cancel(self) -> None:
        if order := getattr(self, "last", None):
            self.client.delete(
                f"/v1/orders/{order}", params={"reason": "load"}, name="/v1/orders/{order_id}"
            )
            self.last = None

    @task
    def orders(self) -> None:
        self.look("/v1/orders", account="paper", limit="20")


class RiskManager(Signed):
    """Watches."""

    role = "risk_manager"
    weight = 1

    @task(2)
    def risk(self) -> None:
        self.look("/v1/risk", account="paper")

    @task
    def limits(self) -> None:
        self.look("/v1/limits", account="paper")


class Admin(Signed):
    """Looks who may do what."""

    role = "admin"
    weight = 1

    @task
    def me(self) -> None:
        self.look("/v1/me")

    @task
    def keys(self) -> None:
        self.look("/v1/api-keys")
