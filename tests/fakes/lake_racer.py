"""A writer that races others for a mark of the lake, in a thread or in a process of its own."""

from __future__ import annotations

from multiprocessing.queues import Queue

from arro3.core import Array, DataType, Table

from algotrendy.kernel.errors import Conflict
from algotrendy.platform.lake import Lake, lake_at

MARK = "ticks:AAPL"


def rows(*prices: float, symbol: str = "AAPL") -> Table:
    """Give trades of one symbol."""
    return Table.from_arrays(
        [
            Array([symbol] * len(prices), DataType.utf8()),
            Array(list(prices), DataType.float64()),
        ],
        names=["symbol", "price"],
    )


def add(lake: Lake, price: float, expected: int | None, number: int) -> int:
    """Write one trade, and move the mark with it."""
    return lake.write("ticks", rows(price), ["symbol"], marks={MARK: (expected, number)})


def climb(lake: Lake, writer: int, steps: int) -> list[float]:
    """Race until the mark is at ``steps``, each step with a price that no other writer has.

    Returns:
        The prices of the steps that this writer won: 1000 times its number, and the step.
    """
    won: list[float] = []
    while (at := lake.mark("ticks", MARK) or 0) < steps:
        price = float(writer * 1000 + at)
        try:
            add(lake, price, at or None, at + 1)
        except Conflict:
            continue
        won.append(price)
    return won


def race(url: str, writer: int, steps: int, done: Queue[list[float]]) -> None:
    """Race in a process of its own."""
    done.put(climb(lake_at(url), writer, steps))
