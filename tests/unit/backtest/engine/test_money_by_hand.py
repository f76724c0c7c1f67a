"""What trading and holding cost, what margin asks for, what companies do: reckoned by hand."""

from __future__ import annotations

from math import sqrt

import pytest

from algotrendy.backtest.data.actions import delisting, dividend, split
from algotrendy.backtest.data.making import AssetTerms, rate
from algotrendy.backtest.engine.records import CostRow
from algotrendy.backtest.engine.rules.booking import affordable
from algotrendy.backtest.engine.rules.costs import fee_of, slipped
from algotrendy.backtest.engine.terms import Terms
from algotrendy.exchange.rules.codes import BUY, CANCELED, LIMIT, MARKET, SELL, STOP
from algotrendy.strategy.market import Market
from fakes.scripted_strategy import Act, ends_of, fills_of, ran, scripted
from fakes.small_bars import FIRST, Row, day, level, small

QUIET = (100.0, 100.0, 100.0, 100.0)


def test_a_fee_is_a_rate_and_so_much_a_unit_between_its_least_and_its_most() -> None:
    costs = Terms(
        1.0, fee_bps=10.0, fee_per_unit=0.01, fee_minimum=1.0, fee_most_bps=50.0
    ).cost_row()
    assert fee_of(100.0, 5_000.0, BUY, costs) == pytest.approx(5.0 + 1.0)
    assert fee_of(10.0, 500.0, BUY, costs) == 1.0
    assert fee_of(1.0, 50.0, BUY, costs) == pytest.approx(0.25)


def test_a_sale_costs_its_levies_besides() -> None:
    costs = Terms(1.0, fee_bps=10.0, sale_fee_bps=0.2, sale_fee_per_unit=0.0002).cost_row()
    assert fee_of(100.0, 5_000.0, BUY, costs) == pytest.approx(5.0)
    assert fee_of(100.0, 5_000.0, SELL, costs) == pytest.approx(5.0 + 0.1 + 0.02)


def test_slippage_is_a_part_half_a_spread_and_an_impact() -> None:
    costs = Terms(1.0, fee_bps=0.0, slippage_bps=10.0, spread=0.04, impact_bps=20.0).cost_row()
    shift = 0.1 + 0.02 + 100.0 * 0.002 * sqrt(25.0 / 400.0)
    assert slipped(MARKET, BUY, 100.0, 25.0, 400.0, costs) == pytest.approx(100.0 + shift)
    assert slipped(STOP, SELL, 100.0, 25.0, 400.0, costs) == pytest.approx(100.0 - shift)
    assert slipped(LIMIT, BUY, 100.0, 25.0, 400.0, costs) == 100.0
    assert slipped(MARKET, BUY, 100.0, 25.0, 0.0, costs) == pytest.approx(100.12)


def test_a_sale_keeps_half_of_its_price_however_wide_the_spread() -> None:
    costs = Terms(1.0, fee_bps=0.0, spread=10.0).cost_row()
    assert slipped(MARKET, SELL, 1.0, 1.0, 0.0, costs) == 0.5


def test_terms_in_whole_numbers_give_curves_of_floats() -> None:
    whole, exact = Terms(10_000, fee_bps=5, leverage=1), Terms(10_000.0, fee_bps=5.0, leverage=1.0)
    assert repr(whole) == repr(exact)
    idle = ran(small(level(100.0, 3)), scripted({}), whole)
    assert (idle.equity.dtype.kind, idle.cash.dtype.kind) == ("f", "f")


def test_what_slipped_is_counted() -> None:
    script: dict[int, Act] = {0: lambda m: m.buy(10), 1: lambda m: m.exit()}
    result = ran(
        small(level(100.0, 3)), scripted(script), Terms(10_000.0, fee_bps=0.0, slippage_bps=10.0)
    )
    assert fills_of(result) == [(1, 10.0, 100.1), (2, -10.0, 99.9)]
    assert result.fills["slippage"].tolist() == pytest.approx([0.1, 0.1])
    assert result.costs()["slippage"] == pytest.approx(2.0)
    assert result.equity[-1] == pytest.approx(10_000.0 - 2.0)


@pytest.mark.parametrize(
    ("terms", "budget", "units"),
    [
        (Terms(1.0, fee_bps=100.0), 1_000.0, 99.0),
        (Terms(1.0, fee_bps=0.0, fee_minimum=25.0), 1_000.0, 97.0),
        (Terms(1.0, fee_bps=0.0, fee_per_unit=0.5), 1_000.0, 95.0),
        # The least fee of 25 would leave nothing, but no fee is more than 1 %.
        (Terms(1.0, fee_bps=0.0, fee_minimum=25.0, fee_most_bps=100.0), 31.0, 3.0),
        (Terms(1.0, fee_bps=0.0, fee_minimum=25.0), 20.0, 0.0),
        (Terms(1.0, fee_bps=100.0, fractional=True), 1_010.0, 100.0),
    ],
)
def test_a_budget_buys_the_most_units_that_it_pays_with_their_fee(
    terms: Terms, budget: float, units: float
) -> None:
    costs: CostRow = terms.cost_row()
    lot = 0.0 if terms.fractional else 1.0
    assert affordable(1_000.0, budget, 10.0, BUY, costs, lot) == pytest.approx(units, abs=1e-8)


def test_sells_of_one_asset_pay_for_buys_of_another() -> None:
    def turn(market: Market) -> None:
        market[0].buy(100)
        market[1].exit()

    bars = small({"ONE": level(100.0, 4), "TWO": level(100.0, 4)})
    result = ran(
        bars, scripted({0: lambda m: m[1].buy(100), 1: turn}), Terms(10_000.0, fee_bps=0.0)
    )
    assert [(f["asset"], f["units"]) for f in result.fills] == [(1, 100.0), (1, -100.0), (0, 100.0)]


def test_without_a_sale_assets_are_served_in_their_order() -> None:
    def both(market: Market) -> None:
        market[1].buy(100)
        market[0].buy(100)

    bars = small({"ONE": level(100.0, 2), "TWO": level(100.0, 2)})
    result = ran(bars, scripted({0: both}), Terms(10_000.0, fee_bps=0.0))
    assert [(f["asset"], f["units"]) for f in result.fills] == [(0, 100.0)]


def test_cash_earns_and_loans_and_borrowed_shares_cost_by_the_night() -> None:
    # Friday the 5th to Monday the 8th are three nights.
    rows = [QUIET, QUIET, QUIET, QUIET, QUIET, None, None, QUIET]
    terms = Terms(
        10_000.0,
        fee_bps=0.0,
        allow_short=True,
        cash_rate=0.036,
        borrow_rate=0.0072,
        days_in_year=360,
    )
    result = ran(small(rows), scripted({3: lambda m: m.sell(50)}), terms)
    # A night on 10,000 is 1.00; short of 5,000 there are 15,000 and a few of cash, less 0.10.
    one = 10_000.0 * 0.036 / 360
    before = 10_000.0 + one
    for _ in range(3):
        before += before * 0.036 / 360
    cash = before + 5_000.0
    for nights in (3,):
        cash += cash * 0.036 * nights / 360 - 5_000.0 * 0.0072 * nights / 360
    assert one == 1.0
    assert result.cash[-1] == pytest.approx(cash, abs=1e-9)
    assert result.costs()["borrow"] == pytest.approx(0.3)


def test_a_loan_costs_its_rate() -> None:
    terms = Terms(10_000.0, fee_bps=0.0, leverage=2.0, loan_rate=0.072)
    result = ran(small(level(100.0, 3)), scripted({0: lambda m: m.buy(200)}), terms)
    assert result.cash.tolist() == pytest.approx([10_000.0, -10_000.0, -10_002.0])
    assert result.costs()["interest"] == pytest.approx(-2.0)


def test_leverage_is_of_the_equity_and_all_positions_count() -> None:
    def both(market: Market) -> None:
        market[0].buy(150)
        market[1].sell(150)

    bars = small({"ONE": level(100.0, 3), "TWO": level(100.0, 3)})
    result = ran(
        bars, scripted({0: both}), Terms(10_000.0, fee_bps=0.0, leverage=2.0, allow_short=True)
    )
    # The sale is served first; what it leaves is 200 * 100 less 150 * 100.
    assert result.raw.positions.tolist() == [50.0, -150.0]
    assert result.exposure[-1] == 20_000.0


def test_an_account_below_its_maintenance_is_closed_at_the_next_open() -> None:
    calls: list[int] = []
    rows = [QUIET, QUIET, (70.0, 70.0, 70.0, 70.0), (69.0, 69.0, 69.0, 69.0)]

    def decide(market: Market) -> None:
        calls.append(len(market.close))

    script: dict[int, Act] = dict.fromkeys(range(1, 4), decide)
    script[0] = lambda m: m.buy(200)
    terms = Terms(10_000.0, fee_bps=0.0, leverage=2.0, maintenance=0.3)
    result = ran(small(rows), scripted(script), terms)
    # At 70 the equity is 4,000 and the position 14,000: 28.6 %.
    assert fills_of(result) == [(1, 200.0, 100.0), (3, -200.0, 69.0)]
    assert (result.raw.account.margin_calls, result.raw.account.is_ruined) == (1, 0)
    assert result.equity[-1] == pytest.approx(10_000.0 - 200 * 31.0)
    assert calls == [2, 3, 4]


def test_ruin_closes_all_and_the_strategy_is_not_asked_again() -> None:
    calls: list[int] = []
    rows = [QUIET, QUIET, (40.0, 40.0, 40.0, 40.0), (45.0, 45.0, 45.0, 45.0), QUIET]
    script: dict[int, Act] = {step: lambda m: calls.append(len(m.close)) for step in range(1, 5)}
    script[0] = lambda m: m.buy(200)
    result = ran(small(rows), scripted(script), Terms(10_000.0, fee_bps=0.0, leverage=2.0))
    assert fills_of(result) == [(1, 200.0, 100.0), (3, -200.0, 45.0)]
    assert result.equity.tolist() == [10_000.0, 10_000.0, -2_000.0, -1_000.0, -1_000.0]
    assert result.raw.account.is_ruined == 1
    assert calls == [2]


def test_an_account_that_is_flat_with_less_than_nothing_is_ruined_too() -> None:
    calls: list[int] = []
    rows = [QUIET, QUIET, (40.0, 40.0, 40.0, 40.0), QUIET]
    script: dict[int, Act] = {
        0: lambda m: m.buy(200),
        1: lambda m: m.exit(),
        2: lambda _: calls.append(2),
        3: lambda _: calls.append(3),
    }
    result = ran(small(rows), scripted(script), Terms(10_000.0, fee_bps=0.0, leverage=2.0))
    assert result.equity[-1] == -2_000.0
    assert (result.raw.account.is_ruined, calls) == (1, [])


def test_a_dividend_is_paid_on_what_is_held_at_the_ex_date_and_owed_by_a_short() -> None:
    bars = small(level(100.0, 4), actions={"ONE": [dividend(day(2), 0.5)]})
    long = ran(
        bars,
        scripted({0: lambda m: m.buy(10), 1: lambda m: m.exit()}),
        Terms(10_000.0, fee_bps=0.0),
    )
    # It is sold at the open of the ex-date, and gets the dividend all the same.
    assert long.costs()["dividends"] == 5.0
    assert long.cash[-1] == 10_005.0
    late = ran(bars, scripted({1: lambda m: m.buy(10)}), Terms(10_000.0, fee_bps=0.0))
    assert late.costs()["dividends"] == 0.0
    short = ran(
        bars, scripted({0: lambda m: m.sell(10)}), Terms(10_000.0, fee_bps=0.0, allow_short=True)
    )
    assert short.costs()["dividends"] == -5.0


def test_a_split_changes_units_and_prices_and_neither_equity_nor_orders_worth() -> None:
    def rest(market: Market) -> None:
        market.sell(10, limit=120.0)
        market.sell_trailing(10, price=40.0)

    rows = [QUIET, QUIET, (50.0, 61.0, 50.0, 55.0)]
    bars = small(rows, actions={"ONE": [split(day(2), 2)]})
    result = ran(bars, scripted({0: lambda m: m.buy(10), 1: rest}), Terms(10_000.0, fee_bps=0.0))
    # 20 at 50 each; the limit is 60 for 20 now, and the bar comes to it.
    assert fills_of(result) == [(1, 10.0, 100.0), (2, 10.0, 0.0), (2, -20.0, 60.0)]
    assert result.fills["order"].tolist() == [1, 0, 2]
    assert result.orders["limit"][1] == 60.0
    assert result.orders["trail_price"][2] == 20.0
    assert result.orders["units"].tolist() == [10.0, 20.0, 20.0]
    assert result.equity[-1] == 10_000.0 + 20 * 10.0
    [trade] = result.trades
    assert (trade.units, trade.entry_price, trade.exit_price) == (20.0, 50.0, 60.0)


def test_what_a_split_leaves_of_a_unit_is_sold_at_the_last_close() -> None:
    bars = small(
        [QUIET, QUIET, (700.0, 700.0, 700.0, 700.0)], actions={"ONE": [split(day(2), 1, 7)]}
    )
    result = ran(bars, scripted({0: lambda m: m.buy(10)}), Terms(10_000.0, fee_bps=0.0))
    before, change, fraction = fills_of(result)
    assert before == (1, 10.0, 100.0)
    assert change[1:] == pytest.approx((10 / 7 - 10, 0.0))
    assert fraction[1:] == pytest.approx((-3 / 7, 700.0))
    assert result.raw.positions[0] == 1.0
    assert result.equity[-1] == pytest.approx(10_000.0)


def test_an_order_that_a_split_leaves_no_whole_unit_of_is_cancelled() -> None:
    bars = small(
        [QUIET, QUIET, (500.0, 500.0, 500.0, 500.0)], actions={"ONE": [split(day(2), 1, 5)]}
    )
    result = ran(bars, scripted({1: lambda m: m.buy(4, limit=200.0)}), Terms(10_000.0, fee_bps=0.0))
    assert ends_of(result) == [(0.0, 0.0, CANCELED)]


def test_the_end_of_a_listing_pays_out_and_cancels() -> None:
    def rest(market: Market) -> None:
        market[1].sell(10, limit=300.0)

    rows: dict[str, list[Row | None]] = {
        "ONE": level(100.0, 5),
        "TWO": [QUIET, QUIET, (90.0, 90.0, 90.0, 90.0)],
    }
    script: dict[int, Act] = {0: lambda m: m[1].buy(10), 1: rest}
    for recovery, price in ((None, 90.0), (25.0, 25.0), (0.0, 0.0)):
        ended = delisting(day(3)) if recovery is None else delisting(day(3), recovery)
        result = ran(
            small(rows, actions={"TWO": [ended]}), scripted(script), Terms(10_000.0, fee_bps=0.0)
        )
        assert fills_of(result)[-1] == (3, -10.0, price)
        assert result.equity[-1] == 10_000.0 - 1_000.0 + 10 * price
        assert ends_of(result)[1][2] == CANCELED
        [trade] = result.trades
        assert trade.pnl == pytest.approx(10 * price - 1_000.0)


def test_prices_of_another_currency_are_paid_at_the_rate_that_was_known() -> None:
    euros = rate(
        {"time": [FIRST - 86_400 * 10**9, day(0), day(1)], "close": [1.0, 1.1, 1.2]}, "1Day"
    )
    bars = small(level(100.0, 3), terms=AssetTerms(currency="EUR"), rates={"EUR": euros})
    result = ran(bars, scripted({0: lambda m: m.buy(10)}), Terms(10_000.0, fee_bps=10.0))
    # Bought in the second step for 10 * 100 * 1.2, since that day's rate is known at its end.
    assert result.cash[1] == pytest.approx(10_000.0 - 1_200.0 - 1.2)
    assert result.exposure.tolist() == pytest.approx([0.0, 1_200.0, 1_200.0])
    assert result.notional.tolist() == pytest.approx([1_200.0])


def test_a_multiplier_makes_a_unit_worth_more() -> None:
    bars = small([QUIET, QUIET, (102.0, 102.0, 102.0, 102.0)], terms=AssetTerms(multiplier=50.0))
    result = ran(bars, scripted({0: lambda m: m.buy(1)}), Terms(10_000.0, fee_bps=0.0))
    assert result.equity.tolist() == [10_000.0, 10_000.0, 10_100.0]
    assert result.exposure[-1] == 5_100.0
