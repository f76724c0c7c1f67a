"""W1 in vectorbt: arrays of signals, shifted by one bar so that they fill at the next open."""

from __future__ import annotations

import pandas as pd
import vectorbt as vbt
from measuring import Outcome, Subject, report, size
from workloads import CASH, FAST, FEE, SLOW, UNITS, minute_bars, minute_times


def main() -> None:
    bars = minute_bars(size())
    index = pd.to_datetime(minute_times(size()))
    open_, close = pd.Series(bars.open, index), pd.Series(bars.close, index)

    def run(_: object) -> Outcome:
        fast, slow = vbt.MA.run(close, FAST).ma, vbt.MA.run(close, SLOW).ma
        portfolio = vbt.Portfolio.from_signals(
            close,
            (fast > slow).vbt.signals.fshift(1),
            (fast < slow).vbt.signals.fshift(1),
            price=open_,
            size=UNITS,
            init_cash=CASH,
            fees=FEE,
            freq="1min",
        )
        return Outcome(float(portfolio.value().iloc[-1]), len(portfolio.orders.records))

    report(Subject("vectorbt", "vectorbt", "arrays, numba"), "W1", run)


if __name__ == "__main__":
    main()
