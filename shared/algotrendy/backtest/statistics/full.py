"""Compute every figure of a run at once: one entry for reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.annual import TRADING_DAYS
from algotrendy.backtest.statistics.benchmark import Relative, relative
from algotrendy.backtest.statistics.drawdowns import (
    Drawdown,
    DrawdownSummary,
    drawdown_table,
    falls,
    summarise_falls,
)
from algotrendy.backtest.statistics.exposure import Activity, activity
from algotrendy.backtest.statistics.returns import Calendar, Growth, calendar, growth
from algotrendy.backtest.statistics.risk import Ratios, Risk, ratios, risk
from algotrendy.backtest.statistics.round_trips import TradesBySide, rate_trades
from algotrendy.backtest.statistics.sample import sample_of
from algotrendy.backtest.statistics.selection import Confidence, Trials, confidence
from algotrendy.backtest.statistics.series import (
    Series,
    check_size,
    compounded,
    daily_returns,
    from_equity,
    from_returns,
    numbers,
    simple_returns,
)
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class FullStatistics:
    """Every figure of a run, in groups; a figure that its definition leaves open is None.

    ``benchmark``, ``trades`` and ``activity`` are None where nothing was given to compute them
    from; the activity needs equity. ``drawdown_table`` holds the deepest falls first.
    """

    growth: Growth
    risk: Risk
    ratios: Ratios
    drawdowns: DrawdownSummary
    confidence: Confidence
    benchmark: Relative | None
    activity: Activity | None
    trades: TradesBySide | None
    calendar: Calendar
    drawdown_table: tuple[Drawdown, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as plain dicts, tuples and numbers, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Doings:
    """What a run did besides its equity; see ``activity`` and ``rate_trades`` for shapes.

    Attributes:
        gross: Gross market value at each close.
        traded: Notional of each fill.
        fees: Of each fill.
        trades: Closed round trips, in the order of exit.
        high, low: Bars of the one asset that was traded, for the excursions.
    """

    gross: ArrayLike | None = None
    traded: ArrayLike | None = None
    fees: ArrayLike | None = None
    trades: Sequence[Trade] | None = None
    high: ArrayLike | None = None
    low: ArrayLike | None = None


def full_statistics(
    equity: ArrayLike | None = None,
    times: ArrayLike | None = None,
    *,
    returns: ArrayLike | None = None,
    benchmark: ArrayLike | None = None,
    periods_per_year: float = TRADING_DAYS,
    doings: Doings | None = None,
    trials: Trials | None = None,
    drawdowns: int = 10,
) -> FullStatistics:
    """Compute every figure of a run.

    Args:
        equity: At the closes, the first what the run began with, shape (n + 1,); or
        returns: instead of it, simple, shape (n,).
        times: Nanoseconds UTC or datetime64 of each value; figures by the calendar need them.
        benchmark: In the same form and of the same bars: prices beside equity, returns beside
            returns.
        periods_per_year: Bars in a year, for annualising.
        doings: What the run held and traded.
        trials: How many runs this one was chosen from, for the deflated Sharpe ratio.
        drawdowns: How many rows the table of drawdowns has at most.

    Raises:
        Invalid: Naming the argument, and the row where there is one.
    """
    if drawdowns < 0:
        raise Invalid("drawdowns", "0 or more", drawdowns)
    series = _series(equity, returns, times, periods_per_year)
    bars = len(np.asarray(returns if equity is None else equity))
    sample = sample_of(series.returns)
    months, years = compounded(series, "month"), compounded(series, "year")
    grown = growth(series, sample, daily_returns(series), months, years)
    found = falls(series)
    fallen = summarise_falls(found)
    return FullStatistics(
        growth=grown,
        risk=risk(sample, periods_per_year),
        ratios=ratios(series, sample, grown.cagr, fallen, months),
        drawdowns=fallen,
        confidence=confidence(sample, periods_per_year, trials),
        benchmark=None
        if benchmark is None
        else _against(series, benchmark, bars, equity is not None),
        activity=None if doings is None or equity is None else _activity(equity, series, doings),
        trades=None
        if doings is None or doings.trades is None
        else rate_trades(doings.trades, doings.high, doings.low),
        calendar=calendar(months, years),
        drawdown_table=drawdown_table(series, found, drawdowns),
    )


def _series(
    equity: ArrayLike | None,
    returns: ArrayLike | None,
    times: ArrayLike | None,
    periods_per_year: float,
) -> Series:
    if equity is not None and returns is None:
        return from_equity(equity, times, periods_per_year)
    if returns is not None and equity is None:
        return from_returns(returns, times, periods_per_year)
    raise Invalid(
        "equity", "given, or returns instead of it", "neither" if equity is None else "both"
    )


def _against(series: Series, benchmark: ArrayLike, bars: int, prices: bool) -> Relative:
    theirs = numbers("benchmark", benchmark)
    if len(theirs) != bars:
        raise Invalid("benchmark", f"of length {bars}", len(theirs))
    least = 0.0 if prices else -1.0
    if theirs.min(initial=1.0) <= least:
        row = int(theirs.argmin())
        raise Invalid("benchmark", f"above {least:g} in every row", f"{theirs[row]} in row {row}")
    # The run may have ended in ruin before its benchmark did.
    count = len(series.returns)
    market = simple_returns("benchmark", theirs[: count + 1]) if prices else theirs[:count]
    check_size("benchmark", market)
    return relative(series.returns, market, series.periods_per_year)


def _activity(equity: ArrayLike, series: Series, doings: Doings) -> Activity:
    return activity(
        np.asarray(equity, dtype=np.float64),
        series.years,
        doings.gross,
        doings.traded,
        doings.fees,
    )
