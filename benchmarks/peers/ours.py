"""Run the workloads in AlgoTrendy; the product's own environment runs this.

The arguments are size, workload and mode: ``ours.py 1000000 W1 interpreted``. What a mode does
is one function in RUNS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from measuring import Outcome, Subject, mean, report, size
from numpy.typing import NDArray
from workloads import (
    CASH,
    FAST,
    FEE,
    SLOW,
    SWEEP_CASH,
    UNITS,
    Bars,
    daily_panel,
    daily_times,
    minute_bars,
    minute_times,
    pairs,
)

from algotrendy.backtest.engine import Terms, run
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.library.sma_cross import SMA_CROSS

Run = Callable[[object], Outcome]


def w1_interpreted() -> Run:
    """Give W1 with the library's crossing of means."""
    series = _series(minute_bars(size()), minute_times(size()))
    return lambda _: _crossing(series, CASH, FAST, SLOW)


def w2_interpreted() -> Run:
    """Give W2, one run after the other."""
    panel = [_series(bars, daily_times()) for bars in daily_panel()]

    def sweep(_: object) -> Outcome:
        done = [
            _crossing(series, SWEEP_CASH, fast, slow)
            for fast, slow in pairs(size())
            for series in panel
        ]
        return Outcome(mean([o.equity for o in done]), sum(o.fills or 0 for o in done))

    return sweep


RUNS: dict[tuple[str, str], Callable[[], Run]] = {
    ("W1", "interpreted"): w1_interpreted,
    ("W2", "interpreted"): w2_interpreted,
}


def _series(bars: Bars, times: NDArray[np.int64]) -> BarSeries:
    columns = (times, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return BarSeries(Symbol("SYN"), Timeframe.DAY, *(tuple(column.tolist()) for column in columns))


def _crossing(series: BarSeries, cash: float, fast: int, slow: int) -> Outcome:
    values = SMA_CROSS.check({"fast": fast, "slow": slow, "units": UNITS})
    found = run(series, SMA_CROSS, values, Terms(cash=cash, fee_bps=FEE * 10_000))
    return Outcome(found.equity[-1], len(found.fills))


def main() -> None:
    """Measure one workload in one mode."""
    workload, mode = sys.argv[2:4]
    if (workload, mode) not in RUNS:
        raise SystemExit(f"the engine does not run {workload} {mode}")
    report(Subject("ours", "algotrendy", mode), workload, RUNS[workload, mode]())


if __name__ == "__main__":
    main()
