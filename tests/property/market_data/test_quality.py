"""Whatever is left out is found missing, and no series makes a detector fail."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.quality.gaps import find_gaps, ns
from algotrendy.market_data.quality.policy import GapPolicy, all_declared, declared
from algotrendy.market_data.quality.report import Evidence, as_json, inspect
from algotrendy.market_data.series import BarSeries, day_ns, session_date
from fakes.quality_bars import daily, minutes, without

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = daily(date(2025, 1, 2), date(2025, 4, 30))
# The week in which the clock changed in New York.
MINUTES = minutes(date(2025, 3, 7), date(2025, 3, 10))


def rows(series: BarSeries) -> list[tuple[float, ...]]:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    return list(zip(series.times, *columns, strict=True))


@given(st.sets(st.integers(1, len(DAYS) - 2)))
def test_the_sessions_that_are_left_out_are_those_that_are_missing(left_out: set[int]) -> None:
    gaps = find_gaps(without(DAYS, *left_out).times, Timeframe.DAY, us_equities())
    assert list(gaps.missing) == [session_date(DAYS.times[place]) for place in sorted(left_out)]
    assert gaps.outside == ()


@given(st.sets(st.integers(0, len(MINUTES) - 1), max_size=300))
def test_the_minutes_that_are_left_out_are_those_that_are_missing(left_out: set[int]) -> None:
    series = without(MINUTES, *left_out)
    gaps = find_gaps(series.times, Timeframe.MINUTE, us_equities())
    lacking = {time for _, bars in gaps.thin for time in bars}
    assert lacking == {MINUTES.times[place] for place in left_out}


@given(st.sets(st.integers(1, len(MINUTES) - 2)) | st.just(set(range(5, 400))))
def test_what_is_filled_is_what_is_missing_and_comes_from_before(left_out: set[int]) -> None:
    series = without(MINUTES, *left_out)
    found = declared(series, GapPolicy.FILL, most=len(MINUTES))
    assert found.series.times == MINUTES.times
    assert found.filled == {MINUTES.times[place] for place in left_out}
    close = 0.0
    for time, *prices, volume in rows(found.series):
        if time in found.filled:
            assert (set(prices), volume) == ({close}, 0.0)
        close = prices[-1]
    kept = [row for row in rows(found.series) if row[0] not in found.filled]
    assert kept == rows(series)


@given(st.sets(st.integers(1, len(DAYS) - 2)), st.integers(1, len(DAYS)))
def test_what_is_filled_by_a_day_does_not_depend_on_later_bars(
    left_out: set[int], count: int
) -> None:
    until = DAYS.times[count - 1]
    whole = all_declared([without(DAYS, *left_out), DAYS], GapPolicy.FILL)[0]
    later = {place for place in range(len(DAYS)) if place >= count}
    known = [without(DAYS, *(left_out | later)), without(DAYS, *later)]
    cut = all_declared(known, GapPolicy.FILL)[0]
    assert rows(cut) == [row for row in rows(whole) if row[0] <= until]


prices = st.floats(1e-9, 1e12, allow_nan=False, allow_infinity=False)
four = st.lists(prices, min_size=4, max_size=4).map(sorted)


@st.composite
def wild(draw: st.DrawFn) -> BarSeries:
    """Give bars that a market could have made, on any days, at any prices."""
    days = draw(st.sets(st.integers(0, 4000), min_size=1, max_size=90))
    first = date(2015, 1, 1).toordinal()
    times = tuple(day_ns(date.fromordinal(first + day)) for day in sorted(days))
    rows = [draw(four) for _ in times]
    volumes = tuple(draw(st.sampled_from((0.0, 1.0, 1e6))) for _ in times)
    low, open_, close, high = (tuple(row[place] for row in rows) for place in range(4))
    return BarSeries(Symbol("X"), Timeframe.DAY, times, open_, high, low, close, volumes)


@given(wild())
def test_every_series_has_a_report_in_order_of_time(series: BarSeries) -> None:
    report = inspect(Evidence(series, series), NOW)
    starts = [finding.first for finding in report.findings]
    assert starts == sorted(starts)
    assert all(finding.first <= finding.last for finding in report.findings)
    assert all(finding.count >= 1 for finding in report.findings)
    assert 0 <= report.completeness <= 1
    assert as_json(report)["findings_in_all"] == len(report.findings)


@given(st.integers(0, 389))
def test_a_moment_is_the_same_in_nanoseconds(minute: int) -> None:
    (session, _) = us_equities().sessions(date(2025, 3, 7), date(2025, 3, 10))
    assert MINUTES.times[minute] == ns(session.open) + minute * 60_000_000_000
