"""W2 in raptorbt: one batch of signals for each symbol, on all cores."""

from __future__ import annotations

import numpy as np
import raptorbt
from measuring import Outcome, Subject, mean, report, size
from raptorbt_terms import NOTE, config, fills, lots, shares_of_capital
from workloads import SWEEP_CASH, Bars, daily_panel, daily_times, pairs


def main() -> None:
    panel, times, grid = daily_panel(), daily_times(), pairs(size())
    periods = sorted({period for pair in grid for period in pair})
    terms, lot = config(SWEEP_CASH), lots()

    def batch(bars: Bars) -> list[raptorbt.BacktestMetrics]:
        means = {period: np.asarray(raptorbt.sma(bars.close, period)) for period in periods}
        shares = shares_of_capital(bars.close, SWEEP_CASH)
        items = [
            raptorbt.BatchSingleItem(
                str(k),
                means[fast] > means[slow],
                means[fast] < means[slow],
                position_sizes=shares,
                instrument_config=lot,
            )
            for k, (fast, slow) in enumerate(grid)
        ]
        done = raptorbt.batch_single_backtest(
            times, bars.open, bars.high, bars.low, bars.close, bars.volume, items, terms
        )
        return [result.metrics for _, result in done]

    def run(_: object) -> Outcome:
        metrics = [each for bars in panel for each in batch(bars)]
        return Outcome(mean([m.end_value for m in metrics]), sum(fills(m) for m in metrics))

    report(Subject("raptorbt", "raptorbt", "arrays, Rust, all cores", NOTE), "W2", run)


if __name__ == "__main__":
    main()
