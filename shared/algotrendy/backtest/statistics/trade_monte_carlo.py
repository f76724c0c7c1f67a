"""Ask how else the same trades could have come: in another order, or another draw of them.

The trades are taken as they were, one after the other: what they owe to one another, or to sizing
by the wealth of the day, is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.series import FloatArray, numbers
from algotrendy.kernel.errors import Invalid

MEMORY_BYTES = 8 * 1024 * 1024
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

Draw = Literal["shuffle", "resample"]


@dataclass(frozen=True, slots=True, eq=False)
class TradePaths:
    """What became of the capital over many paths.

    Attributes:
        final: Equity at the end of each path, quote currency, shape (paths,).
        drawdown: Deepest fall from a peak of each path, 0 or less, shape (paths,).
        final_quantiles, drawdown_quantiles: (share, value), by rising share.
        risk_of_ruin: Share of the paths on which equity fell to ``ruin`` or below.
        risk_of_loss: Share of the paths that end below the capital.
        ruin: Equity that counts as ruin, quote currency.
        paths, trades: How many of each.
    """

    final: FloatArray
    drawdown: FloatArray
    final_quantiles: tuple[tuple[float, float], ...]
    drawdown_quantiles: tuple[tuple[float, float], ...]
    risk_of_ruin: float
    risk_of_loss: float
    ruin: float
    paths: int
    trades: int


def simulate_trades(
    profits: ArrayLike,
    capital: float,
    *,
    seed: int,
    paths: int = 10_000,
    draw: Draw = "resample",
    compound: bool = False,
    trades: int | None = None,
    ruin: float = 0.5,
    memory_bytes: int = MEMORY_BYTES,
) -> TradePaths:
    """Play the trades many times over.

    Args:
        profits: Of each closed trade: quote currency, or with ``compound`` fractions of the equity
            at the time, shape (n,), n >= 1.
        capital: At the start, > 0.
        seed: Of PCG64.
        draw: ``shuffle`` plays every trade once in a new order: the end is the same, the way is
            not. ``resample`` draws them with replacement.
        trades: A path's length when resampling; as many as there were if None.
        ruin: Share of the capital at which a path is ruined, from 0 to 1.
        memory_bytes: What the working arrays may take, about; the result does not depend on it.

    A path goes on after ruin, as the trades would.
    """
    made = numbers("profits", profits)
    length = _checked(made, capital, paths, draw, trades, ruin)
    final, drawdown, lowest = np.empty(paths), np.empty(paths), np.empty(paths)
    done = 0
    for rows in _drawn(made, length, seed, paths, draw, memory_bytes):
        here = slice(done, done + len(rows))
        equity = np.empty((len(rows), length + 1))
        equity[:, 0] = capital
        if compound:
            np.cumprod(rows + 1.0, axis=1, out=equity[:, 1:])
            equity[:, 1:] *= capital
        else:
            np.cumsum(rows, axis=1, out=equity[:, 1:])
            equity[:, 1:] += capital
        final[here] = equity[:, -1]
        lowest[here] = equity.min(axis=1)
        equity /= np.maximum.accumulate(equity, axis=1)
        drawdown[here] = equity.min(axis=1) - 1.0
        done += len(rows)
    return TradePaths(
        final=final,
        drawdown=drawdown,
        final_quantiles=_quantiles(final),
        drawdown_quantiles=_quantiles(drawdown),
        risk_of_ruin=int(np.count_nonzero(lowest <= capital * ruin)) / paths,
        risk_of_loss=int(np.count_nonzero(final < capital)) / paths,
        ruin=capital * ruin,
        paths=paths,
        trades=length,
    )


def _checked(
    made: FloatArray, capital: float, paths: int, draw: Draw, trades: int | None, ruin: float
) -> int:
    if len(made) == 0:
        raise Invalid("profits", "of at least 1 trade", 0)
    if not capital > 0.0:
        raise Invalid("capital", "above 0", capital)
    if paths < 1:
        raise Invalid("paths", "at least 1", paths)
    if not 0.0 <= ruin < 1.0:
        raise Invalid("ruin", "from 0 to below 1", ruin)
    if trades is None:
        return len(made)
    if trades < 1 or (draw == "shuffle" and trades != len(made)):
        raise Invalid("trades", f"{len(made)} when shuffling, otherwise at least 1", trades)
    return trades


def _drawn(
    made: FloatArray, length: int, seed: int, paths: int, draw: Draw, memory_bytes: int
) -> Iterator[FloatArray]:
    random = np.random.Generator(np.random.PCG64(seed))
    at_once = max(1, memory_bytes // (length * 8 * 5))
    for first in range(0, paths, at_once):
        rows = min(at_once, paths - first)
        if draw == "shuffle":
            yield random.permuted(np.broadcast_to(made, (rows, length)), axis=1)
        else:
            yield made[(random.random((rows, length)) * len(made)).astype(np.int64)]


def _quantiles(values: FloatArray) -> tuple[tuple[float, float], ...]:
    return tuple(zip(QUANTILES, np.quantile(values, QUANTILES).tolist(), strict=True))
