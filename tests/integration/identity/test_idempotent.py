"""Routes that act once under an Idempotency-Key, over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import Body, Response
from pydantic import BaseModel

from algotrendy.identity import app as guarded
from algotrendy.identity.idempotent import REPLAYED, doing_once, idempotent
from algotrendy.identity.principal import Principal, Role
from algotrendy.identity.routes import SIGNED_IN, Access, LimitClass
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Unknown
from algotrendy.kernel.ids import TenantId, UserId
from algotrendy.platform.database import Database
from algotrendy.platform.idempotency import Once
from fakes.app_client import AppClient

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HALTS = "/v1/halts/paper"


class Wish(BaseModel):
    """What is asked for."""

    reason: str


class Halt(BaseModel):
    """What was done."""

    number: int
    account: str
    reason: str
    secret: str | None


class Known:
    """Knows everybody by their name, ``name@tenant``."""

    def verify(self, token: str) -> Principal:
        """Tell who it is."""
        name, _, tenant = token.partition("@")
        return Principal(
            UserId(name), name, TenantId(tenant or "acme"), frozenset({Role.RISK_MANAGER})
        )


class Desk:
    """An app with a route that acts, and counts how often."""

    def __init__(self, database: Database) -> None:
        self.done = 0
        self.app = guarded.create_guarded_app("Halts", "trading")

        @self.app.post("/v1/halts/{account}", status_code=202)
        @idempotent(hide=("secret",))
        def halt(account: str, wish: Wish, response: Response) -> Halt:
            """Halt an account."""
            self.done += 1
            if wish.reason == "too late":
                raise Conflict("it is too late")
            if wish.reason == "perhaps":
                raise Unknown("commit", "the connection broke")
            response.headers["location"] = f"/v1/halts/{self.done}"
            return Halt(number=self.done, account=account, reason=wish.reason, secret="hunter2")

        table = {("POST", "/v1/halts/{account}"): Access(SIGNED_IN, LimitClass.TRADE)}
        once = Once(database, ManualClock(NOON))
        overrides: dict[Callable[..., Any], Callable[[], Any]] = {
            guarded.routes_table: lambda: table,
            guarded.token_verifier: Known,
            doing_once: lambda: lambda: once,
        }
        self.app.dependency_overrides |= overrides

    def ask(self, key: str | None = "k-1", who: str = "ada", path: str = HALTS, **wish: Any) -> Any:
        """Send a request."""
        headers = {"authorization": f"Bearer {who}"} | ({"idempotency-key": key} if key else {})
        body = {"reason": "prices look wrong"} | wish
        return AppClient(self.app).post(path, json=body, headers=headers)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    database = Database(database_url, max_connections=2)
    database.run(lambda tx: tx.execute("DELETE FROM idempotency_records"))
    yield Desk(database)
    database.close()


def test_the_same_request_again_is_answered_alike_and_does_nothing(desk: Desk) -> None:
    first, again = desk.ask(), desk.ask()
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["location"] == first.headers["location"] == "/v1/halts/1"
    assert (again.headers[REPLAYED], REPLAYED in first.headers) == ("true", False)
    assert again.json() == {**first.json(), "secret": None}
    assert desk.done == 1


def test_a_secret_is_told_once_and_kept_nowhere(desk: Desk, database_url: str) -> None:
    assert desk.ask().json()["secret"] == "hunter2"
    database = Database(database_url)
    rows = database.run(lambda tx: tx.execute("SELECT * FROM idempotency_records").fetchall())
    database.close()
    assert len(rows) == 1
    assert "hunter2" not in str(rows)


def test_without_a_key_each_request_acts(desk: Desk) -> None:
    assert [desk.ask(None).json()["number"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "another"},
        {"path": "/v1/halts/live"},
        {"path": f"{HALTS}?account=live"},
    ],
)
def test_another_request_under_the_key_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    desk.ask()
    answer = desk.ask(**change)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert answer.json()["key"] == "k-1"
    assert desk.done == 1


def test_a_key_is_its_callers_own(desk: Desk) -> None:
    numbers = [desk.ask(who=who).json()["number"] for who in ("ada", "bob", "ada@globex")]
    assert numbers == [1, 2, 3]


def test_what_was_refused_may_be_asked_again(desk: Desk) -> None:
    assert [desk.ask(reason="too late").status_code for _ in range(2)] == [409, 409]
    assert desk.done == 2


def test_what_may_have_been_done_is_not_done_again(desk: Desk) -> None:
    answers = [desk.ask(reason="perhaps") for _ in range(2)]
    assert [answer.json()["code"] for answer in answers] == ["unknown", "unknown"]
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert desk.done == 1


@pytest.mark.parametrize("key", ["", "two words", "k" * 129, "ü"])
def test_a_key_that_is_none_is_refused(desk: Desk, key: str) -> None:
    headers = {"authorization": "Bearer ada", "idempotency-key": key.encode("latin-1")}
    answer = AppClient(desk.app).post(HALTS, json={"reason": "x"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].lower() == "idempotency-key"
    assert desk.done == 0


def test_the_document_names_the_key_and_keeps_the_body(desk: Desk) -> None:
    operation = desk.app.openapi()["paths"]["/v1/halts/{account}"]["post"]
    names = {parameter["name"].lower() for parameter in operation["parameters"]}
    assert names == {"account", "idempotency-key"}
    assert "requestBody" in operation
    assert operation["description"] == "Halt an account."


def test_a_coroutine_is_refused() -> None:
    async def act(wish: Wish = Body()) -> None:  # noqa: B008
        """Act."""

    with pytest.raises(TypeError, match="a plain function"):
        idempotent()(act)
