"""Random markets with all that a dataset can hold: gaps, actions, currencies, coarser bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.actions import Action, delisting, dividend, split
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import AssetTerms, from_arrays, rate
from algotrendy.backtest.data.moments import MINUTE_NS
from fakes.bar_columns import at

BEGIN = at("2024-02-26T00:00:00")
SPAN = 10 * MINUTE_NS
BARS_A_DAY = 12


def times(bars: int) -> NDArray[np.int64]:
    """Give the begins of ten-minute bars, twelve a day from 14:30 UTC on."""
    day, bar = np.divmod(np.arange(bars), BARS_A_DAY)
    return BEGIN + (day * 144 + 87 + bar) * SPAN


def prices(random: np.random.Generator, bars: int) -> dict[str, NDArray[np.float64]]:
    """Draw bars in cents whose opens jump, so that stops are passed."""
    close = np.round(50.0 * np.exp(np.cumsum(random.standard_normal(bars) * 0.006)), 2)
    before = np.concatenate(([50.0], close[:-1]))
    jump = np.where(random.random(bars) < 0.1, 0.02, 0.002)
    open_ = np.round(before * np.exp(random.standard_normal(bars) * jump), 2)
    up, down = np.abs(random.standard_normal((2, bars))) * 0.004
    high = np.round(np.maximum(open_, close) * (1.0 + up), 2)
    low = np.round(np.minimum(open_, close) * (1.0 - down), 2)
    return {
        "open": open_,
        "high": np.maximum(high, np.maximum(open_, close)),
        "low": np.minimum(low, np.minimum(open_, close)),
        "close": close,
        "volume": random.integers(200, 5_000, bars).astype(float),
    }


def one_asset(bars: int, seed: int) -> Dataset:
    """Give one asset with hourly bars besides its own, and nothing else."""
    random = np.random.Generator(np.random.PCG64(seed))
    return from_arrays(
        {"ONE": {"time": times(bars), **prices(random, bars)}},
        timeframe="10Min",
        coarser=("1Hour",),
    )


def several_assets(bars: int, seed: int) -> Dataset:
    """Give four assets: one in euros, one split and with dividends, one delisted, one a future."""
    random = np.random.Generator(np.random.PCG64(seed))
    arrays: dict[str, Any] = {}
    for place, symbol in enumerate(("FIRST", "EURO", "GONE", "FUTURE")):
        kept = np.sort(random.choice(bars, bars - (bars // 8 if place else 0), replace=False))
        if symbol == "GONE":
            kept = kept[kept < bars * 2 // 3]
        drawn = prices(random, bars)
        arrays[symbol] = {"time": times(bars)[kept]} | {n: v[kept] for n, v in drawn.items()}
    del arrays["FUTURE"]["volume"]
    return from_arrays(
        arrays,
        timeframe="10Min",
        coarser=("1Hour",),
        terms={
            "FIRST": AssetTerms(tick=0.01),
            "EURO": AssetTerms(currency="EUR", borrow_rate=0.05),
            "GONE": AssetTerms(fractional=True),
            "FUTURE": AssetTerms(multiplier=5.0, tick=0.25, fractional=False),
        },
        actions={"FIRST": _some_actions(bars), "GONE": [_end(bars, seed)]},
        rates={"EUR": _euros(random, bars)},
    )


def _some_actions(bars: int) -> list[Action]:
    moments = [int(times(bars)[bars * part // 10]) for part in (2, 4, 6, 8)]
    return [
        dividend(moments[0], 0.37),
        split(moments[1], 3, 2),
        dividend(moments[1], 0.11),
        split(moments[2], 1, 7),
        split(moments[3], 2),
    ]


def _end(bars: int, seed: int) -> Action:
    moment = int(times(bars)[bars * 7 // 10])
    return delisting(moment) if seed % 2 else delisting(moment, 0.0 if seed % 4 else 12.5)


def _euros(random: np.random.Generator, bars: int) -> Any:
    days = bars // BARS_A_DAY + 2
    close = np.round(1.1 * np.exp(np.cumsum(random.standard_normal(days) * 0.004)), 4)
    day = BEGIN - 144 * SPAN + np.arange(days) * 144 * SPAN
    return rate({"time": day, "close": close}, "1Day")
