from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.backtest.trials import Moments

ratios = st.lists(st.floats(min_value=-5.0, max_value=5.0), max_size=40)


@given(st.lists(ratios, max_size=8))
def test_however_trials_are_cut_into_batches_their_moments_are_the_same(
    batches: list[list[float]],
) -> None:
    together = [ratio for batch in batches for ratio in batch]
    merged = reduce(Moments.merged, map(Moments.of, batches), Moments())
    assert merged.count == len(together)
    whole = Moments.of(together)
    assert merged.mean == pytest.approx(whole.mean, rel=1e-12, abs=1e-13)
    assert merged.m2 == pytest.approx(whole.m2, rel=1e-10, abs=1e-12)


@given(ratios, ratios)
def test_it_does_not_matter_which_batch_came_first(one: list[float], other: list[float]) -> None:
    forth, back = (
        Moments.of(one).merged(Moments.of(other)),
        Moments.of(other).merged(Moments.of(one)),
    )
    assert forth.mean == pytest.approx(back.mean, rel=1e-12, abs=1e-13)
    assert forth.m2 == pytest.approx(back.m2, rel=1e-12, abs=1e-13)
