"""W4 in raptorbt as a user's class that submits brackets."""

from __future__ import annotations

import raptorbt
from measuring import Outcome, Subject, report, size
from raptorbt.strategy import orders
from raptorbt_terms import config, fills
from workloads import BRACKET, CASH, EVERY, UNITS, minute_bars, minute_times

NOTE = "calls on_bar before it matches that bar's orders, and watches exits a bar after the entry"


class Brackets(raptorbt.Strategy):
    """Enters when flat at every so-manyth bar."""

    def on_bar(self, ctx: raptorbt.StrategyContext) -> None:
        if ctx.idx % EVERY == 0 and ctx.position is None:
            close = float(ctx.close[ctx.idx])
            self.submit_bracket(
                orders.Market(side="buy", units=UNITS),
                stop_trigger=close * (1 - BRACKET),
                target_price=close * (1 + BRACKET),
            )


def main() -> None:
    bars, times = minute_bars(size()), minute_times(size())

    def run(_: object) -> Outcome:
        result = raptorbt.run_strategy_backtest(
            Brackets(),
            times,
            bars.open,
            bars.high,
            bars.low,
            bars.close,
            bars.volume,
            config=config(CASH),
        )
        return Outcome(float(result.equity_curve()[-1]), fills(result.metrics))

    report(Subject("raptorbt", "raptorbt", "class, brackets", NOTE), "W4", run)


if __name__ == "__main__":
    main()
