from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from algotrendy.backtest.validation.cross_validation import CombinatorialSplits, Purge
from algotrendy.backtest.validation.lengths import Length
from algotrendy.backtest.validation.windows import Window, Windows
from algotrendy.kernel.errors import Invalid

KINDS = st.sampled_from(["anchored", "rolling"])
LASTS = st.sampled_from(["short", "drop"])
PURGES = st.builds(Purge, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))


@st.composite
def splits(draw: st.DrawFn) -> CombinatorialSplits:
    groups = draw(st.integers(2, 8))
    observations = draw(st.integers(groups, 200))
    return CombinatorialSplits(observations, groups, draw(st.integers(1, groups - 1)), draw(PURGES))


@settings(deadline=None, max_examples=100)
@given(splits())
def test_no_training_bar_is_within_reach_of_a_test_and_no_other_is_left_out(
    cut: CombinatorialSplits,
) -> None:
    before = cut.purge.horizon
    after = cut.purge.horizon + cut.purge.warm_up + cut.purge.embargo
    try:
        every = list(cut)
    except Invalid:
        assume(False)
    for split in every:
        away = np.arange(cut.observations)[:, None] - split.test[None, :]
        near = ((away >= -before) & (away <= after)).any(axis=1)
        assert split.train.tolist() == np.flatnonzero(~near).tolist()


@settings(deadline=None, max_examples=100)
@given(splits())
def test_every_path_covers_every_bar_once_out_of_a_split_that_tests_it(
    cut: CombinatorialSplits,
) -> None:
    whole = CombinatorialSplits(cut.observations, cut.groups, cut.test_groups)
    every = list(whole)
    bars = whole.stitch([split.test.astype(np.float64) for split in every])
    assert bars.shape == (whole.path_count, cut.observations)
    assert (bars == np.arange(cut.observations)).all()
    numbers = whole.stitch([np.full(len(split.test), split.number) for split in every])
    used: set[tuple[int, int]] = set()
    for row in numbers.astype(int):
        for bar, number in enumerate(row):
            assert bar in every[number].test
            assert (bar, number) not in used
            used.add((bar, number))
    assert len(used) == sum(len(split.test) for split in every)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[Windows, int]:
    out = draw(st.integers(1, 30))
    windows = Windows(
        kind=draw(KINDS),
        in_sample=Length(draw(st.integers(1, 60)), "bars"),
        out_of_sample=Length(out, "bars"),
        step=draw(st.none() | st.integers(out, 2 * out).map(lambda n: Length(n, "bars"))),
        embargo=Length(draw(st.integers(0, 10)), "bars"),
        last=draw(LASTS),
    )
    return windows, draw(st.integers(1, 400))


def check(windows: Windows, found: tuple[Window, ...], bars: int) -> None:
    contiguous = windows.step is None or windows.step == windows.out_of_sample
    for one, other in pairwise(found):
        assert one.out_of_sample.stop <= other.out_of_sample.start
        if contiguous:
            assert one.out_of_sample.stop == other.out_of_sample.start
    for number, window in enumerate(found, start=1):
        assert window.number == number
        assert window.in_sample
        assert window.out_of_sample
        assert window.in_sample.stop <= window.out_of_sample.start
        assert window.out_of_sample.stop <= bars
        if windows.kind == "anchored":
            assert window.in_sample.start == 0
    if contiguous and windows.last == "short":
        # A last window of less than a quarter is not cut.
        assert (bars - found[-1].out_of_sample.stop) * 4 < len(found[-1].out_of_sample)


@settings(deadline=None, max_examples=300)
@given(cuts())
def test_windows_in_bars_follow_each_other_without_overlap(cut: tuple[Windows, int]) -> None:
    windows, bars = cut
    days = [date(2001, 1, 1) + timedelta(days=bar) for bar in range(bars)]
    inside, out = windows.in_sample.count, windows.out_of_sample.count
    fits = inside + windows.embargo.count + out <= bars
    try:
        found = windows.cut(days)
    except Invalid:
        assert not fits
        return
    assert fits
    check(windows, found, bars)
    for window in found:
        assert window.out_of_sample.start - window.in_sample.stop == windows.embargo.count
        assert len(window.in_sample) >= inside
        assert windows.kind == "anchored" or len(window.in_sample) == inside
    assert all(len(window.out_of_sample) == out for window in found[:-1])
    assert windows.last == "short" or len(found[-1].out_of_sample) == out


LENGTHS = st.one_of(
    st.integers(20, 400).map(lambda n: Length(n, "days")),
    st.integers(1, 24).map(lambda n: Length(n, "months")),
)


@settings(deadline=None, max_examples=200)
@given(
    KINDS,
    LENGTHS,
    LENGTHS,
    st.integers(0, 15),
    LASTS,
    st.dates(date(1999, 1, 1), date(2002, 12, 31)),
    st.integers(100, 2_000),
)
def test_windows_of_the_calendar_follow_each_other_without_overlap(
    kind: str, inside: Length, out: Length, embargo: int, last: str, start: date, bars: int
) -> None:
    every = (start + timedelta(days=n) for n in range(2 * bars))
    days = [day for day in every if day.weekday() < 5][:bars]
    windows = Windows.model_validate(
        {
            "kind": kind,
            "in_sample": inside,
            "out_of_sample": out,
            "embargo": Length(embargo, "days"),
            "last": last,
        }
    )
    try:
        found = windows.cut(days)
    except Invalid:
        assume(False)
    check(windows, found, bars)
