"""Whatever the bars: longer ones are those that a plain loop makes, and hold nothing of later."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.backtest.data.columns import Columns, columns
from algotrendy.backtest.data.moments import DAY_NS, MINUTE_NS
from algotrendy.backtest.data.phases import known_times, phases
from algotrendy.backtest.data.resampling import resample
from algotrendy.backtest.data.timeframes import Timeframe, parse_timeframe
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities
from fakes.bar_columns import at
from fakes.naive_resampling import Bar, resampled

FIVE = Timeframe(5, "Min")
# Weeks in which summer time begins and ends, a half day and holidays lie, and a year ends.
BEGINS = [at(day) for day in ("2024-03-07", "2024-10-31", "2024-11-26", "2024-12-20")]
calendars = st.sampled_from([None, us_equities(), always_open()])
longer = st.sampled_from(["10Min", "1Hour", "4Hour", "7Hour", "1Day", "1Week", "1Month", "3Month"])


@st.composite
def five_minutes(draw: st.DrawFn) -> Columns:
    """Give bars of five minutes with gaps, some of which last for hours or days."""
    gaps = draw(
        st.lists(st.sampled_from([1, 1, 1, 1, 2, 9, 80, 300, 900]), min_size=1, max_size=60)
    )
    begin = draw(st.sampled_from(BEGINS)) + draw(st.integers(0, 500)) * 5 * MINUTE_NS
    times = begin + 5 * MINUTE_NS * np.cumsum(np.array(gaps, dtype=np.int64))
    random = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32))))
    prices = random.uniform(50.0, 150.0, size=(len(gaps), 4))
    opens, closes = prices[:, 0], prices[:, 1]
    arrays = {
        "time": times,
        "open": opens,
        "high": prices.max(axis=1),
        "low": prices.min(axis=1),
        "close": closes,
        "volume": np.floor(random.uniform(0, 1e6, size=len(gaps))),
    }
    return columns(arrays, known=known_times(times, FIVE))


def rows_of(bars: Columns) -> list[Bar]:
    names = ("time", "known", "open", "high", "low", "close", "volume")
    return list(zip(*(getattr(bars, name).tolist() for name in names), strict=True))


@settings(max_examples=200, deadline=None)
@given(five_minutes(), longer, calendars, st.booleans())
def test_longer_bars_are_those_of_a_plain_loop(
    bars: Columns, name: str, calendar: TradingCalendar | None, extended: bool
) -> None:
    to = parse_timeframe(name)
    made = resample(bars, FIVE, to, calendar, extended=extended)
    assert rows_of(made) == resampled(bars, to, calendar, extended=extended)


@settings(max_examples=100, deadline=None)
@given(five_minutes(), longer, calendars, st.integers(1, 60))
def test_a_longer_bar_is_the_same_when_all_that_was_known_later_is_cut_away(
    bars: Columns, name: str, calendar: TradingCalendar | None, count: int
) -> None:
    to, cut = parse_timeframe(name), bars[:count]
    whole = rows_of(resample(bars, FIVE, to, calendar))
    seen = [bar for bar in whole if bar[1] <= int(cut.known[-1])]
    assert rows_of(resample(cut, FIVE, to, calendar)) == seen


@settings(max_examples=100, deadline=None)
@given(five_minutes(), calendars, st.integers(1, 60))
def test_a_phase_is_the_same_when_all_later_bars_are_cut_away(
    bars: Columns, calendar: TradingCalendar | None, count: int
) -> None:
    whole, cut = phases(bars.time, FIVE, calendar), phases(bars.time[:count], FIVE, calendar)
    if calendar is None and count < len(bars):
        # Without a calendar the last bar that there is counts as its date's last.
        cut[-1] = whole[count - 1] | (cut[-1] & ~2)
    assert cut.tolist() == whole[:count].tolist()


@settings(max_examples=50, deadline=None)
@given(five_minutes(), st.sampled_from(["1Week", "1Month"]))
def test_weeks_made_of_days_are_weeks_made_of_minutes(bars: Columns, name: str) -> None:
    days = resample(bars, FIVE, Timeframe(1, "Day"), us_equities(), partial=True)
    direct = resample(bars, FIVE, parse_timeframe(name), us_equities(), partial=True)
    steps = resample(days, Timeframe(1, "Day"), parse_timeframe(name), us_equities(), partial=True)
    assert rows_of(steps[:-1]) == rows_of(direct[:-1])
    # A bar of the extended hours tells that a day is over, but is in none.
    assert [bar[2:] for bar in rows_of(steps[-1:])] == [bar[2:] for bar in rows_of(direct[-1:])]
    assert (steps.time % DAY_NS == 0).all()
