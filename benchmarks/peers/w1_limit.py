"""W1 as one bare compiled loop without orders or accounts: the physical limit."""

from __future__ import annotations

from measuring import Outcome, Subject, report, size
from numba import njit
from workloads import CASH, FAST, FEE, SLOW, UNITS, Floats, minute_bars


@njit
def loop(
    open_: Floats,
    close: Floats,
    fast: int,
    slow: int,
    units: float,
    cash: float,
    fee: float,
) -> tuple[float, int]:
    """Give final equity and fills."""
    fast_sum, slow_sum, position, wanted, fills = 0.0, 0.0, 0.0, 0, 0
    for i in range(close.size):
        if wanted == 1:
            cash -= units * open_[i] * (1 + fee)
            position, wanted = units, 0
            fills += 1
        elif wanted == -1:
            cash += position * open_[i] * (1 - fee)
            position, wanted = 0.0, 0
            fills += 1
        fast_sum += close[i]
        slow_sum += close[i]
        if i >= fast:
            fast_sum -= close[i - fast]
        if i >= slow:
            slow_sum -= close[i - slow]
        if i >= slow - 1:
            above = fast_sum / fast - slow_sum / slow
            if position == 0.0 and above > 0.0:
                wanted = 1
            elif position > 0.0 and above < 0.0:
                wanted = -1
    return cash + position * close[-1], fills


def main() -> None:
    bars = minute_bars(size())
    report(
        Subject("limit", "numba", "bare numba loop"),
        "W1",
        lambda _: Outcome(*loop(bars.open, bars.close, FAST, SLOW, UNITS, CASH, FEE)),
    )


if __name__ == "__main__":
    main()
