"""Compute the figures of what the engine ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.annual import TRADING_DAYS
from algotrendy.backtest.statistics.full import Doings, FullStatistics, full_statistics
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.series import FloatArray, IntArray
from algotrendy.backtest.trades import Trade


class Run(Protocol):
    """What a run leaves behind, as the engine's result does; arrays of steps are of one length."""

    @property
    def time(self) -> IntArray:
        """Give when each step was, nanoseconds UTC."""
        ...

    @property
    def equity(self) -> FloatArray:
        """Give the equity at each step's closes; the first is what the run began with."""
        ...

    @property
    def exposure(self) -> FloatArray:
        """Give the gross market value at each step's closes."""
        ...

    @property
    def notional(self) -> FloatArray:
        """Give the notional of each fill."""
        ...

    @property
    def fills(self) -> Any:
        """Give the fills with a column ``fee``."""
        ...

    @property
    def trades(self) -> Sequence[Trade]:
        """Give the closed round trips, in the order of their ends."""
        ...


def statistics_of(
    run: Run,
    *,
    periods_per_year: float = TRADING_DAYS,
    benchmark: ArrayLike | None = None,
    trials: Trials | None = None,
    high: ArrayLike | None = None,
    low: ArrayLike | None = None,
    drawdowns: int = 10,
) -> FullStatistics:
    """Compute every figure of a run.

    Args:
        periods_per_year: Steps in a year, for annualising.
        benchmark: Prices at the same steps.
        trials: How many runs this one was chosen from.
        high, low: Of the one asset that was traded, a bar a step: for the excursions of trades.
        drawdowns: How many rows the table of drawdowns has at most.

    Raises:
        Invalid: Naming the argument, and the row where there is one.
    """
    return full_statistics(
        run.equity,
        # A bar that is known at midnight belongs to the day, month and year that end there.
        run.time - 1,
        benchmark=benchmark,
        periods_per_year=periods_per_year,
        doings=Doings(
            gross=run.exposure,
            traded=run.notional,
            fees=run.fills["fee"],
            trades=run.trades,
            high=high,
            low=low,
        ),
        trials=trials,
        drawdowns=drawdowns,
    )
