"""W1 in backtrader."""

from __future__ import annotations

import backtrader as bt
from backtrader_runs import crossing, frame_of, run
from measuring import Subject, report, size
from workloads import CASH, minute_bars, minute_times


def main() -> None:
    frame = frame_of(minute_bars(size()), minute_times(size()))
    strategy = crossing(bt)
    report(
        Subject("backtrader", "backtrader", "Python"),
        "W1",
        lambda _: run(bt, strategy, frame, CASH),
    )


if __name__ == "__main__":
    main()
