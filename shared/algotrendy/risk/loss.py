"""Say what a portfolio may lose: Value at Risk and Expected Shortfall.

Losses are positive numbers in the account's currency, over the span of one return (daily returns
give one-day measures). A measure below zero is a profit even in the tail. Plain floats: an
estimate, never a sum of the ledger.

Sources: McNeil, Frey, Embrechts, "Quantitative Risk Management" (2005), ch. 2, for the definitions
and the normal case; Acerbi, Tasche, "On the coherence of Expected Shortfall", Journal of Banking &
Finance 26 (2002) 1487-1503, for the shortfall of a discrete distribution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol


@dataclass(frozen=True, slots=True)
class TailLoss:
    """What is lost at a confidence.

    Attributes:
        var: Value at Risk: the least loss that is not passed with this confidence.
        es: Expected Shortfall: the mean of the worst losses, as many as the confidence leaves.
    """

    confidence: float
    var: float
    es: float


def historical_tail_loss(profits: Sequence[float], confidence: float) -> TailLoss:
    """Measure the tail of profits as they were.

    VaR is the least of the losses that at least ``confidence`` of them do not pass, without
    interpolation. ES is the mean of the worst ``n * (1 - confidence)``, where the last of them
    counts with the part of it that belongs to the tail.

    Args:
        profits: Of equally likely spans, any order, at least one; a loss is below zero.
        confidence: Above 0 and below 1.
    """
    _require_confidence(confidence)
    losses = sorted((-_finite(profit, "profits") for profit in profits), reverse=True)
    if not losses:
        raise Invalid("profits", "at least one", 0)
    tail = len(losses) * (1.0 - confidence)
    # 100 * (1 - 0.95) is 5.000000000000004: a hair more than five is five.
    if math.isclose(tail, round(tail), rel_tol=1e-9):
        tail = float(round(tail))
    whole = math.floor(tail)
    var = losses[min(whole, len(losses) - 1)]
    es = (math.fsum(losses[:whole]) + (tail - whole) * var) / tail
    return TailLoss(confidence, var, es)


def normal_tail_loss(mean: float, deviation: float, confidence: float) -> TailLoss:
    """Measure the tail of a normal profit: ``VaR = z s - m``, ``ES = s phi(z) / (1 - c) - m``.

    Args:
        mean: Of the profit.
        deviation: Its standard deviation, >= 0.
        confidence: Above 0 and below 1.
    """
    _require_confidence(confidence)
    _finite(mean, "mean")
    if _finite(deviation, "deviation") < 0:
        raise Invalid("deviation", "zero or more", deviation)
    z = normal_quantile(confidence)
    density = math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
    return TailLoss(
        confidence, z * deviation - mean, deviation * density / (1.0 - confidence) - mean
    )


def historical_portfolio_loss(
    values: Mapping[Symbol, float], returns: Mapping[Symbol, Sequence[float]], confidence: float
) -> TailLoss:
    """Measure what today's positions would have lost in each span of the past.

    Args:
        values: Of the positions, shorts below zero.
        returns: Simple returns (0.01 is 1 %) of each of these symbols, over the same spans.
        confidence: Above 0 and below 1.
    """
    return historical_tail_loss(profits_of(values, returns), confidence)


def parametric_portfolio_loss(
    values: Mapping[Symbol, float], returns: Mapping[Symbol, Sequence[float]], confidence: float
) -> TailLoss:
    """Measure the same under the assumption that returns are jointly normal, with no drift.

    The deviation is of the portfolio's own profits, with n - 1: the same as by the covariances,
    ``sqrt(v' S v)``. A mean of so few spans is noise, and zero the careful choice.
    """
    profits = profits_of(values, returns)
    return normal_tail_loss(0.0, standard_deviation(profits), confidence)


def profits_of(
    values: Mapping[Symbol, float], returns: Mapping[Symbol, Sequence[float]]
) -> list[float]:
    """Give what positions would have made in each span of the past.

    Args:
        values: Of the positions, shorts below zero; at least one.
        returns: Simple returns of each of these symbols, over the same spans.
    """
    if not values:
        raise Invalid("values", "at least one position", 0)
    series: list[tuple[float, Sequence[float]]] = []
    spans = -1
    for symbol, value in values.items():
        found = returns.get(symbol)
        if found is None:
            raise Invalid(f"returns.{symbol}", "present", None)
        if spans not in (-1, len(found)):
            raise Invalid(f"returns.{symbol}", f"of {spans} spans, as the others", len(found))
        spans = len(found)
        for change in found:
            _finite(change, f"returns.{symbol}")
        series.append((_finite(value, f"values.{symbol}"), found))
    return [math.fsum(value * found[t] for value, found in series) for t in range(spans)]


def standard_deviation(numbers: Sequence[float]) -> float:
    """Estimate the deviation of at least two numbers, with n - 1."""
    if len(numbers) < 2:
        raise Invalid("returns", "at least two", len(numbers))
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((each - mean) ** 2 for each in numbers) / (len(numbers) - 1))


def normal_quantile(probability: float) -> float:
    """Give the number that a standard normal stays below with a probability."""
    _require_confidence(probability)
    if probability < 0.5:
        return -_upper_quantile(probability)
    return _upper_quantile(1.0 - probability)


def _upper_quantile(tail: float) -> float:
    # erfc keeps its digits far out in the tail, where 1 - erf has lost them.
    low, high = 0.0, 40.0
    while True:
        middle = (low + high) / 2.0
        if middle in (low, high):
            return middle
        if 0.5 * math.erfc(middle / math.sqrt(2.0)) > tail:
            low = middle
        else:
            high = middle


def _finite(number: float, field: str) -> float:
    if not math.isfinite(number):
        raise Invalid(field, "finite", number)
    return number


def _require_confidence(confidence: float) -> None:
    if not 0.0 < confidence < 1.0:
        raise Invalid("confidence", "above 0 and below 1", confidence)
