"""Every answered request is measured by its route, whatever its path was."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from fastapi import APIRouter

from algotrendy.kernel.errors import Unavailable
from algotrendy.platform import metrics
from algotrendy.platform.http import create_app
from algotrendy.platform.metrics import EmfLines
from fakes.app_client import AppClient


class Asked:
    def __init__(self) -> None:
        app = create_app("Things", "things")
        router = APIRouter(prefix="/v1/things")

        @router.get("/{thing_id}")
        def get_thing(thing_id: int) -> dict[str, int]:
            if thing_id == 7:
                raise Unavailable("things", "gone")
            if thing_id == 8:
                raise RuntimeError("broken")
            return {"thing": thing_id}

        app.include_router(router)
        self.client = AppClient(app)
        self._out = io.StringIO()
        self._lines = EmfLines("things", self._out)
        metrics.measure_to(self._lines)

    def measured(self) -> set[tuple[str, str]]:
        self._lines.flush()
        return {
            (each["Name"], line.get("route") or line["status"])
            for line in map(json.loads, self._out.getvalue().splitlines())
            for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }


@pytest.fixture
def asked() -> Iterator[Asked]:
    yield Asked()
    metrics.measure_to()


@pytest.mark.parametrize(
    ("method", "path", "status", "measured"),
    [
        ("GET", "/v1/things/1", 200, {("RequestSeconds", "GET /v1/things/{thing_id}")}),
        (
            "GET",
            "/v1/things/7",
            503,
            {(name, "GET /v1/things/{thing_id}") for name in ("RequestSeconds", "RequestsFailed")},
        ),
        (
            "GET",
            "/v1/things/8",
            500,
            {(name, "GET /v1/things/{thing_id}") for name in ("RequestSeconds", "RequestsFailed")},
        ),
        (
            "GET",
            "/v1/things/x",
            422,
            {("RequestSeconds", "GET /v1/things/{thing_id}"), ("RequestsRefused", "422")},
        ),
        (
            "GET",
            "/wp-login.php?x=1",
            404,
            {("RequestSeconds", "none"), ("RequestsRefused", "404")},
        ),
    ],
)
def test_a_request_is_measured_by_its_route(
    asked: Asked, method: str, path: str, status: int, measured: set[tuple[str, str]]
) -> None:
    assert asked.client.request(method, path).status_code == status
    assert asked.measured() == measured
