"""Limits, trading states and the kill switch over HTTP: a ledger in memory."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.trading.closes import put_closes
from algotrendy.trading.ports import DailyClose
from fakes.identity import signed
from fakes.order_counter import AAPL, NOON, ROOT
from fakes.risk_desk import buy
from fakes.trading_api import ORDER, TradingApi, problem, wrong_fields

LIMITS: dict[str, Any] = {
    "version": 1,
    "account": {"order_notional": "500", "restricted": ["GME"]},
    "reason": "first limits",
}
STOP: dict[str, Any] = {"flatten": False, "reason": "prices look wrong"}


@pytest.fixture
def api() -> TradingApi:
    return TradingApi()


def put(api: TradingApi, path: str, body: dict[str, Any], role: str = "risk_manager") -> Any:
    return api.client(role).request("PUT", f"/v1/{path}?account=paper", json=body)


def get(api: TradingApi, path: str) -> dict[str, Any]:
    answer = api.client("viewer").get(f"/v1/{path}?account=paper")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def stop(api: TradingApi, **changes: Any) -> dict[str, Any]:
    path = "/v1/kill-switch?account=paper"
    answer = api.client("risk_manager").post(path, json={**STOP, **changes})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_account_has_limits_before_anybody_set_some(api: TradingApi) -> None:
    found = get(api, "limits")
    assert (found["version"], found["by"]) == (1, None)
    assert found["account"]["wash_trade_guard"] is True


def test_limits_are_changed_in_versions_and_bind_at_once(api: TradingApi) -> None:
    answer = put(api, "limits", LIMITS)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.json()["by"]) == (2, "ada")
    found = get(api, "limits")
    assert found["account"]["order_notional"] == "500"
    assert found["account"]["restricted"] == ["GME"]
    refused = problem(api.client().post("/v1/orders", json=ORDER), 409)
    assert refused["limits_version"] == 2
    assert [each["limit"] for each in refused["breaches"]] == ["order_notional"]


def test_what_is_left_out_stays_as_it_is(api: TradingApi) -> None:
    put(api, "limits", LIMITS)
    symbols = [{"symbol": "TSLA", "order_quantity": "100"}]
    put(api, "limits", {"version": 2, "symbols": symbols, "reason": "one more"})
    found = get(api, "limits")
    assert (found["version"], found["account"]["order_notional"]) == (3, "500")
    assert found["symbols"][0]["symbol"] == "TSLA"


def test_two_who_change_the_same_version_do_not_overwrite_each_other(api: TradingApi) -> None:
    put(api, "limits", LIMITS)
    api.counter.clock.advance(timedelta(seconds=1))
    found = problem(put(api, "limits", LIMITS), 409)
    assert (found["version"], found["expected_version"]) == (2, 1)


def test_versions_are_listed_newest_first_in_pages(api: TradingApi) -> None:
    for version in (1, 2, 3):
        api.counter.clock.advance(timedelta(seconds=1))
        put(api, "limits", {**LIMITS, "version": version, "reason": f"change {version}"})
    client = api.client("viewer")
    page = client.get("/v1/limits/versions?account=paper&limit=2").json()
    assert [each["version"] for each in page["versions"]] == [4, 3]
    assert page["versions"][0]["reason"] == "change 3"
    rest = {"account": "paper", "limit": 2, "cursor": page["next_cursor"]}
    found = client.get("/v1/limits/versions", params=rest).json()
    assert [each["version"] for each in found["versions"]] == [2]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": {"order_notional": "-1"}}, "account.order_notional"),
        ({"account": {"order_notional": 500.5}}, "account.order_notional"),
        ({"account": {"daily_profit": "1"}}, "account.daily_profit"),
        ({"strategies": [{"order_quantity": "1"}]}, "strategies.0.strategy"),
        ({"symbols": [{"symbol": "a"}]}, "symbols.0.symbol"),
        ({"symbols": [{"symbol": "A"}, {"symbol": "A"}]}, "symbols.1.symbol"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"version": 0}, "version"),
    ],
)
def test_a_bad_limit_names_its_field(api: TradingApi, change: dict[str, Any], field: str) -> None:
    assert wrong_fields(put(api, "limits", {**LIMITS, **change})) == [field]
    assert get(api, "limits")["version"] == 1


def test_an_account_is_halted_and_let_go_on(api: TradingApi) -> None:
    assert get(api, "trading-state") == {"account": "paper", "state": "active", "states": []}
    put(api, "trading-state", {"state": "halted", "reason": "news"})
    refused = problem(api.client().post("/v1/orders", json=ORDER), 409)
    assert [each["limit"] for each in refused["breaches"]] == ["trading_state"]
    assert get(api, "trading-state")["state"] == "halted"
    put(api, "trading-state", {"state": "active", "reason": "over"})
    api.place()


def test_one_strategy_is_halted_and_the_account_goes_on(api: TradingApi) -> None:
    part = api.counter.part("trend", 5000)
    body = {"state": "halted", "strategy": "trend", "reason": "it misbehaves"}
    assert put(api, "trading-state", body).json()["strategy"] == "trend"
    problem(api.client().post("/v1/orders", json={**ORDER, "account": part}), 409)
    api.place()
    [state] = get(api, "trading-state")["states"]
    assert (state["strategy"], state["state"], state["by"]) == ("trend", "halted", "ada")


def test_the_kill_switch_halts_at_once_and_says_who_and_why(api: TradingApi) -> None:
    switch = stop(api, flatten=True)
    assert (switch["state"], switch["by"], switch["flatten"]) == ("acting", "ada", True)
    assert get(api, "trading-state")["state"] == "halted"
    actions = {each["action"]: each for each in get(api, "audit")["records"]}
    assert actions["kill_switch.pulled"]["reason"] == "prices look wrong"
    [listed] = get(api, "kill-switch")["kill_switches"]
    assert listed["id"] == switch["id"]


def test_a_scheduled_kill_switch_waits_and_can_be_taken_back(api: TradingApi) -> None:
    at = (NOON + timedelta(hours=3)).isoformat()
    switch = stop(api, at=at)
    assert (switch["state"], switch["pulled_at"]) == ("scheduled", None)
    assert get(api, "trading-state")["state"] == "active"
    path = f"/v1/kill-switch/{switch['id']}?account=paper"
    assert wrong_fields(api.client("risk_manager").request("DELETE", path)) == ["reason"]
    answer = api.client("risk_manager").request("DELETE", path + "&reason=not+needed")
    assert (answer.status_code, answer.json()["state"]) == (200, "revoked")


def test_a_time_without_a_zone_is_refused(api: TradingApi) -> None:
    body = {**STOP, "at": "2026-11-27T20:55:00"}
    path = "/v1/kill-switch?account=paper"
    assert wrong_fields(api.client("risk_manager").post(path, json=body)) == ["at"]


def test_a_part_has_no_limits_of_its_own(api: TradingApi) -> None:
    answer = api.client().get("/v1/limits?account=paper/trend")
    assert wrong_fields(answer) == ["account"]


CHANGES = (
    ("PUT", "/v1/limits?account=paper", LIMITS),
    ("PUT", "/v1/trading-state?account=paper", {"state": "halted", "reason": "x"}),
    ("POST", "/v1/kill-switch?account=paper", STOP),
    (
        "DELETE",
        "/v1/kill-switch/01936b1e-0000-7000-8000-000000000009?account=paper&reason=x",
        None,
    ),
)
READS = ("limits", "limits/versions", "trading-state", "kill-switch", "risk")


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_only_a_risk_manager_of_the_tenant_changes_risk(
    api: TradingApi, method: str, path: str, body: dict[str, Any] | None
) -> None:
    for role in ("viewer", "researcher", "trader"):
        problem(api.client(role).request(method, path, json=body), 403)
    problem(api.client("risk_manager", tenant="rival").request(method, path, json=body), 404)
    forged = signed(api.issuer.claims("tenant:demo", "role:admin"), number=2)
    problem(api.client(token=forged).request(method, path, json=body), 401)
    assert get(api, "trading-state")["state"] == "active"
    assert get(api, "limits")["version"] == 1


@pytest.mark.parametrize("name", READS)
def test_another_tenant_reads_no_risk(api: TradingApi, name: str) -> None:
    problem(api.client("admin", tenant="rival").get(f"/v1/{name}?account=paper"), 404)


def test_the_report_tells_exposure_profit_breaches_and_stress(api: TradingApi) -> None:
    api.counter.trade(buy("10"), price=100)
    api.counter.limit(position_notional="500")
    api.counter.quote(AAPL, "90")
    report = get(api, "risk")
    [book] = report["books"]
    assert (book["strategy"], book["equity"], book["unrealised"]) == (None, "99900", "-100")
    assert (book["gross"], book["net"]) == ("900", "900")
    [held] = report["holdings"]
    assert (held["symbol"], held["quantity"], held["value"]) == ("AAPL", "10", "900")
    assert [each["limit"] for each in report["breaches"]] == ["position_notional"]
    assert (report["tails"], report["without_past"]) == ([], ["AAPL"])
    worst = report["stress"][0]
    assert worst["scenario"] == "black-monday-1987"
    assert worst["profit"] == pytest.approx(-0.2047 * 900)


def test_the_report_has_tails_where_positions_have_a_past(api: TradingApi) -> None:
    api.counter.trade(buy("10"), price=100)
    closes = [
        DailyClose(day=date(2026, 1, 1) + timedelta(days=n), price=Decimal(100 + n % 3))
        for n in range(40)
    ]
    api.ledger.run(lambda tx: put_closes(tx, ROOT, AAPL, closes, NOON))
    report = get(api, "risk")
    assert (report["spans"], report["without_past"]) == (39, [])
    assert [each["confidence"] for each in report["tails"]] == [0.95, 0.99]
    assert report["tails"][0]["historical"]["es"] >= report["tails"][0]["historical"]["var"] > 0


def test_limits_on_what_may_be_lost_are_set_and_their_breaches_are_told(api: TradingApi) -> None:
    api.counter.trade(buy("10"), price=100)
    closes = [
        DailyClose(day=date(2026, 1, 1) + timedelta(days=n), price=Decimal(100 - 10 * (n % 2)))
        for n in range(40)
    ]
    api.ledger.run(lambda tx: put_closes(tx, ROOT, AAPL, closes, NOON))
    account = {
        "value_at_risk": {"loss": "90", "confidence": "0.95"},
        "expected_shortfall": {"loss": "90"},
        "stress_loss": "100",
    }
    body = {"version": 1, "account": account, "reason": "tails"}
    answer = put(api, "limits", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["account"]["expected_shortfall"] == {"loss": "90", "confidence": "0.99"}
    report = get(api, "risk")
    broken = {each["limit"]: Decimal(each["actual"]) for each in report["breaches"]}
    tails = [report["tails"][0]["parametric"]["var"], report["tails"][1]["parametric"]["es"]]
    assert float(broken["value_at_risk"]) == pytest.approx(tails[0], abs=0.01)
    assert float(broken["expected_shortfall"]) == pytest.approx(tails[1], abs=0.01)
    worst = -report["stress"][0]["profit"]
    assert float(broken["stress_loss"]) == pytest.approx(worst, abs=0.01)
