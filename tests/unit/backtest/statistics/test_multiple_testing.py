from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from algotrendy.backtest.statistics.multiple_testing import adjusted_p_values, haircut_sharpe
from algotrendy.kernel.errors import Invalid

P = [0.04, 0.01, 0.03, 0.005]
HARMONIC = 1 + 1 / 2 + 1 / 3 + 1 / 4


def test_bonferroni_multiplies_by_the_number_of_tests() -> None:
    assert adjusted_p_values(P, "bonferroni") == pytest.approx([0.16, 0.04, 0.12, 0.02])
    assert adjusted_p_values([0.9, 0.5], "bonferroni") == pytest.approx([1.0, 1.0])


def test_holm_multiplies_by_the_tests_left_and_never_falls() -> None:
    # By rank: 0.005 x 4, 0.01 x 3, 0.03 x 2, then 0.04 x 1 raised to what came before.
    assert adjusted_p_values(P, "holm") == pytest.approx([0.06, 0.03, 0.06, 0.02])


def test_bhy_scales_by_rank_and_harmonic_sum_and_never_rises_downwards() -> None:
    # By rank: 0.02 c, 0.02 c, 0.04 c, 0.04 c.
    expected = np.array([0.04, 0.02, 0.04, 0.02]) * HARMONIC
    assert adjusted_p_values(P, "bhy") == pytest.approx(expected)


def test_a_single_test_needs_no_adjustment() -> None:
    for adjustment in ("bonferroni", "holm", "bhy"):
        assert adjusted_p_values([0.03], adjustment) == pytest.approx([0.03])
        assert len(adjusted_p_values([], adjustment)) == 0


def test_the_haircut_of_one_trial_is_nothing_and_of_many_is_what_the_p_value_says() -> None:
    alone = haircut_sharpe([1.0], 240, 12.0, "bonferroni")
    assert alone.sharpe == pytest.approx([1.0])
    assert alone.haircut == pytest.approx([0.0], abs=1e-12)
    many = haircut_sharpe([1.0] + [0.0] * 199, 240, 12.0, "bonferroni")
    normal = NormalDist()
    p = 2 * normal.cdf(-sqrt(20))
    assert many.p[0] == pytest.approx(p)
    expected = -normal.inv_cdf(200 * p / 2) / sqrt(20)
    assert many.sharpe[0] == pytest.approx(expected)
    assert many.haircut[0] == pytest.approx(1 - expected)
    assert np.isnan(many.haircut[1])


def test_weak_ratios_are_cut_by_more_than_strong_ones() -> None:
    found = haircut_sharpe([0.4, 0.8, 1.6, -0.4] + [0.1] * 20, 2_520, 252.0, "bhy")
    assert found.haircut[0] > found.haircut[1] > found.haircut[2]
    assert found.sharpe[3] <= 0.0
    assert (found.adjusted >= found.p).all()


def test_a_ratio_beyond_all_doubt_keeps_its_value() -> None:
    found = haircut_sharpe([50.0, 0.1], 2_520, 252.0)
    assert found.sharpe[0] == 50.0


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(Invalid, match="in row 1"):
        adjusted_p_values([0.5, 1.5], "holm")
    with pytest.raises(Invalid, match="observations"):
        haircut_sharpe([1.0], 1, 252.0)
