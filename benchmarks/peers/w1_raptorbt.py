"""W1 in raptorbt: arrays of signals."""

from __future__ import annotations

import raptorbt
from measuring import Outcome, Subject, report, size
from raptorbt_terms import NOTE, config, fills, lots, shares_of_capital
from workloads import CASH, FAST, SLOW, minute_bars, minute_times


def main() -> None:
    bars, times = minute_bars(size()), minute_times(size())

    def run(_: object) -> Outcome:
        fast, slow = raptorbt.sma(bars.close, FAST), raptorbt.sma(bars.close, SLOW)
        result = raptorbt.run_single_backtest(
            times,
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            bars.volume,
            fast > slow,
            fast < slow,
            config=config(CASH),
            position_sizes=shares_of_capital(bars.close, CASH),
            instrument_config=lots(),
        )
        return Outcome(float(result.equity_curve()[-1]), fills(result.metrics))

    report(Subject("raptorbt", "raptorbt", "arrays, Rust", NOTE), "W1", run)


if __name__ == "__main__":
    main()
