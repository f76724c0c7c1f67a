"""Say what a run risked, and what it earned for it.

The risk-free rate is 0. An annualised mean is the mean times the bars of a year, an annualised
deviation the deviation times their root.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from algotrendy.backtest.statistics.annual import STILL
from algotrendy.backtest.statistics.drawdowns import DrawdownSummary
from algotrendy.backtest.statistics.sample import Sample
from algotrendy.backtest.statistics.series import (
    Periods,
    Series,
    defined,
    pieces,
    ratio,
)

_NORMAL = NormalDist()
_TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Risk:
    """What a run risked. Losses have their sign: a value at risk of -0.02 is a loss of 2 percent.

    Attributes:
        volatility: Standard deviation of the returns (n - 1), annualised.
        downside_deviation: Root mean square of the negative returns over all n, annualised.
        skew: Skewness, corrected for the sample's size (Joanes and Gill's G1); from 3 returns.
        kurtosis: Excess kurtosis, corrected likewise (G2), 0 for the normal; from 4 returns.
        tail_ratio: The 95 percent quantile over the 5 percent one, both without sign.
        var: The 5 percent quantile of the returns of one bar.
        cvar: Mean of the worst int(0.05 (n - 1)) + 1 returns.
        var_normal: The 5 percent quantile of a normal with the returns' mean and deviation.
        cvar_normal: The mean of that normal below it.
    """

    volatility: float | None
    downside_deviation: float | None
    skew: float | None
    kurtosis: float | None
    tail_ratio: float | None
    var: float | None
    cvar: float | None
    var_normal: float | None
    cvar_normal: float | None


@dataclass(frozen=True, slots=True)
class Ratios:
    """What a run earned for its risk.

    Attributes:
        sharpe: Annualised mean over volatility.
        sortino: Annualised mean over the downside deviation.
        calmar: CAGR over the deepest drawdown.
        omega: Gains over losses, around 0.
        gain_to_pain: Sum of the monthly returns over the sum of the negative ones.
        gain_to_pain_bar: The same of the bars; it is omega less 1.
        kelly: Share of wealth that a bet with the bars' odds calls for.
        common_sense: Omega times the tail ratio.
        ulcer_performance: CAGR over the ulcer index.
        stability: R squared of log wealth over time.
    """

    sharpe: float | None
    sortino: float | None
    calmar: float | None
    omega: float | None
    gain_to_pain: float | None
    gain_to_pain_bar: float | None
    kelly: float | None
    common_sense: float | None
    ulcer_performance: float | None
    stability: float | None


def risk(sample: Sample, periods_per_year: float) -> Risk:
    """Say what was risked."""
    year = math.sqrt(periods_per_year)
    below = downside_deviation(sample)
    return Risk(
        volatility=None if sample.deviation is None else sample.deviation * year,
        downside_deviation=None if below is None else below * year,
        skew=skew(sample),
        kurtosis=excess_kurtosis(sample),
        tail_ratio=tail_ratio(sample),
        var=sample.quantile(_TAIL),
        cvar=conditional_value_at_risk(sample),
        var_normal=normal_value_at_risk(sample),
        cvar_normal=normal_conditional_value_at_risk(sample),
    )


def ratios(
    series: Series,
    sample: Sample,
    cagr: float | None,
    fallen: DrawdownSummary,
    months: Periods | None,
) -> Ratios:
    """Say what was earned for it; ``fallen`` sums up the drawdowns, ``cagr`` is the growth."""
    ratio_of_gains = ratio(sample.gained, sample.lost)
    tails = tail_ratio(sample)
    return Ratios(
        sharpe=sharpe(sample, series.periods_per_year),
        sortino=sortino(sample, series.periods_per_year),
        calmar=ratio(cagr, -fallen.deepest),
        omega=ratio_of_gains,
        gain_to_pain=None if months is None else gain_to_pain(months),
        gain_to_pain_bar=None if ratio_of_gains is None else ratio_of_gains - 1.0,
        kelly=kelly(sample),
        common_sense=(
            None if ratio_of_gains is None or tails is None else defined(ratio_of_gains * tails)
        ),
        ulcer_performance=ratio(cagr, fallen.ulcer_index),
        stability=stability(series),
    )


def sharpe(sample: Sample, periods_per_year: float) -> float | None:
    """Give the annualised mean over the annualised deviation; None without variation.

    Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994).
    """
    if not sample.moves or sample.deviation is None:
        return None
    return sample.mean / sample.deviation * math.sqrt(periods_per_year)


def sortino(sample: Sample, periods_per_year: float) -> float | None:
    """Give the annualised mean over the annualised downside deviation; None without a loss.

    Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", Journal of
    Investing 3 (1994).
    """
    below = downside_deviation(sample)
    if below is None or below <= STILL:
        return None
    return defined(sample.mean / below * math.sqrt(periods_per_year))


def downside_deviation(sample: Sample) -> float | None:
    """Give the root mean square of the losses over all n, not annualised; None for fewer than 2."""
    count = len(sample.returns)
    return math.sqrt(sample.losses_squared / count) if count > 1 else None


def skew(sample: Sample) -> float | None:
    """Give the skewness corrected for the sample's size, G1.

    Source: Joanes and Gill, "Comparing measures of sample skewness and kurtosis", The Statistician
    47 (1998).
    """
    count = len(sample.returns)
    if sample.skewness is None or count < 3:
        return None
    return math.sqrt(count * (count - 1)) / (count - 2) * sample.skewness


def excess_kurtosis(sample: Sample) -> float | None:
    """Give the excess kurtosis corrected for the sample's size, G2; source as for the skew."""
    count = len(sample.returns)
    if sample.kurtosis is None or count < 4:
        return None
    excess = sample.kurtosis - 3.0
    return (count - 1) / ((count - 2) * (count - 3)) * ((count + 1) * excess + 6.0)


def tail_ratio(sample: Sample) -> float | None:
    """Give how the right tail compares to the left: quantiles 0.95 over 0.05, without sign."""
    high, low = sample.quantile(1.0 - _TAIL), sample.quantile(_TAIL)
    return None if high is None or low is None else ratio(abs(high), abs(low))


def conditional_value_at_risk(sample: Sample) -> float | None:
    """Give the mean of the worst returns, int(0.05 (n - 1)) + 1 of them.

    Source: Rockafellar and Uryasev, "Optimization of Conditional Value-at-Risk", Journal of Risk 2
    (2000); here of the sample.
    """
    count = len(sample.ordered)
    if count == 0:
        return None
    return float(sample.ordered[: int((count - 1) * _TAIL) + 1].mean())


def normal_value_at_risk(sample: Sample) -> float | None:
    """Give the 5 percent quantile of a normal with the sample's mean and deviation (n - 1)."""
    if sample.deviation is None:
        return None
    return sample.mean + _NORMAL.inv_cdf(_TAIL) * sample.deviation


def normal_conditional_value_at_risk(sample: Sample) -> float | None:
    """Give the mean of that normal below its 5 percent quantile."""
    if sample.deviation is None:
        return None
    return sample.mean - _NORMAL.pdf(_NORMAL.inv_cdf(_TAIL)) / _TAIL * sample.deviation


def gain_to_pain(periods: Periods) -> float | None:
    """Give the sum of the returns over that of the negative ones; None without a loss.

    Source: Schwager, "Hedge Fund Market Wizards" (2012), appendix; he takes months.
    """
    lost = float(np.minimum(periods.returns, 0.0).sum())
    return ratio(float(periods.returns.sum()), -lost)


def kelly(sample: Sample) -> float | None:
    """Give p - q / b: p gains of the bars that moved, b the mean gain over the mean loss.

    Below 0 the bet is not worth taking. Source: Kelly, "A New Interpretation of Information Rate",
    Bell System Technical Journal 35 (1956), for a bet of two outcomes.
    """
    if sample.gains == 0 or sample.losses == 0:
        return None
    odds = (sample.gained / sample.gains) / (sample.lost / sample.losses)
    won = sample.gains / (sample.gains + sample.losses)
    return defined(won - (1.0 - won) / odds)


def stability(series: Series) -> float | None:
    """Give R squared of a straight line through log wealth, one point a bar from the first return.

    None after ruin, for fewer than two bars, and where wealth stays the same.
    """
    count = len(series.returns)
    if count < 2 or series.wealth[-1] <= 0.0:
        return None
    parts = []
    for piece in pieces(count):
        logs = np.log(series.wealth[1:][piece])
        here = len(logs)
        mean = float(logs.sum()) / here
        logs -= mean
        spread = float((logs * logs).sum())
        # About the middle of the piece, so that the rounding of its mean adds nothing.
        logs *= np.arange(here) - (here - 1) / 2.0
        parts.append((here, piece.start + (here - 1) / 2.0, mean, spread, float(logs.sum())))
    middle = (count - 1) / 2.0
    centre = math.fsum(here * mean for here, _, mean, _, _ in parts) / count
    spread = math.fsum(within + here * (mean - centre) ** 2 for here, _, mean, within, _ in parts)
    together = math.fsum(
        within + here * (at - middle) * (mean - centre) for here, at, mean, _, within in parts
    )
    # The sum of (i - mean)^2 for i = 0 .. n - 1.
    width = count * (count * count - 1.0) / 12.0
    # What lies on a line may come out above 1 by the rounding of the logs.
    return defined(min(together * together / (width * spread), 1.0)) if spread > 0.0 else None
