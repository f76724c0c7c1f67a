"""Tell a strategy of a step: the one order of its calls, in a backtest and live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from algotrendy.backtest.engine.records import DoneRow
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import FillSeen
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.market import Fill, Market
from algotrendy.strategy.own import (
    Layout,
    layout_of,
    make_owns,
    make_parameters,
    own_type,
    update_of,
)


@dataclass(frozen=True, slots=True)
class Told:
    """A strategy with what it is told besides the market.

    Attributes:
        owns: What it owns, one object an asset.
        update: Brings the indicators of an asset up to date; None without indicators.
    """

    strategy: Strategy
    layout: Layout
    owns: tuple[Any, ...]
    parameters: Any
    update: Callable[[Any, Any, Any], None] | None

    def tell(self, market: Market, fills: Iterable[DoneRow | FillSeen], due: int) -> None:
        """Bring indicators up to date, tell of fills, call what is due, and let it decide.

        Args:
            market: Told of the step's bars and of the account.
            fills: Since the step before; those of no order are not told.
            due: Bit k is set where schedule k is due.

        Raises:
            Whatever the strategy raises.
        """
        own, parameters, strategy = self.owns[0], self.parameters, self.strategy
        if self.update is not None:
            for asset in market:
                if asset.is_new:
                    self.update(asset, own[asset.index], parameters)
        if strategy.on_fill is not None:
            for done in fills:
                if not done.order:
                    continue
                fill = Fill(done.asset, done.order, done.units, done.price, done.fee)
                strategy.on_fill(market, own, parameters, fill)
        if due:
            for place, (_, callback) in enumerate(strategy.schedules):
                if due >> place & 1:
                    callback(market, own, parameters)
        strategy.decide(market, own, parameters)


def told_of(setting: Setting) -> Told:
    """Make what a strategy owns, as it begins."""
    strategy = setting.strategy
    layout = layout_of(strategy.state, strategy.indicators)
    names = tuple(parameter.name for parameter in strategy.parameters)
    return Told(
        strategy,
        layout,
        make_owns(layout, own_type(layout), setting.values, len(setting.dataset.assets)),
        make_parameters(names, setting.parameters()),
        update_of(layout) if layout.indicators else None,
    )
