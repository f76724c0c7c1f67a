"""Follow the trend: hold while a fast moving average is above a slow one."""

from __future__ import annotations

from algotrendy.strategy.context import ABOVE, Account, Bars
from algotrendy.strategy.definition import Arguments, Memory, Parameter, Rule, Strategy


def _decide(bars: Bars, memory: Memory, parameters: Arguments, account: Account) -> None:
    fast, slow, units = parameters
    close = bars.close
    seen = len(close)
    fast_sum = memory[0] + close[-1]
    slow_sum = memory[1] + close[-1]
    if seen > fast:
        fast_sum -= close[-1 - fast]
    if seen > slow:
        slow_sum -= close[-1 - slow]
    memory[0] = fast_sum
    memory[1] = slow_sum
    if seen < slow:
        return
    fast_mean, slow_mean = fast_sum / fast, slow_sum / slow
    if account.position == 0.0:
        if fast_mean > slow_mean * ABOVE:
            if units:
                account.buy(units)
            else:
                account.invest()
    elif slow_mean > fast_mean * ABOVE:
        account.close()


SMA_CROSS = Strategy(
    name="sma_cross",
    summary="Buys when the mean of the last `fast` closes is above that of the last `slow`, "
    "sells when it is below.",
    source="The variable-length moving average of Brock, Lakonishok and LeBaron, 'Simple Technical "
    "Trading Rules and the Stochastic Properties of Stock Returns', Journal of Finance 47 (1992), "
    "long or flat, without a band.",
    parameters=(
        Parameter("fast", "int", 2, 500, 20, "Closes in the fast mean"),
        Parameter("slow", "int", 3, 1000, 50, "Closes in the slow mean"),
        Parameter("units", "float", 0, 1e9, 0, "Shares a trade; 0 invests all the cash"),
    ),
    decide=_decide,
    warm_up=lambda values: int(values["slow"]),
    memory=2,
    rules=(Rule("fast", "below slow", lambda values: values["fast"] < values["slow"]),),
)
