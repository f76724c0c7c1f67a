"""Run a backtest from a notebook: bars in, a strategy, a result out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from warnings import warn

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.frames import from_frame
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.data.trades import from_trades
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.kernel.errors import AlgoTrendyError, Invalid
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.series import BarSeries
from algotrendy.market_data.ticks import Ticks
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.making import strategy as make_strategy

if TYPE_CHECKING:
    import pandas as pd

    from algotrendy.backtest.counting import Recorder

DEFAULT = Terms()
"""The terms without a word: 100,000 in cash, 10 bps of each fill, whole units, no shorts."""


def backtest(
    bars: Dataset
    | BarSeries
    | Iterable[BarSeries]
    | pd.DataFrame
    | Mapping[str, pd.DataFrame]
    | Ticks
    | Sequence[Ticks],
    strategy: str | Strategy | Callable[[Any, Any, Any], None],
    *,
    terms: Terms = DEFAULT,
    cash: float | None = None,
    calendar: TradingCalendar | None = None,
    mode: Wish = "auto",
    style: str | None = None,
    periods_per_year: float | None = None,
    recorder: Recorder | None = None,
    **parameters: float,
) -> Backtest:
    """Run a strategy over bars.

        result = backtest(frame, "sma_cross", fast=20, slow=50)

    Args:
        bars: A pandas frame of OHLCV, several by symbol, stored series, a `Dataset`; or with
            ``style`` the trades of a symbol or of several.
        strategy: A name of the library, what ``@strategy`` made, or a function of
            ``(market, own, p)`` that needs neither parameters nor state.
        terms: Costs, margin, volume limits.
        cash: At the start, instead of the terms'.
        calendar: When the market is open, for schedules and annualising.
        mode: "auto" compiles what can be compiled; "interpreted" and "compiled" insist.
        style: The chart style whose bars are made of trades, such as ``renko:size=0.5``.
        periods_per_year: Bars in a year, for annualising; by default of 252 sessions of 6.5 hours,
            or of the calendar.
        recorder: Counts the run as a trial; by default the ledger of the settings, for the tenant
            that they name. Where they name no ledger, nothing is counted.
        parameters: Of the strategy; those that are not named keep their defaults.

    Raises:
        Invalid: Naming the bar, the parameter or the term that is wrong, and what it must be.
        NotFound: For a name that the library does not have.
    """
    found = strategy_of(strategy)
    if cash is not None:
        terms = replace(terms, cash=cash)
    values = found.check(parameters)
    dataset = dataset_of(bars, found) if style is None else _of_trades(bars, style, found, calendar)
    setting = Setting(dataset, found, values, terms, calendar, periods_per_year=periods_per_year)
    done = run(setting, mode)
    _count(done, recorder)
    return done


def _of_trades(
    trades: Any, style: str, strategy: Strategy, calendar: TradingCalendar | None
) -> Dataset:
    given = [trades] if isinstance(trades, Ticks) else trades
    if not isinstance(given, Sequence) or not all(isinstance(each, Ticks) for each in given):
        raise Invalid("bars", "trades, as Ticks, where a style is given", type(trades).__name__)
    if strategy.timeframes:
        raise Invalid("style", "left out for a strategy that reads longer timeframes", style)
    return from_trades(given, style, calendar=calendar)


def _count(done: Backtest, recorder: Recorder | None) -> None:
    from algotrendy.backtest import wiring
    from algotrendy.backtest.counting import entry_of_run

    who = recorder or wiring.recorder()
    if who is None:
        return
    try:
        who.record(entry_of_run(done))
    except AlgoTrendyError as error:
        if recorder is not None:
            raise
        # Nobody asked for it by name: the run is done, and is not lost over it.
        warn(f"not counted as a trial: {error}", stacklevel=3)


def strategy_of(given: str | Strategy | Callable[[Any, Any, Any], None]) -> Strategy:
    """Find the strategy that somebody named, made or wrote down."""
    if isinstance(given, Strategy):
        return given
    if isinstance(given, str):
        return strategy_named(given)
    if callable(given):
        return make_strategy()(given)
    raise Invalid("strategy", "a name, a Strategy or a function of (market, own, p)", given)


def dataset_of(bars: Any, strategy: Strategy) -> Dataset:
    """Make a dataset of whatever bars there are, with the timeframes that a strategy reads."""
    if isinstance(bars, Dataset):
        return bars
    if isinstance(bars, BarSeries):
        return from_series(bars, coarser=strategy.timeframes)
    if isinstance(bars, Mapping) or hasattr(bars, "columns"):
        return from_frame(bars, coarser=strategy.timeframes)
    if isinstance(bars, Iterable):
        return from_series(bars, coarser=strategy.timeframes)
    raise Invalid("bars", "a pandas frame, frames by symbol, stored series or a Dataset", bars)
