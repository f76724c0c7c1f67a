"""Time the styles of one peer in this process; print a JSON line each, and keep the bars.

What is timed reaches from trades in the peer's own form to bars in its own form, arrays or a frame;
making the first and reading the second are not. Arguments: how many trades, and the folder that
the bars go to, by which they are compared.
"""

from __future__ import annotations

import gc
import json
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from trades import Trades, walk

ROUNDS, ENOUGH_S, STREAMED = 5, 10.0, 20_000
PRICES = ("open", "high", "low", "close")


class Subject(NamedTuple):
    """One style of one peer.

    Attributes:
        style: Ours, that it is compared with.
        build: Takes what ``prepare`` gave; gives bars in the peer's form.
        columns: Gives of those open, high, low, close and volume, as many of them as there are.
        prepare: Makes the trades in the peer's form.
        streams: By name, what gives a function that takes one trade's time, price and size.
        most: Trades that it is given at most, where all would take minutes.
        note: Where its definition is known to differ.
    """

    style: str
    build: Callable[[Any], Any]
    columns: Callable[[Any], dict[str, Any]]
    prepare: Callable[[Trades], Any] = lambda trades: trades
    streams: Mapping[str, Callable[[Trades], Callable[[int, float, float], Any]]] = (
        MappingProxyType({})
    )
    most: int = 10**12
    note: str = ""


def report(peer: str, distribution: str, subjects: Iterable[Subject]) -> None:
    """Measure every style and print its line."""
    size, folder = int(sys.argv[1]), Path(sys.argv[2])
    for number, subject in enumerate(subjects):
        trades = walk(min(size, subject.most))
        given = subject.prepare(trades)
        seconds: list[float] = []
        work: list[float] = []
        bars: Any = None
        while len(seconds) < 2 or (len(seconds) < ROUNDS and sum(seconds[1:]) < ENOUGH_S):
            gc.collect()
            begin, busy = time.perf_counter(), time.process_time()
            bars = subject.build(given)
            seconds.append(time.perf_counter() - begin)
            work.append(time.process_time() - busy)
        columns = {
            name: np.asarray(column, dtype=np.float64)
            for name, column in subject.columns(bars).items()
        }
        kept = folder / f"{peer}-{number}.npz"
        np.savez(kept, **columns)
        line = {
            "peer": peer,
            "version": version(distribution),
            "python": platform.python_version(),
            "style": subject.style,
            "trades": len(trades.times),
            "bars": len(columns["close"]),
            "first_call_s": round(seconds[0], 4),
            "best_s": round(min(seconds), 4),
            "mticks_s": float(f"{len(trades.times) / min(seconds) / 1e6:.4g}"),
            "mticks_cpu_s": float(f"{len(trades.times) / min(work) / 1e6:.4g}"),
            "columns": kept.name,
        }
        for name, stream in subject.streams.items():
            line[name] = _streamed_ns(trades, stream)
        print(json.dumps(line | ({"note": subject.note} if subject.note else {})), flush=True)


def _streamed_ns(trades: Trades, stream: Callable[[Trades], Callable[..., Any]]) -> int:
    """Give what one of the first trades costs, in nanoseconds: the least of several rounds."""
    piece = trades[:STREAMED]
    rows = list(zip(piece.times.tolist(), piece.prices.tolist(), piece.sizes.tolist(), strict=True))
    best = float("inf")
    for _ in range(ROUNDS):
        take = stream(piece)
        take(*rows[0])  # compiles where something does
        begin = time.process_time()
        for row in rows[1:]:
            take(*row)
        best = min(best, time.process_time() - begin)
    return round(best / (len(rows) - 1) * 1e9)


def first_of_five(bars: Any) -> dict[str, Any]:
    """Give the columns of a sequence of open, high, low, close, volume."""
    return dict(zip((*PRICES, "volume"), bars, strict=True))
