"""The real process, killed with no warning: what it had answered is there when it is back."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.exchange_process import ExchangeProcess

pytestmark = pytest.mark.platform

QUOTE = {
    "type": "quote",
    "symbol": "AAPL",
    "bid": 99.99,
    "bid_size": 5000,
    "ask": 100,
    "ask_size": 5000,
}


@pytest.fixture(scope="module")
def exchange() -> Iterator[ExchangeProcess]:
    home = Path(tempfile.mkdtemp(prefix="at-ex-", dir="/tmp"))
    home.chmod(0o755)
    process = ExchangeProcess(home, "--market", "scripted", "--symbols", "AAPL,MSFT")
    process.start()
    yield process
    assert process.stop() == 0, process.log()
    shutil.rmtree(home)


def quote(exchange: ExchangeProcess) -> None:
    exchange.client.post("/exchange/events", json={"events": [QUOTE]}).raise_for_status()


def order(name: str, **fields: Any) -> dict[str, Any]:
    buy = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "gtc"}
    return {**buy, "client_order_id": name, **fields}


def all_orders(exchange: ExchangeProcess) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    query = {"status": "all", "limit": "500", "direction": "asc"}
    while True:
        page = exchange.client.get("/v2/orders", params=query).raise_for_status().json()
        found |= {each["client_order_id"]: each for each in page}
        if len(page) < 500:
            return found
        query["after_order_id"] = page[-1]["id"]


def test_a_killed_exchange_has_every_order_that_it_answered(exchange: ExchangeProcess) -> None:
    quote(exchange)
    answered: dict[str, dict[str, Any]] = {}
    enough = threading.Event()

    def send(worker: int) -> None:
        try:
            for number in range(10_000):
                name = f"{worker}-{number}"
                kind: dict[str, Any] = (
                    {} if number % 2 else {"type": "limit", "limit_price": "90", "qty": "2"}
                )
                found = exchange.client.post("/v2/orders", json=order(name, **kind))
                if found.status_code == 200:
                    answered[name] = found.json()
                if len(answered) > 200:
                    enough.set()
        except httpx.TransportError:
            return

    workers = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    assert enough.wait(60)
    exchange.kill()
    for worker in workers:
        worker.join(30)
    exchange.start()

    kept = all_orders(exchange)
    assert answered.keys() <= kept.keys()
    for name, before in answered.items():
        assert kept[name]["id"] == before["id"]
        assert kept[name]["status"] == before["status"] or before["status"] == "new", name
    bought = sum(Decimal(each["filled_qty"]) for each in kept.values())
    held = exchange.client.get("/v2/positions/AAPL").json()
    assert Decimal(held["qty"]) == bought
    cash = exchange.client.get("/v2/account").json()["cash"]
    assert Decimal(cash) == Decimal(100_000) - 100 * bought


def test_orders_kept_over_a_kill_still_work(exchange: ExchangeProcess) -> None:
    exchange.client.delete("/v2/orders").raise_for_status()
    quote(exchange)
    bracket = order(
        "bracket",
        order_class="bracket",
        take_profit={"limit_price": "110"},
        stop_loss={"stop_price": "95"},
    )
    exchange.client.post("/v2/orders", json=bracket).raise_for_status()
    trailing = order("trailing", side="sell", type="trailing_stop", trail_percent="2")
    exchange.client.post("/v2/orders", json=trailing).raise_for_status()
    exchange.kill()
    exchange.start()

    falling = [
        {**QUOTE, "bid": 94.5, "ask": 94.51},
        {"type": "trade", "symbol": "AAPL", "price": 94.5, "size": 500},
    ]
    exchange.client.post("/exchange/events", json={"events": falling}).raise_for_status()
    found = all_orders(exchange)
    assert found["trailing"]["status"] == "filled"
    parent = exchange.client.get(f"/v2/orders/{found['bracket']['id']}?nested=true").json()
    assert Counter(leg["status"] for leg in parent["legs"]) == {"filled": 1, "canceled": 1}


def test_a_name_used_before_a_kill_stays_used(exchange: ExchangeProcess) -> None:
    again = exchange.client.post("/v2/orders", json=order("bracket"))
    assert (again.status_code, again.json()["code"]) == (422, 40010001)
    assert "client_order_id" in again.json()["message"]


def test_an_exchange_that_is_asked_to_end_ends_well(exchange: ExchangeProcess) -> None:
    assert "Traceback" not in exchange.log()
