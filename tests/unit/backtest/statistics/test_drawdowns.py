from __future__ import annotations

import numpy as np
import pytest

from algotrendy.backtest.statistics.drawdowns import (
    drawdown_series,
    drawdown_table,
    falls,
    summarise_falls,
)
from algotrendy.backtest.statistics.series import DAY_NS, from_equity

CURVE = [100.0, 80.0, 100.0, 120.0, 119.0, 118.0, 117.0, 121.0, 60.0]
TIMES = [bar * 2 * DAY_NS for bar in range(len(CURVE))]


def walked(curve: list[float]) -> tuple[float, int]:
    """Give the deepest fall and the most bars below a peak, one value after the other."""
    deepest, longest, below, peak = 0.0, 0, 0, 0.0
    for value in curve:
        below = 0 if value >= peak else below + 1
        peak, longest = max(peak, value), max(longest, below)
        deepest = min(deepest, value / peak - 1.0)
    return deepest, longest


def test_the_series_says_how_far_below_the_highest_so_far() -> None:
    found = drawdown_series(np.array([100.0, 80.0, 120.0, 60.0]))
    assert found == pytest.approx([0.0, -0.2, 0.0, -0.5])


def test_every_fall_is_listed_with_its_peak_trough_and_recovery_deepest_first() -> None:
    series = from_equity(CURVE, TIMES)
    table = drawdown_table(series, falls(series))
    assert [(row.peak, row.trough, row.recovery, row.bars) for row in table] == [
        (7, 8, None, 1),
        (0, 1, 2, 1),
        (3, 6, 7, 3),
    ]
    assert [row.depth for row in table] == pytest.approx([60 / 121 - 1, -0.2, 117 / 120 - 1])
    assert [row.days for row in table] == [2.0, 4.0, 8.0]
    assert table[2].trough_time == 12 * DAY_NS
    assert table[0].recovery_time is None


def test_the_falls_are_summed_up() -> None:
    series = from_equity(CURVE, TIMES)
    found = summarise_falls(falls(series))
    assert (found.count, found.longest_bars, found.longest_days) == (3, 3, 8.0)
    assert found.deepest == found.current == pytest.approx(60 / 121 - 1)
    assert found.average == pytest.approx((60 / 121 - 1 - 0.2 + 117 / 120 - 1) / 3)
    assert found.under_water == 5 / 8
    assert found.average_bars == pytest.approx(5 / 3)
    depths = [0.2, 1 / 120, 2 / 120, 3 / 120, 61 / 121]
    squares = [depth**2 for depth in depths]
    assert found.ulcer_index == pytest.approx(np.sqrt(np.sum(squares) / 8))


def test_reaching_the_peak_again_is_a_recovery() -> None:
    series = from_equity([1.0, 0.5, 1.0, 0.5, 1.0])
    table = drawdown_table(series, falls(series))
    assert [(row.peak, row.recovery) for row in table] == [(0, 2), (2, 4)]


def test_equals_are_listed_by_time_and_only_so_many() -> None:
    series = from_equity([1.0, 0.5] * 20)
    table = drawdown_table(series, falls(series), most=3)
    assert [row.peak for row in table] == [0, 2, 4]


def test_a_loss_from_the_very_start_falls_from_the_first_value() -> None:
    series = from_equity([100.0, 90.0, 80.0])
    table = drawdown_table(series, falls(series))
    assert (table[0].peak, table[0].trough, table[0].recovery) == (0, 2, None)


@pytest.mark.parametrize("curve", [[100.0], [1.0, 2.0, 3.0], [1.0, 1.0]])
def test_a_curve_that_never_falls_has_no_drawdown(curve: list[float]) -> None:
    series = from_equity(curve)
    found = summarise_falls(falls(series))
    assert (found.count, found.deepest, found.longest_bars, found.current) == (0, 0.0, 0, 0.0)
    assert (found.average, found.average_bars, found.longest_days) == (None, None, None)
    assert drawdown_table(series, falls(series)) == ()


@pytest.mark.parametrize("seed", range(20))
def test_the_deepest_and_the_longest_are_those_of_a_walk_along_the_curve(seed: int) -> None:
    random = np.random.Generator(np.random.PCG64(seed))
    curve = np.cumprod(1.0 + random.choice([-0.5, -0.1, 0.0, 0.1, 1.0], 200)).tolist()
    found = summarise_falls(falls(from_equity(curve)))
    deepest, longest = walked(curve)
    assert found.deepest == pytest.approx(deepest, rel=1e-12)
    assert found.longest_bars == longest
