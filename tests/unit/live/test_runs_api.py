"""Runs over HTTP: started, shown, paused and stopped, by whom it is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.app_client import AppClient
from fakes.live_api import LiveApi
from fakes.live_bench import buys
from fakes.live_runs import run_id

START = {"name": "wave", "account": "paper", "capital": "5000"}
RUN = f"/v1/strategy-runs/{run_id()}"


@pytest.fixture
def api() -> LiveApi:
    return LiveApi()


@pytest.fixture
def trader(api: LiveApi) -> AppClient:
    return api.client("trader", tenant="demo")


def test_a_run_is_started_and_shown(trader: AppClient) -> None:
    answer = trader.post("/v1/strategy-runs", json=START)
    assert answer.status_code == 201, answer.text
    told = trader.get(answer.headers["location"]).json()
    assert told == answer.json()
    assert (told["account"], told["state"], told["steps"]) == ("paper/wave", "waiting", 0)
    assert told["capital"] == "5000"


def test_the_same_key_starts_one_run(trader: AppClient) -> None:
    key = {"Idempotency-Key": "once"}
    first = trader.post("/v1/strategy-runs", json=START, headers=key).json()
    assert trader.post("/v1/strategy-runs", json=START, headers=key).json() == first
    assert len(trader.get("/v1/strategy-runs").json()["runs"]) == 2


def test_runs_are_listed_page_by_page(trader: AppClient) -> None:
    trader.post("/v1/strategy-runs", json=START)
    # The bench's own run is made a millisecond later than the test begins.
    first = trader.get("/v1/strategy-runs", params={"limit": 1}).json()
    second = trader.get(
        "/v1/strategy-runs", params={"limit": 1, "cursor": first["next_cursor"]}
    ).json()
    assert [each["name"] for each in first["runs"] + second["runs"]] == ["trend", "wave"]
    assert second["next_cursor"] is None
    named = trader.get("/v1/strategy-runs", params={"name": "trend"}).json()
    assert [each["id"] for each in named["runs"]] == [str(run_id())]


@pytest.mark.parametrize(
    ("wanted", "state"),
    [("paused", "paused"), ("stopped", "stopped"), ("flattened", "stopped")],
)
def test_a_run_is_brought_to_what_is_wanted(trader: AppClient, wanted: str, state: str) -> None:
    answer = trader.request("PUT", f"{RUN}/state", json={"state": wanted, "reason": "news"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == state


def test_steps_tell_what_was_decided_and_what_became_of_it(api: LiveApi, trader: AppClient) -> None:
    api.bench.mind.says = {1: [buys(10.0), buys(10_000.0, 2, 2)]}
    api.bench.bars.lay(0, 1)
    api.bench.advance()
    told: Any = trader.get(f"{RUN}/steps").json()
    assert [each["step"] for each in told["steps"]] == [1, 0]
    admitted, refused = told["steps"][0]["decisions"]
    assert (admitted["fate"], admitted["symbol"], admitted["side"]) == ("admitted", "AAPL", "buy")
    assert (refused["fate"], refused["breaches"][0]["limit"]) == ("refused", "buying_power")
    page = trader.get(f"{RUN}/steps", params={"limit": 1}).json()
    rest = trader.get(f"{RUN}/steps", params={"cursor": page["next_cursor"]}).json()
    assert [each["step"] for each in rest["steps"]] == [0]
    profit = trader.get(f"{RUN}/profit-and-loss").json()
    assert (profit["capital"], profit["equity"], profit["profit"]) == ("10000", 10_000.0, 0.0)
    assert len(profit["points"]) == 2


def test_who_may_not_run_strategies_only_looks(api: LiveApi) -> None:
    viewer = api.client("viewer", tenant="demo")
    assert viewer.get(RUN).status_code == 200
    assert viewer.post("/v1/strategy-runs", json=START).status_code == 403
    assert viewer.request("PUT", f"{RUN}/state", json={"state": "paused"}).status_code == 403


def test_another_tenant_s_runs_are_not_there(api: LiveApi) -> None:
    stranger = api.client("trader", tenant="acme")
    for path in (RUN, f"{RUN}/steps", f"{RUN}/profit-and-loss"):
        assert stranger.get(path).status_code == 404
    assert stranger.get("/v1/strategy-runs").json()["runs"] == []


@pytest.mark.parametrize(
    "body",
    [
        {**START, "account": "paper/wave"},
        {**START, "capital": 5_000.5},
        {**START, "name": "No Name"},
        {**START, "patience_s": 0},
    ],
)
def test_a_wrong_field_is_named(trader: AppClient, body: dict[str, object]) -> None:
    answer = trader.post("/v1/strategy-runs", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].split(".")[-1] in body
