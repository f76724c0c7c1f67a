from __future__ import annotations

import pytest

from algotrendy.backtest.statistics.exposure import activity, years_between
from algotrendy.backtest.statistics.series import DAY_NS
from algotrendy.kernel.errors import Invalid


def test_exposure_and_leverage_come_from_what_was_held_at_the_closes() -> None:
    found = activity([100.0, 100.0, 200.0, 100.0], 1.0, gross=[0.0, 50.0, 400.0, 0.0])
    assert found.exposure == 0.5
    assert found.mean_leverage == pytest.approx((0.5 + 2.0) / 4)
    assert found.most_leverage == 2.0


def test_turnover_is_half_the_traded_notional_over_mean_equity_a_year() -> None:
    found = activity([100.0, 300.0], 2.0, traded=[110.0, -130.0], fees=[1.0, 2.0])
    assert found.turnover == pytest.approx(240 / 2 / 200 / 2)
    assert (found.fills, found.fees) == (2, 3.0)
    assert found.fees_to_profit == pytest.approx(3 / 203)


def test_what_was_not_given_stays_open() -> None:
    found = activity([100.0, 110.0], 1.0)
    assert (found.exposure, found.turnover, found.fills, found.fees) == (None,) * 4


def test_without_time_equity_or_profit_there_is_no_rate() -> None:
    assert activity([100.0, 110.0], 0.0, traded=[10.0]).turnover is None
    assert activity([], 1.0, gross=[], traded=[]).exposure is None
    assert activity([100.0, -300.0], 1.0, traded=[10.0]).turnover is None
    assert activity([100.0, 90.0], 1.0, fees=[1.0]).fees_to_profit is None


def test_what_traded_nothing_is_no_fill() -> None:
    assert activity([100.0, 110.0], 1.0, traded=[10.0, 0.0]).fills == 1


def test_leverage_leaves_out_bars_without_equity() -> None:
    found = activity([100.0, -50.0], 1.0, gross=[200.0, 200.0])
    assert (found.exposure, found.mean_leverage) == (1.0, 2.0)


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(Invalid, match="gross must be of length 2"):
        activity([100.0, 100.0], 1.0, gross=[1.0])


def test_years_have_365_and_a_quarter_days() -> None:
    assert years_between(0, 1461 * DAY_NS) == 4.0
