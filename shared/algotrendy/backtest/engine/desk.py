"""Take an interpreted strategy's orders into the rows of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from algotrendy.backtest.engine.records import AccountRow, AssetRow, CostRow, LogRow
from algotrendy.backtest.engine.rules import placing, rows
from algotrendy.exchange.rules.records import OrderRow
from algotrendy.strategy.market import Market

_ROWS, _LOG_ROWS, _GROUP = 8, 64, 3


@dataclass(slots=True)
class BacktestDesk:
    """The desk of `strategy.market`, over growing lists of rows.

    Attributes:
        tables: Order rows, one list an asset.
        log: Every order, that of id i at i - 1; longer than the orders are many.
        step, now: Of the bar after which the strategy is called.
    """

    assets: list[AssetRow]
    account: AccountRow
    costs: CostRow
    tables: list[list[OrderRow]]
    log: list[LogRow] = field(default_factory=list)
    step: int = 0
    now: int = 0

    def make_room(self, asset: int, groups: int = 1) -> None:
        """See that a group of orders has room in the asset's rows, and some in the log."""
        table, found = self.tables[asset], self.assets[asset]
        if found.count + _GROUP > len(table):
            rows.forget_ended(table, found)
            while found.count + _GROUP > len(table):
                table.extend(OrderRow.blanks(_ROWS))
        while self.account.placed + _GROUP * groups > len(self.log):
            self.log.extend(LogRow.blanks(_LOG_ROWS))

    def place(
        self,
        asset: int,
        side: int,
        kind: int,
        units: float,
        limit: float,
        stop: float,
        tif: int,
        take_profit: float,
        stop_loss: float,
        stop_loss_limit: float,
    ) -> int:
        """Place an order, with its exits if any."""
        self.make_room(asset)
        return placing.place(
            self.tables[asset],
            self.assets[asset],
            self.account,
            self.log,
            side,
            kind,
            units,
            limit,
            stop,
            tif,
            take_profit,
            stop_loss,
            stop_loss_limit,
            self.step,
            self.now,
        )

    def trail(self, asset: int, side: int, units: float, price: float, percent: float) -> int:
        """Place a trailing stop."""
        self.make_room(asset)
        table, found = self.tables[asset], self.assets[asset]
        return placing.trail(
            table, found, self.account, self.log, side, units, price, percent, self.step, self.now
        )

    def protect(
        self, asset: int, take_profit: float, stop_loss: float, stop_loss_limit: float
    ) -> int:
        """Place two exits for the whole position."""
        self.make_room(asset)
        return placing.protect(
            self.tables[asset],
            self.assets[asset],
            self.account,
            self.log,
            take_profit,
            stop_loss,
            stop_loss_limit,
            self.step,
            self.now,
        )

    def invest(self, asset: int, share: float) -> int:
        """Buy for a share of the cash."""
        self.make_room(asset)
        table, found = self.tables[asset], self.assets[asset]
        return placing.invest(
            table, found, self.account, self.costs, self.log, share, self.step, self.now
        )

    def target(self, asset: int, weight: float) -> int:
        """Order what brings the position to a weight of the equity."""
        self.make_room(asset)
        table, found = self.tables[asset], self.assets[asset]
        return placing.target(table, found, self.account, self.log, weight, self.step, self.now)

    def cancel(self, order: int) -> int:
        """Cancel an order and its group."""
        asset = self._asset_of(order)
        if asset < 0:
            return 0
        return rows.cancel_order(self.tables[asset], self.assets[asset], self.log, order)

    def cancel_all(self, asset: int) -> int:
        """Cancel the open orders of an asset."""
        return rows.cancel_all(self.tables[asset], self.assets[asset], self.log)

    def replace(self, order: int, units: float, limit: float, stop: float) -> int:
        """Change an open order."""
        asset = self._asset_of(order)
        if asset < 0:
            return 0
        table, found = self.tables[asset], self.assets[asset]
        return rows.replace(table, found, self.log, order, units, limit, stop)

    def is_open(self, order: int) -> bool:
        """Tell whether an order may still fill."""
        asset = self._asset_of(order)
        return asset >= 0 and rows.is_order_open(self.tables[asset], self.assets[asset], order)

    def open_orders(self, asset: int) -> int:
        """Count the open orders of an asset."""
        return rows.open_orders(self.tables[asset], self.assets[asset])

    def _asset_of(self, order: int) -> int:
        return self.log[order - 1].asset if 1 <= order <= self.account.placed else -1


class PlainDesk(BacktestDesk):
    """The desk of one asset on cash: it looks at the newest bar when somebody orders.

    Not at each bar, as there are many more bars than orders.

    Attributes:
        market: Whose newest close is the mark; set before the first order.
    """

    def __init__(
        self,
        assets: list[AssetRow],
        account: AccountRow,
        costs: CostRow,
        tables: list[list[OrderRow]],
        timeline: Sequence[int],
    ) -> None:
        super().__init__(assets, account, costs, tables)
        self.market: Market
        self._timeline = timeline

    def make_room(self, asset: int, groups: int = 1) -> None:
        """See what the market stands at, and that a group of orders has room."""
        row, close = self.assets[0], self.market.close
        self.step = len(close) - 1
        self.now = self._timeline[self.step]
        row.mark = close[-1]
        self.account.equity = self.account.cash + row.position * row.mark * row.multiplier
        super().make_room(asset, groups)
