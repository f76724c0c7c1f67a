"""Discount what was found by how much was searched: adjusted p-values and the haircut they mean.

Source: Harvey and Liu, "Backtesting", Journal of Portfolio Management 42 (2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.series import FloatArray, numbers
from algotrendy.kernel.errors import Invalid

Adjustment = Literal["bonferroni", "holm", "bhy"]
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, eq=False)
class Haircut:
    """What is left of the Sharpe ratios of a search, in the order they were given.

    Attributes:
        p: Two-sided p-values of each on its own.
        adjusted: The same with all the trials in mind.
        sharpe: Annualised Sharpe ratios that would have had these p-values alone, with the sign of
            the original.
        haircut: What part of each was cut off, from 0 to 1; nan where the original is 0.
    """

    p: FloatArray
    adjusted: FloatArray
    sharpe: FloatArray
    haircut: FloatArray


def adjusted_p_values(p_values: ArrayLike, adjustment: Adjustment) -> FloatArray:
    """Adjust p-values for their number, in the order they were given.

    ``bonferroni`` and ``holm`` bound the chance of any false discovery, ``bhy`` (Benjamini,
    Hochberg and Yekutieli) the share of false ones, under any dependence.

    Sources: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal
    of Statistics 6 (1979); Benjamini and Yekutieli, "The control of the false discovery rate in
    multiple testing under dependency", Annals of Statistics 29 (2001).

    Raises:
        Invalid: If a value is not a probability.
    """
    p = numbers("p_values", p_values)
    if ((p < 0.0) | (p > 1.0)).any():
        row = int(((p < 0.0) | (p > 1.0)).argmax())
        raise Invalid("p_values", "between 0 and 1", f"{p[row]} in row {row}")
    count = len(p)
    if adjustment == "bonferroni" or count == 0:
        return np.minimum(p * count, 1.0)
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    ranks = np.arange(1, count + 1)
    if adjustment == "holm":
        stepped = np.maximum.accumulate(ranked * (count - ranks + 1))
    else:
        harmonic = math.fsum(1.0 / ranks)
        stepped = np.minimum.accumulate((ranked * (count * harmonic) / ranks)[::-1])[::-1]
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def haircut_sharpe(
    sharpes: ArrayLike,
    observations: int,
    periods_per_year: float,
    adjustment: Adjustment = "bhy",
) -> Haircut:
    """Discount the Sharpe ratios of all the trials of a search.

    Args:
        sharpes: Annualised, of every trial made, also of those given up.
        observations: Bars that each was computed from, >= 2.
        periods_per_year: Bars in a year.

    The ratio times the root of the years is taken to be normal.
    """
    if observations < 2:
        raise Invalid("observations", "at least 2", observations)
    annual = numbers("sharpes", sharpes)
    root = math.sqrt(observations / periods_per_year)
    p = np.array([math.erfc(abs(value) * root / math.sqrt(2.0)) for value in annual.tolist()])
    adjusted = adjusted_p_values(p, adjustment)
    left = np.array([_score(value) for value in adjusted.tolist()]) / root
    # A probability too small for a float has no score; nothing is cut from such a ratio.
    left = np.minimum(left, np.abs(annual))
    with np.errstate(invalid="ignore", divide="ignore"):
        haircut = 1.0 - left / np.abs(annual)
    haircut[annual == 0.0] = np.nan
    return Haircut(p, adjusted, np.copysign(left, annual), haircut)


def _score(p: float) -> float:
    if p <= 0.0:
        return math.inf
    return 0.0 if p >= 1.0 else -_NORMAL.inv_cdf(p / 2.0)
