"""A client of the stream: how late it hears, and whether it hears every bar."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Listener:
    """Listens in a thread of its own, and comes back whenever it is cut off.

    Args:
        url: Of the stream.
        token: Gives one that counts.
        asked: Symbols and channels.
    """

    def __init__(
        self, url: str, token: Callable[[], str], symbols: Sequence[str], styles: Sequence[str]
    ) -> None:
        self._url, self._token = url, token
        self._symbols, self._styles = symbols, styles
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._began = time.time()
        self.late_s: list[float] = []
        self.passed_on_s: list[float] = []
        self.bars_late_s: list[float] = []
        self.last: dict[tuple[str, str], int] = {}
        self.faults: list[str] = []
        self.connections = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ends.set()
        self._thread.join(20)

    def _run(self) -> None:
        while not self._ends.is_set():
            with suppress(OSError, WebSocketException, TimeoutError):
                self._listen()
            self._ends.wait(0.5)

    def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {self._token()}"}
        with connect(self._url, additional_headers=headers, max_size=2**24) as socket:
            self.connections += 1
            plain = {"type": "subscribe", "symbols": self._symbols, "channels": ["trades"]}
            socket.send(json.dumps({**plain, "last": 0}))
            for style in self._styles:
                for symbol in self._symbols:
                    asked: dict[str, Any] = {
                        "type": "subscribe",
                        "symbols": [symbol],
                        "channels": [f"bars:{style}"],
                    }
                    if (last := self.last.get((symbol, style))) is not None:
                        asked["after"] = last
                    socket.send(json.dumps(asked))
            while not self._ends.is_set():
                with suppress(TimeoutError):
                    self._hear(json.loads(socket.recv(timeout=1)))

    def _hear(self, message: dict[str, Any]) -> None:
        now = time.time()
        match message["type"]:
            case "trade":
                self.late_s.append(now - _seconds(message["time"]))
                self.passed_on_s.append(now - _seconds(message["received"]))
            case "bar":
                self._bar(message["symbol"], message["style"], message)
                # Bars of the history that a first start reads are late by nature.
                if (known := _seconds(message["known"])) > self._began:
                    self.bars_late_s.append(now - known)
            case "snapshot" if message["channel"].startswith("bars:"):
                style = message["channel"].removeprefix("bars:")
                key = message["symbol"], style
                if missing := message.get("missing"):
                    self.last[key] = missing["last"]
                elif message["reason"] == "subscribed" and message["bars"]:
                    self.last[key] = message["bars"][0]["number"] - 1
                for bar in message["bars"]:
                    self._bar(*key, bar)
            case "error":
                self.faults.append(json.dumps(message))

    def _bar(self, symbol: str, style: str, bar: dict[str, Any]) -> None:
        key = symbol, style
        expected = self.last.get(key, bar["number"] - 1) + 1
        if bar["number"] != expected:
            self.faults.append(f"{symbol} {style}: bar {bar['number']} after {expected - 1}")
        self.last[key] = bar["number"]


def _seconds(text: str) -> float:
    # Nanoseconds are more digits than a datetime has.
    moment = datetime.fromisoformat(text[:26] + "+00:00")
    return (moment - _EPOCH).total_seconds()
