"""Speak the public half of Binance's spot protocol for unmodified ccxt: trades of a test's own."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from fakes.crypto_exchange_wire import exchange_info

PAIR = "BTC/USDT"
_HOUR_MS = 3_600_000


class PublicTradesServer:
    """The exchange, on a free port of this machine.

    Attributes:
        trades: Id, milliseconds and price of each, oldest first.
        is_down: Answers 503.
        asked: How often trades were asked for.
        ahead_ms: Of its clock, before this machine's.
    """

    def __init__(self) -> None:
        self.trades: list[tuple[int, int, float]] = []
        self.is_down = False
        self.asked = 0
        self.bid = 100.0
        self.ahead_ms = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, found = server.answer(self.path)
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def make(self, count: int = 1, at_ms: int | None = None) -> None:
        """Make trades, all in one millisecond: now, or at another time."""
        at = round(time.time() * 1000) if at_ms is None else at_ms
        for _ in range(count):
            number = len(self.trades)
            self.trades.append((number, at, 100.0 + number))

    def answer(self, address: str) -> tuple[int, Any]:
        """Answer a request."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        if self.is_down:
            return 503, {"code": -1001, "msg": "Internal error"}
        match parts.path.rpartition("/v3/")[2]:
            case "exchangeInfo":
                return 200, exchange_info(round(time.time() * 1000))
            case "time":
                return 200, {"serverTime": round(time.time() * 1000) + self.ahead_ms}
            case "aggTrades":
                self.asked += 1
                return 200, self._page(asked)
            case "ticker/bookTicker":
                return 200, [_book(self.bid)]
            case _:
                return 404, {"code": -1, "msg": "not here"}

    def _page(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        begin = int(asked["startTime"])
        end = int(asked.get("endTime", begin + _HOUR_MS))
        found = [row for row in list(self.trades) if begin <= row[1] <= end]
        return [
            {"a": id_, "p": str(price), "q": "0.5", "f": id_, "l": id_, "T": at, "m": False}
            for id_, at, price in found[: int(asked.get("limit", 500))]
        ]


def _book(bid: float) -> dict[str, str]:
    return {
        "symbol": "BTCUSDT",
        "bidPrice": str(bid),
        "bidQty": "1",
        "askPrice": str(bid + 1),
        "askQty": "2",
    }
