"""W4 in back_trader_cpp: buy_bracket."""

from __future__ import annotations

import back_trader as bt
from backtrader_runs import brackets, frame_of, run
from measuring import Subject, report, size
from workloads import CASH, minute_bars, minute_times


def main() -> None:
    frame = frame_of(minute_bars(size()), minute_times(size()))
    strategy = brackets(bt)
    report(
        Subject("back_trader_cpp", "back_trader_cpp", "C++, Python next()"),
        "W4",
        lambda _: run(bt, strategy, frame, CASH),
    )


if __name__ == "__main__":
    main()
