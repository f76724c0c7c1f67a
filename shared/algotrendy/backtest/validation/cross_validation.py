"""Purged and combinatorial purged cross-validation, with an embargo.

The bars are cut into groups. Some groups are the test, the others, less what knows too much about
the test, are for training; every choice of test groups is one split. The tests of all splits are
put together to paths, each a whole history out of sample.

Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), chapter 7 (purging,
embargo) and chapter 12 (combinatorial splits and their paths).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from algotrendy.kernel.errors import Invalid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SPLITS_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Purge:
    """How far an observation knows, in bars, and how long one is silent after a test.

    The observation of bar t is made of what was known from t - ``warm_up`` to t, and its outcome
    of the bars up to t + ``horizon``. One whose bars overlap the outcome of a test observation is
    not for training: ``horizon`` bars before a test, ``horizon`` + ``warm_up`` after it. The
    ``embargo`` takes as many more after it.
    """

    horizon: int = 0
    warm_up: int = 0
    embargo: int = 0

    def __post_init__(self) -> None:
        for name in ("horizon", "warm_up", "embargo"):
            if (bars := getattr(self, name)) < 0:
                raise Invalid(name, "0 bars or more", bars)

    @property
    def before(self) -> int:
        """Count the bars before a test that are not for training."""
        return self.horizon

    @property
    def after(self) -> int:
        """Count the bars after a test that are not for training."""
        return self.horizon + self.warm_up + self.embargo


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One choice of test groups.

    Attributes:
        number: From 0, in the order of the choices.
        test_groups: Numbers from 0, ascending.
        train, test: Bars, ascending; the bars of neither are purged.
    """

    number: int
    test_groups: tuple[int, ...]
    train: IntArray
    test: IntArray


@dataclass(frozen=True)
class CombinatorialSplits:
    """Every choice of ``test_groups`` groups out of ``groups``.

    Attributes:
        observations: Bars, cut into ``groups`` that differ by one bar at most.

    Raises:
        Invalid: For groups that are more than the bars, no test or no training, or more than
            100,000 splits.
    """

    observations: int
    groups: int
    test_groups: int = 2
    purge: Purge = Purge()

    def __post_init__(self) -> None:
        if not 2 <= self.groups <= self.observations:
            expected = f"between 2 and the number of observations, {self.observations}"
            raise Invalid("groups", expected, self.groups)
        if not 1 <= self.test_groups < self.groups:
            expected = f"between 1 and {self.groups - 1}, one less than groups"
            raise Invalid("test_groups", expected, self.test_groups)
        if len(self) > SPLITS_LIMIT:
            expected = f"such that {self.groups} groups have at most {SPLITS_LIMIT:,} splits"
            raise Invalid("test_groups", expected, f"{self.test_groups}: {len(self):,} splits")

    def __len__(self) -> int:
        """Count the splits: groups over test_groups."""
        return comb(self.groups, self.test_groups)

    def __iter__(self) -> Iterator[Split]:
        """Give the splits in order, made one at a time.

        Raises:
            Invalid: If purging leaves a split nothing to train on.
        """
        for number, chosen in enumerate(self._choices):
            yield self._split(number, chosen)

    @property
    def path_count(self) -> int:
        """Count the paths, phi: as many as there are splits in which a group is tested."""
        return len(self) * self.test_groups // self.groups

    @cached_property
    def spans(self) -> tuple[range, ...]:
        """Give the bars of each group."""
        edges = [self.observations * group // self.groups for group in range(self.groups + 1)]
        return tuple(range(edges[group], edges[group + 1]) for group in range(self.groups))

    @cached_property
    def paths(self) -> IntArray:
        """Give the split that each path takes each group from, shape (path_count, groups).

        Path j takes a group from the j-th of the splits that test it.
        """
        tested: list[list[int]] = [[] for _ in range(self.groups)]
        for number, chosen in enumerate(self._choices):
            for group in chosen:
                tested[group].append(number)
        return np.array(tested, dtype=np.int64).T

    def stitch(self, tested: Sequence[FloatArray]) -> FloatArray:
        """Put what each split has of its test bars together to paths.

        Args:
            tested: For each split, in order, a value for each bar of ``split.test``.

        Returns:
            Shape (path_count, observations).
        """
        found = np.empty((self.path_count, self.observations))
        starts = [self._starts(chosen) for chosen in self._choices]
        for path, taken in enumerate(self.paths):
            for group, number in enumerate(taken):
                span, start = self.spans[group], starts[number][group]
                values = tested[number][start : start + len(span)]
                found[path, span.start : span.stop] = values
        return found

    @cached_property
    def _choices(self) -> tuple[tuple[int, ...], ...]:
        return tuple(combinations(range(self.groups), self.test_groups))

    def _starts(self, chosen: tuple[int, ...]) -> dict[int, int]:
        found, place = {}, 0
        for group in chosen:
            found[group] = place
            place += len(self.spans[group])
        return found

    def _split(self, number: int, chosen: tuple[int, ...]) -> Split:
        train = np.ones(self.observations, dtype=np.bool_)
        for group in chosen:
            span = self.spans[group]
            train[max(0, span.start - self.purge.before) : span.stop + self.purge.after] = False
        if not train.any():
            said = f"{self.purge.before} before and {self.purge.after} after each of its tests"
            raise Invalid("purge", f"so short that split {number} keeps bars to train on", said)
        test = np.concatenate(
            [np.arange(s.start, s.stop) for s in map(self.spans.__getitem__, chosen)]
        )
        return Split(number, chosen, np.flatnonzero(train), test)


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """What came of choosing on the training bars of every split.

    Attributes:
        chosen: For each split the column that was chosen; -1 where no column has a score, and the
            split stays out of the market.
        returns: Of the paths, shape (path_count, observations).
        scores: Of the paths; nan where undefined.
    """

    chosen: IntArray
    returns: FloatArray
    scores: FloatArray


Scores = Callable[[FloatArray], FloatArray]
"""Scores columns of returns, shape (bars, columns); more is better, nan is undefined."""


def sharpe_per_bar(returns: FloatArray) -> FloatArray:
    """Give mean over standard deviation (n - 1) of each column; nan without variation."""
    if len(returns) < 2:
        return np.full(returns.shape[1], np.nan)
    # Each column laid out by itself: numpy adds otherwise in an order that its neighbours decide.
    columns = np.ascontiguousarray(returns.T)
    still = np.ptp(columns, axis=1) == 0.0
    spread = np.where(still, np.nan, np.std(columns, axis=1, ddof=1))
    return np.asarray(np.mean(columns, axis=1) / spread)


def cross_validate(
    splits: CombinatorialSplits, returns: FloatArray, score: Scores = sharpe_per_bar
) -> CrossValidation:
    """Choose the best column on each split's training bars, and see it on its test bars.

    Args:
        returns: Of every combination that was tried, each run once over all the bars; shape
            (observations, combinations), finite.

    Raises:
        Invalid: For another shape, or for what is not finite, naming the row.
    """
    _check_returns(returns, splits.observations)
    chosen = np.full(len(splits), -1, dtype=np.int64)
    tested: list[FloatArray] = []
    for split in splits:
        scores = score(returns[split.train])
        if np.isnan(scores).all():
            tested.append(np.zeros(len(split.test)))
            continue
        # Of equals the first column, on every machine.
        chosen[split.number] = np.nanargmax(scores)
        tested.append(returns[split.test, chosen[split.number]])
    paths = splits.stitch(tested)
    return CrossValidation(chosen, paths, score(paths.T))


def _check_returns(returns: FloatArray, observations: int) -> None:
    if returns.ndim != 2 or returns.shape[0] != observations or not returns.shape[1]:
        expected = f"an array of {observations} rows and a column for each combination"
        raise Invalid("returns", expected, returns.shape)
    wrong = ~np.isfinite(returns).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Invalid(f"returns[{row}]", "finite in every column", returns[row].tolist())
