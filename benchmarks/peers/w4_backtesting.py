"""W4 in backtesting.py: buy with take-profit and stop-loss."""

from __future__ import annotations

from backtesting_runs import Brackets, frame_of, run
from measuring import Subject, report, size
from workloads import CASH, minute_bars, minute_times

NOTE = "decides for the first time at the second bar"


def main() -> None:
    frame = frame_of(minute_bars(size()), minute_times(size()))
    subject = Subject("backtesting", "backtesting", "Python", NOTE)
    report(subject, "W4", lambda _: run(Brackets, frame, CASH))


if __name__ == "__main__":
    main()
