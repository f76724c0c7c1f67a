"""Compare a run with a benchmark, bar by bar."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from algotrendy.backtest.statistics.annual import STILL
from algotrendy.backtest.statistics.returns import yearly_rate
from algotrendy.backtest.statistics.series import FloatArray, defined, pieces, ratio


@dataclass(frozen=True, slots=True)
class Relative:
    """How a run stands to its benchmark.

    Attributes:
        beta: Covariance with the benchmark over the benchmark's variance.
        alpha: Mean return less beta times the benchmark's, times the bars of a year.
        correlation: Pearson's.
        r_squared: Its square.
        excess_return: Mean return less the benchmark's, times the bars of a year.
        tracking_error: Standard deviation (n - 1) of the difference, annualised.
        information_ratio: Excess return over tracking error.
        capture: Annualised compound return over the benchmark's.
        up_capture: The same over the bars in which the benchmark rose.
        down_capture: The same over those in which it fell.
        batting_average: Share of the bars in which the run did better.
    """

    beta: float | None
    alpha: float | None
    correlation: float | None
    r_squared: float | None
    excess_return: float | None
    tracking_error: float | None
    information_ratio: float | None
    capture: float | None
    up_capture: float | None
    down_capture: float | None
    batting_average: float | None


def relative(returns: FloatArray, benchmark: FloatArray, periods_per_year: float) -> Relative:
    """Compare returns with a benchmark's of the same bars, shapes (n,).

    Sources: Jensen, "The Performance of Mutual Funds in the Period 1945-1964", Journal of Finance
    23 (1968), for alpha and beta; Grinold and Kahn, "Active Portfolio Management" (2000), for the
    information ratio.
    """
    count = len(returns)
    together = _together(returns, benchmark)
    year = math.sqrt(periods_per_year)
    correlation = together.correlation
    error = None if count < 2 else math.sqrt(together.difference / (count - 1)) * year
    moves = error is not None and error > STILL * year
    apart = together.mean - together.benchmark_mean
    return Relative(
        beta=together.beta,
        alpha=None
        if together.beta is None
        else (together.mean - together.beta * together.benchmark_mean) * periods_per_year,
        correlation=correlation,
        r_squared=None if correlation is None else correlation * correlation,
        excess_return=apart * periods_per_year if count else None,
        tracking_error=error,
        information_ratio=ratio(apart * periods_per_year, error) if moves else None,
        capture=together.all.capture(periods_per_year),
        up_capture=together.up.capture(periods_per_year),
        down_capture=together.down.capture(periods_per_year),
        batting_average=together.better / count if count else None,
    )


@dataclass(slots=True)
class _Compound:
    """What 1 became in the run and in the benchmark over some of the bars."""

    bars: int = 0
    run: float = 1.0
    benchmark: float = 1.0

    def add(self, bars: int, run: FloatArray, benchmark: FloatArray) -> None:
        self.bars += bars
        self.run *= float(run.prod())
        self.benchmark *= float(benchmark.prod())

    def capture(self, periods_per_year: float) -> float | None:
        years = self.bars / periods_per_year
        made, market = defined(self.run - 1.0), defined(self.benchmark - 1.0)
        if made is None or market is None:
            return None
        return ratio(yearly_rate(made, years), yearly_rate(market, years))


@dataclass(slots=True)
class _Together:
    """Sums over the bars: of squares and products about the means, compounds, and counts."""

    count: int
    mean: float
    benchmark_mean: float
    run: float = 0.0
    benchmark: float = 0.0
    product: float = 0.0
    difference: float = 0.0
    better: int = 0
    all: _Compound = field(default_factory=_Compound)
    up: _Compound = field(default_factory=_Compound)
    down: _Compound = field(default_factory=_Compound)

    @property
    def beta(self) -> float | None:
        return self.product / self.benchmark if self._moves(self.benchmark) else None

    @property
    def correlation(self) -> float | None:
        if not (self._moves(self.benchmark) and self._moves(self.run)):
            return None
        found = defined(self.product / math.sqrt(self.run) / math.sqrt(self.benchmark))
        return None if found is None else max(-1.0, min(1.0, found))

    def _moves(self, squares: float) -> bool:
        return self.count > 1 and squares > STILL * STILL * self.count


def _together(returns: FloatArray, benchmark: FloatArray) -> _Together:
    count = len(returns)
    if count == 0:
        return _Together(0, 0.0, 0.0)
    found = _Together(count, float(returns.sum()) / count, float(benchmark.sum()) / count)
    for piece in pieces(count):
        ours, theirs = returns[piece], benchmark[piece]
        found.better += int(np.count_nonzero(ours > theirs))
        run, market = ours + 1.0, theirs + 1.0
        found.all.add(len(run), run, market)
        for where, compound in ((theirs > 0.0, found.up), (theirs < 0.0, found.down)):
            chosen = where.nonzero()[0]
            compound.add(len(chosen), run[chosen], market[chosen])
        ours, theirs = ours - found.mean, theirs - found.benchmark_mean
        found.run += float((ours * ours).sum())
        found.benchmark += float((theirs * theirs).sum())
        found.product += float((ours * theirs).sum())
        ours -= theirs
        ours *= ours
        found.difference += float(ours.sum())
    return found
