"""Measure the paper exchange: orders a second over HTTP, updates a second on the stream.

    make bench-exchange

A real `algotrendy exchange` process with its own PostgreSQL, a scripted market, and one client
process with keep-alive connections: both share this machine's cores, as they would on a laptop.
Every order is stored before it is answered. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import matching
import websockets

_BURST = 4_000
"""A listener that has 10,000 updates waiting is cut off."""
KEY, SECRET, SYMBOL = "PAPER", "paper-secret", "AAPL"
_HEADERS = (
    f"Host: exchange\r\nAPCA-API-KEY-ID: {KEY}\r\nAPCA-API-SECRET-KEY: {SECRET}\r\n"
    "Content-Type: application/json\r\n"
)


@contextmanager
def exchange(*options: str) -> Iterator[int]:
    """Start `algotrendy exchange` on a free port; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="at-bench-", dir="/tmp") as home:
        Path(home).chmod(0o755)
        command = [sys.executable, "-m", "algotrendy.cli.main", "exchange"]
        command += ["--port", str(port), "--market", "scripted", "--symbols", SYMBOL, *options]
        environment = {**os.environ, "ALGOTRENDY_HOME": home}
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                _await_health(port, process)
                yield port
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(20)


def _await_health(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("the exchange ended while starting")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/exchange/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the exchange did not start within 30 s")


class Connection:
    """One keep-alive HTTP/1.1 connection, no more than it takes to load a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, body: bytes) -> int:
        return await self.request("POST", path, body)

    async def request(self, method: str, path: str, body: bytes = b"") -> int:
        head = f"{method} {path} HTTP/1.1\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in answer.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        await self._reader.readexactly(length)
        return int(answer[9:12])

    def close(self) -> None:
        self._writer.close()


def _order(name: str, kind: str) -> bytes:
    order = {"symbol": SYMBOL, "qty": "1", "side": "buy", "time_in_force": "gtc"}
    order |= {"type": "limit", "limit_price": "50"} if kind == "resting" else {"type": "market"}
    return json.dumps({**order, "client_order_id": name}).encode()


_runs = count()


async def _send(port: int, kind: str, connections: int, orders: int) -> dict[str, float]:
    """Send orders over so many connections at once, one at a time on each."""
    names, run = iter(range(orders)), next(_runs)
    waits: list[float] = []
    refused = 0

    async def worker() -> None:
        nonlocal refused
        connection = await Connection.to(port)
        for number in names:
            start = time.perf_counter()
            status = await connection.post("/v2/orders", _order(f"{run}-{kind}-{number}", kind))
            waits.append(time.perf_counter() - start)
            refused += status != 200
        connection.close()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    seconds = time.perf_counter() - start
    if refused:
        raise SystemExit(f"{refused} of {orders} {kind} orders were refused")
    cuts = statistics.quantiles(waits, n=100)
    return {
        "orders": orders,
        "connections": connections,
        "orders_per_s": round(orders / seconds),
        "p50_ms": round(cuts[49] * 1e3, 2),
        "p99_ms": round(cuts[98] * 1e3, 2),
    }


async def _listen(port: int, expected: int, listening: asyncio.Event) -> tuple[int, float]:
    """Count trade updates until all came; give how many, and the seconds from first to last."""
    async with websockets.connect(f"ws://127.0.0.1:{port}/stream", compression=None) as stream:
        login = {"action": "authenticate", "data": {"key_id": KEY, "secret_key": SECRET}}
        await stream.send(json.dumps(login))
        await stream.recv()
        await stream.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        await stream.recv()
        listening.set()
        seen, first = 0, 0.0
        while seen < expected:
            message = await stream.recv()
            first = first or time.perf_counter()
            seen += b"trade_updates" in (message.encode() if isinstance(message, str) else message)
        return seen, time.perf_counter() - first


async def _updates(port: int, orders: int) -> dict[str, float]:
    """Send market orders and listen: each gives `new` and `fill`."""
    listening = asyncio.Event()
    listener = asyncio.create_task(_listen(port, 2 * orders, listening))
    await listening.wait()
    sent = await _send(port, "market", 16, orders)
    seen, seconds = await listener
    return {**sent, "updates": seen, "updates_per_s": round(seen / seconds)}


async def _burst(port: int, orders: int, listeners: int) -> dict[str, float]:
    """Cancel many orders at once before several listeners: the stream's own pace."""
    control = await Connection.to(port)
    await control.request("DELETE", "/v2/orders")
    await _send(port, "resting", 16, orders)
    begun = [asyncio.Event() for _ in range(listeners)]
    tasks = [asyncio.create_task(_listen(port, orders, event)) for event in begun]
    await asyncio.gather(*(event.wait() for event in begun))
    start = time.perf_counter()
    await control.request("DELETE", "/v2/orders")
    control.close()
    heard = await asyncio.gather(*tasks)
    longest = max(seconds for _, seconds in heard)
    return {
        "updates": orders,
        "listeners": listeners,
        "updates_per_s": round(orders * listeners / longest),
        "cancel_and_tell_all_s": round(time.perf_counter() - start, 2),
    }


async def _measure(port: int, orders: int) -> dict[str, object]:
    control = await Connection.to(port)
    quote = {"type": "quote", "symbol": SYMBOL, "bid": 99.99, "ask": 100}
    status = await control.post("/exchange/events", json.dumps({"events": [quote]}).encode())
    if status != 200:
        raise SystemExit(f"the exchange did not take a quote: {status}")
    await _send(port, "warm-up", 4, 200)
    return {
        "one_connection": await _send(port, "resting", 1, orders // 10),
        "many_connections": await _send(port, "market-a", 16, orders),
        "with_a_listener": await _updates(port, orders),
        "a_burst_to_one_listener": await _burst(port, min(orders, _BURST), 1),
        "a_burst_to_four_listeners": await _burst(port, min(orders, _BURST), 4),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=10_000)
    orders = parser.parse_args().orders
    found: dict[str, object] = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    for store, options in (("postgresql", ()), ("none", ("--ephemeral",))):
        with exchange("--cash", "1000000000", "--speed", "1", *options) as port:
            found[f"http, state in {store}"] = asyncio.run(_measure(port, orders))
    found["matching"] = matching.measure()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
