"""W2 as one bare compiled loop on all cores, means from cumulative sums: the physical limit."""

from __future__ import annotations

import numpy as np
from measuring import Outcome, Subject, report, size
from numba import njit, prange
from numpy.typing import NDArray
from workloads import FEE, SWEEP_CASH, UNITS, Floats, daily_panel, pairs

Integers = NDArray[np.int64]


@njit
def one(
    open_: Floats,
    close: Floats,
    sums: Floats,
    fast: int,
    slow: int,
    units: float,
    cash: float,
    fee: float,
) -> tuple[float, int]:
    """Give final equity and fills of a run; ``sums[i]`` is that of the first i closes."""
    position, wanted, fills = 0.0, 0, 0
    for i in range(slow - 1, close.size):
        if wanted == 1:
            cash -= units * open_[i] * (1 + fee)
            position, wanted = units, 0
            fills += 1
        elif wanted == -1:
            cash += position * open_[i] * (1 - fee)
            position, wanted = 0.0, 0
            fills += 1
        fast_mean = (sums[i + 1] - sums[i + 1 - fast]) / fast
        slow_mean = (sums[i + 1] - sums[i + 1 - slow]) / slow
        if position == 0.0 and fast_mean > slow_mean:
            wanted = 1
        elif position > 0.0 and fast_mean < slow_mean:
            wanted = -1
    return cash + position * close[-1], fills


@njit(parallel=True)
def sweep(
    opens: Floats,
    closes: Floats,
    sums: Floats,
    grid: Integers,
    units: float,
    cash: float,
    fee: float,
) -> tuple[Floats, Integers]:
    """Give final equity and fills of every pair and symbol, shape (pairs, symbols)."""
    equity = np.empty((len(grid), len(closes)))
    fills = np.empty((len(grid), len(closes)), np.int64)
    for k in prange(len(grid)):
        for j in range(len(closes)):
            equity[k, j], fills[k, j] = one(
                opens[j], closes[j], sums[j], grid[k, 0], grid[k, 1], units, cash, fee
            )
    return equity, fills


def main() -> None:
    panel = daily_panel()
    opens, closes = np.stack([b.open for b in panel]), np.stack([b.close for b in panel])
    sums = np.concatenate([np.zeros((len(panel), 1)), np.cumsum(closes, axis=1)], axis=1)
    grid = np.array(pairs(size()), np.int64)

    def run(_: object) -> Outcome:
        equity, fills = sweep(opens, closes, sums, grid, UNITS, SWEEP_CASH, FEE)
        return Outcome(float(equity.mean()), int(fills.sum()))

    report(Subject("limit", "numba", "bare numba loop, all cores"), "W2", run)


if __name__ == "__main__":
    main()
