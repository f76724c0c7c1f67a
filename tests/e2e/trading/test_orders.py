"""Orders over the deployed platform: command line, HTTP API, workflow, execution service."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from fixtures.platform import Platform

pytestmark = pytest.mark.platform

SYMBOL = "MSFT"


@pytest.fixture(scope="module")
def desk(platform: Platform) -> Platform:
    platform.add_user("tess", "demo", "trader", "risk_manager")
    platform.token("tess")
    wait_for(lambda: accounts(platform).get("paper"), "the account is open")
    return platform


@pytest.fixture(scope="module")
def http(platform: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=platform.api_url, timeout=40) as client:
        yield client


@pytest.fixture(autouse=True)
def _signed_in(desk: Platform) -> None:
    desk.token("tess")


def wait_for(look: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what}: not in {timeout_s} s"
        time.sleep(0.3)
    return found


def answer(platform: Platform, *words: str) -> Any:
    return json.loads(platform.succeed(*words, "--json"))


def accounts(platform: Platform) -> dict[str, Any]:
    found = answer(platform, "accounts", "list")["accounts"]
    return {each["id"]: each for each in found if each["cash"] != "0"}


def place(platform: Platform, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = answer(platform, "orders", "place", *words)
    return found


def settled(platform: Platform, order_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        story: dict[str, Any] = answer(platform, "orders", "show", order_id)
        return story if story["is_settled"] else None

    found: dict[str, Any] = wait_for(look, f"order {order_id} is settled")
    return found


@pytest.fixture(scope="module")
def price(desk: Platform) -> Decimal:
    """Find out about where the market is."""
    bought = settled(desk, place(desk, "buy", SYMBOL, "1")["id"])
    return Decimal(bought["average_price"])


def dollars(price: Decimal, part: str) -> str:
    return str((price * Decimal(part)).quantize(Decimal(1)))


def test_a_bracket_is_filled_protected_and_settled(desk: Platform, price: Decimal) -> None:
    exits_at = ("--take-profit", dollars(price, "1.5"), "--stop-loss", dollars(price, "0.5"))
    words = ("buy", SYMBOL, "5", *exits_at)
    entry = settled(desk, place(desk, *words)["id"])
    assert (entry["status"], entry["filled_quantity"], entry["held"]) == ("filled", "5", "0")

    def exits() -> list[dict[str, Any]] | None:
        legs: list[dict[str, Any]] = answer(desk, "orders", "show", entry["id"])["legs"]
        return legs if len(legs) == 2 and all(leg["is_open"] for leg in legs) else None

    legs = {leg["type"]: leg for leg in wait_for(exits, "both exits stand")}
    assert legs.keys() == {"limit", "stop"}
    held = answer(desk, "positions", "--symbol", SYMBOL)["positions"]
    assert Decimal(held[0]["quantity"]) >= 5
    low = ("--limit", dollars(price, "0.95"))
    sold = settled(desk, answer(desk, "orders", "replace", legs["limit"]["id"], *low)["id"])
    assert (sold["status"], sold["filled_quantity"]) == ("filled", "5")
    assert settled(desk, legs["stop"]["id"])["status"] == "canceled"


def test_a_limit_order_is_changed_and_cancelled(desk: Platform, price: Decimal) -> None:
    low = dollars(price, "0.5")
    standing = place(desk, "buy", SYMBOL, "3", "--limit", low)

    def at_broker() -> bool:
        return bool(answer(desk, "orders", "show", standing["id"])["broker_order_ids"])

    wait_for(at_broker, "the broker has it")
    lower = str(Decimal(low) - 1)
    new = answer(desk, "orders", "replace", standing["id"], "--limit", lower)
    assert settled(desk, standing["id"])["status"] == "replaced"
    wait_for(
        lambda: answer(desk, "orders", "show", new["id"])["broker_order_ids"], "the new one stands"
    )
    desk.succeed("orders", "cancel", new["id"], "--reason", "enough")
    assert settled(desk, new["id"])["status"] == "canceled"
    assert accounts(desk)["paper"]["held"] == "0"


def test_what_a_limit_forbids_is_refused_with_its_value(desk: Platform) -> None:
    desk.succeed(
        *("risk", "limits", "--symbol", SYMBOL, "--set", "order_quantity=50", "--reason", "test")
    )
    refused = desk.run("orders", "place", "buy", SYMBOL, "51")
    assert refused.returncode == 1
    assert "order_quantity" in refused.stderr
    assert "must be at most 50, was 51" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_same_name_places_one_order(desk: Platform) -> None:
    words = ("buy", SYMBOL, "1", "--client-order-id", "e2e-once")
    first, second = (place(desk, *words) for _ in range(2))
    assert first["id"] == second["id"]
    assert settled(desk, first["id"])["filled_quantity"] == "1"


def test_the_kill_switch_ends_every_order_and_flattens(desk: Platform, price: Decimal) -> None:
    low = dollars(price, "0.5")
    standing = place(desk, "buy", SYMBOL, "2", "--limit", low)
    switch = answer(desk, "risk", "kill", "--flatten", "--yes", "--reason", "e2e")

    def is_done() -> bool:
        found = answer(desk, "risk", "switches")["kill_switches"]
        return any(each["id"] == switch["id"] and each["state"] == "done" for each in found)

    wait_for(is_done, "the kill switch is done")
    assert settled(desk, standing["id"])["status"] == "canceled"
    assert answer(desk, "positions")["positions"] == []
    refused = desk.run("orders", "place", "buy", SYMBOL, "1")
    assert (refused.returncode, "trading_state" in refused.stderr) == (1, True)
    desk.succeed("risk", "state", "active", "--reason", "e2e is over")
    assert settled(desk, place(desk, "buy", SYMBOL, "1")["id"])["status"] == "filled"


def test_an_order_waits_for_a_person_who_agrees_or_not(desk: Platform) -> None:
    words = ("--approval-above", "1", "--cash", "3000", "--reason", "e2e")
    desk.succeed("accounts", "add", "cautious", *words)
    agreed, refused = (
        place(desk, "buy", SYMBOL, quantity, "--account", "paper/cautious")
        for quantity in ("1", "2")
    )
    assert (agreed["awaits_approval"], agreed["status"]) == (True, "intended")
    desk.succeed("orders", "approve", agreed["id"], "--reason", "looked at it")
    desk.succeed("orders", "approve", refused["id"], "--refuse", "--reason", "too much")
    assert settled(desk, agreed["id"])["status"] == "filled"
    assert settled(desk, refused["id"])["status"] == "canceled"
    [held] = answer(desk, "positions", "--account", "paper/cautious")["positions"]
    assert (held["symbol"], held["quantity"]) == (SYMBOL, "1")


def test_a_parent_order_is_traded_in_slices(desk: Platform) -> None:
    words = ("buy", SYMBOL, "4", "--slices", "2", "--over", "6s")
    parent = answer(desk, "parents", "place", *words)

    def is_over() -> dict[str, Any] | None:
        found: dict[str, Any] = answer(desk, "parents", "show", parent["id"])
        return None if found["is_open"] else found

    found = wait_for(is_over, "the parent order is over")
    assert (found["state"], found["filled"]) == ("filled", "4")
    assert sum(Decimal(each["filled_quantity"]) for each in found["children"]) == 4


def test_nobody_of_another_tenant_finds_the_account(desk: Platform, http: httpx.Client) -> None:
    order = place(desk, "buy", SYMBOL, "1")
    settled(desk, order["id"])
    headers = {"Authorization": f"Bearer {desk.token('eve')}"}
    for path in (
        f"/v1/orders/{order['id']}",
        "/v1/orders?account=paper",
        "/v1/positions?account=paper",
        "/v1/limits?account=paper",
    ):
        assert http.get(path, headers=headers).status_code == 404, path
    assert http.get("/v1/accounts", headers=headers).json() == {"accounts": []}


def test_no_route_of_trading_answers_without_a_token(http: httpx.Client) -> None:
    for path in ("/v1/orders?account=paper", "/v1/accounts", "/v1/risk?account=paper"):
        assert http.get(path).status_code == 401, path
    assert http.post("/v1/kill-switch?account=paper", json={}).status_code == 401


def test_trading_is_alive_and_ready(http: httpx.Client) -> None:
    assert http.get("/trading/health").json() == {"status": "alive"}
    assert http.get("/trading/ready").json()["status"] == "ready"


def test_the_books_follow_from_the_events(desk: Platform) -> None:
    found = answer(desk, "ledger", "verify")
    assert found["differences"] == []
    assert found["orders"] >= 5
