"""The library's strategies on real bars, held to what they gave before.

WRITE_GOLDEN=1 writes the file anew; the commit then says why the results changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.engine import Terms, run
from algotrendy.backtest.shard import STATISTICS, run_one
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.library import library, strategy_named

GOLDEN = Path(__file__).with_name("real_bars.json")
TERMS = Terms(100_000.0, fee_bps=10.0)


@pytest.fixture(scope="module")
def series() -> dict[str, BarSeries]:
    return {bars.bars.symbol: bars.bars.adjusted("all") for bars in read_samples("bokeh")}


def results(series: BarSeries) -> dict[str, Any]:
    found = {}
    for strategy in library():
        values = strategy.check({})
        row = run_one(series, strategy, tuple(values.values()), TERMS, 1)
        fills = [
            f"{fill.bar} {fill.units!r} {fill.price!r} {fill.fee!r}"
            for fill in run(series, strategy, values, TERMS).fills
        ]
        found[strategy.name] = {
            "statistics": dict(zip(STATISTICS, row[1:], strict=True)),
            "fills": len(fills),
            "fills_sha256": hashlib.sha256("\n".join(fills).encode()).hexdigest(),
        }
    return found


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_every_strategy_gives_the_results_it_gave_before(
    symbol: str, series: dict[str, BarSeries]
) -> None:
    found = results(series[symbol])
    if os.environ.get("WRITE_GOLDEN"):
        written = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        GOLDEN.write_text(json.dumps({**written, symbol: found}, indent=2) + "\n")
    assert found == json.loads(GOLDEN.read_text())[symbol]


def test_buy_and_hold_makes_what_the_prices_make(series: dict[str, BarSeries]) -> None:
    bars = series["IBM"]
    shares = int(100_000 / (bars.open[1] * 1.001))
    expected = 100_000 - shares * bars.open[1] * 1.001 + shares * bars.close[-1]
    result = run(bars, strategy_named("buy_and_hold"), {}, TERMS)
    assert result.equity[-1] == pytest.approx(expected)
