"""Run the backtests of a sweep, and give each as a row of figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.engine.together import made_together
from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.backtest.shard import Cell, OnMode, Row
from algotrendy.backtest.significant import FloatArray, canonical, canonical_floats
from algotrendy.backtest.statistics.figures import STATISTICS
from algotrendy.backtest.statistics.summary import COUNTS, summarise
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Value, Values

__all__ = ["backtest_of", "canonical", "row_of", "run_one", "run_rows"]


def backtest_of(
    dataset: Dataset,
    strategy: Strategy,
    values: Sequence[Value],
    terms: Terms,
    mode: Wish = "auto",
    calendar: TradingCalendar | None = None,
    number: int = 0,
) -> Backtest:
    """Run one backtest; values in the order of the strategy's parameters.

    Args:
        number: Of the run, for the error; 0 for one of no sweep.

    Raises:
        StrategyFailedError: If the strategy raises.
    """
    named = dict(zip((p.name for p in strategy.parameters), values, strict=True))
    try:
        return run(Setting(dataset, strategy, named, terms, calendar), mode)
    except AlgoTrendyError:
        raise
    except Exception as error:  # whatever a user's own code may raise
        raise _failed(dataset, strategy, named, number, error) from error


def _failed(
    dataset: Dataset, strategy: Strategy, named: Values, number: int, error: Exception
) -> StrategyFailedError:
    symbols = ", ".join(dataset.symbols)
    values = ", ".join(f"{name}={value}" for name, value in named.items())
    run_ = f"run {number}, " if number else ""
    return StrategyFailedError(
        f"{run_}{strategy.name} on {symbols} with {values} raised {type(error).__name__}: {error}",
        run=number,
        symbol=symbols,
        parameters=values,
    )


def run_one(
    dataset: Dataset,
    strategy: Strategy,
    values: Sequence[Value],
    terms: Terms,
    number: int,
    mode: Wish = "auto",
    on_mode: OnMode | None = None,
    calendar: TradingCalendar | None = None,
) -> Row:
    """Run one backtest and give its row; its numbers are kept as `significant` says."""
    backtest = backtest_of(dataset, strategy, values, terms, mode, calendar, number)
    if on_mode is not None:
        on_mode(backtest.mode, backtest.why_interpreted)
    return row_of(backtest, number)


def row_of(backtest: Backtest, number: int) -> Row:
    """Give the row of a run that is there."""
    found = summarise(backtest, backtest.setting.a_year)
    return (number, *(canonical(getattr(found, name)) for name in STATISTICS))


def run_rows(
    dataset: Dataset,
    strategy: Strategy,
    combinations: Sequence[Sequence[Value]],
    terms: Terms,
    numbers: Sequence[int],
    workers: int = 1,
    mode: Wish = "auto",
    on_mode: OnMode | None = None,
    calendar: TradingCalendar | None = None,
) -> list[Row]:
    """Run many backtests of one strategy on one dataset; the rows are those of `run_one`.

    Args:
        numbers: Of the runs, one a combination.
        workers: Threads, where the runs can be compiled together.
        mode: As of ``run``; the rows are the same in all.
    """
    together: list[Row | None] = [None] * len(numbers)
    if mode != "interpreted":
        together = _together(dataset, strategy, combinations, terms, numbers, workers, calendar)
    rows = []
    for number, values, row in zip(numbers, combinations, together, strict=True):
        if row is None:
            rows.append(run_one(dataset, strategy, values, terms, number, mode, on_mode, calendar))
        else:
            if on_mode is not None:
                on_mode("compiled", "")
            rows.append(row)
    return rows


def _together(
    dataset: Dataset,
    strategy: Strategy,
    combinations: Sequence[Sequence[Value]],
    terms: Terms,
    numbers: Sequence[int],
    workers: int,
    calendar: TradingCalendar | None,
) -> list[Row | None]:
    """Run compiled what can be; None for a run that is to be made alone."""
    alone: list[Row | None] = [None] * len(numbers)
    named = dict(zip((p.name for p in strategy.parameters), combinations[0], strict=True))
    setting = Setting(dataset, strategy, named, terms, calendar)
    made = made_together(setting, combinations, workers=workers)
    if made is None:
        return alone
    figures, ended = made
    rows = zip(numbers, *_columns(figures), strict=True)
    return [row if how == 0 else None for row, how in zip(rows, ended.tolist(), strict=True)]


def _columns(figures: FloatArray) -> list[list[Cell]]:
    """Give the figures of many runs, each as a row holds it, run after run."""
    columns: list[list[Cell]] = []
    rounded = canonical_floats(figures.T.ravel()).reshape(figures.T.shape)
    for name, column in zip(STATISTICS, rounded, strict=True):
        undefined = np.flatnonzero(np.isnan(column))
        whole = np.nan_to_num(column).astype(np.int64) if name in COUNTS else column
        found: list[Cell] = whole.tolist()
        for place in undefined:
            found[place] = None
        columns.append(found)
    return columns
