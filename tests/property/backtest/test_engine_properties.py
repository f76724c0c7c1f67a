"""What holds of every run, whatever the bars, the terms and the strategy."""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from algotrendy.backtest.data.actions import DELISTED, DIVIDEND
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.statistics.summary import TRIP_CELLS, count_trips, summarise
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import strategy_named
from fakes.bars_for_backtests import series_of
from fakes.compared_runs import differences
from fakes.scripted_strategy import Act, ran, scripted
from fakes.wild_bars import one_asset, several_assets
from fakes.wild_strategy import WILD, WILD_BARS
from fakes.wild_terms import WILD_TERMS

# A busy machine is no failure.
unhurried = settings(deadline=None, max_examples=25)

PRICES = st.floats(0.01, 10_000.0)


@st.composite
def bars(draw: st.DrawFn, least: int = 1) -> Dataset:
    closes = draw(st.lists(PRICES, min_size=least, max_size=60))
    opens = draw(st.lists(PRICES, min_size=len(closes), max_size=len(closes)))
    return from_series(series_of(opens, closes))


def _act(kind: str, size: float) -> Act:
    return {
        "buy": lambda market: market.buy(size),
        "sell": lambda market: market.sell(size),
        "invest": lambda market: market.invest(min(size / 1000.0, 1.0)),
        "target": lambda market: market.target(size / 1e5 - 3.0),
        "exit": lambda market: market.exit(),
        "bracket": lambda market: market.buy_bracket(
            size, take_profit=market.close[-1] * 1.1, stop_loss=market.close[-1] * 0.9
        ),
        "trail": lambda market: market.sell_trailing(size, percent=5.0),
    }[kind]


ACTS = st.builds(
    _act,
    st.sampled_from(["buy", "sell", "invest", "target", "exit", "bracket", "trail"]),
    st.floats(0.01, 1e6),
)
SCRIPTS = st.dictionaries(st.integers(0, 60), ACTS, max_size=30).map(scripted)


@st.composite
def library_strategies(draw: st.DrawFn) -> tuple[Strategy, dict[str, Any]]:
    given: dict[str, dict[str, Any]] = {
        "buy_and_hold": {},
        "sma_cross": {"fast": draw(st.integers(2, 4)), "slow": draw(st.integers(5, 9))},
        "rsi_reversion": {
            "period": draw(st.integers(2, 4)),
            "oversold": draw(st.floats(1, 50)),
            "trend": draw(st.integers(5, 9)),
            "exit": draw(st.integers(2, 4)),
        },
    }
    name = draw(st.sampled_from(sorted(given)))
    return strategy_named(name), given[name]


TERMS = st.builds(
    Terms,
    cash=st.floats(1.0, 1e6),
    fee_bps=st.floats(0.0, 1000.0),
    fee_minimum=st.sampled_from([0.0, 0.0, 1.0, 7.5]),
    fee_most_bps=st.sampled_from([0.0, 0.0, 50.0]),
    slippage_bps=st.sampled_from([0.0, 5.0]),
    spread=st.sampled_from([0.0, 0.02]),
    participation=st.sampled_from([0.0, 0.1]),
    fractional=st.booleans(),
)
SHORT_TERMS = st.builds(
    replace, TERMS, allow_short=st.just(True), leverage=st.sampled_from([1.0, 3.0])
)


def cash_after_each_fill(result: Backtest) -> list[float]:
    path, cash = [], result.setting.terms.cash
    for fill in result.fills:
        notional = float(abs(fill["units"]) * fill["price"])
        cash += (notional if fill["units"] < 0 else -notional) - float(fill["fee"])
        path.append(cash)
    return path


@unhurried
@given(bars(), SCRIPTS, TERMS)
def test_the_cash_of_a_cash_account_is_never_negative(
    dataset: Dataset, strategy: Strategy, terms: Terms
) -> None:
    result = ran(dataset, strategy, terms)
    path = cash_after_each_fill(result)
    assert all(cash >= 0.0 for cash in path)
    assert result.raw.account.cash == (path[-1] if path else terms.cash)
    assert (result.cash >= 0.0).all()


@unhurried
@given(bars(), SCRIPTS, TERMS)
def test_without_leave_nothing_is_ever_short(
    dataset: Dataset, strategy: Strategy, terms: Terms
) -> None:
    positions = np.cumsum(ran(dataset, strategy, terms).fills["units"])
    assert (positions >= -1e-9 * (1 + np.arange(len(positions)))).all()


@unhurried
@given(bars(), SCRIPTS, SHORT_TERMS)
def test_after_a_fill_that_opens_the_position_is_within_the_leverage(
    dataset: Dataset, strategy: Strategy, terms: Terms
) -> None:
    result = ran(dataset, strategy, terms)
    position = 0.0
    for fill, cash in zip(result.fills, cash_after_each_fill(result), strict=True):
        units, price = float(fill["units"]), float(fill["price"])
        before, position = position, position + units
        if position * units > 0.0 and abs(position) > abs(before) * (1 + 1e-9) + 1e-9:
            # The fee of what the same fill closed lowers the equity after the budget was made.
            equity = cash + position * price + float(fill["fee"])
            gross = abs(position) * price
            assert gross <= terms.leverage * equity * (1.0 + 1e-9) + 1e-6


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_equity_changes_by_what_trades_made_less_fees(
    dataset: Dataset, strategy: Strategy, terms: Terms
) -> None:
    result = ran(dataset, strategy, terms)
    trades = [*result.trades, *result.open_trades]
    traded = fsum(result.notional.tolist())
    scale = 1e-9 * (terms.cash + traded + abs(result.equity[-1]))
    change = result.equity[-1] - terms.cash
    assert change == pytest.approx(fsum(trade.pnl for trade in trades), abs=scale)
    fees = fsum(result.fills["fee"].tolist())
    assert fsum(trade.fees for trade in trades) == pytest.approx(fees, abs=scale)
    assert result.costs()["fees"] == pytest.approx(fees, abs=scale)


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_whole_shares_stay_whole(dataset: Dataset, strategy: Strategy, terms: Terms) -> None:
    result = ran(dataset, strategy, replace(terms, fractional=False))
    assert (result.fills["units"] % 1.0 == 0.0).all()


@unhurried
@given(bars(least=2), SCRIPTS, TERMS | SHORT_TERMS, st.data())
def test_cutting_off_the_future_changes_nothing_that_a_script_did(
    dataset: Dataset, strategy: Strategy, terms: Terms, data: st.DataObject
) -> None:
    steps = data.draw(st.integers(1, len(dataset) - 1), label="steps known")
    assert_blind_to_the_future(dataset, strategy, {}, terms, steps)


@unhurried
@given(bars(least=2), library_strategies(), TERMS, st.data())
def test_cutting_off_the_future_changes_nothing_that_a_library_strategy_did(
    dataset: Dataset, chosen: tuple[Strategy, dict[str, Any]], terms: Terms, data: st.DataObject
) -> None:
    steps = data.draw(st.integers(1, len(dataset) - 1), label="steps known")
    assert_blind_to_the_future(dataset, *chosen, terms, steps)


ANY_TERMS = st.sampled_from(sorted(WILD_TERMS))
UNITS = st.sampled_from([3.0, 20.0, 400.0])


@unhurried
@given(st.integers(1, 10**6), ANY_TERMS, UNITS, st.integers(1, 139))
def test_cutting_off_the_future_changes_nothing_on_several_assets(
    seed: int, name: str, units: float, steps: int
) -> None:
    dataset = several_assets(140, seed)
    values = {"seed": seed, "units": units}
    assert_blind_to_the_future(dataset, WILD, values, WILD_TERMS[name], min(steps, len(dataset)))


def assert_blind_to_the_future(
    dataset: Dataset, strategy: Strategy, values: dict[str, Any], terms: Terms, steps: int
) -> None:
    whole = ran(dataset, strategy, terms, **values)
    cut_off = ran(dataset.head(steps), strategy, terms, **values)
    assert np.array_equal(cut_off.equity, whole.equity[:steps])
    assert np.array_equal(cut_off.cash, whole.cash[:steps])
    assert np.array_equal(cut_off.exposure, whole.exposure[:steps])
    assert np.array_equal(cut_off.fills, whole.fills[whole.fills["step"] < steps])
    placed = whole.orders[whole.orders["step"] < steps]
    for name in ("step", "since", "asset", "side", "kind", "tif", "role", "entry"):
        assert np.array_equal(cut_off.orders[name], placed[name])


@unhurried
@given(st.integers(1, 10**6), ANY_TERMS, UNITS)
def test_money_comes_from_somewhere_and_goes_somewhere(seed: int, name: str, units: float) -> None:
    result = ran(several_assets(140, seed), WILD, WILD_TERMS[name], seed=seed, units=units)
    assets, rates = result.setting.dataset.assets, result.setting.rates
    assert rates is not None
    flows = [result.setting.terms.cash]
    for fill in result.fills:
        unit = assets[fill["asset"]].multiplier * rates[fill["step"], fill["asset"]]
        flows.append(-float(fill["units"] * fill["price"] * unit) - float(fill["fee"]))
    costs = result.costs()
    flows += [costs["interest"], -costs["borrow"], costs["dividends"]]
    scale = 1e-9 * fsum(map(abs, flows))
    assert result.cash[-1] == pytest.approx(fsum(flows), abs=scale)
    held = np.zeros(len(assets))
    np.add.at(held, result.fills["asset"], result.fills["units"])
    assert held == pytest.approx(result.raw.positions, abs=1e-6)
    worth = [
        result.raw.positions[k] * asset.base.close[-1] * asset.multiplier * rates[-1, k]
        for k, asset in enumerate(assets)
    ]
    assert result.equity[-1] == pytest.approx(result.cash[-1] + fsum(worth), abs=scale)
    assert result.exposure[-1] == pytest.approx(fsum(map(abs, worth)), abs=scale)


def test_the_actions_of_the_wild_market_are_all_there() -> None:
    kinds = {int(kind) for asset in several_assets(140, 1).assets for kind in asset.actions["kind"]}
    assert {DIVIDEND, DELISTED} < kinds


@unhurried
@given(st.integers(1, 10**6), ANY_TERMS, UNITS)
def test_what_orders_say_of_their_fills_is_what_the_fills_say(
    seed: int, name: str, units: float
) -> None:
    result = ran(one_asset(140, seed), WILD_BARS, WILD_TERMS[name], seed=seed, units=units)
    filled = np.zeros(len(result.orders) + 1)
    value = np.zeros(len(result.orders) + 1)
    fills = result.fills
    np.add.at(filled, fills["order"], np.abs(fills["units"]))
    np.add.at(value, fills["order"], np.abs(fills["units"]) * fills["price"])
    assert result.orders["filled"] == pytest.approx(filled[1:], abs=1e-8)
    assert result.orders["value"] == pytest.approx(value[1:], rel=1e-9, abs=1e-6)
    assert (np.sign(fills["units"]) == result.orders["side"][fills["order"] - 1]).all()
    placed = result.orders["step"][fills["order"] - 1]
    assert (fills["step"] > placed).all()


@unhurried
@example(1888, "poor", 400.0)
@given(st.integers(1, 10**6), ANY_TERMS, UNITS)
def test_exits_never_fill_more_than_their_entry(seed: int, name: str, units: float) -> None:
    result = ran(one_asset(140, seed), WILD_BARS, WILD_TERMS[name], seed=seed, units=units)
    orders = result.orders
    left = np.zeros(len(orders) + 1)
    np.add.at(left, orders["entry"], orders["filled"])
    exits = np.flatnonzero(orders["entry"] > 0)
    # One that the strategy itself gave another size fills that, however little of the entry did.
    resized = orders["entry"][
        exits[orders["units"][exits] != orders["units"][orders["entry"][exits] - 1]]
    ]
    entries = np.setdiff1d(orders["entry"][exits], resized)
    assert (left[entries] <= orders["filled"][entries - 1] + 1e-8).all()


@unhurried
@given(st.integers(1, 10**6), ANY_TERMS, UNITS)
def test_round_trips_are_counted_alike_in_a_row_and_in_a_book(
    seed: int, name: str, units: float
) -> None:
    result = ran(several_assets(140, seed), WILD, WILD_TERMS[name], seed=seed, units=units)
    traded, trades, wins, won, lost = count_trips(
        result.fills.view(np.recarray),
        len(result.fills),
        [asset.multiplier for asset in result.setting.dataset.assets],
        result.setting.rates,
        [0.0] * (TRIP_CELLS * len(result.setting.dataset.assets)),
    )
    made = [trade.pnl for trade in result.trades]
    scale = 1e-9 * (1.0 + fsum(result.notional.tolist()))
    assert trades == len(made)
    assert traded == pytest.approx(fsum(result.notional.tolist()), abs=scale)
    assert won == pytest.approx(fsum(pnl for pnl in made if pnl > 0.0), abs=scale)
    assert lost == pytest.approx(-fsum(pnl for pnl in made if pnl <= 0.0), abs=scale)
    if not any(abs(pnl) < scale for pnl in made):
        assert wins == sum(pnl > 0.0 for pnl in made)


@unhurried
@given(st.integers(1, 10**6), ANY_TERMS)
def test_the_same_run_twice_is_the_same_to_the_last_bit(seed: int, name: str) -> None:
    once, again = (
        ran(several_assets(140, seed), WILD, WILD_TERMS[name], seed=seed) for _ in range(2)
    )
    assert differences(once.raw, again.raw) == []


@unhurried
@given(bars(), library_strategies(), TERMS)
def test_no_library_strategy_orders_before_it_is_warm(
    dataset: Dataset, chosen: tuple[Strategy, dict[str, Any]], terms: Terms
) -> None:
    strategy, given_values = chosen
    result = ran(dataset, strategy, terms, **given_values)
    warm = strategy.warm_up(strategy.check(given_values))
    assert all(step >= warm - 1 for step in result.orders["step"].tolist())


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_statistics_stay_within_their_definitions(
    dataset: Dataset, strategy: Strategy, terms: Terms
) -> None:
    found = summarise(ran(dataset, strategy, terms))
    assert found.max_drawdown <= 0.0
    assert 0.0 <= found.exposure <= 1.0
    assert 0 <= found.drawdown_bars < len(dataset)
    assert found.win_rate is None or 0.0 <= found.win_rate <= 1.0
    assert found.volatility is None or found.volatility >= 0.0
    assert found.fees >= 0.0
