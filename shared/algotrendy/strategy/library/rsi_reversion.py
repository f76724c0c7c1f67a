"""Buy the dip in an uptrend: a short RSI says oversold, a long mean says the trend is up."""

from __future__ import annotations

from algotrendy.strategy.context import ABOVE, Account, Bars
from algotrendy.strategy.definition import Arguments, Memory, Parameter, Rule, Strategy

# Places in the memory.
_GAIN, _LOSS, _TREND_SUM, _EXIT_SUM = range(4)


def _decide(bars: Bars, memory: Memory, parameters: Arguments, account: Account) -> None:
    period, oversold, trend, exit_, units = parameters
    close = bars.close
    seen = len(close)
    now = close[-1]
    trend_sum = memory[_TREND_SUM] + now
    exit_sum = memory[_EXIT_SUM] + now
    if seen > trend:
        trend_sum -= close[-1 - trend]
    if seen > exit_:
        exit_sum -= close[-1 - exit_]
    memory[_TREND_SUM] = trend_sum
    memory[_EXIT_SUM] = exit_sum
    if seen == 1:
        return
    move = now - close[-2]
    # Wilder starts from the plain mean of the first `period` moves, then smooths by 1 / period.
    weight = min(seen - 1, period)
    memory[_GAIN] += (max(move, 0.0) - memory[_GAIN]) / weight
    memory[_LOSS] += (max(-move, 0.0) - memory[_LOSS]) / weight
    if seen <= period or seen < trend:
        return
    if account.position == 0.0:
        # RSI = 100 gain / (gain + loss); compared without the division, which a still market
        # would make 0 / 0. A still market has no RSI and is not oversold.
        gain, loss = memory[_GAIN], memory[_LOSS]
        if now > trend_sum / trend * ABOVE and 100.0 * gain < oversold * (gain + loss):
            if units:
                account.buy(units)
            else:
                account.invest()
    elif now > exit_sum / exit_ * ABOVE:
        account.close()


RSI_REVERSION = Strategy(
    name="rsi_reversion",
    summary="Buys when the RSI over `period` bars is below `oversold` while the close is above the "
    "mean of the last `trend`; sells when the close is above the mean of the last `exit`.",
    source="The 2-period RSI strategy of Connors and Alvarez, 'Short Term Trading Strategies That "
    "Work' (2008), ch. 9, filled at the next open; RSI after Wilder, 'New Concepts in Technical "
    "Trading Systems' (1978).",
    parameters=(
        Parameter("period", "int", 2, 100, 2, "Bars that the RSI is smoothed over"),
        Parameter("oversold", "float", 0.1, 50, 5, "RSI below which it buys"),
        Parameter("trend", "int", 3, 1000, 200, "Closes in the mean that tells the trend"),
        Parameter("exit", "int", 2, 200, 5, "Closes in the mean above which it sells"),
        Parameter("units", "float", 0, 1e9, 0, "Shares a trade; 0 invests all the cash"),
    ),
    decide=_decide,
    warm_up=lambda values: int(max(values["trend"], values["period"] + 1)),
    memory=4,
    rules=(Rule("exit", "below trend", lambda values: values["exit"] < values["trend"]),),
)
