"""W2 in back_trader_cpp: one run after the other."""

from __future__ import annotations

import back_trader as bt
from backtrader_runs import crossing, frame_of, run
from measuring import Outcome, Subject, mean, report, size
from workloads import SWEEP_CASH, daily_panel, daily_times, pairs


def main() -> None:
    frames = [frame_of(bars, daily_times()) for bars in daily_panel()]
    strategy = crossing(bt)

    def sweep(_: object) -> Outcome:
        done = [
            run(bt, strategy, frame, SWEEP_CASH, fast=fast, slow=slow)
            for fast, slow in pairs(size())
            for frame in frames
        ]
        return Outcome(mean([o.equity for o in done]), sum(o.fills or 0 for o in done))

    report(Subject("back_trader_cpp", "back_trader_cpp", "C++, Python next()"), "W2", sweep)


if __name__ == "__main__":
    main()
