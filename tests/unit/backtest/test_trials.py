from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from math import inf, nan, sqrt
from statistics import variance
from typing import Any

import pytest

from algotrendy.backtest.trials import ROWS_LIMIT, Batch, Moments, Tally, Tried
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import UserId
from algotrendy.kernel.instrument import Symbol
from fakes.some_trials import some_batch, some_tally

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
YEAR = (date(2010, 1, 1), date(2010, 12, 31))


def tried(*tallies: Tally, strategy: str = "sma_cross") -> Tried:
    return Tried.of((AAPL,), *YEAR, [(strategy, tally) for tally in tallies])


def test_moments_are_those_of_the_textbook() -> None:
    moments = Moments.of([1.0, 2.0, 4.0, 9.0])
    # mean 4; squared deviations 9 + 4 + 0 + 25
    assert moments == Moments(4, 4.0, 38.0)
    assert moments.variance == pytest.approx(38 / 3)


def test_one_number_has_no_variance_and_none_has_no_moments() -> None:
    assert Moments.of([0.1]).variance is None
    assert Moments.of([0.1]) == Moments(1, 0.1, 0.0)
    assert Moments.of([]) == Moments()


def test_merged_moments_are_those_of_all_numbers() -> None:
    numbers = [0.31, -0.2, 0.04, 0.11, 0.9, -1.3, 0.07]
    merged = (
        Moments.of(numbers[:2]).merged(Moments.of(numbers[2:3])).merged(Moments.of(numbers[3:]))
    )
    assert merged.count == 7
    assert merged.mean == pytest.approx(sum(numbers) / 7, rel=1e-14)
    assert merged.variance == pytest.approx(variance(numbers), rel=1e-14)


def test_nothing_merged_with_something_is_that() -> None:
    some = Moments.of([0.3, 0.5])
    assert Moments().merged(some) == some
    assert some.merged(Moments()) == some


def test_a_far_mean_does_not_drown_the_spread_of_merged_moments() -> None:
    numbers = [1e9 + offset for offset in (4.0, 7.0, 13.0, 16.0)]
    merged = Moments.of(numbers[:2]).merged(Moments.of(numbers[2:]))
    assert merged.variance == pytest.approx(30.0, rel=1e-12)


def test_scaled_moments_are_those_of_the_scaled_numbers() -> None:
    assert Moments.of([1.0, 3.0]).scaled(-2.0) == Moments.of([-2.0, -6.0])


@pytest.mark.parametrize(
    ("moments", "field"),
    [
        ((-1, 0.0, 0.0), "sharpe.count"),
        ((2, nan, 0.0), "sharpe.mean"),
        ((0, 0.5, 0.0), "sharpe.mean"),
        ((2, 0.0, -1e-9), "sharpe.m2"),
        ((2, 0.0, inf), "sharpe.m2"),
        ((1, 0.5, 0.1), "sharpe.m2"),
    ],
)
def test_moments_of_no_numbers_are_refused(moments: tuple[int, float, float], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Moments(*moments)
    assert refused.value.field == field


def test_a_tally_counts_trials_without_a_sharpe_ratio_too() -> None:
    tally = some_tally("MSFT", "AAPL", sharpes=[0.02, None, -0.01])
    assert (tally.trials, tally.sharpe.count, tally.best) == (3, 2, 0.02)
    assert tally.symbols == (AAPL, MSFT)
    assert some_tally(sharpes=[None]).best is None


def test_a_sharpe_ratio_that_is_no_number_is_refused_by_its_place() -> None:
    with pytest.raises(Invalid, match=r"^sharpes\.2 must be finite.*was nan$"):
        some_tally(sharpes=[0.1, None, nan])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbols": ()}, "symbols"),
        ({"symbols": (MSFT, AAPL)}, "symbols"),
        ({"symbols": (AAPL, AAPL)}, "symbols"),
        ({"symbols": (Symbol("not a symbol"),)}, "symbol"),
        ({"last": date(2010, 1, 3)}, "last"),
        ({"first": datetime(2010, 1, 4)}, "first"),  # noqa: DTZ001
        ({"periods_per_year": 0.0}, "periods_per_year"),
        ({"periods_per_year": nan}, "periods_per_year"),
        ({"observations": 0}, "observations"),
        ({"trials": 0}, "trials"),
        ({"trials": 1}, "sharpe.count"),
        ({"best": None}, "best"),
        ({"best": inf}, "best"),
        ({"sharpe": Moments()}, "best"),
    ],
)
def test_a_tally_whose_figures_do_not_fit_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(some_tally(), **changes)
    assert refused.value.field == field


def test_no_trial_is_no_tally() -> None:
    with pytest.raises(Invalid, match="trials must be between 1"):
        some_tally(sharpes=[])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sha256": "ABC"}, "sha256"),
        ({"strategy": ""}, "strategy"),
        ({"version": "a\nb"}, "version"),
        ({"tallies": ()}, "tallies"),
        ({"tallies": (some_tally(), some_tally())}, "tallies"),
        ({"tallies": (some_tally("MSFT"), some_tally("AAPL"))}, "tallies"),
    ],
)
def test_a_batch_that_cannot_be_kept_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(some_batch(1), **changes)
    assert refused.value.field == field


def test_a_batch_fits_into_one_transaction_of_dsql() -> None:
    def rows(count: int) -> Batch:
        return some_batch(1, some_tally(*(f"S{place}" for place in range(count - 2))))

    assert len(rows(ROWS_LIMIT).tallies[0].symbols) == ROWS_LIMIT - 2
    with pytest.raises(Invalid, match=f"at most {ROWS_LIMIT - 1}, was {ROWS_LIMIT}"):
        rows(ROWS_LIMIT + 1)


def test_who_recorded_a_batch_and_when_is_no_part_of_its_content() -> None:
    batch = some_batch(1)
    again = replace(some_batch(2), recorded_by=UserId("bob"), recorded_at=datetime(2027, 1, 1))  # noqa: DTZ001
    assert again.content == batch.content
    assert replace(batch, version="2").content != batch.content


def test_tallies_add_up_by_strategy() -> None:
    counted = [
        ("trend", some_tally(sharpes=[0.01, 0.02])),
        ("carry", some_tally(sharpes=[0.05])),
        ("trend", some_tally(sharpes=[None, -0.03])),
    ]
    found = Tried.of((AAPL,), *YEAR, counted)
    assert found.trials == 5
    assert list(found.by_strategy.items()) == [("carry", 1), ("trend", 4)]
    assert found.best == pytest.approx(0.05 * sqrt(252))
    assert found.variance(252.0) == pytest.approx(variance([0.01, 0.02, 0.05, -0.03]), rel=1e-12)


def test_sharpe_ratios_of_two_timeframes_stand_on_one_scale() -> None:
    # Of one worth: 0.1 a day of 252 a year, 0.05 a quarter of such a day.
    days = some_tally(sharpes=[0.1, 0.2])
    quarters = some_tally(sharpes=[0.05, 0.1], timeframe=Timeframe.HOUR, periods_per_year=4 * 252.0)
    found = tried(days, quarters)
    assert found.variance(252.0) == pytest.approx(variance([0.1, 0.2, 0.1, 0.2]), rel=1e-12)
    assert found.variance(4 * 252.0) == pytest.approx(variance([0.05, 0.1, 0.05, 0.1]), rel=1e-12)
    assert found.timeframes == (Timeframe.HOUR, Timeframe.DAY)


def test_of_fewer_than_two_sharpe_ratios_there_is_no_variance() -> None:
    assert tried().variance(252.0) is None
    assert tried(some_tally(sharpes=[0.1, None])).variance(252.0) is None
    with pytest.raises(Invalid, match="periods_per_year must be finite and above 0, was 0"):
        tried().variance(0.0)


def test_correlated_trials_come_to_fewer_independent_ones() -> None:
    found = tried(some_tally(sharpes=[0.01] * 100))
    assert found.independent(0.0) == 100.0
    assert found.independent(0.5) == pytest.approx(50.5)
    assert found.independent(1.0) == 1.0
    assert tried().independent(0.5) == 0.0
    for wrong in (-0.1, 1.1, nan):
        with pytest.raises(Invalid, match="correlation must be between 0 and 1"):
            found.independent(wrong)


def test_data_are_named_for_a_reader() -> None:
    counted = [("trend", some_tally())]
    assert Tried.of((AAPL,), *YEAR, counted).data == "AAPL 1Day"
    assert Tried.of((AAPL, MSFT), *YEAR, counted).data == "AAPL, MSFT 1Day"
    many = tuple(Symbol(f"S{place}") for place in range(5))
    assert Tried.of(many, *YEAR, counted).data == "S0, S1, S2 and 2 more 1Day"
    assert Tried.of((AAPL,), *YEAR, []).data == "AAPL"
