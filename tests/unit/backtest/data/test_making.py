"""A dataset of arrays, of the store's series, and of what both may say besides."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.data.actions import dividend
from algotrendy.backtest.data.columns import NUMBERS, Columns
from algotrendy.backtest.data.making import AssetTerms, from_arrays, from_series, rate
from algotrendy.backtest.data.moments import DAY_NS, HOUR_NS, MINUTE_NS
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.series import BarSeries, day_ns
from fakes.bar_columns import at, bars_at, daily, minutes, weekdays


def arrays_of(bars: Columns) -> dict[str, Any]:
    return {name: getattr(bars, name) for name in ("time", *NUMBERS)}


def test_daily_bars_are_whole_sessions_that_are_known_when_their_day_is_over() -> None:
    made = from_arrays({"AAPL": arrays_of(weekdays("2024-01-01", "2024-03-01"))})
    bars = made.assets[0].base
    assert made.timeframe == "1Day"
    assert (bars.known - bars.time == DAY_NS).all()
    assert (bars.phase == 7).all()


def test_a_daily_bar_counts_by_its_date_whatever_its_time() -> None:
    arrays = arrays_of(weekdays("2024-01-01", "2024-03-01"))
    made = from_arrays({"AAPL": arrays | {"time": arrays["time"] + 21 * HOUR_NS}})
    assert made.assets[0].base.time.tolist() == arrays["time"].tolist()


def test_symbols_may_have_other_times_and_lengths() -> None:
    made = from_arrays(
        {"A": arrays_of(daily("2024-01-01", 10)), "B": arrays_of(daily("2024-01-05", 20))}
    )
    assert made.symbols == ("A", "B")
    assert len(made) == 24


def test_a_symbol_of_one_bar_takes_the_timeframe_of_the_others() -> None:
    alone = arrays_of(minutes("2024-01-02 15:00", 1, every=5))
    made = from_arrays({"A": arrays_of(minutes("2024-01-02 14:30", 20, every=5)), "B": alone})
    assert made.timeframe == "5Min"
    with pytest.raises(Invalid, match="timeframe must be named, where the bars do not tell one"):
        from_arrays({"B": alone})
    assert len(from_arrays({"B": alone}, timeframe="5Min")) == 1


def test_bars_of_two_timeframes_are_refused_and_not_taken_for_the_shorter() -> None:
    with pytest.raises(Invalid, match="was 'A has 1Day, B has 1Min'"):
        from_arrays(
            {"A": arrays_of(daily("2024-01-01", 10)), "B": arrays_of(minutes("2024-01-02", 20))}
        )


def test_one_odd_bar_among_daily_ones_does_not_make_them_bars_of_a_minute() -> None:
    days = daily("2024-01-01", 10).time
    times = np.sort(np.append(days, days[4] + MINUTE_NS))
    with pytest.raises(Invalid, match="at least 60 s, and mostly 86400 s"):
        from_arrays({"A": arrays_of(bars_at(times, span=1))})


def test_bars_that_overlap_are_refused_by_row() -> None:
    arrays = arrays_of(minutes("2024-01-02 14:30", 20))
    with pytest.raises(Invalid) as caught:
        from_arrays({"A": arrays}, timeframe="5Min")
    assert caught.value.field == "bars[1].time"
    expected = "5Min or more after the bar before it (A at 2024-01-02 14:31 UTC)"
    assert caught.value.expected == expected


def test_the_row_of_a_time_that_is_not_in_order_is_named_before_a_timeframe_is_guessed() -> None:
    arrays = arrays_of(daily("2024-01-01", 10))
    times = arrays["time"].copy()
    times[[3, 7]] = times[[7, 3]]
    with pytest.raises(Invalid, match=r"bars\[4\].time must be later than the bar before it \(A"):
        from_arrays({"A": arrays | {"time": times}})


def test_coarser_timeframes_are_made_of_the_bars() -> None:
    made = from_arrays(
        {"A": arrays_of(minutes("2024-01-02 00:00", 2 * 1440))}, coarser=["1Hour", "1Day"]
    )
    assert made.timeframes == ("1Min", "1Hour", "1Day")
    assert [len(frame) for frame in made.assets[0].frames] == [2880, 48, 2]
    with pytest.raises(Invalid, match="longer than 1Min"):
        from_arrays({"A": arrays_of(minutes("2024-01-02", 10))}, coarser=["1Min"])
    with pytest.raises(Invalid, match="coarser must be 1Min to 59Min"):
        from_arrays({"A": arrays_of(minutes("2024-01-02", 10))}, coarser=["90Min"])


def test_what_is_said_of_an_unknown_symbol_is_refused_by_name() -> None:
    bars = {"A": arrays_of(daily("2024-01-01", 10))}
    with pytest.raises(Invalid, match=r"actions.B must be for one of A"):
        from_arrays(bars, actions={"B": [dividend("2024-01-02", 1.0)]})
    with pytest.raises(Invalid, match=r"terms.B must be for one of A"):
        from_arrays(bars, terms={"B": AssetTerms()})


def test_terms_and_actions_reach_their_asset() -> None:
    made = from_arrays(
        {"A": arrays_of(daily("2024-01-01", 9)), "B": arrays_of(daily("2024-01-01", 9))},
        terms={"B": AssetTerms(multiplier=50.0, fractional=False, tick=0.25, borrow_rate=0.02)},
        actions={"A": [dividend("2024-01-05", 2.0)]},
    )
    first, second = made.assets
    assert (first.multiplier, first.fractional, first.actions["value"].tolist()) == (1.0, None, [2])
    assert (second.multiplier, second.fractional, second.tick) == (50.0, False, 0.25)
    assert (second.borrow_rate, len(second.actions)) == (0.02, 0)


def test_a_volume_that_nobody_gave_is_noted() -> None:
    arrays = arrays_of(daily("2024-01-01", 9))
    del arrays["volume"]
    asset = from_arrays({"A": arrays}).assets[0]
    assert not asset.has_volume
    assert asset.base.volume.tolist() == [0.0] * 9


def test_a_rate_may_be_closes_alone() -> None:
    days = daily("2023-12-30", 20)
    euro = rate({"time": days.time, "close": np.full(20, 1.1)})
    made = from_arrays(
        {"SAP": arrays_of(daily("2024-01-01", 9))},
        terms=AssetTerms(currency="EUR"),
        rates={"EUR": euro},
    )
    assert made.rates["EUR"].high.tolist() == [1.1] * 20
    assert made.rates["EUR"].known[0] == at("2023-12-31")


def test_the_store_s_series_keep_their_values_and_their_timeframe() -> None:
    days = [date(2024, 1, day) for day in (2, 3, 8)]
    series = BarSeries(
        Symbol("AAPL"),
        Timeframe.DAY,
        tuple(map(day_ns, days)),
        open=(1.0, 2.0, 3.0),
        high=(1.5, 2.5, 3.5),
        low=(0.5, 1.5, 2.5),
        close=(1.25, 2.25, 3.25),
        volume=(10.0, 20.0, 30.0),
    )
    made = from_series(series, calendar=us_equities())
    assert made.symbols == ("AAPL",)
    assert made.assets[0].base.close.tolist() == [1.25, 2.25, 3.25]
    assert made.assets[0].base.known.tolist() == [day_ns(date(2024, 1, d)) for d in (3, 4, 9)]
    with pytest.raises(Invalid, match=r"series\[1\].symbol"):
        from_series([series, series])
    with pytest.raises(Invalid, match="at least one asset"):
        from_series([])


def test_a_bar_outside_of_the_calendar_s_years_is_named() -> None:
    with pytest.raises(Invalid, match=r"bars\[0\].time must be from 1990-01-01") as caught:
        from_arrays({"A": arrays_of(minutes("1985-01-02 14:30", 20))}, calendar=us_equities())
    assert caught.value.field == "bars[0].time"
