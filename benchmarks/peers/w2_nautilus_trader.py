"""W2 in nautilus_trader 2: an engine a run, one after the other."""

from __future__ import annotations

from measuring import Outcome, Subject, mean, report, size
from nautilus_venue import NOTE, Crossing, bars_of, engine, run
from workloads import SWEEP_CASH, daily_panel, daily_times, pairs


def main() -> None:
    panel = [bars_of(bars, daily_times()) for bars in daily_panel()]

    def sweep(_: object) -> Outcome:
        done = [
            run(engine(Crossing(fast, slow), bars, SWEEP_CASH))
            for fast, slow in pairs(size())
            for bars in panel
        ]
        return Outcome(mean([o.equity for o in done]), sum(o.fills or 0 for o in done))

    report(
        Subject("nautilus_trader", "nautilus_trader", "Rust, Python on_bar()", NOTE), "W2", sweep
    )


if __name__ == "__main__":
    main()
