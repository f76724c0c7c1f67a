"""One correlation id, from the request to the last step of the workflow."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from fixtures.platform import Platform

pytestmark = pytest.mark.platform

CORRELATION_ID = "e2e-one-request"
BODY: dict[str, Any] = {
    "strategy": "buy_and_hold",
    "symbols": ["MSFT"],
    "start": "2005-01-01",
    "end": "2006-01-01",
}
FUNCTIONS = (
    "backtest-api",
    "on-study-requested",
    "plan-sweep",
    "run-shard",
    "reduce-sweep",
    "record-outcome",
)


@pytest.fixture(scope="module")
def finished(platform: Platform) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {platform.token('ada')}",
        "Idempotency-Key": "correlation",
        "x-correlation-id": CORRELATION_ID,
    }
    with httpx.Client(base_url=platform.api_url, headers=headers, timeout=40) as http:
        found: dict[str, Any] = http.post("/v1/sweeps", json=BODY).json()
        for _ in range(200):
            if found["status"] in ("succeeded", "failed"):
                break
            time.sleep(0.3)
            found = http.get(f"/v1/sweeps/{found['id']}").json()
    return found


def test_the_sweep_ends_well(finished: dict[str, Any]) -> None:
    assert finished["status"] == "succeeded", finished["error"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_step_logs_under_the_id_of_the_request(
    platform: Platform, finished: dict[str, Any], function: str
) -> None:
    lines = platform.succeed("logs", "--function", function, "-n", "500")
    assert f'"correlation_id":"{CORRELATION_ID}"' in lines.replace('": "', '":"'), finished["id"]
