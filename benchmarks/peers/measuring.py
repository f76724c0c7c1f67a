"""Time a workload in this process and print what came of it as one JSON line.

The script of each peer and workload calls `report` once. `first_call_s` is the first run in a new
process, compiling included: benchmarks/backtest.py gives every process an empty cache. `best_s` is
the least of all runs. What is timed reaches from bars in the peer's own form to final equity and
fills; loading them into that form is not timed.
"""

from __future__ import annotations

import gc
import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from workloads import DAYS, SYMBOLS

LEAST_RUNS, MOST_RUNS, ENOUGH_S = 3, 9, 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to; of a sweep, the mean equity and all the fills of its runs.

    Attributes:
        equity: At the last close, quote currency.
        fills: How many; None where the peer does not tell.
    """

    equity: float
    fills: int | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: the peer's name, its package, and in which of its modes it runs."""

    peer: str
    distribution: str
    mode: str
    note: str = ""


def size() -> int:
    """Give the size from the command line: bars, or in W2 pairs."""
    return int(sys.argv[1])


def mean(values: list[float]) -> float:
    """Give the mean of final equities."""
    return statistics.fmean(values)


def report(
    subject: Subject,
    workload: str,
    run: Callable[[Any], Outcome],
    prepare: Callable[[], Any] = lambda: None,
    told: Callable[[], dict[str, Any]] = dict,
) -> None:
    """Run a workload several times and print the line.

    Args:
        run: Takes what ``prepare`` made and is timed.
        prepare: Makes anew what a run uses up; not timed.
        told: Gives further fields of the line, when all is done.
    """
    seconds: list[float] = []
    outcome = Outcome(0.0, None)
    while len(seconds) < LEAST_RUNS or (len(seconds) < MOST_RUNS and sum(seconds) < ENOUGH_S):
        prepared = prepare()
        gc.collect()
        start = time.perf_counter()
        outcome = run(prepared)
        seconds.append(time.perf_counter() - start)
    runs = size() * SYMBOLS if workload == "W2" else 1
    bars = runs * DAYS if workload == "W2" else size()
    best = min(seconds)
    line = {
        "workload": workload,
        "peer": subject.peer,
        "mode": subject.mode,
        "version": version(subject.distribution),
        "python": platform.python_version(),
        "size": size(),
        "bars": bars,
        "runs": runs,
        "repetitions": len(seconds),
        "first_call_s": _short(seconds[0]),
        "best_s": _short(best),
        "median_s": _short(statistics.median(seconds)),
        "bars_per_s": round(bars / best),
        "runs_per_s": _short(runs / best),
        "peak_memory_mb": round(_peak_bytes() / 2**20, 1),
        "final_equity": float(f"{outcome.equity:.12g}"),
        "fills": outcome.fills,
    }
    line |= told() | ({"note": subject.note} if subject.note else {})
    print(json.dumps(line), flush=True)


def _short(number: float) -> float:
    return float(f"{number:.4g}")


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
