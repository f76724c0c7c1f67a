"""Say what every workload must come to, at each size at which it is measured.

W1 at 100,000, 200,000 and 1,000,000 bars and W4 at 50,000 are what independent systems agree on;
the others come from the loops of the physical limit, which give those too. Standard library only:
the process that starts the others stays small, because a new process counts its parent's memory
as its own peak.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

OURS = "ours"
TOLERANCE = 1e-8
"""Of the equity; peers add in different orders, and agree to so many digits."""


class Figure(NamedTuple):
    """Final equity and fills; of a sweep, the mean equity and all the fills of its runs."""

    equity: float
    fills: int


FIGURES: dict[tuple[str, int], Figure] = {
    ("W1", 20_000): Figure(9_995_610.28662, 437),
    ("W1", 100_000): Figure(9_980_233.73301, 2_188),
    ("W1", 200_000): Figure(9_960_234.69909, 4_382),
    ("W1", 1_000_000): Figure(9_760_295.34021, 22_400),
    ("W2", 1): Figure(99_591.592264, 873),
    ("W2", 4): Figure(99_781.89596475, 3_128),
    ("W2", 10): Figure(99_868.0095326, 6_641),
    ("W2", 20): Figure(99_742.61802985, 11_312),
    ("W2", 50): Figure(99_704.86024366, 25_453),
    ("W2", 1_000): Figure(99_878.75416696, 302_371),
    ("W4", 10_000): Figure(9_994_756.099364, 489),
    ("W4", 50_000): Figure(9_975_476.764595, 2_551),
    ("W4", 200_000): Figure(9_903_546.417526, 10_117),
    ("W4", 1_000_000): Figure(9_455_838.439467, 49_864),
}
"""By workload and size: bars, or in W2 pairs."""


def checked(line: dict[str, Any]) -> dict[str, Any]:
    """Add to a measured line what it must come to, and whether it does.

    Returns:
        The line with ``parity`` (None where there is no figure for its size), ``expected_equity``
        and ``expected_fills``. Fills that a peer does not tell are not held against it; ours are.
    """
    figure = FIGURES.get((line["workload"], line["size"]))
    if figure is None:
        return line | {"parity": None}
    near = abs(line["final_equity"] - figure.equity) <= TOLERANCE * figure.equity
    is_untold = line["fills"] is None and line["peer"] != OURS
    parity = near and (is_untold or line["fills"] == figure.fills)
    return line | {
        "parity": parity,
        "expected_equity": figure.equity,
        "expected_fills": figure.fills,
    }


def complaint(lines: Iterable[dict[str, Any]]) -> str:
    """Name what we did not run to the figures that it must come to; nothing where there is none.

    A peer that differs, or that does not run, is told of and is no failure.
    """
    ours = [line for line in lines if line["peer"] == OURS and line.get("parity") is not True]
    whats = [f"{line['workload']} {line['mode']}: {_why(line)}" for line in ours]
    return "\n".join(["not what ours must come to:", *whats]) if whats else ""


def _why(line: dict[str, Any]) -> str:
    if "failed" in line:
        return str(line["failed"])
    if line["parity"] is None:
        return f"there is no figure for the size {line['size']}"
    return f"{line['final_equity']} with {line['fills']} fills"
