"""W2 in vectorbt: every pair and symbol is a column, and all of them one call."""

from __future__ import annotations

import numpy as np
import pandas as pd
import vectorbt as vbt
from measuring import Outcome, Subject, report, size
from numpy.typing import NDArray
from workloads import FEE, SWEEP_CASH, UNITS, daily_panel, daily_times, pairs


def _shifted(signals: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.vstack([np.zeros((1, signals.shape[1]), bool), signals[:-1]])


def main() -> None:
    panel, grid = daily_panel(), pairs(size())
    opens = np.column_stack([bars.open for bars in panel])
    closes = np.column_stack([bars.close for bars in panel])
    index = pd.to_datetime(daily_times())
    frame = pd.DataFrame(closes, index)

    def run(_: object) -> Outcome:
        fast = vbt.MA.run(frame, [pair[0] for pair in grid]).ma.to_numpy()
        slow = vbt.MA.run(frame, [pair[1] for pair in grid]).ma.to_numpy()
        portfolio = vbt.Portfolio.from_signals(
            pd.DataFrame(np.tile(closes, (1, len(grid))), index),
            _shifted(fast > slow),
            _shifted(fast < slow),
            price=np.tile(opens, (1, len(grid))),
            size=UNITS,
            init_cash=SWEEP_CASH,
            fees=FEE,
            freq="1D",
        )
        fills = len(portfolio.orders.records)
        return Outcome(float(portfolio.final_value().to_numpy().mean()), fills)

    report(Subject("vectorbt", "vectorbt", "arrays, numba"), "W2", run)


if __name__ == "__main__":
    main()
