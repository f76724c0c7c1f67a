"""List what is measured: which script, in which environment, over how much, with which cache.

Sizes are bars, in W2 pairs of which each is run over every symbol: so many that the fast take long
enough to be timed and the slow take seconds. Standard library only, as parity.py says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Environment = Literal["peers", "nautilus", "product"]
Cache = Literal["new", "cold", "kept", "shipped"]


@dataclass(frozen=True, slots=True)
class Task:
    """One process that measures one workload in one peer.

    Attributes:
        workload: W1, W2 or W4.
        peer: As ``--only`` names it.
        size: In full.
        quick: With ``--quick``.
        environment: Whose Python runs the script.
        script: Without its ending.
        arguments: Further ones, after the size; the last is our mode.
        cache: Of compiled code. "new": empty, and nothing is said of it. "cold": empty. "kept":
            what the cold process before it left. "shipped": none but the kernels in the package.
    """

    workload: str
    peer: str
    size: int
    quick: int
    environment: Environment = "peers"
    script: str = ""
    arguments: tuple[str, ...] = ()
    cache: Cache = "new"

    @property
    def file(self) -> str:
        """Give the script's name."""
        return f"{self.script or f'{self.workload.lower()}_{self.peer}'}.py"

    @property
    def mode(self) -> str:
        """Tell the cache in words, where it is part of what is measured."""
        return "" if self.cache == "new" else f"{self.cache} cache"


def _ours(workload: str, mode: str, size: int, quick: int, cache: Cache = "new") -> Task:
    return Task(workload, "ours", size, quick, "product", "ours", (workload, mode), cache)


SHIPPED = "compiled sma_cross of the library"
FIGURES, EQUITY = "compiled with all figures", "compiled for the equity alone"
SHIPPED_STRATEGY = "sma_cross"
"""Whose kernels a shipped cache holds, with the engine's: what W2 runs, and W1 in one mode."""

TASKS = (
    _ours("W1", "interpreted", 1_000_000, 20_000),
    _ours("W1", "compiled", 1_000_000, 20_000, "cold"),
    _ours("W1", "compiled", 1_000_000, 20_000, "kept"),
    _ours("W1", SHIPPED, 1_000_000, 20_000, "cold"),
    _ours("W1", SHIPPED, 1_000_000, 20_000, "shipped"),
    Task("W1", "limit", 1_000_000, 20_000),
    Task("W1", "vectorbt", 1_000_000, 20_000, cache="cold"),
    Task("W1", "vectorbt", 1_000_000, 20_000, cache="kept"),
    Task("W1", "raptorbt", 1_000_000, 20_000),
    Task("W1", "raptorbt", 100_000, 20_000, script="w1_raptorbt_class"),
    Task("W1", "back_trader_cpp", 1_000_000, 20_000),
    Task("W1", "nautilus_trader", 100_000, 20_000, "nautilus"),
    Task("W1", "backtesting", 200_000, 20_000),
    Task("W1", "backtrader", 20_000, 20_000),
    _ours("W2", "interpreted", 50, 1),
    _ours("W2", FIGURES, 1_000, 1, "cold"),
    _ours("W2", FIGURES, 1_000, 1, "shipped"),
    _ours("W2", EQUITY, 1_000, 1, "cold"),
    _ours("W2", EQUITY, 1_000, 1, "shipped"),
    Task("W2", "limit", 1_000, 1),
    Task("W2", "vectorbt", 1_000, 1, cache="cold"),
    Task("W2", "vectorbt", 1_000, 1, cache="kept"),
    Task("W2", "raptorbt", 1_000, 1),
    Task("W2", "back_trader_cpp", 20, 1),
    Task("W2", "nautilus_trader", 4, 1, "nautilus"),
    Task("W2", "backtesting", 4, 1),
    Task("W2", "backtrader", 1, 1),
    _ours("W4", "interpreted", 50_000, 10_000),
    _ours("W4", "compiled", 1_000_000, 10_000, "cold"),
    _ours("W4", "compiled", 1_000_000, 10_000, "kept"),
    Task("W4", "limit", 1_000_000, 10_000),
    Task("W4", "vectorbt", 1_000_000, 10_000, cache="cold"),
    Task("W4", "vectorbt", 1_000_000, 10_000, cache="kept"),
    Task("W4", "raptorbt", 50_000, 10_000),
    Task("W4", "back_trader_cpp", 200_000, 10_000),
    Task("W4", "nautilus_trader", 50_000, 10_000, "nautilus"),
    Task("W4", "backtesting", 200_000, 10_000),
    Task("W4", "backtrader", 10_000, 10_000),
)
PEERS = tuple(dict.fromkeys(task.peer for task in TASKS))
WORKLOADS = tuple(dict.fromkeys(task.workload for task in TASKS))
