"""Every strategy of the library on real bars, held to what it did before: figures and orders.

``make golden`` writes the file anew; the commit then says why the results changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library
from fakes.sample_datasets import PAIRS, SEVERAL, SINGLE, dataset

GOLDEN = Path(__file__).with_name("library.json")
TERMS = Terms(100_000.0, fee_bps=10.0)
WITH_SHORTS = Terms(100_000.0, fee_bps=10.0, allow_short=True)
BOTH_WAYS = ("pairs_trading",)
ON_ANY_NUMBER = ("faber_timing", "time_series_momentum")
ORDER = (
    "step", "asset", "side", "kind", "tif", "role", "entry", "units", "limit", "stop",
    "trail_price", "trail_percent", "state", "filled", "value",
)  # fmt: skip
"""What an order is hashed by; its id is its place in the list."""


def bars_for(strategy: Strategy) -> tuple[str, ...]:
    if strategy.name in BOTH_WAYS:
        return PAIRS
    if strategy.assets > 1:
        return SEVERAL
    return (*SINGLE, SEVERAL[0]) if strategy.name in ON_ANY_NUMBER else SINGLE


def ran(strategy: Strategy, symbols: str) -> Backtest:
    terms = WITH_SHORTS if strategy.name in BOTH_WAYS else TERMS
    setting = Setting(dataset(symbols), strategy, strategy.check({}), terms)
    return run(setting, "interpreted")


def order_list(backtest: Backtest) -> str:
    """Write each order in a line, numbers to 12 digits."""
    columns = [backtest.orders[name].tolist() for name in ORDER]
    return "\n".join(" ".join(f"{cell:.12g}" for cell in row) for row in zip(*columns, strict=True))


def canonical(value: float | None) -> float | None:
    return float(f"{value:.12g}") if isinstance(value, float) else value


def told(backtest: Backtest) -> dict[str, Any]:
    figures = summarise(backtest)
    return {
        **{name: canonical(getattr(figures, name)) for name in STATISTICS},
        "fills": len(backtest.fills),
        "orders": len(backtest.orders),
        "orders_sha256": hashlib.sha256(order_list(backtest).encode()).hexdigest(),
    }


def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    return found


@pytest.mark.parametrize("strategy", library(), ids=lambda strategy: strategy.name)
def test_a_strategy_gives_the_figures_and_orders_it_gave_before(strategy: Strategy) -> None:
    found = {}
    for symbols in bars_for(strategy):
        backtest = ran(strategy, symbols)
        first = int(backtest.orders["step"][0])
        assert first + 1 >= strategy.warm_up(strategy.check({})), "an order while it warms up"
        found[symbols] = told(backtest)
    if os.environ.get("WRITE_GOLDEN"):
        there_are = {each.name for each in library()}
        kept = {name: results for name, results in golden().items() if name in there_are}
        written = {**kept, strategy.name: found}
        GOLDEN.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")
    assert found == golden()[strategy.name]


def test_the_golden_results_are_those_of_the_library() -> None:
    assert sorted(golden()) == [strategy.name for strategy in library()]


def test_another_order_is_another_hash() -> None:
    backtest = ran(library()[0], "SPX")
    before = order_list(backtest)
    backtest.orders["limit"][-1] += 0.01
    assert order_list(backtest) != before
