"""Research with a past: a sweep and a backtest that are done, a walk-forward, and trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP
from api_examples.asking import CORRELATION_ID, EVERY_ROLE, Ask
from fakes.backtest_api import Backend
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk

_SHORT: dict[str, Any] = {"strategy": "sma_cross", "start": "2000-01-01", "end": "2000-12-31"}
_SWEEP = {**_SHORT, "symbols": ["AAPL"], "parameters": {"fast": ["4", "8"], "slow": ["16"]}}
_BACKTEST = {**_SHORT, "symbol": "AAPL", "parameters": {"fast": "4", "slow": "16"}}
_WALK = {
    **_SHORT,
    "symbols": ["AAPL"],
    "parameters": {"fast": ["4", "8"], "slow": ["16"]},
    "windows": {"in_sample": 90, "out_of_sample": 60},
}

ASKS: dict[str, Ask] = {
    "list_strategies": Ask(),
    "get_gate": Ask(),
    "list_trials": Ask(),
    "count_trials": Ask(query={"symbol": "AAPL", "first": "2000-01-01", "last": "2000-12-31"}),
    "start_backtest": Ask(),
    "list_backtests": Ask(),
    "get_backtest": Ask({"backtest_id": "backtest"}),
    "start_sweep": Ask(),
    "list_sweeps": Ask(),
    "get_sweep": Ask({"sweep_id": "sweep"}),
    "cancel_sweep": Ask({"sweep_id": "running sweep"}),
    "start_walk_forward": Ask(),
    "list_walk_forwards": Ask(),
    "get_walk_forward": Ask({"walk_forward_id": "walk"}),
    "get_walk_forward_curve": Ask({"walk_forward_id": "walk"}),
    "cancel_walk_forward": Ask({"walk_forward_id": "running walk"}),
}


class ResearchWorld:
    """Has bars of two symbols over fourteen years, and what was tried on the first of them."""

    def __init__(self, folder: Path) -> None:
        self._backend = Backend(folder)
        self._backend.bars = MemoryBars(walk("AAPL", 5000, seed=1), walk("MSFT", 5000, seed=2))
        groups = (f"{ROLE_GROUP}{role}" for role in EVERY_ROLE)
        self._client = self._backend.client(f"{TENANT_GROUP}demo", *groups)
        self.things: dict[str, str] = {
            "sweep": self._made("sweeps", _SWEEP),
            "backtest": self._made("backtests", _BACKTEST),
            "walk": self._made("walk-forwards", _WALK),
            "running sweep": self._made("sweeps", {**_SWEEP, "seed": 1}),
            "running walk": self._made("walk-forwards", {**_WALK, "cash": "50000"}),
        }
        self._backend.finish(self.things["sweep"])
        self._backend.finish(self.things["backtest"])
        self._backend.finish_walk(self.things["walk"])

    def renew(self) -> None:
        """Leave all as it is: what one example does is in no other's way."""

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, as somebody with every role."""
        return self._client.request(method, path, **options)

    def _made(self, kind: str, body: dict[str, Any]) -> str:
        key = f"past-{kind}-{body.get('seed')}-{body.get('cash')}"
        headers = {"idempotency-key": key, "x-correlation-id": CORRELATION_ID}
        answer = self.send("POST", f"/v1/{kind}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])
