"""W1 in backtesting.py."""

from __future__ import annotations

from backtesting_runs import Crossing, frame_of, run
from measuring import Subject, report, size
from workloads import CASH, minute_bars, minute_times


def main() -> None:
    frame = frame_of(minute_bars(size()), minute_times(size()))
    subject = Subject("backtesting", "backtesting", "Python")
    report(subject, "W1", lambda _: run(Crossing, frame, CASH))


if __name__ == "__main__":
    main()
