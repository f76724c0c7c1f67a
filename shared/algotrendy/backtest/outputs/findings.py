"""Gather all that is said of a run, once for every form of its report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.data.timeframes import is_intraday
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.outputs.scenarios import Scenario, held, scenarios_of
from algotrendy.backtest.outputs.trips import Trips, extremes, trips_of
from algotrendy.backtest.statistics.figures import Statistics
from algotrendy.backtest.statistics.full import FullStatistics, full_statistics
from algotrendy.backtest.statistics.of_run import statistics_of
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.series import (
    FloatArray,
    Series,
    from_equity,
    numbers,
)
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """What a run is compared with.

    Attributes:
        name: Of it, in words.
        equity: At the run's steps, shape (steps,), above 0 in the first.
        statistics: Its key figures where it is a run; None for prices.
    """

    name: str
    equity: FloatArray
    statistics: Statistics | None


@dataclass(frozen=True, eq=False)
class Findings:
    """A run and what was found of it; figures are computed when they are asked for.

    Attributes:
        periods_per_year: Steps in a year, for annualising.
        trials: How many runs this one was chosen from, None when nobody said.
        with_scenarios: Whether the run is made again under other fills.
        seed: Of all that is drawn at random.
    """

    backtest: Backtest
    benchmark: Benchmark
    periods_per_year: float
    trials: Trials | None = None
    with_scenarios: bool = True
    seed: int = 1

    @cached_property
    def key(self) -> Statistics:
        """Give the key figures, those of a sweep's row."""
        return summarise(self.backtest, self.periods_per_year)

    @cached_property
    def full(self) -> FullStatistics:
        """Give every figure."""
        high, low = self._extremes
        return statistics_of(
            self.backtest,
            periods_per_year=self.periods_per_year,
            benchmark=self.benchmark.equity if self.benchmark.equity.min() > 0.0 else None,
            trials=self.trials,
            high=high,
            low=low,
        )

    @cached_property
    def benchmark_full(self) -> FullStatistics:
        """Give the figures of the benchmark's equity alone."""
        return full_statistics(
            self.benchmark.equity,
            self.backtest.time - 1,
            periods_per_year=self.periods_per_year,
            drawdowns=0,
        )

    @cached_property
    def series(self) -> Series:
        """Give the returns; a bar that is known at midnight belongs to the day before."""
        run = self.backtest
        return from_equity(run.equity, run.time - 1, self.periods_per_year)

    @cached_property
    def trips(self) -> Trips:
        """Give the round trips."""
        return trips_of(self.backtest)

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Give the run under optimistic, given and harsh fills; empty where not asked for."""
        return scenarios_of(self.backtest, self.periods_per_year) if self.with_scenarios else ()

    @property
    def is_daily(self) -> bool:
        """Say whether the bars are of a day or longer."""
        return not is_intraday(self.backtest.setting.dataset.timeframe)

    @property
    def _extremes(self) -> tuple[FloatArray | None, FloatArray | None]:
        if len(self.backtest.setting.dataset.assets) > 1:
            return None, None
        found = extremes(self.backtest, 0)
        # Trades count in shares of after a split, the figures of all trades in plain prices.
        if found.factor[-1] != 1.0:
            return None, None
        return found.high, found.low


def findings_of(
    backtest: Backtest,
    *,
    benchmark: Backtest | ArrayLike | None = None,
    trials: Trials | int | None = None,
    scenarios: bool = True,
    periods_per_year: float | None = None,
    seed: int = 1,
) -> Findings:
    """Prepare what is to be said of a run.

    Args:
        benchmark: Another run on the same steps, prices at them, or None: buy and hold of the
            first asset on the same terms.
        trials: How many runs it was chosen from; a number alone takes the variance of Sharpe
            ratios that trials without skill have on so many bars, one over the bars.
        periods_per_year: Steps in a year; by default those of its setting.

    Raises:
        Invalid: If the run has no steps, or the benchmark not as many.
    """
    if not len(backtest.time):
        raise Invalid("backtest", "of at least one step", 0)
    periods = periods_per_year or backtest.setting.a_year
    if isinstance(trials, int):
        trials = Trials(trials, 1.0 / max(len(backtest.time) - 1, 1))
    return Findings(
        backtest, _benchmark(backtest, benchmark, periods), periods, trials, scenarios, seed
    )


def _benchmark(backtest: Backtest, given: Backtest | ArrayLike | None, periods: float) -> Benchmark:
    if given is None:
        made = held(backtest)
        symbol = backtest.setting.dataset.symbols[0]
        return Benchmark(f"Buy and hold {symbol}", made.equity, summarise(made, periods))
    if isinstance(given, Backtest):
        _require_steps(backtest, given.equity)
        return Benchmark(given.setting.strategy.name, given.equity, summarise(given, periods))
    prices = numbers("benchmark", given)
    _require_steps(backtest, prices)
    if not prices[0] > 0.0:
        raise Invalid("benchmark", "above 0 in row 0", float(prices[0]))
    return Benchmark("Benchmark", prices / prices[0] * backtest.setting.terms.cash, None)


def _require_steps(backtest: Backtest, values: FloatArray) -> None:
    if np.shape(values) != np.shape(backtest.equity):
        raise Invalid("benchmark", f"of {len(backtest.equity)} steps", len(values))
