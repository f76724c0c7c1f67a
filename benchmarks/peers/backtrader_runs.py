"""Run the workloads in backtrader's way, which back_trader_cpp speaks too.

Each function takes the module of either, as ``bt``.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from measuring import Outcome
from numpy.typing import NDArray
from workloads import BRACKET, EVERY, FEE, UNITS, Bars


def frame_of(bars: Bars, times: NDArray[Any]) -> pd.DataFrame:
    """Give bars as the frame that both read."""
    columns = {
        "open": bars.open,
        "high": bars.high,
        "low": bars.low,
        "close": bars.close,
        "volume": bars.volume,
    }
    return pd.DataFrame(columns, index=pd.to_datetime(times))


def crossing(bt: Any) -> type[Any]:
    """Give the strategy of W1 and W2."""

    class Crossing(bt.Strategy):
        params = (("fast", 20), ("slow", 50))

        def __init__(self) -> None:
            self.fast = bt.ind.SMA(period=self.p.fast)
            self.slow = bt.ind.SMA(period=self.p.slow)
            self.fills = 0

        def notify_order(self, order: Any) -> None:
            if order.status == order.Completed:
                self.fills += 1

        def next(self) -> None:
            if not self.position:
                if self.fast[0] > self.slow[0]:
                    self.buy(size=UNITS)
            elif self.fast[0] < self.slow[0]:
                self.sell(size=UNITS)

    return Crossing


def brackets(bt: Any) -> type[Any]:
    """Give the strategy of W4."""

    class Brackets(bt.Strategy):
        def __init__(self) -> None:
            self.bar = -1
            self.fills = 0

        def notify_order(self, order: Any) -> None:
            if order.status == order.Completed:
                self.fills += 1

        def next(self) -> None:
            self.bar += 1
            if not self.position and self.bar % EVERY == 0:
                close = self.data.close[0]
                self.buy_bracket(
                    size=UNITS,
                    exectype=bt.Order.Market,
                    limitprice=close * (1 + BRACKET),
                    stopprice=close * (1 - BRACKET),
                )

    return Brackets


def run(
    bt: Any, strategy: type[Any], frame: pd.DataFrame, cash: float, **parameters: int
) -> Outcome:
    """Run a strategy over a frame."""
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.broker.setcash(cash)
    cerebro.broker.setcommission(FEE)
    cerebro.addstrategy(strategy, **parameters)
    done = cerebro.run()[0]
    return Outcome(float(cerebro.broker.getvalue()), int(done.fills))
