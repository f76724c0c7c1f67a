from __future__ import annotations

from dataclasses import replace
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.backtest.engine import Backtest, Terms, run
from algotrendy.backtest.statistics import summarise
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.definition import Strategy, Values
from algotrendy.strategy.library import library
from fakes.bars_for_backtests import series_of
from fakes.scripted_strategy import Act, scripted

# A busy machine is no failure.
unhurried = settings(deadline=None)

PRICES = st.floats(0.01, 10_000.0)


@st.composite
def bars(draw: st.DrawFn, least: int = 1) -> BarSeries:
    closes = draw(st.lists(PRICES, min_size=least, max_size=60))
    opens = draw(st.lists(PRICES, min_size=len(closes), max_size=len(closes)))
    return series_of(opens, closes)


def _act(kind: str, size: float) -> Act:
    return {
        "buy": lambda account: account.buy(size),
        "sell": lambda account: account.sell(size),
        "invest": lambda account: account.invest(min(size / 1000.0, 1.0)),
        "close": lambda account: account.close(),
    }[kind]


ACTS = st.builds(_act, st.sampled_from(["buy", "sell", "invest", "close"]), st.floats(0.01, 1e6))
SCRIPTS = st.dictionaries(st.integers(0, 60), ACTS, max_size=30).map(scripted)


@st.composite
def library_strategies(draw: st.DrawFn) -> tuple[Strategy, Values]:
    strategy = draw(st.sampled_from(library()))
    given: dict[str, dict[str, object]] = {
        "sma_cross": {"fast": draw(st.integers(2, 4)), "slow": draw(st.integers(5, 9))},
        "rsi_reversion": {
            "period": draw(st.integers(2, 4)),
            "oversold": draw(st.floats(1, 50)),
            "trend": draw(st.integers(5, 9)),
            "exit": draw(st.integers(2, 4)),
        },
    }
    return strategy, strategy.check(given.get(strategy.name, {}))


TERMS = st.builds(
    Terms,
    cash=st.floats(1.0, 1e6),
    fee_bps=st.floats(0.0, 1000.0),
    fee_minimum=st.sampled_from([0.0, 0.0, 1.0, 7.5]),
    fractional=st.booleans(),
)
SHORT_TERMS = st.builds(replace, TERMS, allow_short=st.just(True))


def cash_after_each_fill(result: Backtest, terms: Terms) -> list[float]:
    path, cash = [], terms.cash
    for fill in result.fills:
        notional = abs(fill.units) * fill.price
        cash += (notional if fill.units < 0 else -notional) - fill.fee
        path.append(cash)
    return path


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_cash_is_never_negative(series: BarSeries, strategy: Strategy, terms: Terms) -> None:
    result = run(series, strategy, {}, terms)
    path = cash_after_each_fill(result, terms)
    assert all(cash >= 0.0 for cash in path)
    assert result.cash == (path[-1] if path else terms.cash)


@unhurried
@given(bars(), SCRIPTS, TERMS)
def test_without_leave_nothing_is_ever_short(
    series: BarSeries, strategy: Strategy, terms: Terms
) -> None:
    position = 0.0
    for fill in run(series, strategy, {}, terms).fills:
        position += fill.units
        assert position >= 0.0


@unhurried
@given(bars(), SCRIPTS, SHORT_TERMS)
def test_after_a_sale_all_that_is_short_is_worth_no_more_than_the_equity(
    series: BarSeries, strategy: Strategy, terms: Terms
) -> None:
    result = run(series, strategy, {}, terms)
    position = 0.0
    for fill, cash in zip(result.fills, cash_after_each_fill(result, terms), strict=True):
        position += fill.units
        if fill.units < 0 and position < 0:
            short = -position * fill.price
            assert short <= (cash - short + fill.fee) * (1.0 + 1e-9)


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_equity_changes_by_what_trades_made_less_fees(
    series: BarSeries, strategy: Strategy, terms: Terms
) -> None:
    result = run(series, strategy, {}, terms)
    trades = [*result.trades, *([result.open_trade] if result.open_trade else [])]
    traded = fsum(abs(fill.units) * fill.price for fill in result.fills)
    scale = 1e-9 * (terms.cash + traded + abs(result.equity[-1]))
    change = result.equity[-1] - terms.cash
    assert change == pytest.approx(fsum(trade.pnl for trade in trades), abs=scale)
    assert fsum(trade.fees for trade in trades) == pytest.approx(
        fsum(fill.fee for fill in result.fills), abs=scale
    )


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_whole_shares_stay_whole(series: BarSeries, strategy: Strategy, terms: Terms) -> None:
    result = run(series, strategy, {}, replace(terms, fractional=False))
    assert all(fill.units.is_integer() for fill in result.fills)


@unhurried
@given(bars(least=2), SCRIPTS, TERMS, st.data())
def test_cutting_off_the_future_changes_no_fill_of_a_script(
    series: BarSeries, strategy: Strategy, terms: Terms, data: st.DataObject
) -> None:
    assert_blind_to_the_future(series, strategy, {}, terms, data)


@unhurried
@given(bars(least=2), library_strategies(), TERMS, st.data())
def test_cutting_off_the_future_changes_no_fill_of_a_library_strategy(
    series: BarSeries, chosen: tuple[Strategy, Values], terms: Terms, data: st.DataObject
) -> None:
    assert_blind_to_the_future(series, *chosen, terms, data)


def assert_blind_to_the_future(
    series: BarSeries, strategy: Strategy, values: Values, terms: Terms, data: st.DataObject
) -> None:
    known = data.draw(st.integers(1, len(series) - 1), label="bars known")
    whole = run(series, strategy, values, terms)
    cut_off = run(series_of(series.open[:known], series.close[:known]), strategy, values, terms)
    assert cut_off.equity == whole.equity[:known]
    assert cut_off.fills == [fill for fill in whole.fills if fill.bar < known]
    assert cut_off.cut == [cut for cut in whole.cut if cut.bar < known]


@unhurried
@given(bars(), library_strategies(), TERMS)
def test_the_same_run_twice_is_the_same_to_the_last_bit(
    series: BarSeries, chosen: tuple[Strategy, Values], terms: Terms
) -> None:
    assert run(series, *chosen, terms) == run(series, *chosen, terms)


@unhurried
@given(bars(), library_strategies(), TERMS)
def test_no_library_strategy_orders_before_it_is_warm(
    series: BarSeries, chosen: tuple[Strategy, Values], terms: Terms
) -> None:
    strategy, values = chosen
    result = run(series, strategy, values, terms)
    attempts = [fill.bar for fill in result.fills] + [cut.bar for cut in result.cut]
    assert all(bar >= strategy.warm_up(values) for bar in attempts)


@unhurried
@given(bars(), SCRIPTS, TERMS | SHORT_TERMS)
def test_statistics_stay_within_their_definitions(
    series: BarSeries, strategy: Strategy, terms: Terms
) -> None:
    result = run(series, strategy, {}, terms)
    found = summarise(result, series.times, terms.cash)
    assert found.max_drawdown <= 0.0
    assert 0.0 <= found.exposure <= 1.0
    assert 0 <= found.drawdown_bars < len(series)
    assert found.win_rate is None or 0.0 <= found.win_rate <= 1.0
    assert found.volatility is None or found.volatility >= 0.0
    assert found.fees >= 0.0
