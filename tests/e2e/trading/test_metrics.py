"""What one order leaves behind in the numbers: of the API, of the service, of the books."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from fixtures.platform import Platform

pytestmark = pytest.mark.platform

Samples = dict[tuple[str, tuple[str, ...]], float]


def scraped(platform: Platform) -> Samples:
    url = f"http://127.0.0.1:{platform.environment['ALGOTRENDY_EXECUTION_PORT']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as found:
        text = found.read().decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(samples: Samples, name: str) -> float:
    return sum(value for (found, _), value in samples.items() if found == name)


@pytest.fixture(scope="module")
def settled(platform: Platform) -> tuple[Samples, Samples]:
    """Give the numbers before and after one market order was filled and settled."""
    platform.add_user("mel", "demo", "trader", "risk_manager")
    platform.token("mel")
    deadline = time.monotonic() + 60
    while scraped(platform).get(("algotrendy_accounts_served", ("paper",))) != 1:
        assert time.monotonic() < deadline, "the account is not served"
        time.sleep(0.3)
    before = scraped(platform)
    words = ("orders", "place", "buy", "MSFT", "3", "--client-order-id", "measured", "--json")
    # A function that begins on a busy machine may answer too late; asked again, it is one order.
    while (placed := platform.run(*words)).returncode != 0:
        assert time.monotonic() < deadline, placed.stderr
    order = json.loads(placed.stdout)
    while not json.loads(platform.succeed("orders", "show", order["id"], "--json"))["is_settled"]:
        assert time.monotonic() < deadline + 60, "the order is not settled"
        time.sleep(0.3)
    return before, scraped(platform)


@pytest.mark.parametrize(
    "name",
    [
        "algotrendy_orders_sent_total",
        "algotrendy_order_send_seconds_count",
        "algotrendy_fills_total",
        "algotrendy_fill_seconds_count",
        "algotrendy_slippage_bps_count",
        "algotrendy_orders_ended_total",
        "algotrendy_broker_seconds_count",
        "algotrendy_transaction_seconds_count",
    ],
)
def test_an_order_is_in_the_numbers_of_the_service(
    settled: tuple[Samples, Samples], name: str
) -> None:
    before, after = settled
    assert total(after, name) > total(before, name)


def test_the_account_is_compared_and_its_limits_are_looked_at(
    settled: tuple[Samples, Samples],
) -> None:
    _, after = settled
    assert after[("algotrendy_reconciliation_age_seconds", ("paper",))] < 120
    assert total(after, "algotrendy_reconciliation_differences") == 0
    assert after[("algotrendy_quote_age_seconds", ("paper",))] >= 0
    assert total(after, "algotrendy_memory_bytes") > 10_000_000


def test_the_api_told_of_the_request_by_its_route(
    platform: Platform, settled: tuple[Samples, Samples]
) -> None:
    streams = platform.aws("logs")
    group = "/aws/lambda/algotrendy-local-trading-api"
    told: list[dict[str, Any]] = [
        json.loads(event["message"])
        for page in streams.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
        if '"CloudWatchMetrics"' in event["message"]
    ]
    routes = {each["route"] for each in told if "RequestSeconds" in each}
    assert "POST /v1/orders" in routes
    placed = [each for each in told if "OrdersPlaced" in each]
    assert {(each["side"], each["type"]) for each in placed} >= {("buy", "market")}
    assert {each["service"] for each in told} == {"trading"}
