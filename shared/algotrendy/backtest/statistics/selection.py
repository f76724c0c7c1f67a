"""Ask how much of a Sharpe ratio is left when its sample was short and its trials were many.

Sharpe ratios here are of one bar, not annualised: divide an annualised one by the root of the bars
of a year, and an annualised variance of Sharpe ratios by those bars. Skewness and kurtosis (3 for
the normal) are plain moments of the returns.

Sources: PSR: Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15
(2012). DSR: the same, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014).
MinBTL: Bailey, Borwein, López de Prado and Zhu, "Pseudo-Mathematics and Financial Charlatanism",
Notices of the AMS 61 (2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from algotrendy.backtest.statistics.sample import Sample
from algotrendy.backtest.statistics.series import defined
from algotrendy.kernel.errors import Invalid

_NORMAL = NormalDist()
_EULER = 0.577215664901532860606512
_ALMOST_ONE = 1.0 - 2.0**-53


@dataclass(frozen=True, slots=True)
class Trials:
    """How many independent strategies were tried before this one was chosen.

    Attributes:
        count: Trials, >= 1.
        variance: Variance of their Sharpe ratios of one bar, >= 0.
    """

    count: int
    variance: float

    def __post_init__(self) -> None:
        """Raise Invalid for values that cannot be."""
        if self.count < 1:
            raise Invalid("trials.count", "at least 1", self.count)
        if not (math.isfinite(self.variance) and self.variance >= 0.0):
            raise Invalid("trials.variance", "0 or more", self.variance)


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far a Sharpe ratio can be trusted.

    Attributes:
        sharpe_per_bar: The Sharpe ratio, not annualised.
        sharpe_error: Its standard error under the returns' skewness and kurtosis.
        probabilistic_sharpe: Probability that the true one is above 0.
        minimum_track_record: Bars needed to say so with 95 percent confidence.
        trials: How many were made; None when nobody said.
        expected_maximum: The best Sharpe ratio of one bar to expect of so many trials without
            skill.
        deflated_sharpe: Probability that the true one is above 0 after so many trials.
        minimum_backtest_years: Years below which so many trials without skill may be expected to
            show the run's annualised Sharpe ratio.
    """

    sharpe_per_bar: float | None
    sharpe_error: float | None
    probabilistic_sharpe: float | None
    minimum_track_record: float | None
    trials: int | None
    expected_maximum: float | None
    deflated_sharpe: float | None
    minimum_backtest_years: float | None


def confidence(sample: Sample, periods_per_year: float, trials: Trials | None = None) -> Confidence:
    """Say how far a sample's Sharpe ratio can be trusted."""
    count = len(sample.returns)
    chance = None if trials is None else expected_maximum_sharpe(trials)
    tried = None if trials is None else trials.count
    deviation, skewness, kurtosis = sample.deviation, sample.skewness, sample.kurtosis
    if deviation is None or skewness is None or kurtosis is None:
        return Confidence(None, None, None, None, tried, chance, None, None)
    sharpe = sample.mean / deviation
    years = None
    if trials is not None and sharpe > 0.0:
        years = minimum_backtest_length(trials.count, sharpe * math.sqrt(periods_per_year))
    return Confidence(
        sharpe_per_bar=sharpe,
        sharpe_error=standard_error(sharpe, count, skewness, kurtosis),
        probabilistic_sharpe=probabilistic_sharpe(sharpe, count, skewness, kurtosis),
        minimum_track_record=minimum_track_record(sharpe, skewness, kurtosis),
        trials=tried,
        expected_maximum=chance,
        deflated_sharpe=None
        if chance is None
        else probabilistic_sharpe(sharpe, count, skewness, kurtosis, chance),
        minimum_backtest_years=years,
    )


def standard_error(
    sharpe: float, observations: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Give the standard error of a Sharpe ratio: the root of its scaled variance over n - 1.

    Raises:
        Invalid: For fewer than two observations, or a kurtosis below 1 + skewness squared, which
            no sample has.
    """
    if observations < 2:
        raise Invalid("observations", "at least 2", observations)
    return math.sqrt(_scaled_variance(sharpe, skewness, kurtosis) / (observations - 1))


def probabilistic_sharpe(
    sharpe: float,
    observations: int,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    threshold: float = 0.0,
) -> float:
    """Give the probability that the true Sharpe ratio is above a threshold (PSR).

    Raises:
        Invalid: As for the standard error.
    """
    error = standard_error(sharpe, observations, skewness, kurtosis)
    if error == 0.0:
        return 1.0 if sharpe > threshold else 0.0
    return _NORMAL.cdf((sharpe - threshold) / error)


def minimum_track_record(
    sharpe: float,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
    threshold: float = 0.0,
    confidence: float = 0.95,
) -> float | None:
    """Give the observations after which PSR reaches a confidence (MinTRL).

    None where the ratio is not above the threshold: then no length is enough.
    """
    if not 0.5 < confidence < 1.0:
        raise Invalid("confidence", "between 0.5 and 1", confidence)
    scale = _scaled_variance(sharpe, skewness, kurtosis)
    if sharpe <= threshold:
        return None
    return defined(1.0 + scale * (_NORMAL.inv_cdf(confidence) / (sharpe - threshold)) ** 2)


def expected_maximum_sharpe(trials: Trials) -> float:
    """Give the highest Sharpe ratio to expect of independent trials whose true one is 0.

    One trial is no choice: 0.
    """
    return math.sqrt(trials.variance) * _expected_maximum(trials.count)


def deflated_sharpe(
    sharpe: float,
    observations: int,
    trials: Trials,
    skewness: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Give PSR above what the trials would have shown without skill (DSR)."""
    chance = expected_maximum_sharpe(trials)
    return probabilistic_sharpe(sharpe, observations, skewness, kurtosis, chance)


def minimum_backtest_length(trials: int, annual_sharpe: float = 1.0) -> float:
    """Give the years below which trials without skill may well show such a ratio (MinBTL).

    Args:
        trials: Independent ones, >= 1.
        annual_sharpe: The best annualised Sharpe ratio in sample, > 0.
    """
    if trials < 1:
        raise Invalid("trials", "at least 1", trials)
    if not annual_sharpe > 0.0:
        raise Invalid("annual_sharpe", "above 0", annual_sharpe)
    return (_expected_maximum(trials) / annual_sharpe) ** 2


def _scaled_variance(sharpe: float, skewness: float, kurtosis: float) -> float:
    # Rounding may put a sample of two values a hair below.
    if kurtosis < (1.0 + skewness * skewness) * (1.0 - 1e-9):
        raise Invalid("kurtosis", f"at least 1 + skewness squared, {1 + skewness**2:g}", kurtosis)
    return max(1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe, 0.0)


def _expected_maximum(count: int) -> float:
    """Give the expected highest of so many draws from the standard normal."""
    if count == 1:
        return 0.0
    first = _NORMAL.inv_cdf(min(1.0 - 1.0 / count, _ALMOST_ONE))
    second = _NORMAL.inv_cdf(min(1.0 - 1.0 / (count * math.e), _ALMOST_ONE))
    return (1.0 - _EULER) * first + _EULER * second
