"""Walk-forwards that are done: kept for their tenant, and read over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest import walk_forwards
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.lifecycle import WalkStudy
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import parse_walk_forward_id
from fakes.app_client import AppClient
from fakes.backtest_api import Backend
from fakes.engine_walks import some_plan, some_recorder
from fakes.identity import NOW, signed


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


@pytest.fixture
def ada(backend: Backend) -> AppClient:
    return backend.client()


def kept(backend: Backend, **changes: Any) -> WalkStudy:
    """Walk forward as ada of acme, and keep it."""
    recorder = some_recorder()
    return backend.walks.keep(run_walk_forward(some_plan(**changes), recorder), recorder)


def wrong_fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]


def test_a_walk_forward_is_told_with_its_trials_and_its_verdict(
    backend: Backend, ada: AppClient
) -> None:
    walk = kept(backend)
    found = ada.get(f"/v1/walk-forwards/{walk.id}").json()
    assert (found["strategy"], found["symbols"]) == ("sma_cross", ["AAA"])
    assert (found["trials"], found["trials_on_these_data"]) == (24, 24)
    assert not found["passed"]
    assert found["verdict"].endswith("with 24 trials on AAA 1Day")
    assert len(found["summary"]["windows"]) == 4
    assert found["requested_by"] == "ada"
    assert "curve" not in found["summary"]


def test_its_curve_ends_with_its_return(backend: Backend, ada: AppClient) -> None:
    walk = kept(backend)
    curve = ada.get(f"/v1/walk-forwards/{walk.id}/curve").json()
    assert len(curve["time"]) == len(curve["wealth"]) == 195
    summary: Any = walk.summary
    total = summary["statistics"]["total_return"]
    assert curve["wealth"][-1] == pytest.approx(1.0 + total)


def test_the_same_outcome_is_kept_once(backend: Backend, ada: AppClient) -> None:
    assert kept(backend) == kept(backend)
    kept(backend, cash=5_000)
    assert len(ada.get("/v1/walk-forwards").json()["walk_forwards"]) == 2


def test_a_curve_that_no_row_can_hold_is_refused(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_forwards, "BARS_LIMIT", 194)
    with pytest.raises(Invalid, match="at most 194 bars"):
        kept(backend)


def test_walk_forwards_are_listed_newest_first_in_pages(backend: Backend, ada: AppClient) -> None:
    ids = [str(kept(backend, cash=1_000 * n).id) for n in (5, 6, 7)]
    page = ada.get("/v1/walk-forwards?limit=2").json()
    assert [walk["id"] for walk in page["walk_forwards"]] == [ids[2], ids[1]]
    assert "summary" not in page["walk_forwards"][0]
    rest = ada.get("/v1/walk-forwards", params={"limit": 2, "before": page["next_before"]}).json()
    alike = ada.get("/v1/walk-forwards", params={"limit": 2, "cursor": page["next_cursor"]})
    assert alike.json() == rest
    both = {"cursor": page["next_cursor"], "before": page["next_before"]}
    assert ada.get("/v1/walk-forwards", params=both).status_code == 422
    assert (
        ada.get("/v1/walk-forwards", params={"cursor": page["next_cursor"] + "A"}).status_code
        == 422
    )
    assert [walk["id"] for walk in rest["walk_forwards"]] == [ids[0]]
    assert rest["next_before"] is None


def test_another_tenant_sees_nothing(backend: Backend) -> None:
    walk = kept(backend)
    rival = backend.client("tenant:rival", "role:admin")
    for path in (f"/v1/walk-forwards/{walk.id}", f"/v1/walk-forwards/{walk.id}/curve"):
        assert rival.get(path).status_code == 404
    assert rival.get("/v1/walk-forwards").json()["walk_forwards"] == []


def test_an_id_that_is_none_names_its_field(ada: AppClient) -> None:
    assert wrong_fields(ada.get("/v1/walk-forwards/nonsense")) == ["walk_forward_id"]
    assert wrong_fields(ada.get("/v1/walk-forwards?before=nonsense")) == ["before"]


@pytest.mark.parametrize(
    "path", ["/v1/walk-forwards", "/v1/walk-forwards/x", "/v1/walk-forwards/x/curve"]
)
def test_every_route_refuses_a_forged_and_an_expired_token(backend: Backend, path: str) -> None:
    forged = signed(backend.issuer.claims(), number=2)
    expired = backend.issuer.token(exp=int((NOW - timedelta(hours=1)).timestamp()))
    for token in (forged, expired, "garbage"):
        assert backend.client(token=token).get(path).status_code == 401


KEY = {"Idempotency-Key": "key-1"}
BODY: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAA"],
    "start": "2000-01-01",
    "end": "2000-12-31",
    "parameters": {"fast": [3, 5], "slow": {"start": 10, "stop": 20, "step": 10}},
    "windows": {"in_sample": 60, "out_of_sample": 20, "embargo": 2},
}


def asked(client: AppClient, key: str = "key-1", **changes: Any) -> dict[str, Any]:
    answer = client.post(
        "/v1/walk-forwards", json={**BODY, **changes}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_walk_forward_is_accepted_stored_and_published(backend: Backend, ada: AppClient) -> None:
    headers = {**KEY, "x-correlation-id": "my-request"}
    answer = ada.post("/v1/walk-forwards", json=BODY, headers=headers)
    assert answer.status_code == 202, answer.text
    walk = answer.json()
    assert answer.headers["location"] == f"/v1/walk-forwards/{walk['id']}"
    assert (walk["status"], walk["symbols"], walk["attempt"]) == ("requested", ["AAA"], 1)
    assert walk["progress"] == {"windows": None, "windows_done": 0}
    assert (walk["summary"], walk["verdict"], walk["trials"]) == (None, None, None)
    assert backend.published == 1
    [event] = backend.walk_store.outbox
    assert (event.name, event.correlation_id) == ("WalkForwardRequested", "my-request")


def test_the_same_key_gives_the_same_walk_and_another_body_is_refused(
    backend: Backend, ada: AppClient
) -> None:
    assert asked(ada) == asked(ada)
    assert len(backend.walk_store.outbox) == 1
    answer = ada.post("/v1/walk-forwards", json={**BODY, "seed": 7}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("change", "field_name"),
    [
        ({"strategy": "magic"}, "strategy"),
        ({"symbols": ["NONE"]}, "symbols.0"),
        ({"symbols": ["AAA", "BBB"]}, "symbols"),
        ({"start": "2031-01-01", "end": "2032-01-01"}, "start"),
        ({"parameters": {}}, "parameters"),
        ({"parameters": {"fast": [0]}}, "parameters.fast"),
        ({"parameters": {"fast": [30], "slow": [20]}}, "parameters"),
        ({"method": "bayesian"}, "method"),
        ({"method": "guess"}, "method"),
        ({"max_runs": 0}, "max_runs"),
        ({"objective": "luck"}, "objective"),
        ({"windows": {"in_sample": "3 years", "out_of_sample": "1y"}}, "windows.in_sample"),
        ({"windows": {"in_sample": 110, "out_of_sample": 20}}, "windows.in_sample"),
        ({"windows": {"in_sample": "3mo", "out_of_sample": "2mo"}}, "windows.in_sample"),
        ({"windows": {"in_sample": 60}}, "windows.out_of_sample"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_input_names_its_field_and_stores_nothing(
    backend: Backend, ada: AppClient, change: dict[str, Any], field_name: str
) -> None:
    answer = ada.post("/v1/walk-forwards", json={**BODY, **change}, headers=KEY)
    assert wrong_fields(answer)[0] == field_name
    assert (backend.walk_store.writes, backend.published) == (0, 0)


def test_a_request_without_a_key_names_the_header(ada: AppClient) -> None:
    assert wrong_fields(ada.post("/v1/walk-forwards", json=BODY)) == ["idempotency-key"]


def test_a_finished_walk_gives_its_verdict_files_and_curve(
    backend: Backend, ada: AppClient
) -> None:
    walk_id = asked(ada)["id"]
    backend.finish_walk(walk_id)
    found = ada.get(f"/v1/walk-forwards/{walk_id}").json()
    assert (found["status"], found["trials"]) == ("succeeded", 12)
    assert found["progress"] == {"windows": 3, "windows_done": 3}
    assert found["verdict"].startswith("refused")
    assert "curve" not in found["summary"]
    outcome = json.loads(Path(found["links"]["outcome"].removeprefix("file://")).read_text())
    assert outcome["windows"] == found["summary"]["windows"]
    assert Path(found["links"]["report"].removeprefix("file://")).exists()
    assert ada.get(f"/v1/walk-forwards/{walk_id}/curve").json() == outcome["curve"]
    names = [event.name for event in backend.walk_store.outbox]
    assert names == ["WalkForwardRequested", "WalkForwardCompleted"]


def test_a_walk_that_runs_counts_its_windows_and_has_no_curve_yet(
    backend: Backend, ada: AppClient
) -> None:
    walk_id = parse_walk_forward_id(asked(ada)["id"])
    backend.walks.record_planned(walk_id, 3)
    backend.blobs.put(Keys(walk_id).window(2), b"{}")
    found = ada.get(f"/v1/walk-forwards/{walk_id}").json()
    assert found["status"] == "running"
    assert found["progress"] == {"windows": 3, "windows_done": 1}
    assert found["links"] == {"outcome": None, "report": None}
    assert ada.get(f"/v1/walk-forwards/{walk_id}/curve").status_code == 409


def test_a_walk_that_failed_says_why(backend: Backend, ada: AppClient) -> None:
    walk_id = parse_walk_forward_id(asked(ada)["id"])
    backend.walks.record_failure(walk_id, "WindowFailed: window 2 of 3 failed: no bars")
    [found] = ada.get("/v1/walk-forwards").json()["walk_forwards"]
    assert (found["status"], found["error"][-7:]) == ("failed", "no bars")


def test_a_walk_is_called_off_once_and_stays_so(backend: Backend, ada: AppClient) -> None:
    walk_id = asked(ada)["id"]
    backend.runner.start(backend.walk_store.get(parse_walk_forward_id(walk_id)))
    for _ in range(2):
        answer = ada.post(f"/v1/walk-forwards/{walk_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert len(backend.runner.stopped) == 1
    names = [event.name for event in backend.walk_store.outbox]
    assert names == ["WalkForwardRequested", "WalkForwardCancelled"]


def test_one_that_is_done_or_was_run_elsewhere_is_not_called_off(
    backend: Backend, ada: AppClient
) -> None:
    asked_id = asked(ada)["id"]
    backend.finish_walk(asked_id)
    for walk_id in (asked_id, kept(backend).id):
        assert ada.post(f"/v1/walk-forwards/{walk_id}/cancel").status_code == 409


def test_one_that_was_run_elsewhere_has_no_files_here(backend: Backend, ada: AppClient) -> None:
    found = ada.get(f"/v1/walk-forwards/{kept(backend).id}").json()
    assert (found["status"], found["attempt"]) == ("succeeded", 0)
    assert found["progress"] == {"windows": 4, "windows_done": 4}
    assert found["links"] == {"outcome": None, "report": None}


def test_those_asked_for_and_those_kept_are_in_one_list(backend: Backend, ada: AppClient) -> None:
    ids = [asked(ada)["id"], str(kept(backend).id), asked(ada, "key-2")["id"]]
    listed = ada.get("/v1/walk-forwards").json()["walk_forwards"]
    assert [walk["id"] for walk in listed] == ids[::-1]


def test_a_viewer_may_look_and_neither_ask_nor_call_off(backend: Backend, ada: AppClient) -> None:
    walk_id = asked(ada)["id"]
    viewer = backend.client("tenant:acme", "role:viewer")
    assert viewer.get(f"/v1/walk-forwards/{walk_id}").status_code == 200
    assert viewer.post("/v1/walk-forwards", json=BODY, headers=KEY).status_code == 403
    assert viewer.post(f"/v1/walk-forwards/{walk_id}/cancel").status_code == 403


def test_another_tenant_can_neither_see_nor_call_off_what_was_asked_for(
    backend: Backend, ada: AppClient
) -> None:
    walk_id = asked(ada)["id"]
    rival = backend.client("tenant:rival", "role:admin")
    assert rival.get(f"/v1/walk-forwards/{walk_id}").status_code == 404
    assert rival.post(f"/v1/walk-forwards/{walk_id}/cancel").status_code == 404
    assert asked(rival)["id"] != walk_id
