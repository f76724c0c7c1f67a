"""Measure one sweep by each executor: the wall time, and that the results are the same bytes.

    make bench-sweep

Brings up a platform of its own with a real deploy, imports real daily bars, and asks for 10,000
backtests as a user does, by each executor in turn. Prints JSON lines: one an executor, last whether
all tables are the same. Ends with 1 where they are not, or a run is missing. An executor is one
entry of EXECUTORS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from importlib.util import find_spec
from typing import Any

from fixtures.platform import Platform, a_platform

USERNAME, TENANT = "tess", "demo"
STRATEGY = "sma_cross"
SYMBOLS = ("AAPL", "GOOG", "IBM", "IXIC", "MSFT", "SPX")
GRID = ("fast=2:81:2", "slow=90:336:6")
"""40 fast means, 42 slow ones, 6 symbols: 10,080, of which a seeded sample is drawn."""
RUNS = 10_000
EXECUTORS = ("local", "stepfunctions", *(["ray"] if find_spec("ray") else []))
"""Ray where the extra is installed: it is not among what the tests need."""
LONGEST_S = 3_600


def measure(platform: Platform, executor: str, runs: int) -> dict[str, Any]:
    """Run the sweep by one executor."""
    out = platform.home / f"sweep-{executor}"
    options = [word for values in GRID for word in ("-p", values)]
    options += ["--max-runs", str(runs), "--executor", executor, "--out", str(out)]
    dry = platform.succeed("sweep", STRATEGY, *SYMBOLS, *options, "--dry-run", "--json")
    courses = {course["executor"]: course for course in json.loads(dry)["courses"]}
    expected = courses.get(executor, courses["local"])
    start = time.perf_counter()
    platform.succeed("sweep", STRATEGY, *SYMBOLS, *options, timeout_s=LONGEST_S)
    seconds = time.perf_counter() - start
    table = (out / "results.csv").read_bytes()
    return {
        "executor": executor,
        "runs": len(table.splitlines()) - 1,
        "wall_s": round(seconds, 2),
        "estimated_s": round(expected["wall_s"], 2),
        "estimated_dollars": expected["dollars"],
        "runs_per_s": round(runs / seconds, 1),
        "table_sha256": hashlib.sha256(table).hexdigest(),
    }


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--executor", choices=EXECUTORS, action="append", help="all by default")
    options = parser.parse_args()
    lines = []
    with a_platform() as platform:
        platform.succeed("bars", "import", "--source", "all")
        platform.add_user(USERNAME, TENANT, "researcher")
        platform.token(USERNAME)
        for executor in options.executor or EXECUTORS:
            print(f"{options.runs:,} runs by {executor}", file=sys.stderr, flush=True)
            lines.append(measure(platform, executor, options.runs))
            print(json.dumps({"benchmark": "sweep", **lines[-1]}), flush=True)
    same = len({line["table_sha256"] for line in lines}) == 1
    whole = all(line["runs"] == options.runs for line in lines)
    cores, python = os.cpu_count(), sys.version.split()[0]
    print(json.dumps({"cores": cores, "python": python, "identical": same, "complete": whole}))
    sys.exit(0 if same and whole else 1)


if __name__ == "__main__":
    main()
