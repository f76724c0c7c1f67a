from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.statistics.trade_monte_carlo import QUANTILES, Draw, simulate_trades
from algotrendy.kernel.errors import Invalid

PROFITS = [100.0, -50.0, 80.0, -120.0, 60.0, 10.0]


def test_shuffling_changes_the_way_and_not_the_end() -> None:
    found = simulate_trades(PROFITS, 1_000.0, seed=1, paths=500, draw="shuffle")
    assert found.final == pytest.approx(np.full(500, 1_080.0))
    assert len(np.unique(found.drawdown.round(9))) > 5
    assert (found.risk_of_loss, found.trades, found.paths) == (0.0, 6, 500)


def test_shuffling_finds_the_worst_and_the_best_order() -> None:
    found = simulate_trades([100.0, -100.0, -100.0], 1_000.0, seed=1, paths=500, draw="shuffle")
    # First both losses: 1000 to 800. First the gain: 1100 to 900. In between: 1000 to 900, twice.
    assert sorted(set(found.drawdown.round(9))) == pytest.approx([-0.2, 900 / 1100 - 1, -0.1])


def test_resampling_has_the_mean_and_spread_of_the_trades() -> None:
    found = simulate_trades(PROFITS, 1_000.0, seed=1, paths=40_000)
    profits = np.array(PROFITS)
    assert found.final.mean() == pytest.approx(1_000 + profits.sum(), rel=0.005)
    assert found.final.std() == pytest.approx(profits.std() * np.sqrt(6), rel=0.02)
    assert [share for share, _ in found.final_quantiles] == list(QUANTILES)
    assert dict(found.final_quantiles)[0.5] == pytest.approx(np.median(found.final))
    assert found.risk_of_loss == np.mean(found.final < 1_000.0)


def test_the_risk_of_ruin_of_a_fair_coin_is_that_of_the_gambler() -> None:
    # By reflection a fair walk has touched -4 with probability P(end <= -4) + P(end < -4).
    found = simulate_trades([1.0, -1.0], 4.0, seed=2, paths=40_000, trades=50, ruin=0.0)
    reach = [comb(50, (50 + end) // 2) / 2**50 for end in range(-50, 51, 2)]
    ends = list(range(-50, 51, 2))
    exact = float(
        np.sum([p for p, end in zip(reach, ends, strict=True) if end <= -4])
        + np.sum([p for p, end in zip(reach, ends, strict=True) if end < -4])
    )
    assert found.risk_of_ruin == pytest.approx(exact, abs=0.01)


def test_fractions_compound() -> None:
    found = simulate_trades([0.1, -0.1], 100.0, seed=1, paths=200, draw="shuffle", compound=True)
    assert found.final == pytest.approx(np.full(200, 99.0))
    # Up and then down falls by a tenth; down and then up as well.
    assert found.drawdown == pytest.approx(np.full(200, -0.1))


@pytest.mark.parametrize("draw", ["shuffle", "resample"])
def test_the_same_seed_gives_the_same_paths_whatever_the_memory(draw: Draw) -> None:
    whole = simulate_trades(PROFITS, 1_000.0, seed=4, paths=300, draw=draw)
    piece = simulate_trades(PROFITS, 1_000.0, seed=4, paths=300, draw=draw, memory_bytes=2_000)
    other = simulate_trades(PROFITS, 1_000.0, seed=5, paths=300, draw=draw)
    assert (whole.drawdown == piece.drawdown).all()
    assert (whole.final == piece.final).all()
    assert (whole.drawdown != other.drawdown).any()


def test_ruin_is_the_share_of_the_capital_that_was_named() -> None:
    found = simulate_trades([-60.0], 100.0, seed=1, paths=10, ruin=0.4)
    assert (found.ruin, found.risk_of_ruin) == (40.0, 1.0)
    assert simulate_trades([-59.0], 100.0, seed=1, paths=10, ruin=0.4).risk_of_ruin == 0.0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"capital": 0.0}, "capital"),
        ({"profits": []}, "profits"),
        ({"paths": 0}, "paths"),
        ({"ruin": 1.0}, "ruin"),
        ({"trades": 0}, "trades"),
        ({"trades": 5, "draw": "shuffle"}, "trades"),
        ({"profits": [1.0, float("nan")]}, "profits"),
    ],
)
def test_arguments_that_cannot_be_are_refused(change: dict[str, Any], field: str) -> None:
    arguments: dict[str, Any] = {"profits": PROFITS, "capital": 1_000.0, "seed": 1, **change}
    with pytest.raises(Invalid) as refused:
        simulate_trades(**arguments)
    assert refused.value.field == field
