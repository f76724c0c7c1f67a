"""A report tells what was found, to programs and persons, and what is expected of whom."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import always_open, calendar_of, us_equities
from algotrendy.market_data.quality.findings import Kind, Rules
from algotrendy.market_data.quality.inspecting import Asked, Inspector
from algotrendy.market_data.quality.report import (
    Evidence,
    QualityReport,
    as_json,
    inspect,
    worst_first,
)
from algotrendy.market_data.quality.timeline import State, svg, weeks
from algotrendy.market_data.quality.values import NewestQuote, StreamHole
from algotrendy.market_data.series import BarSeries, RawBars
from fakes.bar_store import MemoryBars
from fakes.quality_bars import daily, minutes, scaled, without

START, END = date(2025, 1, 2), date(2025, 6, 30)
LONG_AFTER = datetime(2025, 12, 1, 12, tzinfo=UTC)


def report(series: BarSeries, now: datetime = LONG_AFTER) -> QualityReport:
    return inspect(Evidence(series, series), now)


def test_a_good_symbol_is_good() -> None:
    found = report(daily(START, END))
    assert (found.is_good, found.findings, found.completeness) == (True, (), 1.0)
    told = as_json(found)
    assert told["sessions"] == {
        "first": "2025-01-02",
        "last": "2025-06-30",
        "expected": 122,
        "missing": 0,
        "thin": 0,
    }
    assert (told["good"], told["counts"], told["calendar"]) == (True, {}, "US equities")


def test_a_report_of_faults_is_json_by_time() -> None:
    series = scaled(without(daily(START, END), 30, 31), 60, 0.5)
    found = report(series)
    told = json.loads(json.dumps(as_json(found, most=1)))
    assert told["counts"] == {"missing_session": 2, "unapplied_split": 1}
    assert (len(told["findings"]), told["findings_in_all"], told["good"]) == (1, 2, False)
    assert told["completeness"] == pytest.approx(120 / 122, abs=1e-6)
    assert told["findings"][0]["detail"] == "no bar on 2025-02-18 to 2025-02-19"


def test_a_split_that_is_recorded_is_none() -> None:
    series = daily(START, END)
    traded = scaled(series, 60, 0.5)
    assert Kind.UNAPPLIED_SPLIT in report(traded).counts()
    assert inspect(Evidence(traded, series), LONG_AFTER).counts() == {}


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (datetime(2025, 7, 2, 12, tzinfo=UTC), [date(2025, 7, 1)]),
        (datetime(2025, 7, 3, 12, tzinfo=UTC), [date(2025, 7, 1), date(2025, 7, 2)]),
        # The 3rd closes early, the 4th is a holiday.
        (datetime(2025, 7, 5, tzinfo=UTC), [date(2025, 7, day) for day in (1, 2, 3)]),
        (datetime(2025, 9, 1, tzinfo=UTC), []),
        (datetime(2045, 9, 1, tzinfo=UTC), []),
    ],
)
def test_of_a_symbol_that_is_alive_sessions_up_to_now_are_expected(
    now: datetime, missing: list[date]
) -> None:
    assert list(report(daily(START, END), now).gaps.missing) == missing


def test_a_session_under_way_is_not_expected() -> None:
    found = report(
        minutes(date(2025, 6, 2), date(2025, 6, 3)), datetime(2025, 6, 4, 18, tzinfo=UTC)
    )
    assert found.gaps.missing == ()


def test_a_pair_trades_round_the_clock() -> None:
    assert calendar_of(Symbol("BTC/USD")) is always_open()
    assert calendar_of(Symbol("AAPL")) is us_equities()


def test_the_stream_s_memory_is_part_of_the_report() -> None:
    series = daily(START, END)
    now = datetime(2025, 6, 30, 15, tzinfo=UTC)
    moment = int(now.timestamp()) * 10**9
    quote = NewestQuote(moment - 10**12, 9.0, 8.0, moment - 10**12)
    hole = StreamHole("trades", "alpaca:iex", moment - 10**12, moment, "no plan")
    evidence = Evidence(series, series, {"not a number": (4, 1, 2)}, quote, [hole])
    found = inspect(evidence, now, Rules())
    assert found.counts() == {
        Kind.CROSSED_QUOTES: 1,
        Kind.REFUSED_TRADES: 4,
        Kind.STALE_QUOTES: 1,
        Kind.STREAM_HOLE: 1,
    }


def test_the_worst_comes_first() -> None:
    good = report(daily(START, END))
    bad = replace(report(without(daily(START, END), 5)), symbol=Symbol("ZZZ"))
    assert [item.symbol for item in worst_first([good, bad])] == ["ZZZ", "AAPL"]


def test_a_week_of_the_timeline_is_as_bad_as_its_worst_session() -> None:
    series = without(daily(date(2024, 12, 30), date(2025, 1, 17)), 7)
    first, second = weeks(report(series).gaps)
    assert (first.year, second.year) == (2024, 2025)
    assert second.weeks[:4] == (State.PRESENT, State.MISSING, State.PRESENT, None)
    thin = without(minutes(date(2025, 6, 2), date(2025, 6, 2)), 3)
    (row,) = weeks(report(thin).gaps)
    assert [state for state in row.weeks if state] == [State.THIN]


def test_every_day_of_any_year_has_a_place_on_the_timeline() -> None:
    for year in range(2000, 2029):
        whole = daily(date(year, 1, 1), date(year, 12, 31), always_open())
        (row,) = weeks(inspect(Evidence(whole, whole), LONG_AFTER, calendar=always_open()).gaps)
        assert sum(state is not None for state in row.weeks) >= 53


def test_the_picture_has_a_square_for_each_session() -> None:
    drawing = ET.fromstring(svg([report(without(daily(START, END), 5))]))
    squares = [item for item in drawing.iter("{http://www.w3.org/2000/svg}rect") if len(item)]
    assert len(squares) == 122
    assert sum(item[0].text == "2025-01-10: missing" for item in squares) == 1


class Silent:
    """A stream that remembers nothing."""

    def refused(self, symbol: Symbol) -> dict[str, tuple[int, int, int]]:
        return {}

    def holes(self, symbol: Symbol, first: int, last: int) -> list[StreamHole]:
        return []

    def quote(self, symbol: Symbol) -> None:
        return None


def stored(*symbols: str) -> Inspector:
    store = MemoryBars()
    for name in symbols:
        series = daily(START, END)
        numbers = (series.open, series.high, series.low, series.close, series.volume)
        ones = (1.0,) * len(series)
        store.replace(
            [RawBars(Symbol(name), series.timeframe, series.times, *numbers, ones, "test")]
        )
    return Inspector(store, Silent(), lambda: LONG_AFTER)


def test_an_inspector_judges_what_is_asked_for() -> None:
    inspector = stored("AAPL", "MSFT")
    assert [found.symbol for found in inspector.reports(Asked())] == ["AAPL", "MSFT"]
    day = START + timedelta(days=30)
    (found,) = inspector.reports(Asked((Symbol("MSFT"),), start=day))
    assert found.gaps.sessions[0] == date(2025, 2, 3)


def test_a_symbol_without_bars_is_not_found() -> None:
    with pytest.raises(NotFound, match="there are AAPL"):
        stored("AAPL").series(Asked((Symbol("MSFT"),)))
