"""A walk forward from the command line over the deployed platform, and read over HTTP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.platform import Platform

pytestmark = pytest.mark.platform

WALK = (
    "backtest", "walk-forward", "sma_cross", "MSFT", "-p", "fast=5,10", "-p", "slow=20,50",
    "--in-sample", "2y", "--out-of-sample", "2y", "--embargo", "1w",
)  # fmt: skip


@pytest.fixture(scope="module")
def walked(platform: Platform) -> str:
    """Walk on Step Functions and then here, with nothing tried between; give what was said."""
    platform.token("ada")
    said = platform.succeed(*WALK, "--executor", "stepfunctions", "--out", "walk-deployed")
    platform.succeed(*WALK, "--mode", "interpreted", "--out", "walk-here")
    return said


@pytest.mark.parametrize("name", ["walk-forward.json", "report.html"])
def test_both_executors_come_to_the_same_bytes(platform: Platform, walked: str, name: str) -> None:
    deployed, here = (
        (platform.home / folder / name).read_bytes() for folder in ("walk-deployed", "walk-here")
    )
    assert deployed == here, walked


def test_it_is_read_over_http_with_its_curve(platform: Platform, walked: str) -> None:
    found = re.search(r"GET (/v1/walk-forwards/[0-9a-f-]+)", walked)
    assert found is not None, walked
    headers = {"Authorization": f"Bearer {platform.token('vic')}"}
    with httpx.Client(base_url=platform.api_url, headers=headers, timeout=40) as http:
        told: dict[str, Any] = http.get(found[1]).json()
        curve = http.get(f"{found[1]}/curve").json()
    outcome = json.loads(Path(platform.home, "walk-deployed", "walk-forward.json").read_text())
    assert (told["status"], told["attempt"]) == ("succeeded", 1)
    assert told["progress"] == {"windows": 6, "windows_done": 6}
    assert told["trials"] == outcome["trials"] == 24
    assert curve == outcome["curve"]


def test_a_bad_request_is_one_clear_line(platform: Platform) -> None:
    platform.token("ada")
    refused = platform.run(*WALK, "--executor", "stepfunctions", "--in-sample", "90y")
    assert refused.returncode in (1, 2)
    assert "windows.in_sample" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
