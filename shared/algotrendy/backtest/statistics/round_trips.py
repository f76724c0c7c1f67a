"""Rate the closed round trips of a run, long and short apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.series import BoolArray, FloatArray, IntArray, numbers, ratio
from algotrendy.backtest.trades import Trade
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class TradeStatistics:
    """What closed round trips came to. A trade's return is its profit over what was put in:
    its most units at the mean entry price.

    Attributes:
        count, wins, losses: A win is a profit above 0 after fees, a loss one below.
        win_rate: Wins over all.
        profit_factor: What the wins made over what the losses lost.
        payoff: Mean win over mean loss.
        expectancy: Mean profit, quote currency.
        mean_return, median_return: Of the trades' returns.
        best, worst: Profit, quote currency.
        best_return, worst_return: Of the trades' returns.
        most_wins_running, most_losses_running: Longest runs, in the order of exit.
        mean_hold, median_hold: Bars from entry to exit.
        system_quality: Mean profit over its deviation (n - 1), times the root of the count: how
            many standard errors the expectancy is away from 0.
        fees: Paid on them.
        mean_adverse, worst_adverse: Adverse excursion, a fraction of the entry price, 0 or less.
        mean_favourable, best_favourable: Favourable excursion, 0 or more.
    """

    count: int
    wins: int
    losses: int
    win_rate: float | None
    profit_factor: float | None
    payoff: float | None
    expectancy: float | None
    mean_return: float | None
    median_return: float | None
    best: float | None
    worst: float | None
    best_return: float | None
    worst_return: float | None
    most_wins_running: int
    most_losses_running: int
    mean_hold: float | None
    median_hold: float | None
    system_quality: float | None
    fees: float
    mean_adverse: float | None
    worst_adverse: float | None
    mean_favourable: float | None
    best_favourable: float | None


@dataclass(frozen=True, slots=True)
class TradesBySide:
    """All trades together, the long ones and the short ones."""

    all: TradeStatistics
    long: TradeStatistics
    short: TradeStatistics


@dataclass(frozen=True, slots=True, eq=False)
class Excursions:
    """How far the price went against and in favour of each trade, fractions of the entry price."""

    adverse: FloatArray
    favourable: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class TradeColumns:
    """Round trips as columns, in the order of exit; ``side`` is 1 for long and -1 for short."""

    entry: IntArray
    exit: IntArray
    side: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    fees: FloatArray
    profit: FloatArray
    returns: FloatArray


def trade_columns(trades: Sequence[Trade]) -> TradeColumns:
    """Turn trades into columns.

    Raises:
        Invalid: If a number of theirs is not finite, naming it and the trade's place.
    """
    units = numbers("trades.units", [trade.units for trade in trades])
    entry_price = numbers("trades.entry_price", [trade.entry_price for trade in trades])
    profit = numbers("trades.pnl", [trade.pnl for trade in trades])
    put_in = np.abs(units) * entry_price
    returns = np.divide(profit, put_in, out=np.zeros_like(profit), where=put_in > 0.0)
    return TradeColumns(
        entry=np.array([trade.entry_bar for trade in trades], dtype=np.int64),
        exit=np.array([trade.exit_bar for trade in trades], dtype=np.int64),
        side=np.where(units < 0.0, -1.0, 1.0),
        entry_price=entry_price,
        exit_price=numbers("trades.exit_price", [trade.exit_price for trade in trades]),
        fees=numbers("trades.fees", [trade.fees for trade in trades]),
        profit=profit,
        returns=returns,
    )


def rate_trades(
    trades: Sequence[Trade], high: ArrayLike | None = None, low: ArrayLike | None = None
) -> TradesBySide:
    """Rate closed round trips of one asset, or of several where no bars are given.

    Args:
        trades: In the order of exit.
        high, low: Of the asset's bars, shape (bars,), both or neither: for the excursions.

    Raises:
        Invalid: If a trade lies outside the bars, or only one of the two is given.
    """
    columns = trade_columns(trades)
    travelled = None
    if high is not None or low is not None:
        travelled = excursions(
            columns, numbers("high", _given("high", high)), numbers("low", _given("low", low))
        )
    return TradesBySide(
        all=_rate(columns, travelled, np.ones(len(trades), dtype=np.bool_)),
        long=_rate(columns, travelled, columns.side > 0.0),
        short=_rate(columns, travelled, columns.side < 0.0),
    )


def excursions(columns: TradeColumns, high: FloatArray, low: FloatArray) -> Excursions:
    """Give the maximum adverse and favourable excursion of each trade.

    The bars from the entry's up to the one before the exit's count whole, of the exit's bar only
    the exit price: what else happened in it may have come after the exit. The entry's bar counts
    from its open, also where the entry came later in it.

    Source: Sweeney, "Maximum Adverse Excursion" (1997).
    """
    if len(high) != len(low):
        raise Invalid("low", f"of length {len(high)}", len(low))
    count = len(columns.entry)
    if count and (columns.entry.min() < 0 or columns.exit.max() >= len(high)):
        raise Invalid("trades", f"between bars 0 and {len(high) - 1}", int(columns.exit.max()))
    highest = np.maximum(columns.entry_price, columns.exit_price)
    lowest = np.minimum(columns.entry_price, columns.exit_price)
    held = np.flatnonzero(columns.exit > columns.entry)
    if len(held):
        spans = np.stack((columns.entry[held], columns.exit[held]), axis=1).ravel()
        # Every second slice lies between two trades and is not wanted.
        highest[held] = np.maximum(highest[held], np.maximum.reduceat(high, spans)[::2])
        lowest[held] = np.minimum(lowest[held], np.minimum.reduceat(low, spans)[::2])
    up = highest / columns.entry_price - 1.0
    down = lowest / columns.entry_price - 1.0
    long = columns.side > 0.0
    return Excursions(adverse=np.where(long, down, -up), favourable=np.where(long, up, -down))


def _given(field: str, values: ArrayLike | None) -> ArrayLike:
    if values is None:
        raise Invalid(field, "given where the other is", None)
    return values


def _rate(
    columns: TradeColumns, travelled: Excursions | None, chosen: BoolArray
) -> TradeStatistics:
    profit, returns = columns.profit[chosen], columns.returns[chosen]
    hold = (columns.exit - columns.entry)[chosen]
    count = len(profit)
    won, lost = profit > 0.0, profit < 0.0
    wins, losses = int(np.count_nonzero(won)), int(np.count_nonzero(lost))
    made, given = math.fsum(profit[won]), -math.fsum(profit[lost])
    adverse = travelled.adverse[chosen] if travelled is not None and count else None
    favourable = travelled.favourable[chosen] if travelled is not None and count else None
    return TradeStatistics(
        count=count,
        wins=wins,
        losses=losses,
        win_rate=wins / count if count else None,
        profit_factor=ratio(made, given),
        payoff=ratio(made / wins, given / losses) if wins and losses else None,
        expectancy=math.fsum(profit) / count if count else None,
        mean_return=float(returns.mean()) if count else None,
        median_return=float(np.median(returns)) if count else None,
        best=float(profit.max()) if count else None,
        worst=float(profit.min()) if count else None,
        best_return=float(returns.max()) if count else None,
        worst_return=float(returns.min()) if count else None,
        most_wins_running=longest_run(won),
        most_losses_running=longest_run(lost),
        mean_hold=float(hold.mean()) if count else None,
        median_hold=float(np.median(hold)) if count else None,
        system_quality=_quality(profit),
        fees=math.fsum(columns.fees[chosen]),
        mean_adverse=None if adverse is None else float(adverse.mean()),
        worst_adverse=None if adverse is None else float(adverse.min()),
        mean_favourable=None if favourable is None else float(favourable.mean()),
        best_favourable=None if favourable is None else float(favourable.max()),
    )


def longest_run(flags: BoolArray) -> int:
    """Give the length of the longest unbroken run of True."""
    gaps = np.flatnonzero(~flags)
    edges = np.concatenate(([-1], gaps, [len(flags)]))
    return int((np.diff(edges) - 1).max())


def _quality(profit: FloatArray) -> float | None:
    if len(profit) < 2:
        return None
    return ratio(float(profit.mean()) * math.sqrt(len(profit)), float(profit.std(ddof=1)))
