"""The report of a run's parity over HTTP."""

from __future__ import annotations

from uuid import UUID

import pytest

from algotrendy.live.parity.kept import KeptReport
from fakes.kept_reports import a_report
from fakes.live_api import LiveApi
from fakes.live_worlds import RUN

PATH = f"/v1/strategy-runs/{RUN}/parity"


@pytest.fixture(scope="module")
def kept() -> KeptReport:
    return a_report(tenant="acme")


@pytest.fixture
def api(kept: KeptReport) -> LiveApi:
    found = LiveApi()
    found.reports.put(kept, ())
    return found


def test_the_newest_report_is_shown_whole(api: LiveApi, kept: KeptReport) -> None:
    answer = api.client("viewer").get(PATH)

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found.pop("made_at") == "2024-06-08T02:00:00Z"
    assert found.keys() == kept.document.keys()
    assert found["unexplained"] == 0
    assert found["money"] == kept.document["money"]
    assert found["differences"][0]["cost"] == kept.document["differences"][0]["cost"]


def test_a_run_without_a_report_is_not_found(api: LiveApi) -> None:
    other = UUID("019b0000-0000-7000-8000-00000000000f")

    assert api.client("viewer").get(f"/v1/strategy-runs/{other}/parity").status_code == 404


def test_another_tenant_finds_none(api: LiveApi) -> None:
    assert api.client("admin", tenant="other").get(PATH).status_code == 404


def test_an_id_that_is_none_is_refused_with_its_name(api: LiveApi) -> None:
    answer = api.client("viewer").get("/v1/strategy-runs/none/parity")

    assert answer.status_code == 422
    assert "run_id" in answer.text


def test_who_may_not_read_orders_may_not_read_it(api: LiveApi) -> None:
    assert api.client("service").get(PATH).status_code == 403
