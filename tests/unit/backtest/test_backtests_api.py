"""The HTTP API of single backtests, of trials and of the gate."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from algotrendy.kernel.ids import CorrelationId, UserId
from algotrendy.strategy.library import library
from fakes.app_client import AppClient
from fakes.backtest_api import Backend
from fakes.identity import NOW, signed
from fakes.some_trials import ACME, RIVAL, record, some_tally

KEY = {"Idempotency-Key": "key-1"}
BODY: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbol": "AAA",
    "start": "2000-01-01",
    "end": "2000-12-31",
    "parameters": {"fast": 4, "slow": "12"},
}
SWEEP: dict[str, Any] = {
    **{name: value for name, value in BODY.items() if name != "symbol"},
    "symbols": ["AAA"],
    "parameters": {"fast": [4, 5], "slow": [12]},
}


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


@pytest.fixture
def ada(backend: Backend) -> AppClient:
    return backend.client()


def asked(client: AppClient, key: str = "key-1", path: str = "/v1/backtests", **body: Any) -> Any:
    said = {**(BODY if path == "/v1/backtests" else SWEEP), **body}
    return client.post(path, json=said, headers={"Idempotency-Key": key})


def wrong_fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]


def test_a_backtest_is_accepted_stored_and_published(backend: Backend, ada: AppClient) -> None:
    answer = asked(ada)
    assert answer.status_code == 202, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/v1/backtests/{found['id']}"
    assert (found["status"], found["symbol"], found["statistics"]) == ("requested", "AAA", None)
    assert backend.published == 1
    assert [event.name for event in backend.store.outbox] == ["SweepRequested"]


def test_a_finished_backtest_gives_its_values_and_figures(backend: Backend, ada: AppClient) -> None:
    backtest_id = asked(ada).json()["id"]
    backend.finish(backtest_id)
    found = ada.get(f"/v1/backtests/{backtest_id}").json()
    assert found["status"] == "succeeded"
    assert found["parameters"] == {"fast": 4, "slow": 12, "units": 0}
    assert found["statistics"]["final_equity"] > 0
    assert found["benchmark"]["trades"] == 0
    table = Path(found["links"]["results"].removeprefix("file://")).read_bytes()
    assert len(table.splitlines()) == 2


def test_a_finished_backtest_is_judged(backend: Backend, ada: AppClient) -> None:
    backtest_id = asked(ada, slippage_bps=25).json()["id"]
    backend.finish(backtest_id)
    found = ada.get(f"/v1/backtests/{backtest_id}").json()
    assert found["winner"]["trials_on_these_data"] == 1
    assert found["winner"]["overfitting"]["why_not"].startswith("one combination")
    assert found["verdict"]["passed"] is False


def test_a_strategy_of_several_assets_is_backtested_on_all(
    backend: Backend, ada: AppClient
) -> None:
    several: dict[str, Any] = {
        "symbol": None,
        "symbols": ["AAA", "BBB"],
        "parameters": {"window": 20},
    }
    backtest_id = asked(ada, strategy="pairs_trading", allow_short=True, **several).json()["id"]
    backend.finish(backtest_id)
    found = ada.get(f"/v1/backtests/{backtest_id}").json()
    assert (found["symbol"], found["parameters"]["window"]) == ("AAA BBB", 20)


def test_a_finished_backtest_is_one_trial(backend: Backend, ada: AppClient) -> None:
    for key in ("first", "second"):
        backend.finish(asked(ada, key).json()["id"])
    found = ada.get("/v1/trials/tried?symbol=AAA&first=2000-01-01&last=2000-12-31").json()
    assert (found["trials"], found["by_strategy"]) == (1, {"sma_cross": 1})


def test_the_same_key_gives_the_same_backtest(backend: Backend, ada: AppClient) -> None:
    assert asked(ada).json() == asked(ada).json()
    assert len(backend.store.outbox) == 1
    assert asked(ada, cash=5_000).status_code == 422


@pytest.mark.parametrize(
    ("change", "field_name"),
    [
        ({"strategy": "moon_phase"}, "strategy"),
        ({"symbol": "ZZZ"}, "symbol"),
        ({"symbol": "not a symbol"}, "symbol"),
        ({"start": "2031-01-01", "end": "2031-12-31"}, "start"),
        ({"parameters": {"fast": 1_000_000}}, "parameters.fast"),
        ({"parameters": {"fast": [4, 5]}}, "parameters.fast"),
        ({"parameters": {"speed": 1}}, "parameters.speed"),
        ({"cash": 0}, "cash"),
        ({"fee_bps": -1}, "fee_bps"),
        ({"symbols": ["AAA", "BBB"]}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"strategy": "pairs_trading", "parameters": {}}, "symbol"),
        ({"leverage": 0.5}, "leverage"),
        ({"timeframe": "2Day"}, "timeframe"),
    ],
)
def test_bad_input_names_its_field(
    backend: Backend, ada: AppClient, change: dict[str, Any], field_name: str
) -> None:
    assert wrong_fields(asked(ada, **change)) == [field_name]
    assert (backend.store.outbox, backend.published) == ([], 0)


def test_only_sweeps_of_one_run_are_backtests(ada: AppClient) -> None:
    one = asked(ada, "one").json()["id"]
    many = asked(ada, "many", "/v1/sweeps").json()["id"]
    page = ada.get("/v1/backtests").json()
    assert [found["id"] for found in page["backtests"]] == [one]
    missing = ada.get(f"/v1/backtests/{many}")
    assert missing.status_code == 404
    assert "it is a sweep" in missing.json()["detail"]
    assert ada.get(f"/v1/sweeps/{one}").status_code == 200


def test_pages_lead_past_the_sweeps_between_backtests(ada: AppClient) -> None:
    first = asked(ada, "1").json()["id"]
    asked(ada, "2", "/v1/sweeps")
    last = asked(ada, "3").json()["id"]
    found, before = [], None
    for _ in range(2):
        page = ada.get(
            "/v1/backtests", params={"limit": 1, **({"before": before} if before else {})}
        )
        found += [each["id"] for each in page.json()["backtests"]]
        before = page.json()["next_before"]
    assert found == [last, first]
    assert before is None


def test_another_tenant_sees_no_backtest_and_no_trial(backend: Backend, ada: AppClient) -> None:
    backtest_id = asked(ada).json()["id"]
    backend.finish(backtest_id)
    rival = backend.client("tenant:rival", "role:admin")
    assert rival.get(f"/v1/backtests/{backtest_id}").status_code == 404
    assert rival.get("/v1/backtests").json()["backtests"] == []
    assert rival.get("/v1/trials").json()["batches"] == []
    tried = rival.get("/v1/trials/tried?symbol=AAA&first=2000-01-01&last=2000-12-31").json()
    assert (tried["trials"], tried["sharpe_mean"], tried["sharpe_best"]) == (0, None, None)


def test_trials_are_listed_newest_first_in_pages(backend: Backend, ada: AppClient) -> None:
    for number in range(3):
        record(backend.trials, number, some_tally(sharpes=[0.01, 0.03, None]))
    record(backend.trials, "theirs", tenant=RIVAL)
    page = ada.get("/v1/trials?limit=2").json()
    rest = ada.get("/v1/trials", params={"limit": 2, "before": page["next_before"]}).json()
    alike = ada.get("/v1/trials", params={"limit": 2, "cursor": page["next_cursor"]})
    assert alike.json() == rest
    both = {"cursor": page["next_cursor"], "before": page["next_before"]}
    assert ada.get("/v1/trials", params=both).status_code == 422
    changed = {"cursor": page["next_cursor"] + "A"}
    assert ada.get("/v1/trials", params=changed).status_code == 422
    assert [len(page["batches"]), len(rest["batches"])] == [2, 1]
    assert rest["next_before"] is None
    batch = page["batches"][0]
    assert (batch["kind"], batch["strategy"], batch["trials"]) == ("sweep", "sma_cross", 3)
    [tally] = batch["tallies"]
    assert (tally["symbols"], tally["first"], tally["last"]) == (
        ["AAPL"],
        "2010-01-04",
        "2010-12-31",
    )
    assert tally["sharpe_mean"] == pytest.approx(0.02)
    assert tally["sharpe_best"] == 0.03


def test_trials_on_some_symbols_and_dates_are_added_up(backend: Backend, ada: AppClient) -> None:
    record(backend.trials, 1, some_tally("AAPL", "MSFT"))
    record(backend.trials, 2, some_tally("MSFT"), strategy="rsi_reversion")
    record(backend.trials, 3, some_tally("IBM"), recorded_by=UserId("bo"))
    record(backend.trials, 4, correlation_id=CorrelationId("request-2"), tenant=ACME)
    asked_for = {"symbol": ["MSFT", "AAPL"], "first": "2010-06-01", "last": "2010-06-30"}
    found = ada.get("/v1/trials/tried", params=asked_for).json()
    assert found["trials"] == 6
    assert found["by_strategy"] == {"rsi_reversion": 2, "sma_cross": 4}
    assert found["symbols"] == ["AAPL", "MSFT"]
    later = {**asked_for, "first": "2011-01-01", "last": "2011-12-31"}
    assert ada.get("/v1/trials/tried", params=later).json()["trials"] == 0


@pytest.mark.parametrize(
    ("query", "field_name"),
    [
        ("first=2010-01-01&last=2010-12-31", "symbol"),
        ("symbol=AAPL&last=2010-12-31", "first"),
        ("symbol=AAPL&first=2010-01-01&last=2009-01-01", "last"),
        ("symbol=a%20b&first=2010-01-01&last=2010-12-31", "symbols"),
    ],
)
def test_a_bad_question_for_trials_names_its_field(
    ada: AppClient, query: str, field_name: str
) -> None:
    assert wrong_fields(ada.get(f"/v1/trials/tried?{query}")) == [field_name]


def test_a_page_of_trials_before_nonsense_names_its_field(ada: AppClient) -> None:
    assert wrong_fields(ada.get("/v1/trials?before=x")) == ["before"]


def test_the_gate_tells_its_thresholds(ada: AppClient) -> None:
    checks = {check["name"]: check for check in ada.get("/v1/gate").json()["checks"]}
    assert (checks["deflated_sharpe"]["bound"], checks["deflated_sharpe"]["needed"]) == (
        "at least",
        0.95,
    )
    assert checks["track_record"]["needed"] is None
    assert not checks["overfitting"]["is_required"]


def test_the_library_is_told_with_parameters_rules_and_sources(ada: AppClient) -> None:
    found = {each["name"]: each for each in ada.get("/v1/strategies").json()["strategies"]}
    assert list(found) == [strategy.name for strategy in library()]
    cross = found["sma_cross"]
    assert cross["rules"] == ["fast below slow"]
    assert {each["name"] for each in cross["parameters"]} >= {"fast", "slow"}
    assert cross["source"]
    assert {each["assets"] for each in found.values()} == {1, 2}


def test_a_viewer_may_look_and_not_ask(backend: Backend) -> None:
    viewer = backend.client("tenant:acme", "role:viewer")
    assert asked(viewer).status_code == 403
    for path in ("/v1/backtests", "/v1/trials", "/v1/gate", "/v1/strategies"):
        assert viewer.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/backtests"),
        ("GET", "/v1/backtests"),
        ("GET", "/v1/backtests/x"),
        ("GET", "/v1/trials"),
        ("GET", "/v1/trials/tried"),
        ("GET", "/v1/gate"),
        ("GET", "/v1/strategies"),
    ],
)
def test_every_route_refuses_a_forged_and_an_expired_token(
    backend: Backend, method: str, path: str
) -> None:
    forged = signed(backend.issuer.claims(), number=2)
    expired = backend.issuer.token(exp=int((NOW - timedelta(hours=1)).timestamp()))
    for token in (forged, expired, "garbage"):
        answer = backend.client(token=token).request(method, path, headers=KEY)
        assert answer.status_code == 401
