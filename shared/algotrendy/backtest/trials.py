"""What was tried: backtests counted by the data they saw, with how their Sharpe ratios spread.

The best of many trials looks better than it is, and by how much depends on how many there were
and how far they spread. Both are kept of every backtest, so that no winner is judged as if it had
been the only try.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import fsum, isfinite, sqrt
from typing import NewType
from uuid import UUID

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId
from algotrendy.kernel.instrument import Symbol, parse_symbol

BatchId = NewType("BatchId", UUID)

TRIALS_LIMIT = 10**12
OBSERVATIONS_LIMIT = 2**31 - 1
# DSQL changes at most 3,000 rows in a transaction, and a batch is recorded in one.
ROWS_LIMIT = 3_000
_TEXT_LIMIT = 128
_SHOWN_SYMBOLS = 3
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Moments:
    """How many numbers there were, their mean, and the sum of their squared deviations from it.

    Those of two sets give those of both together, whatever the sets were.
    """

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no set of finite numbers has."""
        if not 0 <= self.count <= TRIALS_LIMIT:
            raise Invalid("sharpe.count", f"between 0 and {TRIALS_LIMIT}", self.count)
        if not isfinite(self.mean) or (self.count == 0 and self.mean != 0.0):
            raise Invalid("sharpe.mean", "finite, and 0 of nothing", self.mean)
        if not (isfinite(self.m2) and self.m2 >= 0.0) or (self.count < 2 and self.m2 != 0.0):
            raise Invalid("sharpe.m2", "finite, 0 or more, and 0 of fewer than two", self.m2)

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Moments:
        """Work them out of the numbers themselves, which are finite."""
        if not numbers:
            return cls()
        mean = fsum(numbers) / len(numbers)
        # Of a single number the deviation is 0, and a rounding of the mean must not say otherwise.
        m2 = fsum([(x - mean) * (x - mean) for x in numbers]) if len(numbers) > 1 else 0.0
        return cls(len(numbers), mean, m2)

    @property
    def variance(self) -> float | None:
        """Give the variance (n - 1); None for fewer than two numbers."""
        return self.m2 / (self.count - 1) if self.count > 1 else None

    def merged(self, other: Moments) -> Moments:
        """Give the moments of both sets together.

        Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
        Sample Variances", Stanford STAN-CS-79-773 (1979).
        """
        if not self.count or not other.count:
            return self if self.count else other
        count, step = self.count + other.count, other.mean - self.mean
        mean = self.mean + step * other.count / count
        m2 = self.m2 + other.m2 + step * step * self.count * other.count / count
        return Moments(count, mean, m2)

    def scaled(self, factor: float) -> Moments:
        """Give the moments of the numbers times a factor."""
        return Moments(self.count, self.mean * factor, self.m2 * factor * factor)


class Kind(StrEnum):
    """What a batch was."""

    RUN = "run"
    SWEEP = "sweep"
    WALK_FORWARD = "walk_forward"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Tally:
    """The trials of a batch on one set of data.

    Attributes:
        symbols: Those that were traded together, in order; one, unless the strategy trades many.
        timeframe: Of the bars it decided at.
        first, last: Dates of the first and the last bar.
        periods_per_year: Bars in a year, as the Sharpe ratios of this timeframe are annualised.
        observations: Returns in each trial.
        trials: Backtests, those without a Sharpe ratio included.
        sharpe: Moments of the Sharpe ratios per bar, not annualised, of those that have one.
        best: The highest of them; None when there is none.
    """

    symbols: tuple[Symbol, ...]
    timeframe: Timeframe
    first: date
    last: date
    periods_per_year: float
    observations: int
    trials: int
    sharpe: Moments
    best: float | None

    def __post_init__(self) -> None:
        """Refuse figures that do not fit together, naming the field."""
        check_data(self.symbols, self.first, self.last)
        check_periods(self.periods_per_year)
        if not 1 <= self.observations <= OBSERVATIONS_LIMIT:
            raise Invalid("observations", f"between 1 and {OBSERVATIONS_LIMIT}", self.observations)
        if not 1 <= self.trials <= TRIALS_LIMIT:
            raise Invalid("trials", f"between 1 and {TRIALS_LIMIT}", self.trials)
        if self.sharpe.count > self.trials:
            expected = f"at most the number of trials, {self.trials}"
            raise Invalid("sharpe.count", expected, self.sharpe.count)
        if (self.best is None) != (self.sharpe.count == 0):
            raise Invalid("best", "given just when a trial has a Sharpe ratio", self.best)
        if self.best is not None and not isfinite(self.best):
            raise Invalid("best", "finite", self.best)

    @classmethod
    def of(
        cls,
        symbols: Iterable[str],
        timeframe: Timeframe,
        first: date,
        last: date,
        sharpes: Iterable[float | None],
        *,
        observations: int,
        periods_per_year: float,
    ) -> Tally:
        """Count trials by their Sharpe ratios per bar; None where a trial has none.

        Raises:
            Invalid: For no trial, or a ratio that is not finite; it names the trial, from 0.
        """
        given = list(sharpes)
        for place, sharpe in enumerate(given):
            if sharpe is not None and not isfinite(sharpe):
                raise Invalid(f"sharpes.{place}", "finite, or None for a trial without", sharpe)
        ratios = [sharpe for sharpe in given if sharpe is not None]
        return cls(
            symbols=tuple(sorted(parse_symbol(symbol) for symbol in symbols)),
            timeframe=timeframe,
            first=first,
            last=last,
            periods_per_year=periods_per_year,
            observations=observations,
            trials=len(given),
            sharpe=Moments.of(ratios),
            best=max(ratios, default=None),
        )

    @property
    def data(self) -> tuple[tuple[Symbol, ...], Timeframe, date, date]:
        """Give what the trials saw; a batch has one tally of it."""
        return self.symbols, self.timeframe, self.first, self.last


@dataclass(frozen=True, slots=True)
class Batch:
    """Trials that were made, and are recorded, together.

    Attributes:
        sha256: Of all that decides the results: the plan of a sweep, a run, a window. Who runs
            the same again tries nothing new.
        strategy, version: Its name, and the version or hash of its code.
        tallies: One for each set of data, in the order of the data.
    """

    id: BatchId
    tenant: TenantId
    sha256: str
    kind: Kind
    strategy: str
    version: str
    tallies: tuple[Tally, ...]
    recorded_by: UserId
    recorded_at: datetime
    correlation_id: CorrelationId

    def __post_init__(self) -> None:
        """Refuse a batch that cannot be told from another, or recorded at once."""
        if not _SHA256.fullmatch(self.sha256):
            raise Invalid("sha256", "64 hexadecimal digits in lower case", self.sha256)
        for field, text in (("strategy", self.strategy), ("version", self.version)):
            if not 1 <= len(text) <= _TEXT_LIMIT or not text.isprintable():
                raise Invalid(field, f"1 to {_TEXT_LIMIT} printable characters", text)
        rows = 1 + len(self.tallies) + len([s for tally in self.tallies for s in tally.symbols])
        if not self.tallies or rows > ROWS_LIMIT:
            expected = f"at least one, and with their symbols at most {ROWS_LIMIT - 1}"
            raise Invalid("tallies", expected, rows - 1)
        data = [tally.data for tally in self.tallies]
        if data != sorted(set(data)):
            raise Invalid("tallies", "in the order of their data, one for each", data)

    @property
    def content(self) -> tuple[Kind, str, str, tuple[Tally, ...]]:
        """Give what was found out; who recorded it, and when, is no part of it."""
        return self.kind, self.strategy, self.version, self.tallies


Counted = tuple[str, Tally]
"""The name of a strategy, and what was tried with it on one set of data."""


@dataclass(frozen=True, slots=True)
class Tried:
    """All trials on some data.

    Attributes:
        timeframes: Of their bars.
        by_strategy: Trials by the name of the strategy, in the order of the names.
        sharpe: Moments of the annualised Sharpe ratios, so that ratios of different timeframes
            can stand together.
        best: The highest of these; None when there is none.
    """

    symbols: tuple[Symbol, ...]
    first: date
    last: date
    timeframes: tuple[Timeframe, ...]
    trials: int
    by_strategy: Mapping[str, int]
    sharpe: Moments
    best: float | None

    @classmethod
    def of(
        cls, symbols: tuple[Symbol, ...], first: date, last: date, counted: Iterable[Counted]
    ) -> Tried:
        """Add tallies up."""
        by_strategy: Counter[str] = Counter()
        timeframes, moments, bests = set(), Moments(), []
        for strategy, tally in counted:
            root = sqrt(tally.periods_per_year)
            by_strategy[strategy] += tally.trials
            timeframes.add(tally.timeframe)
            moments = moments.merged(tally.sharpe.scaled(root))
            if tally.best is not None:
                bests.append(tally.best * root)
        return cls(
            symbols=symbols,
            first=first,
            last=last,
            timeframes=tuple(timeframe for timeframe in Timeframe if timeframe in timeframes),
            trials=by_strategy.total(),
            by_strategy=dict(sorted(by_strategy.items())),
            sharpe=moments,
            best=max(bests, default=None),
        )

    def variance(self, periods_per_year: float) -> float | None:
        """Give the variance (n - 1) of the Sharpe ratios per bar, of which a year has so many.

        None for fewer than two ratios.
        """
        check_periods(periods_per_year)
        annual = self.sharpe.variance
        return None if annual is None else annual / periods_per_year

    def independent(self, correlation: float) -> float:
        """Give the number of independent trials that these come to.

        Args:
            correlation: Mean correlation between the returns of two trials, 0 to 1: at 0 each
                counts as a trial of its own, at 1 all of them as one.

        Source: Bailey and Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
        Management 40 (2014), appendix on the number of independent trials.
        """
        if not 0.0 <= correlation <= 1.0:
            raise Invalid("correlation", "between 0 and 1", correlation)
        if not self.trials:
            return 0.0
        return correlation + (1.0 - correlation) * self.trials

    @property
    def data(self) -> str:
        """Name the data for a reader: ``AAPL, MSFT 1Day``."""
        shown = ", ".join(self.symbols[:_SHOWN_SYMBOLS])
        more = len(self.symbols) - _SHOWN_SYMBOLS
        return " ".join(
            [shown, *([f"and {more} more"] if more > 0 else []), ", ".join(self.timeframes)]
        ).rstrip()


def check_data(symbols: tuple[Symbol, ...], first: date, last: date) -> None:
    """Refuse symbols that are none, malformed or not in order, and dates that are no span."""
    if not symbols or symbols != tuple(sorted(set(symbols))):
        raise Invalid("symbols", "one or more, in order and without repetition", symbols)
    for symbol in symbols:
        parse_symbol(symbol)
    for field, day in (("first", first), ("last", last)):
        if isinstance(day, datetime):
            raise Invalid(field, "a date without a time", day)
    if last < first:
        raise Invalid("last", f"at or after the first date, {first}", last)


def check_periods(periods_per_year: float) -> None:
    """Refuse a number of bars a year that is not finite and above zero."""
    if not (isfinite(periods_per_year) and periods_per_year > 0.0):
        raise Invalid("periods_per_year", "finite and above 0", periods_per_year)
