"""Walk-forwards that are done: kept for their tenant, and read over HTTP."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest import walk_forwards
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.backtest.walk_forwards import DoneWalk
from algotrendy.kernel.errors import Invalid
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


def kept(backend: Backend, **changes: Any) -> DoneWalk:
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
    total = walk.summary["statistics"]["total_return"]
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
