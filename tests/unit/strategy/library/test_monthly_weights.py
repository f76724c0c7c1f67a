"""Strategies that weigh assets once a month, against their definitions worked out plainly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from math import log, sqrt
from statistics import fmean, stdev

import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.market_data.series import session_date
from fakes.bars_for_backtests import walk
from fakes.library_runs import interpreted

COUNT = 4
SERIES = [walk(f"W{k}", 500, seed=20 + k).adjusted("raw") for k in range(COUNT)]
CLOSES = [series.close for series in SERIES]
MONTHS = [
    now
    for now, time in enumerate(SERIES[0].times)
    if session_date(time).month != (session_date(time) - timedelta(days=1)).month
]
Weights = Callable[[int], Sequence[float | None]]
"""Gives at a bar each asset's weight, None where it has none yet."""


def ran(name: str, terms: Terms | None = None, **parameters: float) -> Backtest:
    terms = terms or Terms(1_000_000.0, fee_bps=0.0)
    return interpreted(SERIES, name, terms=terms, **parameters)


def expected_orders(result: Backtest, weights: Weights) -> list[tuple[int, int, float]]:
    """Give bar, asset and signed units of what brings the positions to the weights each month."""
    expected = []
    for now in MONTHS:
        for k, weight in enumerate(weights(now)):
            if weight is None:
                continue
            done = result.fills[(result.fills["step"] <= now) & (result.fills["asset"] == k)]
            wanted = int(abs(weight) * result.equity[now] / CLOSES[k][now] + 1e-9)
            change = (wanted if weight > 0 else -wanted) - done["units"].sum()
            if change:
                expected.append((now, k, float(change)))
    return expected


def orders_of(result: Backtest) -> list[tuple[int, int, float]]:
    orders = result.orders
    signed = orders["units"] * orders["side"]
    columns = (orders["step"].tolist(), orders["asset"].tolist(), signed.tolist())
    return list(zip(*columns, strict=True))


def volatility(closes: Sequence[float], now: int, period: int) -> float:
    window = closes[now - period : now + 1]
    return stdev(log(after / before) for before, after in pairwise(window)) * sqrt(252)


def gain(closes: Sequence[float], now: int, lookback: int, skip: int = 0) -> float:
    return closes[now - skip] / closes[now - lookback] - 1.0


def test_what_is_above_its_long_mean_is_held_in_equal_parts() -> None:
    def weights(now: int) -> list[float | None]:
        if now < 99:
            return [None] * COUNT
        means = [fmean(closes[now - 99 : now + 1]) for closes in CLOSES]
        return [
            1 / COUNT if closes[now] > mean else 0.0
            for closes, mean in zip(CLOSES, means, strict=True)
        ]

    result = ran("faber_timing", period=100)
    assert orders_of(result) == expected_orders(result, weights)
    assert len(result.orders) > 10


@pytest.mark.parametrize("short", [0, 1])
def test_each_assets_own_past_return_gives_the_sign_and_its_volatility_the_size(
    short: int,
) -> None:
    def weights(now: int) -> list[float | None]:
        if now < 90:
            return [None] * COUNT
        found: list[float | None] = []
        for closes in CLOSES:
            size = min(0.2 / volatility(closes, now, 30), 1.0) / COUNT
            found.append(size if gain(closes, now, 90) > 0 else -size * short)
        return found

    terms = Terms(1_000_000.0, fee_bps=0.0, allow_short=bool(short))
    result = ran("time_series_momentum", terms, lookback=90, period=30, target=0.2, short=short)
    assert orders_of(result) == expected_orders(result, weights)
    assert (min(result.fills["units"].cumsum()) < 0) == bool(short)


def test_exposure_is_the_target_variance_over_the_past_one() -> None:
    def weights(now: int) -> list[float | None]:
        if now < 22:
            return [None]
        return [min((0.25 / volatility(CLOSES[0], now, 22)) ** 2, 0.9)]

    result = ran("volatility_target", period=22, target=0.25, most=0.9)
    assert orders_of(result) == expected_orders(result, weights)
    found = [weights(now)[0] for now in MONTHS]
    assert 0.9 in found
    assert any(weight is not None and weight < 0.9 for weight in found)


def test_weights_are_inverse_to_volatility_and_add_up() -> None:
    def weights(now: int) -> list[float | None]:
        if now < 40:
            return [None] * COUNT
        inverse = [1 / volatility(closes, now, 40) for closes in CLOSES]
        return [0.9 * each / sum(inverse) for each in inverse]

    result = ran("risk_parity", period=40, invested=0.9)
    assert orders_of(result) == expected_orders(result, weights)
    assert len(result.orders) > 30


@pytest.mark.parametrize("hold", [1, 2, 3])
def test_the_best_by_past_return_are_held_in_equal_parts(hold: int) -> None:
    def weights(now: int) -> list[float | None]:
        if now < 60:
            return [None] * COUNT
        gains = [gain(closes, now, 60, 5) for closes in CLOSES]
        best = sorted(gains, reverse=True)[:hold]
        return [1 / hold if each in best else 0.0 for each in gains]

    result = ran("momentum_rotation", lookback=60, skip=5, hold=hold)
    assert orders_of(result) == expected_orders(result, weights)
    assert len(set(result.fills["asset"].tolist())) == COUNT


def test_of_equal_returns_the_first_is_the_better() -> None:
    twins = [walk(symbol, 200, seed=3).adjusted("raw") for symbol in ("A", "B", "C")]
    result = interpreted(twins, "momentum_rotation", lookback=50, hold=2)
    assert set(result.fills["asset"].tolist()) == {0, 1}


def test_only_the_strongest_is_held_and_only_while_it_beats_the_hurdle() -> None:
    result = ran("dual_momentum", lookback=60, hurdle=0.05)
    held = []
    for now in MONTHS:
        if now < 60 or now + 1 >= len(SERIES[0]):
            continue
        gains = [gain(closes, now, 60) for closes in CLOSES]
        best = max(range(COUNT), key=lambda k: gains[k])
        expected = {best} if gains[best] > 0.05 else set()
        fills = result.fills[result.fills["step"] <= now + 1]
        after = {k for k in range(COUNT) if fills["units"][fills["asset"] == k].sum() > 0}
        assert after == expected
        held.append(expected)
    assert set() in held
    assert len({tuple(each) for each in held}) > 3
