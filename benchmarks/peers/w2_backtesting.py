"""W2 in backtesting.py: one run after the other."""

from __future__ import annotations

from backtesting_runs import Crossing, frame_of, run
from measuring import Outcome, Subject, mean, report, size
from workloads import SWEEP_CASH, daily_panel, daily_times, pairs

NOTE = "decides for the first time a bar after its indicators are ready"


def main() -> None:
    frames = [frame_of(bars, daily_times()) for bars in daily_panel()]

    def sweep(_: object) -> Outcome:
        done = [
            run(Crossing, frame, SWEEP_CASH, fast=fast, slow=slow)
            for fast, slow in pairs(size())
            for frame in frames
        ]
        return Outcome(mean([o.equity for o in done]), sum(o.fills or 0 for o in done))

    report(Subject("backtesting", "backtesting", "Python", NOTE), "W2", sweep)


if __name__ == "__main__":
    main()
