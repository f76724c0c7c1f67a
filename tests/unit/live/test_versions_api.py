"""Registered strategies over HTTP: what is answered to whom."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.live.registry_ports import PaperRecord
from fakes.app_client import AppClient
from fakes.live_api import LiveApi
from fakes.registry_in_memory import STUDY

BODY = {
    "name": "trend",
    "strategy": "sma_cross",
    "parameters": {"fast": 8, "slow": 16},
    "symbols": ["AAPL"],
}
TESTED = {
    "to": "tested",
    "reason": "the gate passes it",
    "study": {"kind": "walk-forward", "id": str(STUDY)},
}
ONE = "/v1/strategies/trend/versions/1"


@pytest.fixture
def api() -> LiveApi:
    return LiveApi()


@pytest.fixture
def ada(api: LiveApi) -> AppClient:
    client = api.client("researcher")
    assert client.post("/v1/strategies", json=BODY).status_code == 201
    return client


def promoted(client: AppClient, **body: Any) -> Any:
    answer = client.post(f"{ONE}/promotion", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_strategy_is_registered_and_shown_whole(ada: AppClient) -> None:
    again = ada.post("/v1/strategies", json=BODY)
    assert again.headers["location"] == ONE
    told = ada.get(ONE).json()
    assert told["label"] == "trend@1"
    assert (told["stage"], told["strategy"], told["code"]) == ("draft", "sma_cross", "engine 3")
    assert told["parameters"] == {"fast": 8, "slow": 16, "units": 0.0}
    assert (told["source"], told["study"], told["promotions"]) == (None, None, [])
    assert told["terms"]["fee_bps"] == 10.0


def test_own_code_is_shown_with_its_version_alone(ada: AppClient) -> None:
    source = {"text": "def mine(market, own, p):\n    market.exit()\n", "code_hash": "ab" * 32}
    body = {**BODY, "name": "mine", "strategy": "mine", "source": {**source, "python": "3.12"}}
    made = ada.post("/v1/strategies", json=body).json()
    assert (made["is_own"], made["code_hash"]) == (True, "ab" * 32)
    assert "source" not in made
    assert ada.get("/v1/strategies/mine/versions/1").json()["source"] == source["text"]


def test_lists_go_on_with_their_cursor_and_with_no_other(ada: AppClient) -> None:
    for fast in (3, 4):
        parameters = {"fast": fast, "slow": 16}
        ada.post("/v1/strategies", json={**BODY, "parameters": parameters})
    for path in ("/v1/strategies/registered", "/v1/strategies/trend/versions"):
        first = ada.get(path, params={"limit": 2}).json()
        rest = ada.get(path, params={"cursor": first["next_cursor"]}).json()
        labels = [each["label"] for each in [*first["versions"], *rest["versions"]]]
        assert labels == ["trend@3", "trend@2", "trend@1"]
        assert rest["next_cursor"] is None
    foreign = ada.get("/v1/strategies/registered", params={"cursor": first["next_cursor"]})
    assert foreign.status_code == 422
    assert ada.get("/v1/strategies/registered", params={"stage": "live"}).json()["versions"] == []


def test_the_same_key_registers_once(ada: AppClient) -> None:
    body = {**BODY, "name": "once"}
    headers = {"idempotency-key": "one"}
    first = ada.post("/v1/strategies", json=body, headers=headers)
    second = ada.post("/v1/strategies", json=body, headers=headers)
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"


def test_a_version_comes_to_live_by_three_people(api: LiveApi, ada: AppClient) -> None:
    tested = promoted(ada, **TESTED)
    assert (tested["before"], tested["to"]) == ("draft", "tested")
    assert tested["ruling"]["passed"]
    assert tested["study"]["trials"] == 12
    promoted(api.client("trader"), to="paper", reason="on paper")
    promoted(api.client("risk_manager"), to="live", reason="twenty quiet days")
    told = ada.get(ONE).json()
    assert told["stage"] == "live"
    assert told["data_hash"] == tested["study"]["sha256"]
    assert [each["to"] for each in told["promotions"]] == ["tested", "paper", "live"]


def test_a_refusal_is_a_problem_with_every_number(api: LiveApi, ada: AppClient) -> None:
    promoted(ada, **TESTED)
    promoted(ada, to="paper", reason="on paper")
    api.world.paper.record = PaperRecord(sessions=3, unexplained=0, decisions=9)
    body = {"to": "live", "reason": "now"}
    answer = api.client("risk_manager").post(f"{ONE}/promotion", json=body)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "promotion-refused"
    assert "must be at least 20, was 3 (17 short)" in problem["detail"]
    sessions = problem["ruling"]["checks"][0]
    assert (sessions["needed"], sessions["actual"], sessions["missed_by"]) == (20, 3, 17)


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        ("viewer", "POST", "/v1/strategies", BODY),
        ("trader", "POST", "/v1/strategies", BODY),
        ("viewer", "POST", f"{ONE}/promotion", TESTED),
        ("trader", "POST", f"{ONE}/promotion", TESTED),
        ("service", "GET", ONE, None),
    ],
)
@pytest.mark.usefixtures("ada")
def test_a_role_that_may_not_is_told(
    api: LiveApi, role: str, method: str, path: str, body: object
) -> None:
    answer = api.client(role).request(method, path, json=body)
    assert answer.status_code == 403, answer.text


@pytest.mark.usefixtures("ada")
def test_another_tenant_finds_nothing(api: LiveApi) -> None:
    rival = api.client("admin", tenant="rival")
    assert rival.get(ONE).status_code == 404
    assert rival.get("/v1/strategies/trend/versions").status_code == 404
    assert rival.post(f"{ONE}/promotion", json=TESTED).status_code == 404
    assert rival.get("/v1/strategies/registered").json()["versions"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Trend"}, "name"),
        ({"strategy": "no_such"}, ""),
        ({"parameters": {"speed": 1}}, "parameters.speed"),
        ({"parameters": {"fast": "8"}}, "parameters.fast"),
        ({"symbols": ["apple"]}, "symbols"),
        ({"schedule": "sometimes"}, "schedule"),
        ({"terms": {"fee_bps": -1}}, "terms.fee_bps"),
        ({"colour": "red"}, "colour"),
        ({"note": "\u0000"}, "note"),
    ],
)
def test_a_wrong_body_is_refused_by_its_field(
    ada: AppClient, changes: dict[str, Any], field: str
) -> None:
    answer = ada.post("/v1/strategies", json={**BODY, **changes})
    if not field:
        assert answer.status_code == 404
        return
    assert answer.status_code == 422, answer.text
    assert any(each["field"].startswith(field) for each in answer.json()["errors"]), answer.text


def test_a_study_is_named_for_tested_alone(ada: AppClient) -> None:
    for body in ({"to": "tested", "reason": "x"}, {**TESTED, "to": "paper"}, {"to": "draft"}):
        assert ada.post(f"{ONE}/promotion", json=body).status_code == 422
