"""Who gets at an account, over HTTP: every route that touches one asks, and lists leave it out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from algotrendy.identity.routes import ROUTES
from fakes.trading_api import ORDER, TradingApi, problem, wrong_fields

PATH = "/v1/accounts/paper/access"
LIST: dict[str, Any] = {
    "version": 0,
    "members": [{"user": "grace", "roles": ["trader"]}],
    "reason": "her desk",
}


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


def test_an_account_is_open_until_somebody_makes_a_list(api: TradingApi) -> None:
    found = api.client("risk_manager").get(PATH).json()
    assert found["is_open"] is True
    assert (found["version"], found["members"]) == (0, [])


def test_a_list_closes_the_account_to_all_but_those_on_it_and_admins(api: TradingApi) -> None:
    order = api.place()
    made = api.client("admin").request("PUT", PATH, json=LIST)
    assert made.status_code == 200, made.text
    assert made.json()["members"] == [{"user": "grace", "roles": ["trader"]}]
    ada, grace = api.client("trader"), api.client("trader", username="grace")
    assert problem(ada.post("/v1/orders", json=ORDER), 404)["code"] == "not-found"
    problem(ada.get(f"/v1/orders/{order['id']}"), 404)
    problem(ada.request("DELETE", f"/v1/orders/{order['id']}"), 404)
    assert ada.get("/v1/accounts").json() == {"accounts": []}
    assert grace.post("/v1/orders", json=ORDER).status_code == 202
    assert grace.get(f"/v1/orders/{order['id']}").status_code == 200
    assert [each["id"] for each in grace.get("/v1/accounts").json()["accounts"]] == ["paper"]
    assert api.client("admin").get("/v1/positions?account=paper").status_code == 200


def test_who_is_listed_as_a_viewer_looks_and_does_not_trade(api: TradingApi) -> None:
    api.lists.close("demo", "paper", ada="viewer")
    ada = api.client("trader")
    assert ada.get("/v1/orders?account=paper").status_code == 200
    refused = problem(ada.post("/v1/orders", json=ORDER), 403)
    assert refused["permission"] == "orders:place on account paper"
    assert refused["held"] == ["viewer"]


def test_a_list_gives_nobody_a_role_that_they_have_not(api: TradingApi) -> None:
    api.lists.close("demo", "paper", ada="admin")
    refused = problem(api.client("viewer").post("/v1/orders", json=ORDER), 403)
    assert refused["permission"] == "orders:place"


def test_while_the_lists_cannot_be_read_nobody_but_an_admin_gets_at_an_account(
    api: TradingApi,
) -> None:
    api.lists.is_reachable = False
    problem(api.client("trader").post("/v1/orders", json=ORDER), 503)
    problem(api.client("viewer").get("/v1/accounts"), 503)
    assert api.client("admin").get("/v1/accounts").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_list_is_changed_by_an_admin_who_has_just_signed_in(api: TradingApi, method: str) -> None:
    path, body = f"{PATH}?version=0&reason=all", LIST if method == "PUT" else None
    for role in ("viewer", "trader", "risk_manager"):
        problem(api.client(role).request(method, path, json=body), 403)
    admin = api.client("admin")
    api.counter.clock.advance(timedelta(minutes=6))
    refused = problem(admin.request(method, path, json=body), 403)
    assert refused["code"] == "fresh-sign-in-needed"
    assert api.lists.lists == {}


def test_who_changes_a_list_says_which_one_they_saw(api: TradingApi) -> None:
    admin = api.client("admin")
    admin.request("PUT", PATH, json=LIST)
    assert admin.request("PUT", PATH, json=LIST).json()["version"] == 1, "so already"
    other = {**LIST, "members": [{"user": "eve", "roles": ["viewer"]}]}
    clash = problem(admin.request("PUT", PATH, json=other), 409)
    assert (clash["version"], clash["seen"]) == (1, 0)
    opened = admin.request("DELETE", f"{PATH}?version=1&reason=all").json()
    assert (opened["is_open"], opened["version"]) == (True, 2)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"members": []}, "members"),
        ({"members": [{"user": "ada", "roles": []}]}, "members.0.roles"),
        ({"members": [{"user": "ada", "roles": ["emperor"]}]}, "members.0.roles.0"),
        ({"members": [{"user": "a b", "roles": ["viewer"]}]}, "members.0.user"),
        ({"version": -1}, "version"),
        ({"reason": ""}, "reason"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_list_that_makes_no_sense_names_its_field(
    api: TradingApi, change: dict[str, Any], field: str
) -> None:
    answer = api.client("admin").request("PUT", PATH, json={**LIST, **change})
    assert wrong_fields(answer) == [field]


def test_a_part_has_no_list_of_its_own_and_an_unknown_account_none(api: TradingApi) -> None:
    admin = api.client("admin")
    problem(admin.get("/v1/accounts/nobodys/access"), 404)
    assert admin.get("/v1/accounts/paper%2Ftrend/access").status_code in (404, 422)


def test_every_route_of_trading_that_takes_an_account_asks_whether_it_is_open(
    api: TradingApi,
) -> None:
    api.lists.close("demo", "paper", grace="viewer")
    manager = api.client("risk_manager")
    for method, path in ROUTES:
        operation = api.app.openapi()["paths"].get(path, {}).get(method.lower())
        takes = {each["name"] for each in (operation or {}).get("parameters", [])}
        if method == "GET" and "account" in takes:
            asked = path.replace("{account}", "paper")
            answer = manager.get(f"{asked}?account=paper")
            assert answer.status_code == 404, (path, answer.text)
