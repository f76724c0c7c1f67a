from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from algotrendy.backtest.statistics.round_trips import longest_run, rate_trades
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.errors import Invalid


def trade(
    pnl: float,
    entry: int = 0,
    leave: int = 1,
    units: float = 10.0,
    at: float = 100.0,
    out: float = 100.0,
) -> Trade:
    return Trade(entry, leave, units, at, out, 1.0, pnl)


TRADES = [
    trade(30.0, 0, 2),
    trade(-10.0, 2, 3),
    trade(0.0, 3, 3),
    trade(-5.0, 4, 10, units=-10.0),
    trade(20.0, 10, 11, units=-5.0),
    trade(10.0, 12, 14),
]


def test_trades_are_counted_and_rated_after_fees() -> None:
    found = rate_trades(TRADES).all
    assert (found.count, found.wins, found.losses) == (6, 3, 2)
    assert found.win_rate == 0.5
    assert found.profit_factor == 4.0
    assert found.payoff == pytest.approx(20 / 7.5)
    assert found.expectancy == pytest.approx(45 / 6)
    assert (found.best, found.worst) == (30.0, -10.0)
    assert found.fees == 6.0


def test_a_trade_returns_its_profit_over_what_was_put_in() -> None:
    found = rate_trades(TRADES).all
    assert (found.best_return, found.worst_return) == pytest.approx((0.04, -0.01))
    assert found.median_return == pytest.approx((0.01 + 0.0) / 2)
    assert found.mean_return == pytest.approx((0.03 - 0.01 - 0.005 + 0.04 + 0.01) / 6)


def test_holding_times_are_in_bars() -> None:
    found = rate_trades(TRADES).all
    assert found.mean_hold == pytest.approx((2 + 1 + 0 + 6 + 1 + 2) / 6)
    assert found.median_hold == 1.5


def test_runs_of_wins_and_losses_end_with_a_trade_that_makes_nothing() -> None:
    found = rate_trades(TRADES).all
    assert (found.most_wins_running, found.most_losses_running) == (2, 1)
    assert longest_run(np.array([True, True, False, True])) == 2
    assert longest_run(np.array([], dtype=np.bool_)) == 0


def test_long_and_short_trades_are_rated_apart() -> None:
    sides = rate_trades(TRADES)
    assert (sides.long.count, sides.short.count) == (4, 2)
    assert sides.short.profit_factor == 4.0
    assert sides.long.expectancy == pytest.approx(7.5)


def test_the_quality_of_a_system_is_how_many_standard_errors_it_is_from_nothing() -> None:
    profits = np.array([30.0, -10.0, 0.0, -5.0, 20.0, 10.0])
    expected = profits.mean() / profits.std(ddof=1) * sqrt(6)
    assert rate_trades(TRADES).all.system_quality == pytest.approx(expected)


def test_excursions_are_the_furthest_the_price_went_while_the_trade_was_on() -> None:
    high = [101.0, 110.0, 130.0, 104.0]
    low = [99.0, 95.0, 96.0, 50.0]
    found = rate_trades([trade(10.0, 0, 3, out=103.0)], high, low).all
    # The exit's bar fell to 50, but who was out at its open did not see it.
    assert found.worst_adverse == pytest.approx(-0.05)
    assert found.best_favourable == pytest.approx(0.30)
    short = rate_trades([trade(10.0, 0, 3, units=-10.0, out=103.0)], high, low).short
    assert short.worst_adverse == pytest.approx(-0.30)
    assert short.best_favourable == pytest.approx(0.05)


def test_an_exit_price_beyond_the_bars_counts() -> None:
    found = rate_trades([trade(-50.0, 0, 1, out=80.0)], [101.0, 90.0], [99.0, 70.0]).all
    assert found.worst_adverse == pytest.approx(-0.2)
    assert found.mean_favourable == pytest.approx(0.01)


def test_a_trade_within_one_bar_knows_its_entry_and_its_exit_alone() -> None:
    found = rate_trades([trade(5.0, 1, 1, out=100.5)], [200.0, 200.0], [1.0, 1.0]).all
    assert (found.worst_adverse, found.best_favourable) == pytest.approx((0.0, 0.005))


def test_excursions_of_many_trades_are_those_of_each_alone() -> None:
    random = np.random.Generator(np.random.PCG64(3))
    high = 100.0 + random.random(50) * 20
    low = high - random.random(50) * 30
    trades = [
        trade(1.0, entry, entry + hold) for entry, hold in ((0, 49), (3, 1), (10, 0), (40, 9))
    ]
    together = rate_trades(trades, high, low).all
    alone = [rate_trades([one], high, low).all for one in trades]
    assert together.worst_adverse == min(one.worst_adverse or 0.0 for one in alone)
    assert together.best_favourable == max(one.best_favourable or 0.0 for one in alone)
    assert alone[0].worst_adverse == pytest.approx(min(low[:49].min() / 100 - 1, 0.0))


def test_without_trades_nothing_is_rated() -> None:
    found = rate_trades([]).all
    assert (found.count, found.win_rate, found.expectancy, found.mean_hold) == (0, None, None, None)
    assert (found.most_wins_running, found.worst_adverse) == (0, None)
    assert rate_trades([], [], []).all.mean_adverse is None


def test_only_winners_leave_profit_factor_and_payoff_open() -> None:
    found = rate_trades([trade(1.0), trade(2.0)]).all
    assert (found.profit_factor, found.payoff) == (None, None)


def test_trades_outside_the_bars_or_half_the_bars_are_refused() -> None:
    with pytest.raises(Invalid, match="trades must be between bars 0 and 1"):
        rate_trades([trade(1.0, 0, 2)], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(Invalid, match="pnl must be finite in every row, was 'nan in row 1'"):
        rate_trades([trade(1.0), trade(float("nan"))])
    with pytest.raises(Invalid, match="low must be given"):
        rate_trades([trade(1.0)], [1.0, 1.0])
    with pytest.raises(Invalid, match="low must be of length 2"):
        rate_trades([trade(1.0)], [1.0, 1.0], [1.0])
