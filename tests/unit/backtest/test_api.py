"""The HTTP API of sweeps: real app, real tokens, stores in memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from algotrendy.kernel.ids import parse_sweep_id
from fakes.app_client import AppClient
from fakes.backtest_api import Backend
from fakes.identity import NOW, signed

KEY = {"Idempotency-Key": "key-1"}
BODY: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAA", "BBB"],
    "start": "2000-01-01",
    "end": "2000-12-31",
    "parameters": {"fast": {"start": 4, "stop": 12, "step": 4}, "slow": [12, 16, 24]},
}


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


@pytest.fixture
def ada(backend: Backend) -> AppClient:
    return backend.client()


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def wrong_fields(answer: Any) -> list[str]:
    return [error["field"] for error in problem(answer, 422)["errors"]]


def test_a_sweep_is_accepted_stored_and_published(backend: Backend, ada: AppClient) -> None:
    answer = ada.post("/v1/sweeps", json=BODY, headers=KEY)
    assert answer.status_code == 202, answer.text
    sweep = answer.json()
    assert answer.headers["location"] == f"/v1/sweeps/{sweep['id']}"
    assert (sweep["status"], sweep["symbols"]) == ("requested", ["AAA", "BBB"])
    assert backend.published == 1
    assert [event.name for event in backend.store.outbox] == ["SweepRequested"]


def test_the_events_bear_the_correlation_id_of_the_request(
    backend: Backend, ada: AppClient
) -> None:
    headers = {**KEY, "x-correlation-id": "my-request"}
    answer = ada.post("/v1/sweeps", json=BODY, headers=headers)
    assert answer.headers["x-correlation-id"] == "my-request"
    assert backend.store.outbox[0].correlation_id == "my-request"


def test_the_same_key_gives_the_same_sweep(backend: Backend, ada: AppClient) -> None:
    first, second = (ada.post("/v1/sweeps", json=BODY, headers=KEY) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert len(backend.store.outbox) == 1


def test_the_same_key_with_another_body_is_refused(ada: AppClient) -> None:
    ada.post("/v1/sweeps", json=BODY, headers=KEY)
    found = problem(ada.post("/v1/sweeps", json={**BODY, "cash": 5000}, headers=KEY), 422)
    assert found["code"] == "idempotency-key-reused"
    assert "key-1" in found["detail"]


def test_a_request_without_a_key_names_the_header(ada: AppClient) -> None:
    assert wrong_fields(ada.post("/v1/sweeps", json=BODY)) == ["idempotency-key"]


@pytest.mark.parametrize(
    ("change", "field_name"),
    [
        ({"strategy": "moon_phase"}, "strategy"),
        ({"symbols": ["AAA", "ZZZ"]}, "symbols.1"),
        ({"symbols": []}, "symbols"),
        ({"start": "2031-01-01", "end": "2031-12-31"}, "start"),
        ({"start": "1991-01-01", "end": "1991-12-31"}, "end"),
        ({"parameters": {"fast": [1_000_000]}}, "parameters.fast"),
        ({"parameters": {"speed": [1]}}, "parameters.speed"),
        ({"cash": 0}, "cash"),
        ({"fee_bps": -1}, "fee_bps"),
        ({"seed": "x"}, "seed"),
        ({"leverage": 0.5}, "leverage"),
    ],
)
def test_bad_input_names_its_field(ada: AppClient, change: dict[str, Any], field_name: str) -> None:
    assert wrong_fields(ada.post("/v1/sweeps", json={**BODY, **change}, headers=KEY)) == [
        field_name
    ]


def test_nothing_is_stored_of_a_refused_request(backend: Backend, ada: AppClient) -> None:
    ada.post("/v1/sweeps", json={**BODY, "symbols": ["ZZZ"]}, headers=KEY)
    assert (backend.store.outbox, backend.published) == ([], 0)


def test_a_body_over_the_limit_is_refused(ada: AppClient) -> None:
    problem(ada.post("/v1/sweeps", content=b" " * 300_000, headers=KEY), 413)


def test_a_finished_sweep_gives_its_summary_and_files(backend: Backend, ada: AppClient) -> None:
    sweep_id = ada.post("/v1/sweeps", json=BODY, headers=KEY).json()["id"]
    backend.finish(sweep_id)
    found = ada.get(f"/v1/sweeps/{sweep_id}").json()
    assert found["status"] == "succeeded"
    assert found["progress"] == {"shards": 1, "shards_done": 1, "runs": 16}
    assert found["summary"]["runs"] == 16
    table = Path(found["links"]["results"].removeprefix("file://")).read_bytes()
    assert len(table.splitlines()) == 17


def test_a_sweep_that_runs_counts_its_finished_shards(backend: Backend, ada: AppClient) -> None:
    sweep_id = ada.post("/v1/sweeps", json=BODY, headers=KEY).json()["id"]
    backend.sweeps.record_planned(parse_sweep_id(sweep_id), runs=16, shards=4)
    backend.blobs.put(f"{sweep_id}/results/shard-00000.json", b"{}")
    found = ada.get(f"/v1/sweeps/{sweep_id}").json()
    assert found["progress"] == {"shards": 4, "shards_done": 1, "runs": 16}
    assert found["links"] == {"results": None, "report": None}


def test_sweeps_are_listed_newest_first_in_pages(ada: AppClient) -> None:
    ids = [
        ada.post("/v1/sweeps", json=BODY, headers={"Idempotency-Key": f"key-{n}"}).json()["id"]
        for n in range(3)
    ]
    page = ada.get("/v1/sweeps?limit=2").json()
    assert [sweep["id"] for sweep in page["sweeps"]] == [ids[2], ids[1]]
    rest = ada.get("/v1/sweeps", params={"limit": 2, "before": page["next_before"]}).json()
    alike = ada.get("/v1/sweeps", params={"limit": 2, "cursor": page["next_cursor"]})
    assert alike.json() == rest
    both = {"cursor": page["next_cursor"], "before": page["next_before"]}
    assert ada.get("/v1/sweeps", params=both).status_code == 422
    changed = {"cursor": page["next_cursor"] + "A"}
    assert ada.get("/v1/sweeps", params=changed).status_code == 422
    assert [sweep["id"] for sweep in rest["sweeps"]] == [ids[0]]
    assert rest["next_before"] is None


def test_another_tenant_sees_nothing(backend: Backend, ada: AppClient) -> None:
    sweep_id = ada.post("/v1/sweeps", json=BODY, headers=KEY).json()["id"]
    rival = backend.client("tenant:rival", "role:admin")
    problem(rival.get(f"/v1/sweeps/{sweep_id}"), 404)
    assert rival.get("/v1/sweeps").json()["sweeps"] == []


def test_a_viewer_may_look_and_not_ask(backend: Backend, ada: AppClient) -> None:
    sweep_id = ada.post("/v1/sweeps", json=BODY, headers=KEY).json()["id"]
    viewer = backend.client("tenant:acme", "role:viewer")
    assert viewer.get(f"/v1/sweeps/{sweep_id}").status_code == 200
    problem(viewer.post("/v1/sweeps", json=BODY, headers=KEY), 403)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/sweeps"), ("GET", "/v1/sweeps"), ("GET", "/v1/sweeps/x")]
)
def test_every_route_refuses_a_forged_and_an_expired_token(
    backend: Backend, method: str, path: str
) -> None:
    forged = signed(backend.issuer.claims(), number=2)
    expired = backend.issuer.token(exp=int((NOW - timedelta(hours=1)).timestamp()))
    for token in (forged, expired, "garbage"):
        answer = backend.client(token=token).request(method, path, headers=KEY)
        problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_id_that_is_none_names_its_field(ada: AppClient) -> None:
    assert wrong_fields(ada.get("/v1/sweeps/nonsense")) == ["sweep_id"]
    problem(ada.get("/v1/sweeps/01936b1e-0000-7000-8000-000000000009"), 404)


def test_a_sweep_is_called_off_once_and_stays_so(backend: Backend, ada: AppClient) -> None:
    sweep = ada.post("/v1/sweeps", json=BODY, headers=KEY).json()
    backend.runner.start(backend.store.get(parse_sweep_id(sweep["id"])))
    for _ in range(2):
        answer = ada.post(f"/v1/sweeps/{sweep['id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert len(backend.runner.stopped) == 1
    assert ada.get(f"/v1/sweeps/{sweep['id']}").json()["status"] == "cancelled"


def test_a_finished_sweep_is_not_called_off(backend: Backend, ada: AppClient) -> None:
    sweep = ada.post("/v1/sweeps", json=BODY, headers=KEY).json()
    backend.finish(sweep["id"])
    problem(ada.post(f"/v1/sweeps/{sweep['id']}/cancel"), 409)
