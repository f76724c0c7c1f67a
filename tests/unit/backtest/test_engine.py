from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from algotrendy.backtest.engine import Cut, Fill, Terms, run
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.context import Account, Bars
from algotrendy.strategy.definition import Arguments, Memory, Strategy
from fakes.bars_for_backtests import series_of
from fakes.scripted_strategy import scripted

FOUR = series_of([10, 11, 12, 13], [10, 12, 12, 14])


def test_an_order_fills_at_the_next_open_and_pays_its_fee() -> None:
    strategy = scripted({0: lambda a: a.buy(10), 2: lambda a: a.sell(10)})
    result = run(FOUR, strategy, {}, Terms(1000.0, fee_bps=100.0))
    assert [(f.bar, f.units, f.price) for f in result.fills] == [(1, 10, 11), (3, -10, 13)]
    assert [f.fee for f in result.fills] == pytest.approx([1.10, 1.30])
    assert result.equity == pytest.approx([1000.0, 1008.9, 1008.9, 1017.6])
    assert result.cash == pytest.approx(1017.6)
    assert result.position == 0.0
    assert result.bars_held == 2


def test_a_round_trip_is_a_trade_net_of_both_fees() -> None:
    strategy = scripted({0: lambda a: a.buy(10), 2: lambda a: a.close()})
    result = run(FOUR, strategy, {}, Terms(1000.0, fee_bps=100.0))
    [trade] = result.trades
    assert (trade.entry_bar, trade.exit_bar, trade.units) == (1, 3, 10.0)
    assert (trade.entry_price, trade.exit_price) == (11.0, 13.0)
    assert trade.fees == pytest.approx(2.4)
    assert trade.pnl == pytest.approx(17.6)
    assert result.open_trade is None


def test_a_buy_that_cash_cannot_pay_is_cut_to_whole_shares_and_counted() -> None:
    result = run(FOUR, scripted({0: lambda a: a.buy(10)}), {}, Terms(100.0, fee_bps=100.0))
    # 100 / (11 * 1.01) = 9.0009: nine shares cost 99 and a fee of 0.99.
    assert result.fills == [Fill(1, 9.0, 11.0, 9 * 11.0 * 0.01)]
    assert result.cut == [Cut(1, 10, 9.0)]
    assert result.cash == pytest.approx(0.01)


def test_a_buy_that_takes_the_last_cent_is_not_cut() -> None:
    series = series_of([10, 10, 10], [10, 10, 10])
    result = run(series, scripted({0: lambda a: a.buy(100)}), {}, Terms(1001.0, fee_bps=10.0))
    assert (result.position, result.cash, result.cut) == (100.0, 0.0, [])


def test_a_buy_of_less_than_a_share_is_cut_to_nothing() -> None:
    result = run(FOUR, scripted({0: lambda a: a.buy(1)}), {}, Terms(10.0))
    assert (result.fills, result.cut) == ([], [Cut(1, 1, 0.0)])
    assert result.equity == [10.0] * 4


def test_fractional_shares_spend_all_the_cash_and_never_more() -> None:
    strategy = scripted({0: lambda a: a.invest()})
    result = run(FOUR, strategy, {}, Terms(100.0, fee_bps=100.0, fractional=True))
    assert result.position == pytest.approx(100 / 11.11)
    assert 0.0 <= result.cash < 1e-9
    assert result.cut == []


def test_investing_a_share_of_the_cash_leaves_the_rest() -> None:
    result = run(FOUR, scripted({0: lambda a: a.invest(0.5)}), {}, Terms(1000.0))
    assert (result.position, result.cash) == (45.0, 1000.0 - 45 * 11)


def test_an_investment_too_small_for_one_share_is_counted_as_cut() -> None:
    result = run(FOUR, scripted({0: lambda a: a.invest(0.01)}), {}, Terms(1000.0))
    assert result.cut == [Cut(1, 0.0, 0.0)]


def test_an_order_at_the_last_bar_is_reported_as_unfilled() -> None:
    result = run(FOUR, scripted({3: lambda a: a.buy(1)}), {}, Terms(1000.0))
    assert (result.unfilled, result.fills, result.cut) == (1, [], [])


def test_a_sale_is_cut_to_what_is_held() -> None:
    strategy = scripted({0: lambda a: a.buy(5), 1: lambda a: a.sell(8)})
    result = run(FOUR, strategy, {}, Terms(1000.0))
    assert result.cut == [Cut(2, -8, -5.0)]
    assert result.position == 0.0


def test_a_sale_without_a_holding_does_nothing_but_count() -> None:
    result = run(FOUR, scripted({0: lambda a: a.sell(3)}), {}, Terms(1000.0))
    assert (result.fills, result.cut) == ([], [Cut(1, -3, 0.0)])


def test_orders_of_one_bar_fill_in_the_order_they_were_placed() -> None:
    def both(account: Account) -> None:
        account.buy(2)
        account.sell(1)

    result = run(FOUR, scripted({0: both}), {}, Terms(1000.0))
    assert [f.units for f in result.fills] == [2, -1]
    assert result.position == 1.0


def test_a_least_fee_is_taken_and_reckoned_with() -> None:
    result = run(FOUR, scripted({0: lambda a: a.buy(9)}), {}, Terms(100.0, fee_minimum=5.0))
    # Nine shares would cost 99 + 5; eight cost 88 + 5.
    assert result.fills == [Fill(1, 8.0, 11.0, 5.0)]
    assert result.cash == 7.0


def test_a_sale_whose_least_fee_cannot_be_paid_is_refused() -> None:
    series = series_of([1, 1, 1, 1], [1, 1, 1, 1])
    strategy = scripted({0: lambda a: a.buy(2), 1: lambda a: a.sell(2)})
    result = run(series, strategy, {}, Terms(7.0, fee_minimum=5.0))
    assert result.cash == 0.0
    assert result.cut == [Cut(2, -2, 0.0)]


def test_a_short_needs_leave_and_is_secured_by_the_equity() -> None:
    strategy = scripted({0: lambda a: a.sell(1000), 1: lambda a: a.close()})
    result = run(FOUR, strategy, {}, Terms(110.0, allow_short=True))
    assert [f.units for f in result.fills] == [-10.0, 10.0]
    assert result.cut == [Cut(1, -1000, -10.0)]
    # Sold ten at 11, bought back at 12.
    assert result.trades == [Trade(1, 2, -10.0, 11.0, 12.0, 0.0, -10.0)]
    assert result.cash == 100.0


def test_a_second_short_sale_finds_the_equity_used_up() -> None:
    series = series_of([10, 10, 10, 10], [10, 10, 10, 10])
    strategy = scripted({0: lambda a: a.sell(60), 1: lambda a: a.sell(60), 2: lambda a: a.sell(60)})
    result = run(series, strategy, {}, Terms(1000.0, allow_short=True))
    assert result.position == -100.0
    assert result.cut == [Cut(2, -60, -40.0), Cut(3, -60, 0.0)]


def test_a_fill_through_zero_ends_one_trade_and_begins_another() -> None:
    strategy = scripted({0: lambda a: a.buy(4), 1: lambda a: a.sell(6)})
    result = run(FOUR, strategy, {}, Terms(1000.0, fee_bps=100.0, allow_short=True))
    closed, still = result.trades[0], result.open_trade
    assert closed.units == 4.0
    assert closed.pnl == pytest.approx(4 * 1 - 0.44 - 0.48)
    assert still is not None
    assert (still.units, still.entry_price, still.exit_price) == (-2.0, 12.0, 14.0)
    assert still.pnl == pytest.approx(-2 * 2 - 0.24)


def test_an_open_trade_is_valued_at_the_last_close() -> None:
    result = run(FOUR, scripted({0: lambda a: a.buy(10)}), {}, Terms(1000.0))
    assert result.open_trade == Trade(1, 3, 10.0, 11.0, 14.0, 0.0, 30.0)
    assert result.trades == []


@pytest.mark.parametrize("units", [0, -1, math.nan, math.inf])
def test_an_order_for_no_number_of_shares_is_refused(units: float) -> None:
    with pytest.raises(Invalid, match=r"order\.units"):
        run(FOUR, scripted({0: lambda a: a.buy(units)}), {}, Terms(1000.0))


@pytest.mark.parametrize("share", [0, -0.5, 1.01, math.nan])
def test_an_investment_of_no_share_of_the_cash_is_refused(share: float) -> None:
    with pytest.raises(Invalid, match=r"order\.share"):
        run(FOUR, scripted({0: lambda a: a.invest(share)}), {}, Terms(1000.0))


def test_without_bars_nothing_happens() -> None:
    result = run(series_of([], []), scripted({}), {}, Terms(1000.0))
    assert (result.equity, result.fills, result.open_trade, result.cash) == ([], [], None, 1000.0)


def test_one_bar_is_decided_on_and_never_filled() -> None:
    result = run(series_of([10], [11]), scripted({0: lambda a: a.buy(1)}), {}, Terms(1000.0))
    assert (result.equity, result.unfilled) == ([1000.0], 1)


@pytest.mark.parametrize("price", [1e-9, 1e12])
@pytest.mark.parametrize("fractional", [False, True])
def test_extreme_prices_end_and_keep_the_cash_above_zero(price: float, fractional: bool) -> None:
    series = series_of([price] * 3, [price] * 3)
    terms = Terms(1e12, fee_bps=10.0, fee_minimum=0.01, fractional=fractional)
    result = run(series, scripted({0: lambda a: a.invest()}), {}, terms)
    assert 0.0 <= result.cash <= 1e12


def _peeking(peek: Callable[[Bars], object]) -> Strategy:
    def decide(bars: Bars, memory: Memory, parameters: Arguments, account: Account) -> None:
        peek(bars)

    return Strategy("peeking", "Looks ahead.", "tests", (), decide, lambda _: 1)


def test_the_next_bar_is_not_there_to_be_read() -> None:
    with pytest.raises(IndexError):
        run(FOUR, _peeking(lambda bars: bars.close[len(bars.time)]), {}, Terms(1000.0))


def test_a_strategy_that_forges_its_account_or_the_bars_fools_only_itself() -> None:
    def decide(bars: Bars, memory: Memory, parameters: Arguments, account: Account) -> None:
        bars.close[-1] = 1e9
        account.cash = 1e9
        if len(bars.close) == 1:
            account.buy(10)
        account.position = 1e9

    forger = Strategy("forger", "Forges.", "tests", (), decide, lambda _: 1)
    honest = run(FOUR, scripted({0: lambda a: a.buy(10)}), {}, Terms(1000.0))
    assert run(FOUR, forger, {}, Terms(1000.0)) == honest
