"""Score a run by the objective of a search, with the definitions of the statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.search.searcher import Score
from algotrendy.backtest.statistics.annual import TRADING_DAYS
from algotrendy.backtest.statistics.drawdowns import drawdown_series
from algotrendy.backtest.statistics.returns import yearly_rate
from algotrendy.backtest.statistics.risk import sharpe, sortino
from algotrendy.backtest.statistics.sample import Sample, sample_of
from algotrendy.backtest.statistics.series import Series, from_returns, ratio
from algotrendy.backtest.validation.ports import Scored
from algotrendy.backtest.validation.spec import Objective
from algotrendy.backtest.validation.walk_forward import Unseen


def scored(
    objective: Objective,
    returns: ArrayLike,
    times: ArrayLike | None = None,
    periods_per_year: float = TRADING_DAYS,
) -> Scored:
    """Score a run in sample.

    Args:
        returns: Simple, one a bar, shape (n,).
        times: Nanoseconds UTC of the end of each, for the years of a Calmar ratio.

    Raises:
        Invalid: As ``statistics.series.from_returns``.
    """
    series = from_returns(returns, times, periods_per_year)
    sample = sample_of(series.returns)
    return Scored(_score(objective, series, sample), sample.mean, sharpe(sample, 1.0))


def unseen(
    objective: Objective,
    returns: ArrayLike,
    times: ArrayLike | None = None,
    periods_per_year: float = TRADING_DAYS,
) -> Unseen:
    """Score a run out of sample, and keep its returns; after ruin they are 0.

    Args and errors as of ``scored``.
    """
    series = from_returns(returns, times, periods_per_year)
    kept = np.zeros(np.shape(returns))
    kept[: len(series.returns)] = series.returns
    return Unseen(kept, _score(objective, series, sample_of(series.returns)))


def _score(objective: Objective, series: Series, sample: Sample) -> Score:
    match objective:
        case "sharpe":
            return sharpe(sample, series.periods_per_year)
        case "sortino":
            return sortino(sample, series.periods_per_year)
        case "calmar":
            rate = yearly_rate(_total(series), series.years)
            return ratio(rate, -float(drawdown_series(series.wealth).min()))
        case "total_return":
            return _total(series)


def _total(series: Series) -> float:
    return float(series.wealth[-1]) - 1.0
