"""Set up a run: what every driver, interpreted or compiled, begins with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.calibration import Calibration
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.schedules import due
from algotrendy.backtest.engine.records import AssetRow
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.statistics.annual import check_periods, steps_a_year_of
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Values

NS_PER_DAY = 86_400_000_000_000


@dataclass(frozen=True)
class Setting:
    """A strategy with its parameters' values, on a dataset, on terms.

    Attributes:
        values: A checked value for every parameter, as ``strategy.check`` gives it.
        calendar: When the market is open, for the strategy's schedules; None: see `due`.
        trade_from: The first step at which orders are taken; before it the strategy is called
            and warms up.
        periods_per_year: Steps in a year, for annualising; None: see ``a_year``.
        calibration: From where the costs in the terms are, where they were measured.
    """

    dataset: Dataset
    strategy: Strategy
    values: Values
    terms: Terms
    calendar: TradingCalendar | None = None
    trade_from: int = 0
    periods_per_year: float | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        needed = self.strategy.assets
        if len(self.dataset.assets) < needed:
            expected = f"at least {needed} assets for {self.strategy.name}"
            raise Invalid("dataset.assets", expected, len(self.dataset.assets))
        needed = 1 + len(self.strategy.timeframes)
        found = len(self.dataset.timeframes)
        if found < needed:
            expected = f"{needed} timeframes for {self.strategy.name}"
            raise Invalid("dataset.timeframes", expected, ", ".join(self.dataset.timeframes))
        if self.periods_per_year is not None:
            check_periods(self.periods_per_year)

    @property
    def a_year(self) -> float:
        """Give the steps in a year: as they were given, or those of timeframe and calendar."""
        if self.periods_per_year:
            return self.periods_per_year
        times, name = self.dataset.timeline, self.dataset.timeframe
        edges = (int(times[0]), int(times[-1])) if len(times) else (0, 0)
        return steps_a_year_of(name, len(times), *edges, self.calendar)

    @cached_property
    def rates(self) -> NDArray[np.float64] | None:
        """Give what each asset's currency is worth at each step, shape (steps, assets).

        None when all are the account's own. Before a rate's first bar its open counts.
        """
        dataset = self.dataset
        if all(asset.currency == dataset.currency for asset in dataset.assets):
            return None
        table = np.ones((len(dataset), len(dataset.assets)))
        for place, asset in enumerate(dataset.assets):
            if asset.currency != dataset.currency:
                rate = dataset.rates[asset.currency]
                seen = np.searchsorted(rate.known, dataset.timeline, "right")
                table[:, place] = np.where(
                    seen > 0, rate.close[np.maximum(seen - 1, 0)], rate.open[0]
                )
        return table

    @cached_property
    def nights(self) -> NDArray[np.int64] | None:
        """Count at each step the calendar days since the one before; None when nothing accrues."""
        terms = self.terms
        shorts = [self.borrow_rate(asset) for asset in self.dataset.assets]
        if not (any(shorts) or terms.loan_rate or terms.cash_rate):
            return None
        days = self.dataset.timeline // NS_PER_DAY
        return np.diff(days, prepend=days[:1])

    @cached_property
    def is_plain(self) -> bool:
        """Tell whether a step is no more than one bar of one asset, and ``decide``."""
        dataset, strategy, terms = self.dataset, self.strategy, self.terms
        return (
            len(dataset.assets) == 1
            and not len(dataset.assets[0].actions)
            and not (strategy.timeframes or strategy.schedules or strategy.on_fill)
            and self.trade_from == 0
            and self.rates is None
            and self.nights is None
            and terms.leverage == 1.0
            and not terms.allow_short
        )

    @cached_property
    def due(self) -> NDArray[np.int64] | None:
        """Give for each step a bit for each schedule that is due; None without schedules."""
        schedules = [schedule for schedule, _ in self.strategy.schedules]
        return due(schedules, self.dataset, self.calendar) if schedules else None

    def lot(self, asset: Asset) -> float:
        """Give the least quantity of an asset that can be bought, 0.0 for a billionth."""
        fractional = self.terms.fractional if asset.fractional is None else asset.fractional
        return 0.0 if fractional else 1.0

    def borrow_rate(self, asset: Asset) -> float:
        """Give what it costs to be short of an asset for a year."""
        own = asset.borrow_rate
        return self.terms.borrow_rate if own is None else own * self.terms.borrow_scale

    def participation(self, asset: Asset) -> float:
        """Give the part of a bar's volume that orders may take; where it is unknown, any."""
        return self.terms.participation if asset.has_volume else 0.0

    def parameters(self) -> tuple[Any, ...]:
        """Give the values in the order of the strategy's parameters."""
        return tuple(self.values[parameter.name] for parameter in self.strategy.parameters)


def asset_rows(setting: Setting) -> list[AssetRow]:
    """Make the row of each asset, flat and without a bar, on the terms of a run."""
    return [
        AssetRow(
            index=index,
            rate=1.0,
            multiplier=asset.multiplier,
            lot=setting.lot(asset),
            increment=asset.tick,
            borrow_rate=setting.borrow_rate(asset),
        )
        for index, asset in enumerate(setting.dataset.assets)
    ]
