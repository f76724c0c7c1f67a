"""Name the figures that a sweep keeps of each of its runs."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one run came to. Rates are fractions: 0.25 is 25 percent.

    Attributes:
        final_equity: At the last close, in the account's currency.
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
        orders_cut: Orders that cash, holding or whole units cut.
        orders_unfilled: Orders still open at the end.
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


STATISTICS = tuple(field.name for field in fields(Statistics))
"""The figures, in order."""
