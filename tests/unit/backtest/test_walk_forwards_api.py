"""The HTTP API of walk-forwards: real app, real tokens, real runs on 120 bars."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest import walk_forwards
from fakes.app_client import AppClient
from fakes.backtest_api import Backend
from fakes.identity import NOW, signed

KEY = {"Idempotency-Key": "key-1"}
BODY: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAA"],
    "start": "2000-01-01",
    "end": "2000-12-31",
    "parameters": {"fast": [2, 3], "slow": [5, 8]},
    "windows": {"in_sample": 40, "out_of_sample": 20},
}
TRIED = "/v1/trials/tried?symbol=AAA&first=2000-01-01&last=2000-12-31"


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


@pytest.fixture
def ada(backend: Backend) -> AppClient:
    return backend.client()


def asked(client: AppClient, key: str = "key-1", **body: Any) -> Any:
    return client.post("/v1/walk-forwards", json={**BODY, **body}, headers={"Idempotency-Key": key})


def wrong_fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]


def test_a_walk_forward_is_run_counted_and_judged(ada: AppClient) -> None:
    answer = asked(ada)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/v1/walk-forwards/{found['id']}"
    assert (found["trials"], found["trials_on_these_data"]) == (16, 16)
    assert not found["passed"]
    assert found["verdict"].endswith("with 16 trials on AAA 1Day")
    summary = found["summary"]
    assert len(summary["windows"]) == 4
    assert summary["trials_counted_in"] == "the trial ledger"
    assert ada.get(TRIED).json()["trials"] == 16
    [kind] = {batch["kind"] for batch in ada.get("/v1/trials").json()["batches"]}
    assert kind == "walk_forward"


def test_what_came_of_it_can_be_read_again(ada: AppClient) -> None:
    made = asked(ada).json()
    assert ada.get(f"/v1/walk-forwards/{made['id']}").json() == made
    curve = ada.get(f"/v1/walk-forwards/{made['id']}/curve").json()
    assert len(curve["time"]) == len(curve["wealth"]) == 80
    total = made["summary"]["statistics"]["total_return"]
    assert curve["wealth"][-1] == pytest.approx(1.0 + total)


def test_the_same_key_runs_nothing_twice(backend: Backend, ada: AppClient) -> None:
    first = asked(ada).json()
    # Were it run again, these bars would give other figures.
    backend.bars = type(backend.bars)()
    assert asked(ada).json() == first
    conflict = asked(ada, cash=5_000)
    assert conflict.status_code == 409
    assert "key-1" in conflict.json()["detail"]


def test_the_same_request_under_another_key_tries_nothing_new(ada: AppClient) -> None:
    first, second = asked(ada, "one").json(), asked(ada, "two").json()
    assert first["id"] != second["id"]
    assert second["trials_on_these_data"] == 16
    assert first["summary"] == second["summary"]


@pytest.mark.parametrize(
    ("change", "field_name"),
    [
        ({"strategy": "moon_phase"}, "strategy"),
        ({"symbols": ["ZZZ"]}, "symbols.0"),
        ({"symbols": ["AAA", "BBB"]}, "symbols"),
        ({"start": "2031-01-01", "end": "2031-12-31"}, "start"),
        ({"parameters": {"speed": [1]}}, "parameters.speed"),
        ({"parameters": {"fast": [1_000_000]}}, "parameters.fast"),
        ({"windows": {"in_sample": 400, "out_of_sample": 20}}, "windows.in_sample"),
        ({"method": "guess"}, "method"),
        ({"max_runs": 0}, "max_runs"),
    ],
)
def test_bad_input_names_its_field(ada: AppClient, change: dict[str, Any], field_name: str) -> None:
    assert wrong_fields(asked(ada, **change)) == [field_name]
    assert ada.get("/v1/walk-forwards").json()["walk_forwards"] == []


def test_more_work_than_a_request_may_ask_for_is_refused_with_the_figures(
    ada: AppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_forwards, "WORK_LIMIT", 639)
    answer = asked(ada)
    assert wrong_fields(answer) == ["max_runs"]
    assert "4: 640 bars" in answer.text
    assert asked(ada, max_runs=3).status_code == 201
    monkeypatch.setattr(walk_forwards, "BARS_LIMIT", 119)
    assert wrong_fields(asked(ada, "other", max_runs=2)) == ["start"]
    assert ada.get(TRIED).json()["trials"] == 12


def test_walk_forwards_are_listed_newest_first_in_pages(ada: AppClient) -> None:
    ids = [asked(ada, f"key-{n}", seed=n, max_runs=1).json()["id"] for n in range(3)]
    page = ada.get("/v1/walk-forwards?limit=2").json()
    assert [walk["id"] for walk in page["walk_forwards"]] == [ids[2], ids[1]]
    assert "summary" not in page["walk_forwards"][0]
    rest = ada.get("/v1/walk-forwards", params={"limit": 2, "before": page["next_before"]}).json()
    assert [walk["id"] for walk in rest["walk_forwards"]] == [ids[0]]
    assert rest["next_before"] is None


def test_another_tenant_sees_nothing(backend: Backend, ada: AppClient) -> None:
    walk_id = asked(ada).json()["id"]
    rival = backend.client("tenant:rival", "role:admin")
    for path in (f"/v1/walk-forwards/{walk_id}", f"/v1/walk-forwards/{walk_id}/curve"):
        assert rival.get(path).status_code == 404
    assert rival.get("/v1/walk-forwards").json()["walk_forwards"] == []


def test_a_viewer_may_look_and_not_ask(backend: Backend, ada: AppClient) -> None:
    walk_id = asked(ada).json()["id"]
    viewer = backend.client("tenant:acme", "role:viewer")
    assert viewer.get(f"/v1/walk-forwards/{walk_id}").status_code == 200
    assert asked(viewer, "other").status_code == 403


def test_an_id_that_is_none_names_its_field(ada: AppClient) -> None:
    assert wrong_fields(ada.get("/v1/walk-forwards/nonsense")) == ["walk_forward_id"]
    assert wrong_fields(ada.get("/v1/walk-forwards?before=nonsense")) == ["before"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/walk-forwards"),
        ("GET", "/v1/walk-forwards"),
        ("GET", "/v1/walk-forwards/x"),
        ("GET", "/v1/walk-forwards/x/curve"),
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
