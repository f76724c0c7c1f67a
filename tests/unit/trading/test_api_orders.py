"""Orders over HTTP: real app, real tokens, a ledger in memory."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.ids import parse_order_id
from algotrendy.kernel.money import Money
from algotrendy.trading.orders import PlatformOrder
from fakes.identity import signed
from fakes.order_counter import NOON, USD
from fakes.risk_desk import sell
from fakes.trading_api import ORDER, TradingApi, problem, wrong_fields

NOBODY = "01936b1e-0000-7000-8000-000000000009"
STRATEGY: dict[str, Any] = {
    "name": "sma@3",
    "parameters": {"slow": "50", "fast": "10"},
    "data_hash": "d" * 64,
    "code_hash": "c" * 64,
}


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


def stored(api: TradingApi, order: dict[str, Any]) -> PlatformOrder:
    return api.ledger.run(lambda tx: tx.orders.get(parse_order_id(order["id"])))


def test_an_order_is_taken_held_and_told_where_to_look(api: TradingApi) -> None:
    answer = api.client().post("/v1/orders", json={**ORDER, "type": "limit", "limit_price": "99.5"})
    assert answer.status_code == 202
    order = answer.json()
    assert answer.headers["location"] == f"/v1/orders/{order['id']}"
    assert answer.headers["retry-after"] == "1"
    assert (order["status"], order["is_open"], order["is_settled"]) == ("intended", True, False)
    assert (order["reserved"], order["held"], order["currency"]) == ("995", "995", "USD")
    assert order["provenance"]["user"] == "ada"
    assert [run.name for run in api.counter.sagas.started] == [order["id"]]


def test_the_correlation_id_of_the_request_goes_with_the_order(api: TradingApi) -> None:
    headers = {"x-correlation-id": "my-request"}
    order = api.client().post("/v1/orders", json=ORDER, headers=headers).json()
    assert order["provenance"]["correlation_id"] == "my-request"


def test_the_same_client_order_id_is_the_same_order(api: TradingApi) -> None:
    first, second = (api.place(client_order_id="mine") for _ in range(2))
    assert first["id"] == second["id"]
    assert first["client_order_id"] == "mine"


def test_an_idempotency_key_stands_in_for_the_client_order_id(api: TradingApi) -> None:
    answers = [
        api.client().post("/v1/orders", json=ORDER, headers={"Idempotency-Key": "key-1"}).json()
        for _ in range(2)
    ]
    assert answers[0]["id"] == answers[1]["id"]
    assert answers[0]["client_order_id"] == "key-1"


def test_another_order_under_a_known_name_is_refused(api: TradingApi) -> None:
    api.place(client_order_id="mine")
    other = {**ORDER, "client_order_id": "mine", "quantity": "11"}
    found = problem(api.client().post("/v1/orders", json=other), 422)
    assert (found["code"], found["client_order_id"]) == ("idempotency-key-reused", "mine")


def test_a_refusal_names_every_limit_its_value_and_the_actual(api: TradingApi) -> None:
    api.counter.limit(order_notional="500", order_quantity="5")
    found = problem(api.client().post("/v1/orders", json=ORDER), 409)
    assert found["code"] == "rejected"
    assert [(each["limit"], each["allowed"], each["actual"]) for each in found["breaches"]] == [
        ("order_quantity", "5", "10"),
        ("order_notional", "500", "1000"),
    ]
    assert "order_notional of account must be at most 500, was 1000" in found["detail"]
    assert api.client().get("/v1/orders?account=paper").json()["orders"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": "Paper"}, "account"),
        ({"symbol": "aapl!"}, "symbol"),
        ({"side": "hold"}, "side"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "1e400"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"notional": "500"}, "quantity"),
        ({"type": "limit"}, "limit_price"),
        ({"limit_price": "100"}, "limit_price"),
        ({"type": "stop"}, "stop_price"),
        ({"type": "trailing_stop"}, "trail_price"),
        ({"order_class": "bracket", "take_profit": {"limit_price": "110"}}, "stop_loss"),
        ({"stop_loss": {"stop_price": "90"}}, "stop_loss"),
        ({"order_class": "oto", "take_profit": {"limit_price": 1.5}}, "take_profit.limit_price"),
        ({"time_in_force": "forever"}, "time_in_force"),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": "x" * 200}, "client_order_id"),
        ({"extended_hours": True}, "extended_hours"),
        ({"submit_within_s": 0}, "submit_within_s"),
        ({"leverage": "3"}, "leverage"),
        ({"strategy": STRATEGY | {"data_hash": "short"}}, "strategy.data_hash"),
        ({"strategy": STRATEGY | {"name": "sma"}}, "strategy.name"),
        ({"strategy": STRATEGY | {"name": "sma@"}}, "strategy.name"),
        ({"strategy": {"name": "sma@3", "data_hash": "d" * 64}}, "strategy.code_hash"),
        ({"strategy": {"name": "sma@3", "code_hash": "c" * 64}}, "strategy.data_hash"),
    ],
)
def test_bad_input_names_its_field(api: TradingApi, change: dict[str, Any], field: str) -> None:
    answer = api.client().post("/v1/orders", json={**ORDER, **change})
    assert wrong_fields(answer) == [field]


def test_a_bracket_keeps_its_exits_and_its_provenance(api: TradingApi) -> None:
    order = api.place(
        order_class="bracket",
        time_in_force="gtc",
        take_profit={"limit_price": "110"},
        stop_loss={"stop_price": "90", "limit_price": "89.50"},
        strategy=STRATEGY,
    )
    assert order["take_profit"] == {"limit_price": "110"}
    assert order["stop_loss"] == {"stop_price": "90", "limit_price": "89.5"}
    assert order["provenance"]["strategy"] == "sma@3"
    assert order["provenance"]["code_hash"] == "c" * 64
    assert stored(api, order).provenance.parameters == (("fast", "10"), ("slow", "50"))


def test_the_part_of_a_strategy_takes_orders_of_that_strategy_and_of_people(
    api: TradingApi,
) -> None:
    part = api.counter.part("sma", 10_000)
    placed = api.place(account=part, strategy=STRATEGY)
    assert placed["account"] == part
    api.place(account=part, symbol="MSFT")
    other = {**ORDER, "account": part, "strategy": STRATEGY | {"name": "mean@3"}}
    assert wrong_fields(api.client().post("/v1/orders", json=other)) == ["strategy.name"]


def test_an_order_tells_its_whole_story(api: TradingApi) -> None:
    order = api.place()
    placed = stored(api, order)
    api.counter.fill(api.counter.accept(placed), 4, "100.25")
    api.counter.fill(placed, 6, "100.10")
    story = api.client("viewer").get(f"/v1/orders/{order['id']}").json()
    assert (story["status"], story["filled_quantity"], story["is_settled"]) == (
        "filled",
        "10",
        True,
    )
    assert (story["average_price"], story["held"]) == ("100.16", "0")
    assert [each["kind"] for each in story["events"]] == [
        "OrderIntended",
        "OrderSubmitted",
        "OrderAccepted",
        "OrderFilled",
        "OrderFilled",
    ]
    assert story["events"][0]["by"] == "ada"
    assert story["events"][1]["epoch"] == 1
    assert [each["quantity"] for each in story["executions"]] == ["4", "6"]


def test_the_exits_that_the_broker_told_of_stand_with_their_entry(api: TradingApi) -> None:
    order = api.place()
    api.counter.leg(stored(api, order), "leg-1", sell("10", client_order_id="leg-1"))
    [leg] = api.client().get(f"/v1/orders/{order['id']}").json()["legs"]
    assert (leg["leg_of"], leg["status"], leg["side"]) == (order["id"], "held", "sell")


def test_an_open_order_is_cancelled_at_once_and_the_same_when_asked_again(
    api: TradingApi,
) -> None:
    order = api.place()
    for _ in range(2):
        answer = api.client().request("DELETE", f"/v1/orders/{order['id']}?reason=changed+my+mind")
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "canceled"
    assert stored(api, order).reason == "cancelled by ada: changed my mind"


def test_a_filled_order_cannot_be_cancelled(api: TradingApi) -> None:
    order = api.place()
    api.counter.fill(api.counter.accept(stored(api, order)))
    found = problem(api.client().request("DELETE", f"/v1/orders/{order['id']}"), 409)
    assert "nothing to cancel" in found["detail"]


def test_a_standing_order_is_changed_by_one_that_takes_its_place(api: TradingApi) -> None:
    order = api.place(type="limit", limit_price="99")
    api.counter.accept(stored(api, order))
    body = {"limit_price": "99.50", "client_order_id": "second"}
    for _ in range(2):
        answer = api.client().request("PATCH", f"/v1/orders/{order['id']}", json=body)
        assert answer.status_code == 202, answer.text
        new = answer.json()
        assert (new["replaces"], new["limit_price"], new["client_order_id"]) == (
            order["id"],
            "99.5",
            "second",
        )
    assert len(api.client().get("/v1/orders?account=paper").json()["orders"]) == 2


def test_a_change_says_which_strategy_decided(api: TradingApi) -> None:
    part = api.counter.part("sma", 10_000)
    order = api.place(account=part, type="limit", limit_price="99", strategy=STRATEGY)
    api.counter.accept(stored(api, order))
    path, body = f"/v1/orders/{order['id']}", {"limit_price": "99.50"}
    other = body | {"strategy": STRATEGY | {"name": "mean@3"}}
    assert wrong_fields(api.client().request("PATCH", path, json=other)) == ["strategy.name"]
    again = body | {"strategy": STRATEGY | {"name": "sma@4"}}
    answer = api.client().request("PATCH", path, json=again)
    assert answer.status_code == 202, answer.text
    assert answer.json()["provenance"]["strategy"] == "sma@4"


def test_a_change_of_nothing_names_what_is_missing(api: TradingApi) -> None:
    order = api.place(type="limit", limit_price="99")
    api.counter.accept(stored(api, order))
    answer = api.client().request("PATCH", f"/v1/orders/{order['id']}", json={"stop_price": "1"})
    assert wrong_fields(answer) == ["stop_price"]


@pytest.mark.parametrize(("approve", "status"), [(True, "intended"), (False, "canceled")])
def test_an_order_waits_for_a_person_who_agrees_or_not(approve: bool, status: str) -> None:
    api = TradingApi(approval_above=Money(Decimal(500), USD))
    order = api.place()
    assert order["awaits_approval"] is True
    path = f"/v1/orders/{order['id']}/approval"
    body = {"approve": approve, "reason": "looked at it"}
    problem(api.client("trader").post(path, json=body), 403)
    answer = api.client("risk_manager").post(path, json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["awaits_approval"], found["status"]) == (False, status)
    records = api.client().get("/v1/audit?account=paper").json()["records"]
    assert records[0]["reason"] == "looked at it"


def test_orders_are_listed_newest_first_in_pages(api: TradingApi) -> None:
    placed = []
    for n in range(5):
        api.counter.clock.advance(timedelta(seconds=1))
        placed.append(api.place(quantity=str(n + 1))["id"])
    client = api.client("viewer")
    page = client.get("/v1/orders?account=paper&limit=3").json()
    assert [order["id"] for order in page["orders"]] == placed[:1:-1]
    rest = client.get(
        "/v1/orders", params={"account": "paper", "limit": 3, "cursor": page["next_cursor"]}
    ).json()
    assert [order["id"] for order in rest["orders"]] == placed[1::-1]
    assert rest["next_cursor"] is None


def test_orders_are_filtered_by_symbol_time_and_whether_they_are_open(api: TradingApi) -> None:
    first = api.place()
    api.counter.clock.advance(timedelta(seconds=10))
    second = api.place(symbol="MSFT")
    api.client().request("DELETE", f"/v1/orders/{first['id']}")
    client = api.client()

    def ids(query: str) -> list[str]:
        answer = client.get(f"/v1/orders?account=paper&{query}")
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json()["orders"]]

    assert ids("open=true") == [second["id"]]
    assert ids("open=false") == [first["id"]]
    assert ids("symbol=AAPL") == [first["id"]]
    since = (NOON + timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
    assert ids(f"since={since}") == [second["id"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "account"),
        ("account=", "account"),
        ("account=paper&limit=0", "limit"),
        ("account=paper&limit=1000", "limit"),
        ("account=paper&cursor=nonsense", "cursor"),
        ("account=paper&symbol=a", "symbol"),
        ("account=paper&since=2026-11-22T12:00:00", "since"),
        ("account=paper&open=perhaps", "open"),
    ],
)
def test_a_bad_question_names_its_field(api: TradingApi, query: str, field: str) -> None:
    assert wrong_fields(api.client().get(f"/v1/orders?{query}")) == [field]


def test_a_cursor_fits_no_other_question(api: TradingApi) -> None:
    for _ in range(2):
        api.counter.clock.advance(timedelta(seconds=1))
        api.place()
    cursor = api.client().get("/v1/orders?account=paper&limit=1").json()["next_cursor"]
    other = {"account": "paper", "symbol": "AAPL", "cursor": cursor}
    assert wrong_fields(api.client().get("/v1/orders", params=other)) == ["cursor"]


def requests(order_id: str) -> list[tuple[str, str, dict[str, Any] | None]]:
    return [
        ("POST", "/v1/orders", ORDER),
        ("GET", "/v1/orders?account=paper", None),
        ("GET", f"/v1/orders/{order_id}", None),
        ("PATCH", f"/v1/orders/{order_id}", {"limit_price": "98"}),
        ("DELETE", f"/v1/orders/{order_id}", None),
        ("POST", f"/v1/orders/{order_id}/approval", {"approve": True}),
    ]


@pytest.mark.parametrize("number", range(6))
def test_another_tenant_finds_nothing(api: TradingApi, number: int) -> None:
    order = api.place(type="limit", limit_price="99")
    method, path, body = requests(order["id"])[number]
    before = stored(api, order)
    found = problem(api.client("admin", tenant="rival").request(method, path, json=body), 404)
    assert found["code"] == "not-found"
    assert stored(api, order) == before


@pytest.mark.parametrize("number", [0, 3, 4, 5])
def test_a_viewer_may_look_and_not_touch(api: TradingApi, number: int) -> None:
    method, path, body = requests(api.place()["id"])[number]
    problem(api.client("viewer").request(method, path, json=body), 403)


@pytest.mark.parametrize("number", range(6))
def test_every_route_refuses_a_forged_token(api: TradingApi, number: int) -> None:
    method, path, body = requests(NOBODY)[number]
    forged = signed(api.issuer.claims("tenant:demo", "role:admin"), number=2)
    for token in (forged, "garbage"):
        problem(api.client(token=token).request(method, path, json=body), 401)


def test_an_id_that_is_none_names_its_field(api: TradingApi) -> None:
    assert wrong_fields(api.client().get("/v1/orders/nonsense")) == ["order_id"]
    problem(api.client().get(f"/v1/orders/{NOBODY}"), 404)


def test_an_account_that_is_none_is_not_found(api: TradingApi) -> None:
    problem(api.client().post("/v1/orders", json={**ORDER, "account": "live"}), 404)
