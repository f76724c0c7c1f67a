"""Plan a walk forward: the request, the bars it runs on, and a hash of all that decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property

from algotrendy.backtest.counting import strategy_version, timeframe_of
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine import ENGINE_VERSION
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.markets import read_bars
from algotrendy.backtest.plan import digest, terms_of
from algotrendy.backtest.search.space import Space
from algotrendy.backtest.statistics.annual import steps_a_year_of
from algotrendy.backtest.validation.on_engine import OnEngine
from algotrendy.backtest.validation.spec import WalkForwardSpec
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.quality.policy import all_declared
from algotrendy.market_data.series import BarSeries, session_date
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import strategy_named


@dataclass(frozen=True)
class WalkPlan:
    """What a walk forward does, on which bars.

    Attributes:
        dataset: All symbols of the request, traded together. A bar of a window is a step of it.
        terms: On which orders fill.
        calendar: When the market is open, for schedules.
        mode: How the engine runs; it decides no result.
        given_steps: In a year, for annualising; None: by timeframe and calendar.
    """

    spec: WalkForwardSpec
    strategy: Strategy
    dataset: Dataset
    terms: Terms
    calendar: TradingCalendar | None = None
    mode: Wish = "auto"
    given_steps: float | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash all that decides the results."""
        return digest(
            {
                "spec": self.spec.model_dump(mode="json", exclude={"start", "end", "cross_checks"}),
                "strategy": self.version,
                "engine": ENGINE_VERSION,
                "data": self.dataset.sha256(),
                "terms": asdict(self.terms),
                "calendar": None if self.calendar is None else self.calendar.name,
                "periods_per_year": self.periods_per_year,
            }
        )

    @property
    def version(self) -> str:
        """Tell one version of the strategy from another."""
        return strategy_version(self.strategy)

    @cached_property
    def space(self) -> Space:
        """Give what the searches may try."""
        return self.spec.space(self.strategy)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Give the symbols, in order."""
        return tuple(sorted(parse_symbol(symbol) for symbol in self.dataset.symbols))

    @property
    def timeframe(self) -> Timeframe:
        """Give the timeframe that trials are counted under: that which the strategy decides at."""
        return timeframe_of(self.dataset)

    @property
    def periods_per_year(self) -> float:
        """Give the bars in a year."""
        times, name = self.dataset.timeline, self.dataset.timeframe
        edges = (int(times[0]), int(times[-1])) if len(times) else (0, 0)
        return self.given_steps or steps_a_year_of(name, len(times), *edges, self.calendar)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Give the date of each step."""
        # A day's bar is known at the midnight that ends it.
        return tuple(session_date(known - 1) for known in self.dataset.timeline.tolist())

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Give the windows of these bars.

        Raises:
            Invalid: As ``Windows.cut``.
        """
        return self.spec.windows.cut(self.days)

    @property
    def span(self) -> range:
        """Give the bars of all windows, from the first in sample to the last out of sample."""
        return range(self.windows[0].in_sample.start, self.windows[-1].out_of_sample.stop)

    @property
    def engine(self) -> OnEngine:
        """Give what runs combinations."""
        return OnEngine(
            self.dataset,
            self.strategy,
            self.spec.objective,
            self.terms,
            self.periods_per_year,
            self.calendar,
            self.mode,
        )


def plan_walk(spec: WalkForwardSpec, bars: BarStore, mode: Wish = "auto") -> WalkPlan:
    """Plan a walk forward of a strategy of the library on stored bars, as they are now.

    Raises:
        NotFound: For an unknown strategy or symbol.
        Invalid: For a parameter that does not fit the strategy, or more symbols than it trades.
    """
    spec.check(strategy_named(spec.strategy))
    return walk_on(spec, read_series(spec, bars, bars.version()), mode)


def read_series(spec: WalkForwardSpec, bars: BarStore, version: int) -> list[BarSeries]:
    """Read the bars of a request, one series a symbol, in their order; or raise NotFound."""
    return [read_bars(spec, parse_symbol(symbol), bars, version) for symbol in spec.symbols]


def walk_on(spec: WalkForwardSpec, bars: Sequence[BarSeries], mode: Wish = "auto") -> WalkPlan:
    """Plan a walk forward of a strategy of the library on bars, one series a symbol."""
    strategy = strategy_named(spec.strategy)
    wanted = all_declared(bars, spec.gaps)
    dataset = from_series(wanted, coarser=strategy.timeframes)
    return WalkPlan(spec, strategy, dataset, terms_of(spec), mode=mode)
