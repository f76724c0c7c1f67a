"""W4 as one bare compiled loop without orders or accounts: the physical limit."""

from __future__ import annotations

from measuring import Outcome, Subject, report, size
from numba import njit
from workloads import BRACKET, CASH, EVERY, FEE, UNITS, Floats, minute_bars


@njit
def loop(
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    units: float,
    cash: float,
    fee: float,
    every: int,
    distance: float,
) -> tuple[float, int]:
    """Give final equity and fills; a gap fills at the open, the stop comes before the profit."""
    position, profit, stop, wanted, fills = 0.0, 0.0, 0.0, False, 0
    for i in range(close.size):
        if wanted:
            cash -= units * open_[i] * (1 + fee)
            position, wanted = units, False
            fills += 1
        if position > 0.0:
            price = 0.0
            if open_[i] <= stop or open_[i] >= profit:
                price = open_[i]
            elif low[i] <= stop:
                price = stop
            elif high[i] >= profit:
                price = profit
            if price > 0.0:
                cash += position * price * (1 - fee)
                position = 0.0
                fills += 1
        if position == 0.0 and i % every == 0:
            wanted = True
            profit, stop = close[i] * (1 + distance), close[i] * (1 - distance)
    return cash + position * close[-1], fills


def main() -> None:
    bars = minute_bars(size())
    terms = (UNITS, CASH, FEE, EVERY, BRACKET)
    report(
        Subject("limit", "numba", "bare numba loop"),
        "W4",
        lambda _: Outcome(*loop(bars.open, bars.high, bars.low, bars.close, *terms)),
    )


if __name__ == "__main__":
    main()
