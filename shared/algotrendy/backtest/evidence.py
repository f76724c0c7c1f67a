"""Work out what a candidate's returns prove, after all that was tried on the same data."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, inf

from numpy.typing import ArrayLike

from algotrendy.backtest.gate import Evidence
from algotrendy.backtest.statistics.sample import sample_of
from algotrendy.backtest.statistics.selection import Trials, confidence
from algotrendy.backtest.statistics.series import numbers
from algotrendy.backtest.trials import Tried


def evidence_of(
    returns: ArrayLike,
    periods_per_year: float,
    tried: Tried,
    correlation: float = 0.0,
    shown: Evidence | None = None,
) -> Evidence:
    """Give the evidence of a candidate: its record and its deflated Sharpe ratio.

    Args:
        returns: Of the candidate, bar by bar, shape (n,).
        periods_per_year: Bars in a year, of these returns.
        tried: All that was tried on its data, its own trial recorded before.
        correlation: Mean correlation between the returns of two trials; 0, when nobody knows,
            takes each trial as one of its own, and so the most of them.
        shown: What else it shows; kept as it is.

    Raises:
        Invalid: For returns that are not finite, naming the row, or a correlation outside 0 to 1.
    """
    sample = sample_of(numbers("returns", returns))
    found = confidence(sample, periods_per_year, trials_of(tried, periods_per_year, correlation))
    needed = found.minimum_track_record
    if needed is None and found.sharpe_per_bar is not None:
        # The ratio is not above 0: however long the record, it would not be told from luck.
        needed = inf
    return replace(
        shown or Evidence(),
        trials=tried.trials,
        data=tried.data,
        deflated_sharpe=found.deflated_sharpe,
        observations=len(sample.returns),
        minimum_track_record=needed,
    )


def trials_of(tried: Tried, periods_per_year: float, correlation: float = 0.0) -> Trials | None:
    """Give what a Sharpe ratio is deflated by; None where it cannot be known."""
    count = ceil(tried.independent(correlation))
    variance = tried.variance(periods_per_year)
    if variance is None and tried.trials == 1:
        # Where nothing was chosen from, nothing is deflated.
        variance = 0.0
    return None if count < 1 or variance is None else Trials(count, variance)
