"""Measure one sweep by each executor: wall time, estimate and bill, and that the results are one.

    make bench-sweep
    make bench-sweep OPTIONS="--runs 500 --executor local --executor ray"

Brings up a platform of its own with a real deploy, imports real daily bars, and asks for 10,000
backtests as a user does, by each executor in turn. Ray runs from an environment of its own, made
here. Prints JSON lines: one an executor, or the reason why there is no figure; last, which were
compared and whether their tables are the same bytes. Ends with 1 where they are not, or an executor
failed. docs/benchmarks.md says what the fields mean.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sweep_bill import recorded, used
from sweep_verdict import Line, verdict

from algotrendy.backtest.prices import PRICES
from fixtures.platform import ALGOTRENDY, Platform, a_platform

ROOT = Path(__file__).parents[1]
USERNAME, TENANT = "tess", "demo"
STRATEGY = "sma_cross"
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT", "SPX")
GRID = ("fast=2:80:2", "slow=90:384:6")
"""40 fast means, 50 slow ones, 5 symbols: 10,000; of fewer runs a seeded sample."""
RUNS, QUICK = 10_000, 200
EXECUTORS = ("local", "stepfunctions", "ray")
RAY = ROOT / ".venv-bench-sweep"
"""The product with the extra `ray`, which nothing else here needs."""
LONGEST_S = 3_600


def install_ray() -> str:
    """Make the environment that Ray runs in, seconds where it is made; give why not, or nothing."""
    uv = os.environ.get("UV") or str(ROOT / ".uv" / "bin" / "uv")
    settings = {"UV_PROJECT_ENVIRONMENT": str(RAY), "UV_PYTHON_DOWNLOADS": "never"}
    command = [uv, "sync", "--quiet", "--frozen", "--python", sys.executable]
    try:
        done = subprocess.run(
            [*command, "--extra", "samples", "--extra", "ray"],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        return str(error)
    if not done.returncode:
        return ""
    return " ".join(done.stderr.split())[:500] or f"uv ended with {done.returncode}"


def measure(platform: Platform, executor: str, runs: int) -> Line:
    """Run the sweep by one executor; give its line, or why there is none."""
    if executor == "ray" and (reason := install_ray()):
        return {"executor": executor, "not_installed": reason}
    expected = _expected(platform, executor, runs)
    out = platform.home / f"sweep-{executor}"
    program = RAY / "bin" / "algotrendy" if executor == "ray" else ALGOTRENDY
    with recorded(platform) as trail:
        since, start = time.time(), time.perf_counter()
        done = subprocess.run(
            [str(program), "sweep", *_options(runs), "--executor", executor, "--out", str(out)],
            cwd=platform.home,
            env={**platform.environment, "RAY_USAGE_STATS_ENABLED": "0"},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        return {"executor": executor, "failed": " ".join(said[-3:]) or f"ended: {done.returncode}"}
    table = (out / "results.csv").read_bytes()
    line: Line = {
        "executor": executor,
        "runs": len(table.splitlines()) - 1,
        "wall_s": round(seconds, 2),
        "runs_per_s": round(runs / seconds, 1),
        "estimated_s": round(expected["wall_s"], 2),
        "dollars": None,
        "estimated_dollars": expected["dollars"],
        "table_sha256": hashlib.sha256(table).hexdigest(),
    }
    if executor == "stepfunctions":
        sweep_id = json.loads((out / "summary.json").read_text("utf-8"))["sweep_id"]
        usage = used(platform, trail, sweep_id, since)
        line |= {
            "dollars": usage.dollars(PRICES),
            "used": asdict(usage),
            "estimated_use": expected["usage"],
            "prices": f"{PRICES.region}, {PRICES.as_of}",
        }
    return line


def _options(runs: int) -> list[str]:
    grid = [word for values in GRID for word in ("-p", values)]
    return [STRATEGY, *SYMBOLS, *grid, "--max-runs", str(runs)]


def _expected(platform: Platform, executor: str, runs: int) -> Line:
    # The emulator's functions have no compiler.
    mode = "interpreted" if executor == "stepfunctions" else "auto"
    dry = ("sweep", *_options(runs), "--dry-run", "--json", "--mode", mode)
    courses = json.loads(platform.succeed(*dry))["courses"]
    found: Line = next(course for course in courses if course["executor"] == executor)
    return found


def _measured(platform: Platform, executors: Sequence[str], runs: int) -> list[Line]:
    lines = []
    for executor in executors:
        print(f"{runs:,} runs by {executor}", file=sys.stderr, flush=True)
        lines.append(measure(platform, executor, runs))
        print(json.dumps({"benchmark": "sweep", **lines[-1]}), flush=True)
    return lines


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} runs: a look")
    parser.add_argument("--executor", choices=EXECUTORS, action="append", help="all by default")
    options = parser.parse_args()
    runs = QUICK if options.quick else options.runs
    with a_platform() as platform:
        platform.succeed("bars", "import", "--source", "all")
        platform.add_user(USERNAME, TENANT, "researcher")
        platform.token(USERNAME)
        lines = _measured(platform, options.executor or EXECUTORS, runs)
    found, complaint = verdict(lines, runs)
    machine = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
    print(json.dumps({"benchmark": "sweep", **machine, **found}), flush=True)
    if complaint:
        sys.exit(complaint)


if __name__ == "__main__":
    main()
