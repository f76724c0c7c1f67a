"""Measure the order path on a real platform: from POST to 202, and to the broker's word.

    make bench-orders

Brings up a platform of its own with a real deploy, places some orders so that no function is cold,
and waits until the platform is at rest. One client places orders one after another; then several
for a minute, as fast as they get answers, while somebody looks which of them the broker has: what
counts as held for that minute is what it had a few seconds after it. Beside it, in the same run,
the same orders are sent straight to the paper exchange, without a ledger, risk or workflow: the
ratio is what those cost. Prints one JSON document; ends with 1 where an order was refused, or
never acknowledged.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
from risk import decisions

from fixtures.platform import Platform, a_platform

USERNAME = "tess"
KEYS = {"APCA-API-KEY-ID": "PAPER", "APCA-API-SECRET-KEY": "paper-secret"}
ACK_S = 90.0
ORDER = {"symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "gtc"}
PRICE = "1.00"
WARM_ORDERS = 20
REST_S = 2.0
LOOK_EVERY_S = 0.02
PAUSE_S = 0.25
REST_LOOKS = 30
GRACE_S = 5.0
WATCH_EVERY_S = 0.3


class Api:
    """The platform's API, as a signed-in trader has it."""

    def __init__(self, platform: Platform) -> None:
        self.url = platform.api_url
        self.exchange: str = platform.part("exchange")["url"]
        self._headers = {"Authorization": f"Bearer {platform.token(USERNAME)}"}

    def client(self) -> httpx.Client:
        """Give a connection of its own."""
        return httpx.Client(base_url=self.url, headers=self._headers, timeout=60)

    def await_account(self) -> None:
        """Wait until the execution service has opened the account's books."""
        with self.client() as client:
            while not any(
                each["cash"] != "0" for each in client.get("/v1/accounts").json()["accounts"]
            ):
                time.sleep(0.5)

    def direct(self) -> httpx.Client:
        """Give a connection to the exchange itself."""
        return httpx.Client(base_url=self.exchange, headers=KEYS, timeout=60)


def warm_up(platform: Platform, api: Api) -> None:
    """Let every function of the order path run once, and wait until the processors rest."""
    with api.client() as client:
        for n in range(WARM_ORDERS):
            acknowledged(client, place(client, f"warm-{n}")[0])
    for _ in range(REST_LOOKS):
        processes = platform.processes()
        before = _seconds_used(processes)
        time.sleep(REST_S)
        if _seconds_used(processes) - before < REST_S / 4:
            return
    raise SystemExit("the platform did not come to rest: is anything else running?")


def _seconds_used(processes: Sequence[psutil.Process]) -> float:
    used = 0.0
    for process in processes:
        with suppress(psutil.Error):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def place(client: httpx.Client, name: str) -> tuple[str, float]:
    """Place an order that rests; give its id and the milliseconds to the 202."""
    body = {**ORDER, "account": "paper", "quantity": "1", "limit_price": PRICE}
    start = time.perf_counter()
    answer = client.post("/v1/orders", json={**body, "client_order_id": name})
    took_ms = (time.perf_counter() - start) * 1e3
    if answer.status_code != 202:
        raise SystemExit(f"{answer.status_code}: {answer.text}")
    return answer.json()["id"], took_ms


def place_direct(client: httpx.Client, name: str) -> float:
    """Place the same order at the exchange; give the milliseconds to its answer."""
    body = {**ORDER, "qty": "1", "limit_price": PRICE, "client_order_id": name}
    start = time.perf_counter()
    client.post("/v2/orders", json=body).raise_for_status()
    return (time.perf_counter() - start) * 1e3


def acknowledged(client: httpx.Client, order_id: str, every_s: float = 0.25) -> bool:
    """Look until the broker has taken an order; False where it has not within reason."""
    deadline = time.monotonic() + ACK_S
    while time.monotonic() < deadline:
        if client.get(f"/v1/orders/{order_id}").raise_for_status().json()["broker_order_ids"]:
            return True
        time.sleep(every_s)
    return False


def cuts(values: Sequence[float]) -> dict[str, float]:
    """Give the median and the 99th hundredth, in milliseconds; nothing of fewer than two."""
    if len(values) < 2:
        return {}
    parts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50_ms": round(parts[49], 1), "p99_ms": round(parts[98], 1)}


def one_by_one(api: Api, orders: int) -> dict[str, Any]:
    """Let one client place orders, one after the other, and look until the broker has each."""
    accepted, acks = [], []
    with api.client() as client:
        for n in range(orders):
            begin = time.perf_counter()
            order_id, took_ms = place(client, f"one-{n}")
            accepted.append(took_ms)
            if not acknowledged(client, order_id, LOOK_EVERY_S):
                raise SystemExit(f"order {order_id} was not acknowledged in {ACK_S:g} s")
            acks.append((time.perf_counter() - begin) * 1e3)
            time.sleep(PAUSE_S)
    return {"orders": orders, "to_202": cuts(accepted), "to_broker_ack": cuts(acks)}


def straight(api: Api, orders: int) -> dict[str, float]:
    """Place as many at the exchange itself; the platform hears of them, and adopts them."""
    with api.direct() as exchange:
        return cuts([place_direct(exchange, f"direct-{n}") for n in range(orders)])


class Watch:
    """Looks at many orders at once, and notes when each was first seen at the broker."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.seen: dict[str, float] = {}
        self._since = datetime.now(UTC).isoformat()

    @property
    def waiting(self) -> set[str]:
        """Give the orders that nobody has seen there yet."""
        return set(self.sent) - set(self.seen)

    def look(self, client: httpx.Client) -> None:
        """Read the orders of the platform, newest first, as far back as one is waited for."""
        waiting = self.waiting
        asked = {"account": "paper", "since": self._since, "limit": "200"}
        while waiting:
            page = client.get("/v1/orders", params=asked).raise_for_status().json()
            now = time.perf_counter()
            for order in page["orders"]:
                if order["id"] in waiting:
                    waiting.remove(order["id"])
                    if order["broker_order_ids"]:
                        self.seen[order["id"]] = now
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def watch(self, client: httpx.Client, until: Callable[[], bool]) -> None:
        """Look again and again."""
        while not until():
            self.look(client)
            time.sleep(WATCH_EVERY_S)

    def waits(self) -> list[float]:
        """Give the milliseconds from each order's request until it was seen at the broker."""
        return [(at - self.sent[order_id]) * 1e3 for order_id, at in self.seen.items()]


def for_a_while(api: Api, clients: int, seconds: float) -> dict[str, Any]:
    """Let several clients place orders as fast as they are answered, and watch the broker."""
    waits: list[float] = []
    failures: list[str] = []
    watch, end = Watch(), time.perf_counter() + seconds

    def work(number: int) -> None:
        n = 0
        with api.client() as client:
            while (begin := time.perf_counter()) < end:
                try:
                    order_id, took_ms = place(client, f"rate-{number}-{n}")
                except (SystemExit, httpx.HTTPError) as error:
                    failures.append(str(error))
                else:
                    waits.append(took_ms)
                    watch.sent[order_id] = begin
                n += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    with api.client() as client:
        watch.watch(client, lambda: not any(each.is_alive() for each in threads))
        watch.watch(client, lambda: not watch.waiting or time.perf_counter() > end + ACK_S)
    held = sum(at <= end + GRACE_S for at in watch.seen.values())
    return {
        "clients": clients,
        "seconds": seconds,
        "orders_per_s": round(held / seconds, 1),
        "accepted_per_s": round(len(waits) / seconds, 1),
        "to_202": cuts(waits),
        "to_broker_ack": cuts(watch.waits()),
        "drain_s": round(max([at - end for at in watch.seen.values()], default=0.0), 1),
        "refused": len(failures),
        "first_refusal": failures[0][:300] if failures else None,
        "not_acknowledged": len(watch.waiting),
    }


def measure(
    orders: int, clients: int, seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure everything on a platform of its own."""
    risk = decisions(100)
    with a_platform() as platform:
        say("platform is up")
        platform.add_user(USERNAME, "demo", "trader", "risk_manager")
        api = Api(platform)
        api.await_account()
        warm_up(platform, api)
        say("every function is warm, the platform at rest")
        single = one_by_one(api, orders)
        say("orders one by one: done")
        rate = for_a_while(api, clients, seconds)
        direct = straight(api, orders)
    return {
        "benchmark": "orders",
        "risk_decision_us": risk,
        "one_by_one": single,
        "for_a_while": rate,
        "straight_to_the_exchange": direct,
        "ratio_p50_202_to_straight": round(single["to_202"]["p50_ms"] / direct["p50_ms"], 1),
    }


def main() -> int:
    """Read what is asked, and print the result; 1 where not every order reached the broker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100, help="placed one by one")
    parser.add_argument("--clients", type=int, default=2, help="that place orders at once")
    parser.add_argument("--seconds", type=float, default=60, help="for how long")
    asked = parser.parse_args()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    found = measure(asked.orders, asked.clients, asked.seconds, say)
    print(json.dumps(found, indent=2))
    rate = found["for_a_while"]
    return 1 if rate["refused"] or rate["not_acknowledged"] else 0


if __name__ == "__main__":
    sys.exit(main())
