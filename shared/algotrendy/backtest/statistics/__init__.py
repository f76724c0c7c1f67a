"""Sum a run up in numbers, each defined where it is computed.

A number that its definition leaves open (a Sharpe ratio without any variation, a win rate without
a trade) is None, never 0, NaN or infinity. Returns are simple, from close to close; the risk-free
rate is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import fsum, sqrt

from algotrendy.backtest.engine import Backtest, Fill
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.bar import Timeframe

TRADING_DAYS = 252.0
SESSION = timedelta(hours=6.5)
"""The regular session of US equities."""

_NS_PER_YEAR = 365.25 * 86_400 * 1e9
# Below this, the spread of returns is rounding and not risk.
_STILL = 1e-12


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one run came to. Rates are fractions: 0.25 is 25 percent.

    Attributes:
        final_equity: At the last close, quote currency.
        total_return: Final equity over initial, less 1.
        cagr: Compound annual growth rate over calendar time (365.25 days a year).
        volatility: Standard deviation of returns (n - 1), times the root of 252 for daily bars.
        sharpe: Mean return over its standard deviation (n - 1), times the same root.
        sortino: Mean return over the root mean square of the negative ones (over all n), likewise.
        max_drawdown: Deepest fall from a peak, 0 or less.
        drawdown_bars: Longest time below a peak, in bars, to the recovery or to the end.
        calmar: CAGR over the deepest fall.
        exposure: Share of bars at whose close there was a position.
        turnover: Half the traded notional over the mean equity, a year.
        trades: Closed round trips.
        win_rate: Share of them that made money after fees.
        profit_factor: What the winners made over what the losers lost.
        fees: Paid in all.
        orders_cut: Orders that cash, holding or whole shares cut.
        orders_unfilled: Orders placed at the last bar.
    """

    final_equity: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    drawdown_bars: int
    calmar: float | None
    exposure: float
    turnover: float | None
    trades: int
    win_rate: float | None
    profit_factor: float | None
    fees: float
    orders_cut: int
    orders_unfilled: int


def periods_per_year(timeframe: Timeframe) -> float:
    """Give the bars in a year of 252 US equity sessions of 6.5 hours."""
    return TRADING_DAYS if timeframe is Timeframe.DAY else TRADING_DAYS * (SESSION / timeframe.span)


def summarise(
    backtest: Backtest, times: Sequence[int], cash: float, periods_per_year: float = TRADING_DAYS
) -> Statistics:
    """Sum up a run.

    Args:
        times: Bar times in nanoseconds, as many as the equity curve has values.
        cash: At the start, > 0. Without any bar the result is that of not having traded.
        periods_per_year: How many bars a year has, for annualising.
    """
    equity = backtest.equity
    final = equity[-1] if equity else cash
    years = (times[-1] - times[0]) / _NS_PER_YEAR if times else 0.0
    returns = simple_returns(equity)
    deepest, longest = drawdown(equity)
    growth = cagr(cash, final, years)
    risk = volatility(returns, periods_per_year)
    return Statistics(
        final_equity=final,
        total_return=final / cash - 1.0,
        cagr=growth,
        volatility=risk,
        sharpe=reward_to(risk, returns, periods_per_year),
        sortino=reward_to(downside(returns, periods_per_year), returns, periods_per_year),
        max_drawdown=deepest,
        drawdown_bars=longest,
        calmar=None if growth is None or deepest == 0.0 else growth / -deepest,
        exposure=backtest.bars_held / len(equity) if equity else 0.0,
        turnover=turnover(backtest.fills, equity, years),
        trades=len(backtest.trades),
        win_rate=win_rate(backtest.trades),
        profit_factor=profit_factor(backtest.trades),
        fees=fsum(fill.fee for fill in backtest.fills),
        orders_cut=len(backtest.cut),
        orders_unfilled=backtest.unfilled,
    )


def simple_returns(equity: Sequence[float]) -> list[float]:
    """Give the return of each bar over the one before; after ruin (equity <= 0) there are none."""
    if equity and min(equity) <= 0.0:
        ruin = next(bar for bar, value in enumerate(equity) if value <= 0.0)
        equity = equity[: ruin + 1]
    return [after / before - 1.0 for before, after in pairwise(equity)]


def cagr(initial: float, final: float, years: float) -> float | None:
    """Give the yearly rate that turns initial into final; -1 after ruin, None without time."""
    if years <= 0.0:
        return None
    if final <= 0.0:
        return -1.0
    try:
        return float((final / initial) ** (1.0 / years)) - 1.0
    except OverflowError:
        return None


def volatility(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Give the annualised standard deviation (n - 1); None for fewer than two returns."""
    if len(returns) < 2:
        return None
    mean = fsum(returns) / len(returns)
    squares = fsum([(r - mean) * (r - mean) for r in returns])
    return sqrt(squares / (len(returns) - 1) * periods_per_year)


def downside(returns: Sequence[float], periods_per_year: float) -> float | None:
    """Give the annualised root mean square of the losses, over all n; None for fewer than two."""
    if len(returns) < 2:
        return None
    return sqrt(fsum([r * r for r in returns if r < 0.0]) / len(returns) * periods_per_year)


def reward_to(
    risk: float | None, returns: Sequence[float], periods_per_year: float
) -> float | None:
    """Give the annualised mean return over an annualised risk; None without any risk.

    With the volatility it is the Sharpe ratio, with the downside the Sortino ratio, both against
    a rate of 0.

    Sources: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994); Sortino and
    Price, "Performance Measurement in a Downside Risk Framework", Journal of Investing 3 (1994).
    """
    if risk is None or risk < _STILL:
        return None
    return fsum(returns) / len(returns) * periods_per_year / risk


def drawdown(equity: Sequence[float]) -> tuple[float, int]:
    """Give the deepest fall from a peak (0 or less) and the longest time below one, in bars."""
    deepest, longest, below, peak = 0.0, 0, 0, 0.0
    for value in equity:
        if value >= peak:
            peak, below = value, 0
            continue
        below += 1
        if below > longest:
            longest = below
        fall = value / peak - 1.0
        if fall < deepest:
            deepest = fall
    return deepest, longest


def turnover(fills: Sequence[Fill], equity: Sequence[float], years: float) -> float | None:
    """Give half the traded notional over the mean equity, a year; None without time or equity."""
    if years <= 0.0:
        return None
    mean_equity = fsum(equity) / len(equity)
    if mean_equity <= 0.0:
        return None
    return fsum([abs(fill.units) * fill.price for fill in fills]) / 2.0 / mean_equity / years


def win_rate(trades: Sequence[Trade]) -> float | None:
    """Give the share of closed trades that made money after fees; None without a trade."""
    if not trades:
        return None
    return len([trade for trade in trades if trade.pnl > 0.0]) / len(trades)


def profit_factor(trades: Sequence[Trade]) -> float | None:
    """Give what the winners made over what the losers lost; None when no trade lost."""
    lost = -fsum(trade.pnl for trade in trades if trade.pnl < 0.0)
    if lost == 0.0:
        return None
    return fsum(trade.pnl for trade in trades if trade.pnl > 0.0) / lost
