"""Parent orders over HTTP: a ledger in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fakes.identity import signed
from fakes.order_counter import NOON
from fakes.trading_api import TradingApi, problem, wrong_fields

TWAP: dict[str, Any] = {
    "account": "paper",
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "100",
    "style": "twap",
    "slices": 4,
    "ends_at": (NOON + timedelta(minutes=4)).isoformat(),
}
NOBODY = "01936b1e-0000-7000-8000-000000000009"


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


def placed(api: TradingApi, **changes: Any) -> dict[str, Any]:
    answer = api.client().post("/v1/parent-orders", json={**TWAP, **changes})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/parent-orders/{found['id']}"
    return found


def test_a_parent_order_is_taken_and_told_of(api: TradingApi) -> None:
    parent = placed(api)
    assert (parent["state"], parent["is_open"], parent["filled"]) == ("working", True, "0")
    found = api.client("viewer").get(f"/v1/parent-orders/{parent['id']}").json()
    assert (found["children"], found["quantity"]) == ([], "100")


def test_the_same_name_is_the_same_parent_order(api: TradingApi) -> None:
    first, second = (placed(api, client_order_id="mine") for _ in range(2))
    assert first["id"] == second["id"]
    other = {**TWAP, "client_order_id": "mine", "quantity": "101"}
    problem(api.client().post("/v1/parent-orders", json=other), 422)


def test_it_is_paused_and_goes_on_and_is_ended(api: TradingApi) -> None:
    path = f"/v1/parent-orders/{placed(api)['id']}"
    client = api.client()
    for paused, state in ((True, "paused"), (False, "working")):
        answer = client.request("PATCH", path, json={"paused": paused, "reason": "news"})
        assert (answer.status_code, answer.json()["state"]) == (202, state)
    for _ in range(2):
        answer = client.request("DELETE", f"{path}?reason=enough")
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelling")
    actions = [each["action"] for each in client.get("/v1/audit?account=paper").json()["records"]]
    assert {"parent.place", "parent.pause", "parent.resume", "parent.cancel"} <= set(actions)


def test_parent_orders_are_listed_in_pages(api: TradingApi) -> None:
    ids = []
    for _ in range(3):
        api.counter.clock.advance(timedelta(seconds=1))
        ids.append(placed(api)["id"])
    client = api.client("viewer")
    page = client.get("/v1/parent-orders?account=paper&limit=2").json()
    assert [each["id"] for each in page["parents"]] == [ids[2], ids[1]]
    rest = {"account": "paper", "limit": 2, "cursor": page["next_cursor"]}
    [last] = client.get("/v1/parent-orders", params=rest).json()["parents"]
    assert last["id"] == ids[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"style": "secret"}, "style"),
        ({"slices": 0}, "slices"),
        ({"slices": 1000}, "slices"),
        ({"curve": ["1"]}, "curve"),
        ({"style": "vwap", "slices": 0}, "curve"),
        ({"style": "iceberg", "slices": 0}, "display"),
        ({"ends_at": NOON.isoformat()}, "ends_at"),
        ({"ends_at": "2026-11-23T17:00:00"}, "ends_at"),
        ({"symbol": "a"}, "symbol"),
        ({"hidden": True}, "hidden"),
    ],
)
def test_bad_input_names_its_field(api: TradingApi, change: dict[str, Any], field: str) -> None:
    answer = api.client().post("/v1/parent-orders", json={**TWAP, **change})
    assert wrong_fields(answer) == [field]


def requests(parent_id: str) -> list[tuple[str, str, dict[str, Any] | None]]:
    return [
        ("POST", "/v1/parent-orders", TWAP),
        ("PATCH", f"/v1/parent-orders/{parent_id}", {"paused": True}),
        ("DELETE", f"/v1/parent-orders/{parent_id}", None),
        ("GET", f"/v1/parent-orders/{parent_id}", None),
        ("GET", "/v1/parent-orders?account=paper", None),
    ]


@pytest.mark.parametrize("number", range(5))
def test_another_tenant_finds_nothing(api: TradingApi, number: int) -> None:
    method, path, body = requests(placed(api)["id"])[number]
    problem(api.client("admin", tenant="rival").request(method, path, json=body), 404)


@pytest.mark.parametrize("number", range(5))
def test_a_forged_token_and_a_viewer_change_nothing(api: TradingApi, number: int) -> None:
    method, path, body = requests(placed(api)["id"])[number]
    forged = signed(api.issuer.claims("tenant:demo", "role:admin"), number=2)
    problem(api.client(token=forged).request(method, path, json=body), 401)
    if method != "GET":
        problem(api.client("viewer").request(method, path, json=body), 403)


def test_an_id_that_is_none_names_its_field(api: TradingApi) -> None:
    assert wrong_fields(api.client().get("/v1/parent-orders/nonsense")) == ["parent_id"]
    problem(api.client().get(f"/v1/parent-orders/{NOBODY}"), 404)
