from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from algotrendy.backtest.statistics.series import (
    DAY_NS,
    compounded,
    from_equity,
    from_returns,
)
from algotrendy.kernel.errors import Invalid


def midnight(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1_000_000_000


def test_returns_of_an_equity_curve_are_simple_and_wealth_begins_at_one() -> None:
    series = from_equity([200.0, 220.0, 198.0])
    assert series.returns == pytest.approx([0.1, -0.1])
    assert series.wealth == pytest.approx([1.0, 1.1, 0.99])


def test_equity_and_returns_give_the_same_series() -> None:
    of_equity = from_equity([200.0, 220.0, 198.0], [0, DAY_NS, 2 * DAY_NS])
    of_returns = from_returns(of_equity.returns, [0, DAY_NS, 2 * DAY_NS])
    assert of_returns.wealth == pytest.approx(of_equity.wealth)
    assert of_returns.years == of_equity.years == pytest.approx(2 / 365.25)


def test_a_beginning_that_nobody_told_lies_one_mean_distance_before_the_first_return() -> None:
    series = from_returns([0.1, 0.1, 0.1], [4 * DAY_NS, 5 * DAY_NS, 8 * DAY_NS])
    assert series.times is not None
    assert series.times.tolist() == [2 * DAY_NS, 4 * DAY_NS, 5 * DAY_NS, 8 * DAY_NS]


def test_without_times_the_years_are_counted_in_bars() -> None:
    assert from_returns([0.0] * 126).years == 0.5


def test_nothing_follows_ruin() -> None:
    assert from_equity([100.0, 50.0, -10.0, 20.0]).returns == pytest.approx([-0.5, -1.2])
    series = from_returns([0.1, -1.0, 0.5], [1, 2, 3])
    assert series.wealth == pytest.approx([1.0, 1.1, 0.0])
    assert series.times is not None
    assert len(series.times) == 3


def test_times_may_be_datetimes_of_any_unit() -> None:
    days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[s]")
    series = from_equity([1.0, 2.0], days)
    assert series.times is not None
    assert series.times[1] - series.times[0] == DAY_NS


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([1.0, float("nan"), 2.0], "equity must be finite in every row, was 'nan in row 1'"),
        ([1.0, 2.0, float("inf")], "equity must be finite in every row, was 'inf in row 2'"),
        ([0.0, 1.0], "equity must be above 0 in row 0, was 0.0"),
        ([], "equity must be at least one value, was 0"),
        ([[1.0], [2.0]], "equity must be of one dimension, was '2 dimensions'"),
        (["a", "b"], "equity must be numbers, was 'list'"),
    ],
)
def test_equity_that_is_no_curve_is_refused_by_its_row(values: list[float], complaint: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_equity(values)
    assert refused.value.message == complaint


@pytest.mark.parametrize("times", [[0, 2, 1], [0, 1, 1], [0, 1], [0.5, 1.5, 2.5], [[0, 1, 2]]])
def test_times_that_do_not_rise_or_fit_are_refused(times: list[int]) -> None:
    with pytest.raises(Invalid) as refused:
        from_equity([1.0, 2.0, 3.0], times)
    assert refused.value.field == "times"


def test_the_first_time_that_goes_back_is_named() -> None:
    with pytest.raises(Invalid, match="row 2"):
        from_equity([1.0, 2.0, 3.0], [0, 5, 4])


@pytest.mark.parametrize("periods", [0.0, -1.0, float("nan"), float("inf")])
def test_a_year_without_bars_is_refused(periods: float) -> None:
    with pytest.raises(Invalid, match="periods_per_year"):
        from_returns([0.1], periods_per_year=periods)


def test_returns_beyond_all_floats_are_refused() -> None:
    with pytest.raises(Invalid, match="beyond all floats"):
        from_returns([1e10] * 40)


def test_a_bar_that_multiplies_wealth_beyond_all_markets_is_refused() -> None:
    with pytest.raises(Invalid, match="1e\\+300 in bar 1"):
        from_returns([0.1, 1e300])
    with pytest.raises(Invalid, match="inf in bar 0"):
        from_equity([1e-300, 1e300])
    with pytest.raises(Invalid, match="-1e\\+200 in bar 1"):
        from_returns([0.1, -1e200])


def test_finite_numbers_of_an_infinite_sum_are_refused() -> None:
    with pytest.raises(Invalid, match="equity must be of a finite sum"):
        from_equity([1e308, 1e308])


def test_bars_of_a_day_compound_to_the_day() -> None:
    hour = DAY_NS // 24
    times = [0, 15 * hour, 20 * hour, DAY_NS + 15 * hour, 3 * DAY_NS + hour]
    series = from_returns([0.1, 0.1, 0.5, -0.5], times)
    days = compounded(series, "day")
    assert days is not None
    assert days.labels.tolist() == [0, 1, 3]
    assert days.returns == pytest.approx([0.21, 0.5, -0.5])


def test_months_and_years_compound_from_the_last_close_of_the_one_before() -> None:
    days = [(2019, 12, 31), (2020, 1, 31), (2020, 2, 3), (2020, 2, 28), (2020, 4, 1), (2021, 1, 4)]
    times = [midnight(*day) for day in days]
    series = from_equity([100.0, 110.0, 121.0, 99.0, 198.0, 99.0], times)
    months, years = compounded(series, "month"), compounded(series, "year")
    assert months is not None
    assert years is not None
    assert [1970 + label // 12 for label in months.labels] == [2020, 2020, 2020, 2021]
    assert [label % 12 + 1 for label in months.labels] == [1, 2, 4, 1]
    assert months.returns == pytest.approx([0.1, -0.1, 1.0, -0.5])
    assert (years.labels + 1970).tolist() == [2020, 2021]
    assert years.returns == pytest.approx([0.98, -0.5])


def test_the_last_instant_of_a_month_belongs_to_it_and_the_next_does_not() -> None:
    begin = midnight(2020, 3, 1)
    series = from_returns([0.1, 0.2], [begin - 2, begin - 1, begin])
    months = compounded(series, "month")
    assert months is not None
    assert [label % 12 + 1 for label in months.labels] == [2, 3]


def test_without_times_or_returns_there_is_no_calendar() -> None:
    assert compounded(from_returns([0.1]), "day") is None
    assert compounded(from_equity([1.0], [0]), "month") is None


def test_the_epoch_of_the_labels_is_1970() -> None:
    series = from_equity([1.0, 2.0], [midnight(1969, 12, 30), midnight(1969, 12, 31)])
    years = compounded(series, "year")
    assert years is not None
    assert (1970 + int(years.labels[0])) == date(1969, 12, 31).year
