"""Measure backtests: us and every peer that installs, one process after another, in one run.

    make bench-backtest
    .venv/bin/python benchmarks/backtest.py --quick --only ours,vectorbt --workload W1

Prints JSON lines: one a peer, workload and mode, or the reason why it could not be measured; last,
the ratios of our rates over theirs. Progress and a table for people go to stderr. Ends with 1 where
a run of ours failed or did not come to the figures that it must. docs/benchmarks.md says what is
measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.install import FAILURES, NAUTILUS, PEERS
from peers.parity import checked, complaint
from peers.ratios import Line, ratios, table
from peers.tasks import PEERS as NAMES
from peers.tasks import SHIPPED_STRATEGY, TASKS, WORKLOADS, Task

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "peers"
PYTHONS = {
    "product": Path(sys.executable),
    "peers": PEERS / "bin" / "python",
    "nautilus": NAUTILUS / "bin" / "python",
}


def measure(
    task: Task, size: int, caches: Path, timeout_s: float, missing: Mapping[str, str]
) -> Line:
    """Run a task in a process of its own; give its line, or why there is none.

    Args:
        caches: The folder of all caches of compiled code of this run.
        missing: Peers that did not install, and why.
    """
    try:
        if task.peer in missing:
            raise NotMeasuredError(f"does not install: {missing[task.peer]}")
        line = _nothing_compiled(_measured(task, size, caches, timeout_s), task)
        return checked(_with_cache(line, task))
    except NotMeasuredError as reason:
        mode = ", ".join(filter(None, (*task.arguments[1:], task.mode)))
        return {
            "workload": task.workload,
            "peer": task.peer,
            "mode": mode,
            "failed": str(reason),
        }


class NotMeasuredError(Exception):
    """Says why a task gave no line."""


def _measured(task: Task, size: int, caches: Path, timeout_s: float) -> Line:
    if not PYTHONS[task.environment].exists():
        raise NotMeasuredError(f"{PYTHONS[task.environment]} is missing: make bench-backtest")
    command = [str(PYTHONS[task.environment]), str(SCRIPTS / task.file), str(size)]
    try:
        done = subprocess.run(
            [*command, *task.arguments],
            env=_environment(task, caches),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"not done within {timeout_s:g} s") from None
    if done.returncode:
        raise NotMeasuredError(_last(done.stderr) or f"ended with {done.returncode}")
    try:
        line: Line = json.loads(_last(done.stdout))
    except ValueError:
        raise NotMeasuredError(f"printed no line but {_last(done.stdout)!r}") from None
    return line


def _environment(task: Task, caches: Path) -> dict[str, str]:
    """Give each process a cache of compiled code of its own, but where the task says another."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_"))}
    environment |= {"PYTHONHASHSEED": "0", "RAPTORBT_NO_VERSION_CHECK": "1"}
    if task.cache == "shipped":
        # Somebody who has nothing but the package.
        home = tempfile.mkdtemp(prefix="home-", dir=caches)
        return environment | {"HOME": home, "PYTHONPATH": str(_shipped(caches))}
    cache = caches / "-".join((Path(task.file).stem, *task.arguments)).replace(" ", "-")
    if task.cache != "kept" and cache.exists():
        raise NotMeasuredError(f"its cache {cache} is not cold")
    cache.mkdir(exist_ok=True)
    return environment | {"NUMBA_CACHE_DIR": str(cache)}


def _shipped(caches: Path) -> Path:
    """Give a copy of the package with the kernels that `make kernels` puts into it; made once."""
    copy = caches / "shipped"
    if not copy.exists():
        ignored = shutil.ignore_patterns("__pycache__", "kernels", ".kernels-*")
        shutil.copytree(ROOT / "shared", copy, ignore=ignored)
        print(f"compiling {SHIPPED_STRATEGY} into a package", file=sys.stderr, flush=True)
        make = ("-m", "algotrendy.backtest.kernels", "make", SHIPPED_STRATEGY)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_"))}
        done = subprocess.run(
            [str(PYTHONS["product"]), *make],
            env=environment | {"HOME": str(caches), "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotMeasuredError(f"its kernels could not be made: {_last(done.stderr)}")
    return copy


def _nothing_compiled(line: Line, task: Task) -> Line:
    if task.cache == "shipped" and line.get("functions_compiled") != 0:
        count = line.get("functions_compiled")
        raise NotMeasuredError(f"{count} functions had to be compiled: they were not shipped")
    return line


def _with_cache(line: Line, task: Task) -> Line:
    return line | {"mode": f"{line['mode']}, {task.mode}"} if task.mode else line


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _names(allowed: tuple[str, ...]) -> Any:
    def read(text: str) -> list[str]:
        given = text.split(",")
        for name in given:
            if name not in allowed:
                expected = ", ".join(allowed)
                raise argparse.ArgumentTypeError(f"expected some of {expected}, was {name}")
        return given

    return read


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", type=_names(NAMES), default=NAMES, help=f"some of {','.join(NAMES)}"
    )
    parser.add_argument(
        "--workload",
        type=_names(WORKLOADS),
        default=WORKLOADS,
        help=f"some of {','.join(WORKLOADS)}",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: a look, no measurement")
    parser.add_argument(
        "--timeout", type=float, default=900.0, help="seconds that a process may take"
    )
    return parser.parse_args()


def main() -> None:
    """Measure, print, compare."""
    options = _options()
    tasks = [t for t in TASKS if t.peer in options.only and t.workload in options.workload]
    missing = json.loads(FAILURES.read_text("utf-8")) if FAILURES.exists() else {}
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="at-bench-", dir="/tmp") as caches:
        for number, task in enumerate(tasks, 1):
            size = task.quick if options.quick else task.size
            what = " ".join(
                filter(None, (task.workload, task.peer, *task.arguments[1:], task.mode))
            )
            print(f"{number}/{len(tasks)} {what}, size {size:,}", file=sys.stderr, flush=True)
            lines.append(measure(task, size, Path(caches), options.timeout, missing))
            print(json.dumps(lines[-1]), flush=True)
    print(json.dumps({"cores": os.cpu_count(), "ratios": ratios(lines)}), flush=True)
    print(f"\n{table(lines)}", file=sys.stderr)
    if told := complaint(lines):
        sys.exit(told)


if __name__ == "__main__":
    main()
