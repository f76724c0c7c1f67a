"""One trace of an order from the POST to the fill, one of a sweep, and no secret in any log."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from algotrendy.local.home import read_environment_file
from fixtures.platform import PASSWORD, Platform

pytestmark = pytest.mark.platform

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SWEEP_TRACE = "5ce929d0e0e47364bf92f3577b34da6a"
CALLER = "00f067aa0ba902b7"
# Every hop of an order that is filled at once, in the order in which they begin.
HOPS = (
    "authorize",
    "gateway",
    "POST /v1/orders",
    "order intended",
    "start workflow",
    "workflow succeeded",
    "state Begin",
    "begin_order",
    "state Submit",
    "order queue",
    "execution: submit",
    "store before sending",
    "broker: submit",
    "fill",
    "store the answer",
    "answer workflow",
    "state Settle",
    "settle_order",
)
SWEEP_HOPS = (
    "POST /v1/sweeps",
    "event bus",
    "queue",
    "on SweepRequested",
    "start workflow",
    "state Plan",
    "plan_sweep",
    "state RunShards",
    "run_shard",
    "state Reduce",
    "reduce_sweep",
)


@pytest.fixture(scope="module")
def trader(platform: Platform) -> str:
    platform.add_user("tracy", "demo", "trader", "risk_manager")
    return platform.token("tracy")


@pytest.fixture(scope="module")
def order(platform: Platform, trader: str) -> dict[str, Any]:
    headers = {
        "Authorization": f"Bearer {trader}",
        "x-correlation-id": "e2e-traced-order",
        "traceparent": f"00-{TRACE}-{CALLER}-01",
    }
    asked = {"account": "paper", "symbol": "AAPL", "side": "buy", "quantity": "1"}
    with httpx.Client(base_url=platform.api_url, headers=headers, timeout=120) as http:
        answer = http.post("/v1/orders", json=asked)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        for _ in range(200):
            found = http.get(f"/v1/orders/{found['id']}").json()
            if found["is_settled"]:
                return found
            time.sleep(0.3)
    raise AssertionError(f"it is still {found['status']}")


@pytest.fixture(scope="module")
def story(platform: Platform, order: dict[str, Any]) -> dict[str, Any]:
    """Give the order's trace, once its workflow has ended."""
    for _ in range(60):
        found: dict[str, Any] = json.loads(platform.succeed("trace", order["id"], "--json"))
        if "workflow succeeded" in names(found):
            return found
        time.sleep(0.5)
    raise AssertionError(f"its workflow goes on: {names(found)}")


def names(story: dict[str, Any]) -> list[str]:
    return [span["name"] for span in story["spans"]]


def test_every_hop_of_an_order_from_the_post_to_the_fill_is_one_trace(
    story: dict[str, Any], order: dict[str, Any]
) -> None:
    assert story["traces"] == [TRACE]
    assert [hop for hop in HOPS if hop not in names(story)] == []
    parents = {span["name"]: span["parent"] for span in story["spans"]}
    assert parents["gateway"] == parents["authorize"] == CALLER, "the caller's trace goes on"
    told = [span for span in story["spans"] if span["name"] != "authorize"]
    assert {span["correlation_id"] for span in told} == {"e2e-traced-order"}
    fill = next(span for span in story["spans"] if span["name"] == "fill")
    assert fill["order_id"] == order["id"]
    assert fill["execution_id"]
    assert fill["service"] == "execution"


def test_no_hop_begins_before_what_it_is_a_part_of(story: dict[str, Any]) -> None:
    begins = {span["id"]: span["offset_us"] for span in story["spans"]}
    # Queues and workflows tell whole milliseconds; a fill begins by the broker's clock.
    late = [
        span["name"]
        for span in story["spans"]
        if span["name"] not in ("fill", "order new", "order filled")
        and span["parent"] in begins
        and span["offset_us"] < begins[span["parent"]] - 2_000
    ]
    assert late == []
    assert all(span["duration_us"] >= 0 for span in story["spans"])


def test_the_trace_is_found_by_each_of_its_ids_and_drawn(
    platform: Platform, story: dict[str, Any], order: dict[str, Any]
) -> None:
    text = platform.succeed("trace", "e2e-traced-order", "--svg", "order.svg")
    assert order["id"] in text
    assert "broker: submit" in text
    assert "<svg" in (platform.home / "order.svg").read_text()
    assert json.loads(platform.succeed("trace", TRACE, "--json"))["traces"] == [TRACE]


def test_logs_give_every_line_of_a_request_whoever_wrote_it(
    platform: Platform, story: dict[str, Any]
) -> None:
    lines = platform.succeed("logs", "e2e-traced-order").splitlines()
    sources = {line.split()[0] for line in lines}
    assert {"trading-api", "trading-begin-order", "execution"} <= sources


@pytest.mark.timeout(600)
def test_a_sweep_is_one_trace_through_the_bus_and_the_queue(platform: Platform) -> None:
    followed = {
        "Idempotency-Key": "e2e-traced",
        "x-correlation-id": "e2e-traced-sweep",
        "traceparent": f"00-{SWEEP_TRACE}-{CALLER}-01",
    }
    asked = {"strategy": "buy_and_hold", "symbols": ["MSFT"]}
    asked |= {"start": "2005-01-01", "end": "2006-01-01"}
    headers = {"Authorization": f"Bearer {platform.token('ada')}"}
    with httpx.Client(base_url=platform.api_url, headers=headers, timeout=120) as http:
        found = http.post("/v1/sweeps", json=asked, headers=followed).json()
        for _ in range(300):
            if found["status"] in ("succeeded", "failed"):
                break
            time.sleep(0.5)
            found = http.get(f"/v1/sweeps/{found['id']}").json()
    assert found["status"] == "succeeded", found
    story = json.loads(platform.succeed("trace", SWEEP_TRACE, "--json"))
    assert story["traces"] == [SWEEP_TRACE]
    assert [hop for hop in SWEEP_HOPS if hop not in names(story)] == []
    told = [span for span in story["spans"] if span["service"] == "backtest"]
    assert {span["correlation_id"] for span in told} == {"e2e-traced-sweep"}


def test_no_log_holds_a_secret(platform: Platform, story: dict[str, Any], trader: str) -> None:
    """Grep every log of every part and function for every secret that is known."""
    session = json.loads((platform.home / "data" / "token.json").read_text())
    environment = read_environment_file(platform.home / "data" / "platform.env")
    secrets = {
        "password": PASSWORD,
        "access token": trader,
        **{name: value for name, value in session.items() if name.endswith("_token")},
        **{
            name: value
            for name, value in environment.items()
            if "SECRET" in name and len(value) > 8 and not value.startswith("secret:")
        },
    }
    logs = platform.aws("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    written = {
        file.name: file.read_text(errors="replace")
        for file in (platform.home / "data" / "logs").glob("*.log*")
    }
    for group in groups:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        written[group] = "\n".join(event["message"] for page in pages for event in page["events"])
    assert any("trading-api" in name for name in written)
    assert sum(map(len, written.values())) > 10_000
    told = [
        (name, what)
        for name, text in written.items()
        for what, secret in secrets.items()
        # Of a token already the part with the signature is one.
        if secret in text or (secret.startswith("eyJ") and secret.rpartition(".")[2] in text)
    ]
    assert told == []
    assert [name for name, text in written.items() if "Bearer ey" in text] == []
