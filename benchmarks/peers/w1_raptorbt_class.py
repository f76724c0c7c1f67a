"""W1 in raptorbt as a user's class with typed orders, called for every bar."""

from __future__ import annotations

import raptorbt
from measuring import Outcome, Subject, report, size
from raptorbt.strategy import orders
from raptorbt_terms import NOTE, config, fills
from workloads import CASH, FAST, SLOW, UNITS, minute_bars, minute_times


class Crossing(raptorbt.Strategy):
    """Is long while the fast mean is above the slow one."""

    def on_start(self, ctx: raptorbt.StrategyContext) -> None:
        self.fast, self.slow = raptorbt.sma(ctx.close, FAST), raptorbt.sma(ctx.close, SLOW)
        self.long = False

    def on_bar(self, ctx: raptorbt.StrategyContext) -> None:
        fast, slow = self.fast[ctx.idx], self.slow[ctx.idx]
        if not self.long:
            if fast > slow:
                self.long = True
                self.submit_order(orders.Market(side="buy", units=UNITS))
        elif fast < slow:
            self.long = False
            self.submit_order(orders.Market(side="sell", units=UNITS))


def main() -> None:
    bars, times = minute_bars(size()), minute_times(size())

    def run(_: object) -> Outcome:
        result = raptorbt.run_strategy_backtest(
            Crossing(),
            times,
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            bars.volume,
            config=config(CASH),
        )
        return Outcome(float(result.equity_curve()[-1]), fills(result.metrics))

    report(Subject("raptorbt", "raptorbt", "class, typed orders", NOTE), "W1", run)


if __name__ == "__main__":
    main()
