"""Walk-forwards on the engine: seeded bars, a small request, somebody who counts."""

from __future__ import annotations

from typing import Any

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.ports import TrialStore
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.backtest.validation.walk_plan import WalkPlan, plan_walk
from algotrendy.kernel.ids import CorrelationId, UserId
from algotrendy.market_data.ports import BarStore
from fakes.bar_store import MemoryBars
from fakes.bars_for_backtests import walk
from fakes.some_trials import ACME, ledger_over

REQUEST: dict[str, Any] = {
    "strategy": "sma_cross",
    "symbols": ["AAA"],
    "start": "2000-01-01",
    "end": "2010-12-31",
    "parameters": {"fast": [3, 5, 8], "slow": [10, 20]},
    "windows": {"in_sample": 100, "out_of_sample": 50, "embargo": 5},
    "cross_checks": None,
}
"""6 combinations in windows of 300 bars: 3 whole ones, and a short one of 45 bars."""


def some_plan(bars: BarStore | None = None, **changes: Any) -> WalkPlan:
    """Plan the walk of ``REQUEST``, interpreted."""
    store = bars or MemoryBars(walk("AAA", 300, seed=3))
    return plan_walk(parse_walk_forward({**REQUEST, **changes}), store, "interpreted")


def some_recorder(store: TrialStore | None = None) -> Recorder:
    """Count for ada of acme."""
    ledger = ledger_over(store or MemoryTrials())
    return Recorder(ledger, ACME, UserId("ada"), CorrelationId("request-1"))
