"""Say how much of the wealth was at work, and how often it was turned over."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.statistics.series import YEAR_NS, numbers, ratio
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Activity:
    """How much was at work.

    Attributes:
        exposure: Share of the bars at whose close something was held.
        mean_leverage: Mean of gross market value over equity at the closes.
        most_leverage: Its most.
        turnover: Half the traded notional over the mean equity, a year.
        fills: How many there were that traded anything.
        fees: Paid in all, quote currency.
        fees_to_profit: Fees over the profit before fees; None where there was none.
    """

    exposure: float | None
    mean_leverage: float | None
    most_leverage: float | None
    turnover: float | None
    fills: int | None
    fees: float | None
    fees_to_profit: float | None


def activity(
    equity: ArrayLike,
    years: float,
    gross: ArrayLike | None = None,
    traded: ArrayLike | None = None,
    fees: ArrayLike | None = None,
) -> Activity:
    """Say how much was at work.

    Args:
        equity: At the closes, quote currency, shape (bars,).
        years: Calendar time of the run.
        gross: Gross market value of what was held at the closes, >= 0, shape (bars,).
        traded: Notional of each fill (units times price, any sign), shape (fills,).
        fees: Of each fill, shape (fills,).

    Raises:
        Invalid: If a length does not fit or a value is not finite.
    """
    worth = numbers("equity", equity)
    held = None if gross is None else np.abs(numbers("gross", gross))
    if held is not None and len(held) != len(worth):
        raise Invalid("gross", f"of length {len(worth)}", len(held))
    share = mean = most = None
    if held is not None and len(held):
        share = int(np.count_nonzero(held)) / len(held)
        solvent = worth > 0.0
        if solvent.any():
            leverage = held[solvent] / worth[solvent]
            mean, most = float(leverage.mean()), float(leverage.max())
    notionals = None if traded is None else numbers("traded", np.abs(traded))
    paid = None if fees is None else math.fsum(numbers("fees", fees))
    before = None
    if paid is not None and len(worth):
        before = float(worth[-1] - worth[0]) + paid
    return Activity(
        exposure=share,
        mean_leverage=mean,
        most_leverage=most,
        turnover=None
        if notionals is None or len(worth) == 0 or years <= 0.0
        else _turnover(math.fsum(notionals), math.fsum(worth) / len(worth), years),
        fills=None if notionals is None else int(np.count_nonzero(notionals)),
        fees=paid,
        fees_to_profit=ratio(paid, before) if before is not None and before > 0.0 else None,
    )


def years_between(first_ns: int, last_ns: int) -> float:
    """Give the calendar time between two instants, in years of 365.25 days."""
    return (last_ns - first_ns) / YEAR_NS


def _turnover(notional: float, mean_equity: float, years: float) -> float | None:
    return notional / 2.0 / mean_equity / years if mean_equity > 0.0 else None
