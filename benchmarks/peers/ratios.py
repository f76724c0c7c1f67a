"""Compare lines of one run: how many times as fast we are, and a table for people.

Standard library only, as parity.py says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .parity import OURS

Line = dict[str, Any]

RATES = {"W1": "bars_per_s", "W2": "runs_per_s", "W4": "bars_per_s"}
"""What is compared, by workload: a rate, so that a slow peer may run over less."""


def ratios(lines: Iterable[Line]) -> dict[str, dict[str, dict[str, float]]]:
    """Give our rate over each peer's: by workload, by our mode, by peer and its mode.

    Lines that say why they failed are left out: there is no rate to compare.
    """
    measured = [line for line in lines if "failed" not in line]
    found: dict[str, dict[str, dict[str, float]]] = {}
    for ours in (line for line in measured if line["peer"] == OURS):
        workload = ours["workload"]
        rate = RATES[workload]
        found.setdefault(workload, {})[ours["mode"]] = {
            f"{peer['peer']} ({peer['mode']})": float(f"{ours[rate] / peer[rate]:.3g}")
            for peer in measured
            if peer["workload"] == workload and peer["peer"] != OURS
        }
    return found


def table(lines: Iterable[Line]) -> str:
    """Give the lines as a table for people, fastest first within each workload."""
    rows = sorted(lines, key=lambda line: (line["workload"], -_rate(line)))
    head = ("", "peer", "mode", "per s", "first s", "MB", "final equity", "fills", "parity")
    cells = [head, *(_cells(line) for line in rows)]
    shown = [row for row in cells if len(row) == len(head)]
    widths = [max(len(row[k]) for row in shown) for k in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in cells
    )


def _rate(line: Line) -> float:
    return float(line.get(RATES[line["workload"]], 0.0))


def _cells(line: Line) -> tuple[str, ...]:
    start = (line["workload"], line["peer"], line["mode"])
    if "failed" in line:
        return (*start, f"not measured: {line['failed']}")
    what = "runs" if line["workload"] == "W2" else "bars"
    parity = {True: "equal", False: "differs", None: "-"}[line["parity"]]
    return (
        *start,
        f"{_rate(line):,.0f} {what}",
        f"{line['first_call_s']:.2f}",
        f"{line['peak_memory_mb']:,.0f}",
        f"{line['final_equity']:,.1f}",
        "-" if line["fills"] is None else f"{line['fills']:,}",
        parity,
    )
