"""Run the windows of a walk forward on the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.engine.together import equities_of
from algotrendy.backtest.failures import StrategyFailedError
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.shard import OnMode
from algotrendy.backtest.validation.closing import cost_of_closing
from algotrendy.backtest.validation.objective import scored, unseen
from algotrendy.backtest.validation.ports import Scored
from algotrendy.backtest.validation.spec import Objective
from algotrendy.backtest.validation.walk_forward import Unseen
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Values

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MOST_CELLS = 4_000_000
"""Equities of runs that are held at once: 32 MB."""

OnCombination = Callable[[Combination], object]
"""Told a combination before it runs."""


def tell_nobody(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class Outing:
    """How a combination did on the part out of sample of a window.

    Attributes:
        returns: Simple, with all costs, one a bar out of sample; what is held at its end is closed.
        times: When they begin and end, nanoseconds UTC, one more than the returns.
        trades: Closed round trips, and those that the end of the window closes.
    """

    run: Backtest
    returns: FloatArray
    times: IntArray
    trades: int


@dataclass(frozen=True, slots=True)
class OnEngine:
    """Runs combinations of parameters on windows of a dataset.

    Bars of the windows are steps of the dataset. In sample a run sees the bars of that part and
    no other. Out of sample it sees as many bars before as the strategy needs to place its first
    order at the first bar, and no order is taken before that.

    Attributes:
        periods_per_year: Steps in a year, for annualising.
        calendar: When the market is open, for schedules.
        mode: As for ``engine.running.run``.
        on_mode: Told of each run how it was made.
    """

    dataset: Dataset
    strategy: Strategy
    objective: Objective
    terms: Terms
    periods_per_year: float
    calendar: TradingCalendar | None = None
    mode: Wish = "auto"
    on_run: OnCombination = tell_nobody
    on_mode: OnMode = tell_nobody

    def evaluate(self, window: Window, combinations: Sequence[Combination]) -> list[Scored]:
        """Run combinations on the part in sample of a window, and score them."""
        seen = window.in_sample
        times = self.dataset.timeline[seen.start : seen.stop]
        return [
            scored(self.objective, found, times, self.periods_per_year)
            for found in self.returns_of_all(seen, combinations)
        ]

    def out_of_sample(self, window: Window, combination: Combination) -> Unseen:
        """Run a combination on the part out of sample of a window, and score it."""
        found = self.outing(window, combination)
        return unseen(self.objective, found.returns, found.times, self.periods_per_year)

    def outing(self, window: Window, combination: Combination) -> Outing:
        """Run a combination on the part out of sample of a window; it begins without a position."""
        part = window.out_of_sample
        values = named(self.strategy, combination)
        begin = max(part.start - max(self.strategy.warm_up(values) - 1, 0), 0)
        warm = part.start - begin
        found = self._run(begin, part.stop, combination, warm)
        equity = found.equity[warm:].copy()
        equity[-1] -= cost_of_closing(found)
        return Outing(
            run=found,
            returns=returns_of(equity, self.terms.cash),
            times=self.dataset.timeline[part.start - 1 : part.stop],
            trades=len(found.trades) + len(found.open_trades),
        )

    def returns(self, bars: range, combination: Combination) -> FloatArray:
        """Run a combination on some bars; give the return of each but the first."""
        found = self._run(bars.start, bars.stop, combination, 0)
        return returns_of(found.equity[1:], float(found.equity[0]))

    def returns_of_all(
        self, bars: range, combinations: Sequence[Combination]
    ) -> Iterator[FloatArray]:
        """Run combinations on some bars, together where they can be; give the returns of each."""
        together = max(_MOST_CELLS // max(len(bars), 1), 1)
        for first in range(0, len(combinations), together):
            some = combinations[first : first + together]
            for combination, equity in zip(some, self._together(bars, some), strict=True):
                if equity is None:
                    yield self.returns(bars, combination)
                else:
                    self.on_mode("compiled", "")
                    yield returns_of(equity[1:], float(equity[0]))

    def on_terms(self, terms: Terms) -> OnEngine:
        """Give the same on other terms."""
        return replace(self, terms=terms)

    def _together(
        self, bars: range, combinations: Sequence[Combination]
    ) -> Sequence[FloatArray | None]:
        """Give the equity of each, and None of what is to be run alone.

        Who is told each combination before it runs is to know which one did not come back.
        """
        alone = [None] * len(combinations)
        if self.mode == "interpreted" or self.on_run is not tell_nobody:
            return alone
        part, values = self.dataset[bars.start : bars.stop], named(self.strategy, combinations[0])
        setting = Setting(part, self.strategy, values, self.terms, self.calendar)
        try:
            return equities_of(setting, combinations)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - the one whose fault it is will say so, alone
            return alone

    def _run(self, begin: int, end: int, combination: Combination, warm: int) -> Backtest:
        part, values = self.dataset[begin:end], named(self.strategy, combination)
        setting = Setting(part, self.strategy, values, self.terms, self.calendar, warm)
        self.on_run(combination)
        try:
            found = run(setting, self.mode)
        except Unavailable:
            # No strategy's fault: the same may do better when it is tried again.
            raise
        except Exception as error:  # whatever a user's own code may raise
            if isinstance(error, Invalid) and error.field == "mode":
                raise
            raise self._failed(values, error) from error
        self.on_mode(found.mode, found.why_interpreted)
        return found

    def _failed(self, values: Values, error: Exception) -> StrategyFailedError:
        symbols, said = ", ".join(self.dataset.symbols), in_words(values)
        return StrategyFailedError(
            f"{self.strategy.name} on {symbols} with {said} raised {type(error).__name__}: {error}",
            symbol=symbols,
            parameters=said,
        )


def named(strategy: Strategy, combination: Combination) -> Values:
    """Give the values of a combination by the names of the strategy's parameters."""
    names = (parameter.name for parameter in strategy.parameters)
    return dict(zip(names, combination, strict=True))


def in_words(values: Values) -> str:
    """Say the values of the parameters."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def returns_of(equity: FloatArray, before: float) -> FloatArray:
    """Give the simple return of each step, shape (steps,); after ruin they are 0.

    Args:
        equity: At the end of each step.
        before: Equity before the first, > 0.
    """
    ruined = np.flatnonzero(equity <= 0.0)
    steps = int(ruined[0]) + 1 if len(ruined) else len(equity)
    found = np.zeros(len(equity))
    if steps:
        previous = np.concatenate([[before], equity[: steps - 1]])
        found[:steps] = equity[:steps] / previous - 1.0
    return found
