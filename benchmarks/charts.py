"""Measure the chart styles: us and every peer that installs, one process after another, in one run.

    make bench-charts
    .venv/bin/python benchmarks/charts.py --trades 1000000 --only ours,tickbar

Prints JSON lines: one a peer and style, or the reason why it could not be measured; last, by style,
our rate over theirs. Ends with 1 where a style of ours failed. docs/benchmarks.md says what is
measured and where definitions differ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from chart_peers.install import FAILURES, PEERS
from peers.install import NAUTILUS

HERE = Path(__file__).parent
TRADES = 10_000_000
PRODUCT = Path(sys.executable)
SCRIPTS = {
    "ours": (PRODUCT, "ours.py"),
    "tickbar": (PEERS / "bin" / "python", "of_tickbar.py"),
    "raptorbt": (PEERS / "bin" / "python", "of_raptorbt.py"),
    "renko_rs": (PEERS / "bin" / "python", "of_renko_rs.py"),
    "finmlkit": (PEERS / "bin" / "python", "of_finmlkit.py"),
    "nautilus_trader": (NAUTILUS / "bin" / "python", "of_nautilus_trader.py"),
}
Line = dict[str, Any]


def measure(peer: str, trades: int, folder: Path, timeout_s: float) -> Iterable[Line]:
    """Run a peer in a process of its own; give its lines, or why there are none."""
    python, script = SCRIPTS[peer]
    if reason := _missing(peer, python):
        yield {"peer": peer, "failed": reason}
        return
    caches = folder / f"cache-{peer}"
    try:
        done = subprocess.run(
            [str(python), str(HERE / "chart_peers" / script), str(trades), str(folder)],
            env=os.environ | {"NUMBA_CACHE_DIR": str(caches), "RAPTORBT_NO_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield {"peer": peer, "failed": f"not done within {timeout_s:g} s"}
        return
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
    if done.returncode:
        yield {"peer": peer, "failed": (done.stderr.strip().splitlines() or ["?"])[-1]}


def _missing(peer: str, python: Path) -> str:
    if not python.exists():
        return f"{python} is missing: make bench-charts"
    failures = json.loads(FAILURES.read_text("utf-8")) if FAILURES.exists() else {}
    reason = failures.get(peer.replace("_", "-"))
    return f"does not install: {reason}" if reason else ""


def compared(line: Line, ours: Line, folder: Path) -> dict[str, Any]:
    """Say how many bars of a peer are ours: each price, and the volume where the peer tells it.

    An unfinished last bar, which some leave in, is not counted, nor what is after the last trade
    that a peer was given. Where its bars begin with another than ours, ours are tried without
    the first few.
    """
    their, our = (dict(np.load(folder / each["columns"])) for each in (line, ours))
    best: dict[str, Any] = {}
    for skipped in range(4):
        found = _aligned(their, {name: our[name][skipped:] for name in their})
        if found["bars_equal"] > best.get("bars_equal", -1):
            best = found | ({"without_our_first": skipped} if skipped else {})
    return best


def _aligned(their: dict[str, Any], our: dict[str, Any]) -> dict[str, Any]:
    count = min(len(their["close"]), len(our["close"]))
    count = max(0, count - int(len(their["close"]) != len(our["close"])))
    equal = {
        name: np.isclose(their[name][:count], our[name][:count], rtol=1e-7, atol=1e-9)
        for name in their
    }
    whole = np.logical_and.reduce(list(equal.values()))
    found: dict[str, Any] = {"bars_compared": count, "bars_equal": int(whole.sum())}
    if differing := {name: int((~same).sum()) for name, same in equal.items() if not same.all()}:
        found["differing"] = differing
    return found


def ratios(lines: Iterable[Line]) -> dict[str, dict[str, float]]:
    """Give by style our rate over each peer's, both of a processor's time."""
    rates = {
        (each["style"], each["peer"]): each["mticks_cpu_s"] for each in lines if "style" in each
    }
    found: dict[str, dict[str, float]] = {}
    for (style, peer), rate in rates.items():
        if peer != "ours" and (style, "ours") in rates:
            found.setdefault(style, {})[peer] = float(f"{rates[style, 'ours'] / rate:.3g}")
    return found


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trades", type=int, default=TRADES)
    parser.add_argument("--only", default=",".join(SCRIPTS), help=f"some of {','.join(SCRIPTS)}")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds a peer may take")
    asked = parser.parse_args()
    names = asked.only.split(",")
    if unknown := [name for name in names if name not in SCRIPTS]:
        parser.error(f"expected some of {', '.join(SCRIPTS)}, was {unknown[0]}")
    lines: list[Line] = []
    ours: dict[str, Line] = {}
    with tempfile.TemporaryDirectory(prefix="at-bench-charts-", dir="/tmp") as scratch:
        folder = Path(scratch)
        for peer in names:
            print(f"{peer}, {asked.trades:,} trades", file=sys.stderr, flush=True)
            for measured in measure(peer, asked.trades, folder, asked.timeout):
                line = measured
                if peer == "ours" and "style" in line:
                    ours[line["style"]] = line
                elif line.get("style") in ours:
                    line = line | compared(line, ours[line["style"]], folder)
                lines.append(line)
                shown = {name: value for name, value in line.items() if name != "columns"}
                print(json.dumps(shown), flush=True)
    print(json.dumps({"cores": os.cpu_count(), "ratios": ratios(lines)}), flush=True)
    if failed := [line["failed"] for line in lines if line["peer"] == "ours" and "failed" in line]:
        sys.exit(failed[0])


if __name__ == "__main__":
    main()
