"""Follow the equity through many other draws of the same trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from algotrendy.backtest.statistics.series import FloatArray, IntArray

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_PATHS = 2_000
_DRAWS = 20_000_000
_AT_ONCE = 1_000_000
_POINTS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """How equity spreads over draws of the trades with replacement.

    Attributes:
        trades: After how many trades, from 0, increasing, shape (points,).
        quantiles: Equity below which so large a share of the paths is, shape (shares, points).
        actual: Equity of the trades in their own order, shape (points,).
        drawdowns: Deepest fall of the paths by the same shares, the deepest first.
        loss: Share of the paths that end below the capital.
        halved: Share of the paths that lose half of it at some trade.
        paths: How many there are.
    """

    trades: IntArray
    quantiles: FloatArray
    actual: FloatArray
    drawdowns: FloatArray
    loss: float
    halved: float
    paths: int


def fan_of(profits: FloatArray, capital: float, seed: int) -> Fan | None:
    """Draw the trades with replacement, many times; None for fewer than two.

    Args:
        profits: Of each closed trade, in the account's currency.
        capital: At the start, > 0.
        seed: Of PCG64.
    """
    count = len(profits)
    if count < 2:
        return None
    paths = max(100, min(_PATHS, _DRAWS // count))
    marks = np.unique(np.linspace(0, count, min(_POINTS, count) + 1).astype(np.int64))
    random = np.random.Generator(np.random.PCG64(seed))
    equity = np.full(paths, capital)
    peak, lowest, deepest = equity.copy(), equity.copy(), np.zeros(paths)
    levels = [equity.copy()]
    for begin, end in zip(marks[:-1].tolist(), marks[1:].tolist(), strict=True):
        for first in range(begin, end, max(1, _AT_ONCE // paths)):
            rows = min(max(1, _AT_ONCE // paths), end - first)
            drawn = profits[(random.random((rows, paths)) * count).astype(np.int64)]
            for made in drawn:
                equity += made
                np.maximum(peak, equity, out=peak)
                np.minimum(lowest, equity, out=lowest)
                np.minimum(deepest, equity / peak - 1.0, out=deepest)
        levels.append(equity.copy())
    own = np.concatenate(([capital], capital + np.cumsum(profits)))
    return Fan(
        trades=marks,
        quantiles=np.quantile(np.stack(levels, axis=1), SHARES, axis=0),
        actual=own[marks],
        drawdowns=np.quantile(deepest, SHARES),
        loss=int(np.count_nonzero(equity < capital)) / paths,
        halved=int(np.count_nonzero(lowest <= capital / 2.0)) / paths,
        paths=paths,
    )
