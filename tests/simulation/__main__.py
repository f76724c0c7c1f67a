"""Play seeds of the order path: ``python -m simulation --seeds 10000``; ``--seed 7`` tells one."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from simulation.hunt import Tally, cores, hunt, quiet, shortest
from simulation.run import Result, play
from simulation.world import Plan

EVERY_S = 5.0


def main() -> int:
    """Play them; 1 when a law was broken."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="play this one alone, and tell its history")
    parser.add_argument("--workers", type=int, default=cores())
    asked = parser.parse_args()
    quiet()
    if asked.seed is not None:
        return _tell_one(asked.seed)
    return _play_many(asked.first, asked.seeds, asked.workers)


def _tell_one(seed: int) -> int:
    result = play(Plan(seed), is_told=True)
    _say_lines(result)
    tally = Tally(1, result.orders, result.faults)
    tally.laws.update(result.laws)
    _say(str(tally))
    return 1 if result.broken else 0


def _play_many(first: int, count: int, workers: int) -> int:
    began = told = time.monotonic()
    tally = Tally()
    for tally in hunt(first, count, workers):
        now = time.monotonic()
        if now - told >= EVERY_S and tally.seeds < count:
            told = now
            rate = tally.seeds / (now - began)
            _say(f"{tally}; {rate:.0f} seeds/s, {(count - tally.seeds) / rate:.0f} s to go")
    if tally.failed:
        seed = min(tally.failed)
        _say(f"failed: {', '.join(map(str, sorted(tally.failed)[:20]))}; make simulate SEED={seed}")
        _say(f"the shortest history that was found of seed {seed}:")
        _say_lines(shortest(play(Plan(seed))))
    _say(f"{tally.orders} orders; at the broker: {_counted(tally.kinds)}")
    _say(f"faults: {_counted(tally.faults)}")
    _say(str(tally))
    return 1 if tally.failed else 0


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _say_lines(result: Result) -> None:
    for line in result.lines:
        _say(line)
    for broken in result.broken:
        _say(f"BROKEN  {broken}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
