"""Run the backtests of a sweep, and give each as a row of figures."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.shard import Cell, Row
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.statistics.summary import periods_per_year, summarise
from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.series import BarSeries
from algotrendy.strategy.definition import Strategy, Value

_DIGITS = 12


def dataset_of(series: BarSeries) -> Dataset:
    """Make a dataset of one stored series."""
    return from_series(series)


def backtest_of(
    dataset: Dataset, strategy: Strategy, values: Sequence[Value], terms: Terms
) -> Backtest:
    """Run one backtest; values in the order of the strategy's parameters."""
    named = dict(zip((p.name for p in strategy.parameters), values, strict=True))
    return run(Setting(dataset, strategy, named, terms))


def run_one(
    dataset: Dataset, strategy: Strategy, values: Sequence[Value], terms: Terms, number: int
) -> Row:
    """Run one backtest and give its row.

    Numbers are kept to 12 significant digits: beyond them a power may differ from one machine's
    mathematics library to another's, and the row must not.
    """
    backtest = backtest_of(dataset, strategy, values, terms)
    found = summarise(backtest, periods_per_year(Timeframe(dataset.timeframe)))
    return (number, *(canonical(getattr(found, name)) for name in STATISTICS))


def canonical(value: Cell) -> Cell:
    """Round a float to 12 significant digits; -0.0 becomes 0.0."""
    return float(f"{value:.{_DIGITS}g}") + 0.0 if isinstance(value, float) else value
