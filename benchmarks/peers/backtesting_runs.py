"""Run the workloads in backtesting.py."""

from __future__ import annotations

import warnings
from typing import Any

import backtesting
import pandas as pd
from backtesting import Backtest, Strategy
from measuring import Outcome
from numpy.typing import NDArray
from workloads import BRACKET, EVERY, FEE, UNITS, Bars

# A progress bar and its advice about open trades are no part of what is measured.
backtesting.backtesting._tqdm = lambda bars, **_: bars
warnings.filterwarnings("ignore")


def frame_of(bars: Bars, times: NDArray[Any]) -> pd.DataFrame:
    """Give bars as the frame that it reads."""
    columns = {
        "Open": bars.open,
        "High": bars.high,
        "Low": bars.low,
        "Close": bars.close,
        "Volume": bars.volume,
    }
    return pd.DataFrame(columns, index=pd.to_datetime(times))


def _mean(values: Any, count: int) -> Any:
    return pd.Series(values).rolling(count).mean().to_numpy()


class Crossing(Strategy):
    """Is long while the fast mean is above the slow one."""

    fast, slow = 20, 50

    def init(self) -> None:
        self.fast_mean = self.I(_mean, self.data.Close, self.fast)
        self.slow_mean = self.I(_mean, self.data.Close, self.slow)

    def next(self) -> None:
        if not self.position:
            if self.fast_mean[-1] > self.slow_mean[-1]:
                self.buy(size=int(UNITS))
        elif self.fast_mean[-1] < self.slow_mean[-1]:
            self.position.close()


class Brackets(Strategy):
    """Enters when flat at every so-manyth bar."""

    def init(self) -> None:
        """Need nothing."""

    def next(self) -> None:
        if not self.position and (len(self.data) - 1) % EVERY == 0:
            close = self.data.Close[-1]
            self.buy(size=int(UNITS), tp=close * (1 + BRACKET), sl=close * (1 - BRACKET))


def run(strategy: type[Any], frame: pd.DataFrame, cash: float, **parameters: int) -> Outcome:
    """Run a strategy over a frame; the open trade at the end is one fill."""
    test = Backtest(frame, strategy, cash=cash, commission=FEE, finalize_trades=False)
    found = test.run(**parameters)
    fills = 2 * int(found["# Trades"]) + len(found["_strategy"].trades)
    return Outcome(float(found["Equity Final [$]"]), fills)
