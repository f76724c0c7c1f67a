"""Run the backtests of a sweep, and give each as a row of figures."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.backtest.shard import Cell, OnMode, Row
from algotrendy.backtest.statistics.figures import STATISTICS, Statistics
from algotrendy.backtest.statistics.summary import (
    statistics_of_row,
    summarise,
)
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Value, Values

_DIGITS = 12


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
    """Run one backtest and give its row.

    Numbers are kept to 12 significant digits: beyond them a power may differ from one machine's
    mathematics library to another's, and the row must not.
    """
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
    together: list[Statistics | None] = []
    if mode != "interpreted":
        together = _together(dataset, strategy, combinations, terms, workers, calendar)
    rows = []
    for place, (number, values) in enumerate(zip(numbers, combinations, strict=True)):
        figures = together[place] if together else None
        if figures is None:
            rows.append(run_one(dataset, strategy, values, terms, number, mode, on_mode, calendar))
        else:
            if on_mode is not None:
                on_mode("compiled", "")
            found = (canonical(getattr(figures, name)) for name in STATISTICS)
            rows.append((number, *found))
    return rows


def _together(
    dataset: Dataset,
    strategy: Strategy,
    combinations: Sequence[Sequence[Value]],
    terms: Terms,
    workers: int,
    calendar: TradingCalendar | None,
) -> list[Statistics | None]:
    """Run compiled what can be; None for a run that is to be made alone, empty when all are."""
    named = dict(zip((p.name for p in strategy.parameters), combinations[0], strict=True))
    setting = Setting(dataset, strategy, named, terms, calendar)
    if not setting.is_plain:
        return []
    try:
        from algotrendy.backtest.engine.compiled import CannotCompileError
        from algotrendy.backtest.engine.compiled.many import run_many
    except ModuleNotFoundError as error:
        if error.name not in ("numba", "llvmlite"):
            raise
        return []
    try:
        figures, ended = run_many(setting, combinations, setting.a_year, workers=workers)
    except CannotCompileError:
        return []
    return [
        statistics_of_row(row) if how == 0 else None
        for row, how in zip(figures.tolist(), ended.tolist(), strict=True)
    ]


def canonical(value: Cell) -> Cell:
    """Round a float to 12 significant digits; -0.0 becomes 0.0."""
    return float(f"{value:.{_DIGITS}g}") + 0.0 if isinstance(value, float) else value
