"""Strategies of the library on real bars, held to what they gave before.

WRITE_GOLDEN=1 writes the file anew; the commit then says why the results changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from algotrendy.backtest.engine.raw import DONE
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.rows import canonical
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.library import strategy_named
from fakes.scripted_strategy import ran

GOLDEN = Path(__file__).with_name("real_bars.json")
TERMS = Terms(100_000.0, fee_bps=10.0)


@pytest.fixture(scope="module")
def series() -> dict[str, BarSeries]:
    return {bars.bars.symbol: bars.bars.adjusted("all") for bars in read_samples("bokeh")}


def results(series: BarSeries) -> dict[str, Any]:
    found = {}
    for name in ("buy_and_hold", "rsi_reversion", "sma_cross"):
        result = ran(series, strategy_named(name), TERMS)
        row = asdict(summarise(result))
        fills = [
            f"{fill['step']} {fill['units']!r} {fill['price']!r} {fill['fee']!r}"
            for fill in (
                dict(zip(DONE.names or (), row, strict=True)) for row in result.fills.tolist()
            )
        ]
        found[name] = {
            "statistics": {name: canonical(row[name]) for name in STATISTICS},
            "fills": len(fills),
            "fills_sha256": hashlib.sha256("\n".join(fills).encode()).hexdigest(),
        }
    return found


@pytest.mark.parametrize("symbol", ["AAPL", "IBM"])
def test_a_strategy_gives_the_results_it_gave_before(
    symbol: str, series: dict[str, BarSeries]
) -> None:
    found = results(series[symbol])
    if os.environ.get("WRITE_GOLDEN"):
        written = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        GOLDEN.write_text(json.dumps({**written, symbol: found}, indent=2) + "\n")
    assert found == json.loads(GOLDEN.read_text())[symbol]


def test_buy_and_hold_makes_what_the_prices_make(series: dict[str, BarSeries]) -> None:
    bars = series["IBM"]
    # Sized at the first close, and cut to what the cash pays at the open, which is dearer.
    assert bars.open[1] > bars.close[0]
    shares = int(100_000 / (bars.open[1] * 1.001))
    expected = 100_000 - shares * bars.open[1] * 1.001 + shares * bars.close[-1]
    result = ran(bars, strategy_named("buy_and_hold"), TERMS)
    assert result.equity[-1] == pytest.approx(expected)
