from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.trades import Trade
from algotrendy.exchange.rules.codes import CANCELED, FILLED, WORKING
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.market import Market
from fakes.bars_for_backtests import series_of
from fakes.scripted_strategy import ends_of, fills_of, ran, scripted

FOUR = series_of([10, 11, 12, 13], [10, 12, 12, 14])


def test_an_order_fills_at_the_next_open_and_pays_its_fee() -> None:
    strategy = scripted({0: lambda m: m.buy(10), 2: lambda m: m.sell(10)})
    result = ran(FOUR, strategy, Terms(1000.0, fee_bps=100.0))
    assert fills_of(result) == [(1, 10, 11), (3, -10, 13)]
    assert result.fills["fee"].tolist() == pytest.approx([1.10, 1.30])
    assert result.equity.tolist() == pytest.approx([1000.0, 1008.9, 1008.9, 1017.6])
    assert result.cash[-1] == pytest.approx(1017.6)
    assert result.exposure.tolist() == [0.0, 120.0, 120.0, 0.0]
    assert result.raw.positions.tolist() == [0.0]
    assert result.bars_held == 2
    assert result.costs()["fees"] == pytest.approx(2.4)


def test_a_round_trip_is_a_trade_net_of_both_fees() -> None:
    strategy = scripted({0: lambda m: m.buy(10), 2: lambda m: m.exit()})
    result = ran(FOUR, strategy, Terms(1000.0, fee_bps=100.0))
    [trade] = result.trades
    assert (trade.entry_bar, trade.exit_bar, trade.units) == (1, 3, 10.0)
    assert (trade.entry_price, trade.exit_price) == (11.0, 13.0)
    assert trade.fees == pytest.approx(2.4)
    assert trade.pnl == pytest.approx(17.6)
    assert result.open_trades == ()


def test_a_buy_that_cash_cannot_pay_is_cut_to_whole_shares_and_counted() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.buy(10)}), Terms(100.0, fee_bps=100.0))
    # 100 / (11 * 1.01) = 9.0009: nine shares cost 99 and a fee of 0.99.
    assert fills_of(result) == [(1, 9.0, 11.0)]
    assert result.fills["fee"][0] == 9 * 11.0 * 0.01
    assert ends_of(result) == [(10.0, 9.0, FILLED)]
    assert result.cut == 1
    assert result.cash[-1] == pytest.approx(0.01)


def test_a_buy_that_takes_the_last_cent_is_not_cut() -> None:
    series = series_of([10, 10, 10], [10, 10, 10])
    result = ran(series, scripted({0: lambda m: m.buy(100)}), Terms(1001.0, fee_bps=10.0))
    assert (result.raw.positions[0], result.cash[-1], result.cut) == (100.0, 0.0, 0)


def test_a_buy_of_less_than_a_share_is_cut_to_nothing() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.buy(1)}), Terms(10.0, fee_bps=0.0))
    assert (fills_of(result), result.cut) == ([], 1)
    assert ends_of(result) == [(1.0, 0.0, CANCELED)]
    assert result.equity.tolist() == [10.0] * 4


def test_an_investment_is_sized_at_the_close_it_was_decided_on() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.invest(0.5)}), Terms(1000.0, fee_bps=0.0))
    # Half of 1000 buys 50 at the close of 10; the open of 11 is paid out of the other half.
    assert fills_of(result) == [(1, 50.0, 11.0)]
    assert result.cash[-1] == 1000.0 - 50 * 11


def test_an_investment_of_all_the_cash_is_cut_when_the_next_open_is_dearer() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.invest()}), Terms(1000.0, fee_bps=0.0))
    assert ends_of(result) == [(100.0, 90.0, FILLED)]
    assert (result.cut, result.cash[-1]) == (1, 10.0)


def test_an_investment_leaves_room_for_its_fee() -> None:
    level = series_of([10, 10, 10], [10, 10, 10])
    result = ran(level, scripted({0: lambda m: m.invest()}), Terms(1000.0, fee_bps=100.0))
    # 1000 / 10.1 = 99.0099
    assert fills_of(result) == [(1, 99.0, 10.0)]
    assert result.cut == 0


def test_fractional_shares_spend_all_the_cash_and_never_more() -> None:
    strategy = scripted({0: lambda m: m.invest()})
    result = ran(FOUR, strategy, Terms(100.0, fee_bps=100.0, fractional=True))
    assert result.raw.positions[0] == pytest.approx(100 / 11.11, abs=2e-9)
    assert 0.0 <= result.cash[-1] < 1e-7


def test_an_investment_too_small_for_one_share_is_counted_as_cut() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.invest(0.009)}), Terms(1000.0, fee_bps=0.0))
    assert (result.cut, len(result.orders), len(result.fills)) == (1, 0, 0)


def test_an_order_at_the_last_bar_is_reported_as_unfilled() -> None:
    result = ran(FOUR, scripted({3: lambda m: m.buy(1)}), Terms(1000.0, fee_bps=0.0))
    assert (result.unfilled, len(result.fills), result.cut) == (1, 0, 0)
    assert ends_of(result) == [(1.0, 0.0, WORKING)]


def test_a_sale_is_cut_to_what_is_held() -> None:
    strategy = scripted({0: lambda m: m.buy(5), 1: lambda m: m.sell(8)})
    result = ran(FOUR, strategy, Terms(1000.0, fee_bps=0.0))
    assert fills_of(result)[1] == (2, -5.0, 12.0)
    assert (result.cut, result.raw.positions[0]) == (1, 0.0)


def test_a_sale_without_a_holding_does_nothing_but_count() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.sell(3)}), Terms(1000.0, fee_bps=0.0))
    assert (fills_of(result), result.cut) == ([], 1)


def test_orders_of_one_bar_fill_in_the_order_they_were_placed() -> None:
    def both(market: Market) -> None:
        market.buy(2)
        market.sell(1)

    result = ran(FOUR, scripted({0: both}), Terms(1000.0, fee_bps=0.0))
    assert [units for _, units, _ in fills_of(result)] == [2, -1]
    assert result.raw.positions[0] == 1.0


def test_a_least_fee_is_taken_and_reckoned_with() -> None:
    result = ran(
        FOUR, scripted({0: lambda m: m.buy(9)}), Terms(100.0, fee_bps=0.0, fee_minimum=5.0)
    )
    # Nine shares would cost 99 + 5; eight cost 88 + 5.
    assert fills_of(result) == [(1, 8.0, 11.0)]
    assert result.fills["fee"][0] == 5.0
    assert result.cash[-1] == 7.0


def test_a_sale_whose_least_fee_cannot_be_paid_is_refused() -> None:
    series = series_of([1, 1, 1, 1], [1, 1, 1, 1])
    strategy = scripted({0: lambda m: m.buy(2), 1: lambda m: m.sell(2)})
    result = ran(series, strategy, Terms(7.0, fee_bps=0.0, fee_minimum=5.0))
    assert result.cash[-1] == 0.0
    assert ends_of(result)[1] == (2.0, 0.0, CANCELED)
    assert result.cut == 1


def test_a_short_needs_leave_and_is_secured_by_the_equity() -> None:
    strategy = scripted({0: lambda m: m.sell(1000), 1: lambda m: m.exit()})
    result = ran(FOUR, strategy, Terms(110.0, fee_bps=0.0, allow_short=True))
    # Sold ten at 11, bought back at 12.
    assert fills_of(result) == [(1, -10.0, 11.0), (2, 10.0, 12.0)]
    assert result.cut == 1
    assert result.trades == (Trade(1, 2, -10.0, 11.0, 12.0, 0.0, -10.0),)
    assert result.cash[-1] == 100.0


def test_a_second_short_sale_finds_the_equity_used_up() -> None:
    series = series_of([10, 10, 10, 10], [10, 10, 10, 10])
    strategy = scripted({0: lambda m: m.sell(60), 1: lambda m: m.sell(60), 2: lambda m: m.sell(60)})
    result = ran(series, strategy, Terms(1000.0, fee_bps=0.0, allow_short=True))
    assert result.raw.positions[0] == -100.0
    assert result.orders["filled"].tolist() == [60.0, 40.0, 0.0]
    assert result.cut == 2


def test_a_fill_through_zero_ends_one_trade_and_begins_another() -> None:
    strategy = scripted({0: lambda m: m.buy(4), 1: lambda m: m.sell(6)})
    result = ran(FOUR, strategy, Terms(1000.0, fee_bps=100.0, allow_short=True))
    [closed], [still] = result.trades, result.open_trades
    assert closed.units == 4.0
    assert closed.pnl == pytest.approx(4 * 1 - 0.44 - 0.48)
    assert (still.units, still.entry_price, still.exit_price) == (-2.0, 12.0, 14.0)
    assert still.pnl == pytest.approx(-2 * 2 - 0.24)


def test_an_open_trade_is_valued_at_the_last_close() -> None:
    result = ran(FOUR, scripted({0: lambda m: m.buy(10)}), Terms(1000.0, fee_bps=0.0))
    assert result.open_trades == (Trade(1, 3, 10.0, 11.0, 14.0, 0.0, 30.0),)
    assert result.trades == ()


@pytest.mark.parametrize("units", [0, -1, math.nan, math.inf])
def test_an_order_for_no_number_of_shares_is_refused(units: float) -> None:
    with pytest.raises(Invalid, match=r"order\.units"):
        ran(FOUR, scripted({0: lambda m: m.buy(units)}), Terms(1000.0, fee_bps=0.0))


@pytest.mark.parametrize("share", [0, -0.5, 1.01, math.nan])
def test_an_investment_of_no_share_of_the_cash_is_refused(share: float) -> None:
    with pytest.raises(Invalid, match=r"order\.share"):
        ran(FOUR, scripted({0: lambda m: m.invest(share)}), Terms(1000.0, fee_bps=0.0))


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(Invalid, match=r"order\.weight"):
        ran(FOUR, scripted({0: lambda m: m.target(math.nan)}), Terms(1000.0, fee_bps=0.0))


def test_without_bars_there_is_no_dataset_and_in_an_empty_slice_nothing_happens() -> None:
    with pytest.raises(Invalid, match="at least one bar"):
        ran(series_of([], []), scripted({}), Terms(1000.0, fee_bps=0.0))
    result = ran(from_series(FOUR)[:0], scripted({}), Terms(1000.0, fee_bps=0.0))
    assert (len(result.equity), len(result.fills), result.open_trades) == (0, 0, ())
    assert result.raw.account.cash == 1000.0


def test_one_bar_is_decided_on_and_never_filled() -> None:
    result = ran(
        series_of([10], [11]), scripted({0: lambda m: m.buy(1)}), Terms(1000.0, fee_bps=0.0)
    )
    assert (result.equity.tolist(), result.unfilled) == ([1000.0], 1)


@pytest.mark.parametrize("price", [1e-9, 1e12])
@pytest.mark.parametrize("fractional", [False, True])
def test_extreme_prices_end_and_keep_the_cash_above_zero(price: float, fractional: bool) -> None:
    series = series_of([price] * 3, [price] * 3)
    terms = Terms(1e12, fee_bps=10.0, fee_minimum=0.01, fractional=fractional)
    result = ran(series, scripted({0: lambda m: m.invest()}), terms)
    assert 0.0 <= result.cash[-1] <= 1e12


def peeking(peek: Callable[[Market], object]) -> Strategy:
    return scripted(dict.fromkeys(range(4), peek))


def test_the_next_bar_is_not_there_to_be_read() -> None:
    with pytest.raises(IndexError):
        ran(
            FOUR, peeking(lambda market: market.close[len(market.time)]), Terms(1000.0, fee_bps=0.0)
        )


def test_a_strategy_that_forges_its_account_or_the_bars_fools_only_itself() -> None:
    def decide(market: Market, own: Any, p: Any) -> None:
        market.close[-1] = 1e9
        market.cash = market.equity = 1e9
        if len(market.close) == 1:
            market.buy(10)
        market.position = 1e9

    forger = Strategy("forger", "Forges.", "tests", (), decide, lambda _: 1)
    honest = ran(FOUR, scripted({0: lambda m: m.buy(10)}), Terms(1000.0, fee_bps=0.0))
    forged = ran(FOUR, forger, Terms(1000.0, fee_bps=0.0))
    assert np.array_equal(forged.equity, honest.equity)
    assert np.array_equal(forged.fills, honest.fills)
    assert forged.open_trades == honest.open_trades


def test_before_the_first_step_of_trading_no_order_is_taken() -> None:
    from algotrendy.backtest.engine.running import run
    from algotrendy.backtest.engine.setting import Setting

    strategy = scripted({step: lambda m: m.buy(1) for step in range(4)})
    setting = Setting(from_series(FOUR), strategy, {}, Terms(1000.0, fee_bps=0.0), trade_from=2)
    result = run(setting, "interpreted")
    assert result.orders["step"].tolist() == [2, 3]
    assert fills_of(result) == [(3, 1.0, 13.0)]
