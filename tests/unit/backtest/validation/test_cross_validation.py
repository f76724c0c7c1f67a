from __future__ import annotations

from math import comb

import numpy as np
import pytest

from algotrendy.backtest.validation.cross_validation import (
    CombinatorialSplits,
    Purge,
    cross_validate,
    sharpe_per_bar,
)
from algotrendy.kernel.errors import Invalid


def test_six_groups_two_at_a_time_give_the_splits_and_paths_of_the_book() -> None:
    splits = CombinatorialSplits(60, 6, 2)
    assert len(splits) == 15
    assert splits.path_count == 5
    # "Path 2 is the result of (G1,S2), (G2,S6), (G3,S6), (G4,S7), (G5,S8), (G6,S9)": from 1 on.
    assert (splits.paths[1] + 1).tolist() == [2, 6, 6, 7, 8, 9]


@pytest.mark.parametrize(("groups", "test_groups"), [(4, 2), (5, 2), (6, 3), (10, 2), (8, 1)])
def test_there_are_as_many_paths_as_the_formula_says(groups: int, test_groups: int) -> None:
    splits = CombinatorialSplits(97, groups, test_groups)
    assert len(list(splits)) == comb(groups, test_groups)
    assert splits.path_count == comb(groups, test_groups) * test_groups / groups
    assert splits.paths.shape == (splits.path_count, groups)


def test_a_split_keeps_its_distance_from_each_test() -> None:
    first, middle, last = CombinatorialSplits(30, 3, 1, Purge(horizon=2, warm_up=3, embargo=1))
    assert middle.test.tolist() == list(range(10, 20))
    assert middle.train.tolist() == [*range(8), *range(26, 30)]
    assert first.train.tolist() == list(range(16, 30))
    assert last.train.tolist() == list(range(18))


def test_without_purge_every_bar_is_in_training_or_in_test() -> None:
    for split in CombinatorialSplits(23, 5, 2):
        assert sorted([*split.train, *split.test]) == list(range(23))


def test_groups_next_to_each_other_are_purged_outside_only() -> None:
    split = next(iter(CombinatorialSplits(40, 4, 2, Purge(horizon=3))))
    assert split.test_groups == (0, 1)
    assert split.test.tolist() == list(range(20))
    assert split.train.tolist() == list(range(23, 40))


def test_paths_are_stitched_of_the_splits_that_test_each_group() -> None:
    splits = CombinatorialSplits(10, 4, 2)
    tested = [split.number + split.test / 100 for split in splits]
    found = splits.stitch(tested)
    bars = np.arange(10) / 100
    group_of = np.repeat(np.arange(4), [len(span) for span in splits.spans])
    for path, row in enumerate(found):
        np.testing.assert_array_equal(row, splits.paths[path][group_of] + bars)


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        ((10, 11, 2), "groups"),
        ((10, 1, 1), "groups"),
        ((10, 5, 0), "test_groups"),
        ((10, 5, 5), "test_groups"),
        ((1_000, 40, 20), "test_groups"),
    ],
)
def test_splits_that_make_no_sense_are_refused(shape: tuple[int, int, int], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        CombinatorialSplits(*shape)
    assert refused.value.field == field


def test_a_negative_purge_is_refused() -> None:
    with pytest.raises(Invalid, match="warm_up must be 0 bars or more, was -1"):
        Purge(warm_up=-1)


def test_a_purge_that_leaves_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(Invalid, match="so short that split 1 keeps bars to train on"):
        list(CombinatorialSplits(30, 3, 1, Purge(horizon=10)))


def some_returns() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Three columns of 40 bars: good early, good late, and still."""
    noise = np.random.Generator(np.random.PCG64(5)).normal(0, 1e-3, (40, 3))
    rise = np.where(np.arange(40) < 20, 0.01, -0.01)
    noise[:, 0] += rise
    noise[:, 1] -= rise
    noise[:, 2] = 0.0
    return noise


def test_the_best_in_training_is_seen_in_the_test_of_every_path() -> None:
    returns, splits = some_returns(), CombinatorialSplits(40, 4, 2)
    found = cross_validate(splits, returns)
    for split in splits:
        ratios = sharpe_per_bar(returns[split.train])
        assert found.chosen[split.number] == np.nanargmax(ratios)
    # The early half in test: what was good late was chosen, and loses there.
    assert found.chosen[0] == 1
    group_of = np.repeat(np.arange(4), 10)
    for path, row in enumerate(found.returns):
        columns = found.chosen[splits.paths[path][group_of]]
        np.testing.assert_array_equal(row, returns[np.arange(40), columns])
    np.testing.assert_array_equal(found.scores, sharpe_per_bar(found.returns.T))


def test_a_split_in_which_nothing_has_a_score_stays_out_of_the_market() -> None:
    found = cross_validate(CombinatorialSplits(12, 3, 1), np.zeros((12, 2)))
    assert found.chosen.tolist() == [-1, -1, -1]
    assert not found.returns.any()
    assert np.isnan(found.scores).all()


def test_of_equal_columns_the_first_is_chosen() -> None:
    one = some_returns()[:, :1]
    found = cross_validate(CombinatorialSplits(40, 4, 2), np.repeat(one, 3, axis=1))
    assert set(found.chosen.tolist()) == {0}


def test_returns_that_do_not_fit_are_named() -> None:
    splits = CombinatorialSplits(40, 4, 2)
    with pytest.raises(Invalid, match="an array of 40 rows and a column for each combination"):
        cross_validate(splits, np.zeros((39, 2)))
    holed = some_returns()
    holed[7, 1] = np.nan
    with pytest.raises(Invalid, match=r"returns\[7\] must be finite in every column"):
        cross_validate(splits, holed)


def test_a_sharpe_ratio_of_one_bar_or_without_variation_is_undefined() -> None:
    assert np.isnan(sharpe_per_bar(np.array([[0.1, 0.2]]))).all()
    found = sharpe_per_bar(np.array([[0.1, 0.1], [0.1, 0.3]]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(0.2 / np.sqrt(0.02))
