"""Make the dataset of a backtest of the bars that a run was told, as they were known then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.columns import Columns, columns
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.phases import phases
from algotrendy.backtest.data.timeframes import parse_timeframe
from algotrendy.backtest.engine.step_records import BarSeen
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar

Step = tuple[int, Sequence[BarSeen]]
"""When bars became known, nanoseconds since 1970 UTC, and those bars."""


def dataset_told(
    symbols: Sequence[str],
    timeframes: Sequence[str],
    steps: Iterable[Step],
    calendar: TradingCalendar | None,
) -> Dataset:
    """Make a dataset whose steps are those of a run.

    A bar is known at the step that it came with, be it later than it could have been.

    Args:
        symbols: In the order in which the strategy counts them.
        timeframes: The one that is traded on, then the strategy's longer ones.

    Raises:
        Invalid: If there is no bar of a symbol, or one that no market can have.
    """
    found: dict[tuple[int, int], list[tuple[int, BarSeen]]] = {}
    for now, bars in steps:
        for bar in bars:
            found.setdefault((bar.asset, bar.frame), []).append((now, bar))
    assets = []
    for place, symbol in enumerate(symbols):
        if (place, 0) not in found:
            raise Invalid(f"bars.{symbol}", "one or more that the run was told of", 0)
        frames = [
            _columns(found.get((place, frame), []), name, symbol, calendar)
            for frame, name in enumerate(timeframes)
        ]
        assets.append(
            Asset(
                symbol=symbol,
                base=frames[0],
                coarser=tuple(frames[1:]),
                timeframes=tuple(timeframes),
            )
        )
    return dataset(assets)


def _columns(
    told: Sequence[tuple[int, BarSeen]],
    timeframe: str,
    symbol: str,
    calendar: TradingCalendar | None,
) -> Columns:
    times = np.array([bar.time for _, bar in told], dtype=np.int64)
    rows = {
        name: np.array([getattr(bar, name) for _, bar in told], dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    }
    return columns(
        {"time": times, **rows},
        known=_frozen([now for now, _ in told]),
        phase=phases(times, parse_timeframe(timeframe), calendar),
        symbol=symbol,
    )


def _frozen(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    array = np.array(values, dtype=np.int64)
    array.flags.writeable = False
    return array
