"""VaR and ES against numbers worked out by hand or known from tables."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.loss import (
    historical_portfolio_loss,
    historical_tail_loss,
    normal_quantile,
    normal_tail_loss,
    parametric_portfolio_loss,
    standard_deviation,
)

A, B = Symbol("A"), Symbol("B")


def test_a_hundred_losses_leave_five_in_the_tail_of_95_percent() -> None:
    tail = historical_tail_loss([-float(loss) for loss in range(1, 101)], 0.95)
    assert tail.var == 95.0
    assert tail.es == pytest.approx((96 + 97 + 98 + 99 + 100) / 5)


def test_a_loss_half_in_the_tail_counts_by_half() -> None:
    tail = historical_tail_loss([-10.0, -4.0, 0.0, 1.0, 2.0, 3.0], 0.75)
    assert tail.var == 4.0
    assert tail.es == pytest.approx((10 + 0.5 * 4) / 1.5)


def test_a_tail_of_less_than_one_span_is_the_worst_of_them() -> None:
    tail = historical_tail_loss([-3.0, 5.0], 0.99)
    assert tail.var == 3.0
    assert tail.es == pytest.approx(3.0)


def test_a_portfolio_that_never_loses_has_measures_below_zero() -> None:
    tail = historical_tail_loss([1.0, 1.0], 0.9)
    assert tail.var == -1.0
    assert tail.es == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("probability", "quantile"),
    [(0.5, 0.0), (0.95, 1.6448536269514722), (0.99, 2.3263478740408408), (0.01, -2.32634787404084)],
)
def test_the_normal_quantile_is_the_one_of_the_tables(probability: float, quantile: float) -> None:
    assert normal_quantile(probability) == pytest.approx(quantile, abs=1e-12)


def test_the_normal_measures_at_99_percent_are_the_known_multiples() -> None:
    tail = normal_tail_loss(0.0, 1.0, 0.99)
    assert tail.var == pytest.approx(2.3263478740408408)
    assert tail.es == pytest.approx(2.665214220345808)
    shifted = normal_tail_loss(0.5, 2.0, 0.99)
    assert shifted.var == pytest.approx(2 * tail.var - 0.5)
    assert shifted.es == pytest.approx(2 * tail.es - 0.5)


def test_a_hedged_portfolio_loses_nothing_in_the_past() -> None:
    returns = {A: [0.01, -0.02, 0.03], B: [0.01, -0.02, 0.03]}
    tail = historical_portfolio_loss({A: 1000.0, B: -1000.0}, returns, 0.9)
    assert (tail.var, tail.es) == (0.0, 0.0)


def test_the_parametric_deviation_is_the_one_by_covariances() -> None:
    returns = {A: [0.01, -0.02, 0.03, 0.0], B: [0.02, 0.01, -0.01, 0.01]}
    value_a, value_b = 1000.0, 500.0
    mean_a, mean_b = (math.fsum(series) / 4 for series in returns.values())
    covariance = (
        math.fsum((a - mean_a) * (b - mean_b) for a, b in zip(*returns.values(), strict=True)) / 3
    )
    variance = (
        (value_a * standard_deviation(returns[A])) ** 2
        + (value_b * standard_deviation(returns[B])) ** 2
        + 2 * value_a * value_b * covariance
    )
    tail = parametric_portfolio_loss({A: value_a, B: value_b}, returns, 0.95)
    assert tail.var == pytest.approx(normal_quantile(0.95) * math.sqrt(variance))


def test_a_wrong_input_is_refused_with_its_field() -> None:
    cases: dict[str, Callable[[], object]] = {
        "confidence": lambda: historical_tail_loss([1.0], 1.0),
        "profits": lambda: historical_tail_loss([], 0.9),
        "deviation": lambda: normal_tail_loss(0.0, -1.0, 0.9),
        "mean": lambda: normal_tail_loss(math.nan, 1.0, 0.9),
        "values": lambda: historical_portfolio_loss({}, {}, 0.9),
        "returns.B": lambda: historical_portfolio_loss({A: 1.0, B: 1.0}, {A: [0.1]}, 0.9),
        "returns.A": lambda: historical_portfolio_loss({A: 1.0}, {A: [math.inf]}, 0.9),
        "returns": lambda: parametric_portfolio_loss({A: 1.0}, {A: [0.1]}, 0.9),
    }
    for field, call in cases.items():
        with pytest.raises(Invalid) as refused:
            call()
        assert refused.value.field == field


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(Invalid, match=r"returns\.B must be of 2 spans"):
        historical_portfolio_loss({A: 1.0, B: 1.0}, {A: [0.1, 0.2], B: [0.1]}, 0.9)
