"""Measure the statistics of a run beside empyrical and, where it is installed, quantstats.

    python benchmarks/figures.py

Every figure of ``full_statistics`` (growth, risk, ratios, drawdowns with their table, confidence,
benchmark, calendar), against what the others need for fewer: 21 functions of empyrical, the full
report's table of quantstats, and 20 figures in bare numpy. All of it in one process, so that the
ratios hold on any machine. Then the probability of backtest overfitting and the bootstrap, with
the most memory that they took. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
import tracemalloc
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from algotrendy.backtest.statistics.full import full_statistics
from algotrendy.backtest.statistics.overfitting import backtest_overfitting
from algotrendy.backtest.statistics.resampling import bootstrap_intervals, figures
from algotrendy.backtest.statistics.series import DAY_NS, FloatArray

SIZES = (2_520, 100_000)
OF_A_RUN = (
    "annual_return",
    "annual_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "max_drawdown",
    "omega_ratio",
    "stability_of_timeseries",
    "tail_ratio",
    "value_at_risk",
    "conditional_value_at_risk",
    "cum_returns_final",
    "downside_risk",
    "cagr",
)
BESIDE_A_BENCHMARK = (
    "alpha",
    "beta",
    "excess_sharpe",
    "up_capture",
    "down_capture",
    "capture",
    "batting_average",
)
Call = Callable[[], object]
QUANTSTATS = "quantstats, full metrics"
SLOW = {QUANTSTATS}
"""Measured once, after a call that does not count."""


def best_ms(calls: Mapping[str, Call], rounds: int) -> dict[str, float]:
    """Give the least time of each call; they take turns, so that a busy machine hits them alike."""
    best = dict.fromkeys(calls, float("inf"))
    for lap in range(rounds + 1):
        for name, call in calls.items():
            if name in SLOW and lap > 1:
                continue
            start = time.perf_counter()
            call()
            if lap:
                best[name] = min(best[name], (time.perf_counter() - start) * 1e3)
    return {name: round(took, 3) for name, took in best.items()}


def returns_of(bars: int) -> tuple[FloatArray, FloatArray]:
    """Make daily returns and a benchmark's, from fixed seeds."""
    ours = np.random.Generator(np.random.PCG64(7)).normal(0.0003, 0.01, bars)
    rest = np.random.Generator(np.random.PCG64(8)).normal(0.0, 0.006, bars)
    return ours, 0.8 * ours + rest


def bare(r: FloatArray, b: FloatArray) -> dict[str, Any]:
    """Compute 20 figures with numpy, each as it is usually written."""
    mean, deviation, bars = r.mean(), r.std(ddof=1), len(r)
    wealth = np.cumprod(1 + r)
    fall = wealth / np.maximum.accumulate(wealth) - 1
    lost = np.minimum(r, 0)
    low = np.quantile(r, 0.05)
    spread = np.cov(r, b)
    score = (r - mean) / deviation
    cagr = wealth[-1] ** (252 / bars) - 1
    beta = spread[0, 1] / spread[1, 1]
    return {
        "total": wealth[-1] - 1,
        "cagr": cagr,
        "volatility": deviation * 252**0.5,
        "sharpe": mean / deviation * 252**0.5,
        "sortino": mean / np.sqrt((lost**2).mean()) * 252**0.5,
        "max_drawdown": fall.min(),
        "calmar": -cagr / fall.min(),
        "var": low,
        "cvar": r[r <= low].mean(),
        "skew": (score**3).mean(),
        "kurtosis": (score**4).mean() - 3,
        "beta": beta,
        "alpha": (mean - beta * b.mean()) * 252,
        "information_ratio": (r - b).mean() / (r - b).std(ddof=1) * 252**0.5,
        "win_rate": (r > 0).mean(),
        "best": r.max(),
        "worst": r.min(),
        "omega": r[r > 0].sum() / -lost.sum(),
        "ulcer": np.sqrt((fall**2).mean()),
        "tail_ratio": np.quantile(r, 0.95) / -low,
    }


def peers(r: FloatArray, b: FloatArray) -> dict[str, Call]:
    """Give a call for each library that is installed."""
    found: dict[str, Call] = {"numpy, 20 figures": lambda: bare(r, b)}
    try:
        pd: Any = importlib.import_module("pandas")
        empyrical: Any = importlib.import_module("empyrical")
    except ImportError:
        return found
    index = pd.date_range("1700-01-01", periods=len(r), freq="D")
    ours, market = pd.Series(r, index), pd.Series(b, index)
    found["empyrical, 21 figures"] = lambda: [
        *(getattr(empyrical, name)(ours) for name in OF_A_RUN),
        *(getattr(empyrical, name)(ours, market) for name in BESIDE_A_BENCHMARK),
    ]
    try:
        reports: Any = importlib.import_module("quantstats.reports")
    except ImportError:
        return found
    found[QUANTSTATS] = lambda: reports.metrics(ours, benchmark=market, mode="full", display=False)
    return found


def measure_figures(rounds: int) -> dict[str, Any]:
    """Measure us and the peers on the same returns."""
    found = {}
    for bars in SIZES:
        r, b = returns_of(bars)
        times = np.arange(bars) * DAY_NS

        def ours(r: FloatArray = r, b: FloatArray = b, times: Any = times) -> object:
            return full_statistics(returns=r, times=times, benchmark=b)

        took = best_ms({"algotrendy": ours, **peers(r, b)}, rounds)
        found[f"{bars} returns"] = {
            "figures": _count(ours()),
            "ms": took,
            "times as fast": {
                name: round(ms / took["algotrendy"], 2)
                for name, ms in took.items()
                if name != "algotrendy"
            },
        }
    return found


def measure_search(bars: int, trials: int, blocks: int) -> dict[str, Any]:
    """Measure the probability of overfitting of a search, and the bootstrap of one run."""
    random = np.random.Generator(np.random.PCG64(9))
    performance = random.standard_normal((bars, trials), dtype=np.float32) * np.float32(0.01)
    seconds, megabytes, found = _taken(lambda: backtest_overfitting(performance, blocks))
    r, _ = returns_of(bars)
    boot_seconds, boot_megabytes, _ = _taken(
        lambda: bootstrap_intervals(r, figures(252.0), seed=1, resamples=2_000)
    )
    return {
        "overfitting": {
            "bars": bars,
            "trials": trials,
            "splits": found.splits,
            "seconds": seconds,
            "megabytes beside the input": megabytes,
            "probability, of noise": round(found.probability, 3),
        },
        "bootstrap": {
            "bars": bars,
            "resamples": 2_000,
            "figures": len(figures(252.0)),
            "seconds": boot_seconds,
            "megabytes": boot_megabytes,
        },
    }


def _taken(call: Callable[[], Any]) -> tuple[float, float, Any]:
    start = time.perf_counter()
    call()
    seconds = time.perf_counter() - start
    tracemalloc.start()
    found = call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(seconds, 2), round(most / 1e6, 1), found


def _count(statistics: Any) -> int:
    groups = statistics.as_dict()
    return len(
        [
            value
            for group in groups.values()
            if isinstance(group, dict)
            for value in group.values()
            if isinstance(value, int | float)
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30, help="the least time of so many counts")
    parser.add_argument("--bars", type=int, default=2_520, help="of the search, default 2520")
    parser.add_argument("--trials", type=int, default=10_000, help="of the search, default 10000")
    parser.add_argument("--blocks", type=int, default=16, help="of the history, even, default 16")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    measured = {
        "full_statistics": measure_figures(chosen.rounds),
        **measure_search(chosen.bars, chosen.trials, chosen.blocks),
    }
    print(json.dumps(measured, indent=2))
