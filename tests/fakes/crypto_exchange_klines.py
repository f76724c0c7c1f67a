"""The bars of the fake crypto exchange, as ``GET /api/v3/klines`` of Binance tells them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

MINUTE_MS = 60_000


class Klines:
    """Bars by their begin in milliseconds, and what to answer first instead of them."""

    def __init__(self) -> None:
        self.rows: dict[int, Sequence[float]] = {}
        self.first: deque[Response] = deque()
        self.asked: list[Mapping[str, str]] = []

    def answer(self, params: Mapping[str, str]) -> Response:
        self.asked.append(params)
        if self.first:
            return self.first.popleft()
        since, limit = int(params["startTime"]), min(int(params.get("limit", 500)), 1000)
        times = [time for time in sorted(self.rows) if time >= since][:limit]
        return JSONResponse([_kline(time, self.rows[time]) for time in times])


def _kline(time_ms: int, numbers: Sequence[float]) -> list[Any]:
    told = [f"{number:.8f}" for number in numbers]
    return [time_ms, *told, time_ms + MINUTE_MS - 1, "0", 1, "0", "0", "0"]
