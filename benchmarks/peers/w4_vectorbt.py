"""W4 in vectorbt: signals with its stop-loss and take-profit; it has no resting orders.

Both are measured from the price at which it values the asset, which is the signal bar's close
here. It watches them from the bar after the entry on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import vectorbt as vbt
from measuring import Outcome, Subject, report, size
from workloads import BRACKET, CASH, EVERY, FEE, UNITS, minute_bars, minute_times

NOTE = "watches its exits from the bar after the entry on, not in the entry's own bar"


def main() -> None:
    bars = minute_bars(size())
    index = pd.to_datetime(minute_times(size()))
    close = pd.Series(bars.close, index)
    entries = pd.Series(np.arange(size()) % EVERY == 1, index)
    before = np.concatenate((bars.close[:1], bars.close[:-1]))
    never = pd.Series(np.zeros(size(), bool), index)

    def run(_: object) -> Outcome:
        portfolio = vbt.Portfolio.from_signals(
            close,
            entries,
            never,
            price=bars.open,
            open=bars.open,
            high=bars.high,
            low=bars.low,
            sl_stop=BRACKET,
            tp_stop=BRACKET,
            stop_entry_price="valprice",
            val_price=before,
            size=UNITS,
            init_cash=CASH,
            fees=FEE,
            freq="1min",
        )
        return Outcome(float(portfolio.value().iloc[-1]), len(portfolio.orders.records))

    report(Subject("vectorbt", "vectorbt", "arrays, numba", NOTE), "W4", run)


if __name__ == "__main__":
    main()
