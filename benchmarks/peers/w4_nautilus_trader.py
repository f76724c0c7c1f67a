"""W4 in nautilus_trader 2: bracket orders."""

from __future__ import annotations

from measuring import Subject, report, size
from nautilus_venue import NOTE, Brackets, bars_of, engine, run
from workloads import CASH, minute_bars, minute_times


def main() -> None:
    bars = bars_of(minute_bars(size()), minute_times(size()))
    subject = Subject("nautilus_trader", "nautilus_trader", "Rust, Python on_bar()", NOTE)
    report(subject, "W4", run, lambda: engine(Brackets(), bars, CASH))


if __name__ == "__main__":
    main()
