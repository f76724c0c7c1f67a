"""What cannot be right is found, and what an ordinary market does is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.quality.findings import Finding, Kind, Rules, Weight
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.quality.outliers import nearest_split, outliers, unapplied_splits
from algotrendy.market_data.quality.values import (
    NewestQuote,
    StreamHole,
    duplicates,
    hole_findings,
    quote_findings,
    refused_findings,
    repeated_trades,
    stale,
    zero_volume,
)
from algotrendy.market_data.series import BarSeries
from algotrendy.market_data.ticks import Ticks
from fakes.quality_bars import altered, daily, minutes, scaled

RULES = Rules()
YEAR = daily(date(2025, 1, 2), date(2025, 12, 31))
NOW = ns(datetime(2025, 6, 2, 15, tzinfo=UTC))


def every(series: BarSeries) -> list[Finding]:
    return [
        *duplicates(series),
        *stale(series, RULES),
        *zero_volume(series),
        *outliers(series, RULES),
        *unapplied_splits(series, RULES),
    ]


def test_an_ordinary_year_is_good() -> None:
    assert every(YEAR) == []


def test_an_ordinary_day_of_minutes_is_good() -> None:
    assert every(minutes(date(2025, 6, 2), date(2025, 6, 3))) == []


def test_nothing_is_found_in_nothing() -> None:
    empty = replace(YEAR, times=(), open=(), high=(), low=(), close=(), volume=())
    assert every(empty) == []


def test_two_bars_of_one_time_are_an_error() -> None:
    series = replace(YEAR, times=(YEAR.times[0], *YEAR.times[:-1]))
    (found,) = duplicates(series)
    assert (found.kind, found.weight) == (Kind.DUPLICATE, Weight.ERROR)


def test_a_session_that_repeats_the_one_before_is_told() -> None:
    names = ("open", "high", "low", "close", "volume")
    again = altered(YEAR, 7, **{name: getattr(YEAR, name)[6] for name in names})
    (found,) = duplicates(again)
    assert (found.first, found.weight) == (YEAR.times[7], Weight.WARNING)
    assert list(duplicates(altered(again, 7, volume=1.0))) == []


def test_trades_told_twice_are_counted() -> None:
    times, prices = (1, 1, 1, 2, 2), (5.0, 6.0, 5.0, 5.0, 5.0)
    ticks = Ticks(Symbol("AAPL"), times, prices, (1.0,) * 5, "csv:x")
    (found,) = repeated_trades(ticks)
    assert (found.count, found.first, found.last) == (2, 1, 2)
    assert list(repeated_trades(replace(ticks, prices=(5.0, 6.0, 7.0, 5.0, 6.0)))) == []


@pytest.mark.parametrize(("length", "found"), [(4, 0), (5, 1), (9, 1)])
def test_one_price_for_many_bars_is_stale(length: int, found: int) -> None:
    series = YEAR
    for place in range(20, 20 + length):
        series = altered(series, place, open=90.0, high=90.0, low=90.0, close=90.0)
    told = list(stale(series, RULES))
    assert len(told) == found
    if found:
        assert (told[0].first, told[0].count) == (YEAR.times[20], length)


def test_bars_without_volume_are_told_and_with_a_move_they_are_wrong() -> None:
    series = altered(altered(YEAR, 3, volume=0.0), 4, volume=0.0)
    price = series.close[9]
    flat = altered(series, 9, open=price, high=price, low=price, volume=0.0)
    wrong, right = zero_volume(flat)
    assert (wrong.count, wrong.weight) == (2, Weight.ERROR)
    assert (right.count, right.weight) == (1, Weight.WARNING)


def test_a_series_that_never_has_volume_is_a_note() -> None:
    (found,) = zero_volume(replace(YEAR, volume=(0.0,) * len(YEAR)))
    assert (found.weight, found.count) == (Weight.NOTE, len(YEAR))


@pytest.mark.parametrize("factor", [1.5, 0.6, 100.0, 0.01])
def test_a_close_that_the_next_bar_takes_back_is_an_error(factor: float) -> None:
    close = YEAR.close[50] * factor
    series = altered(
        YEAR, 50, close=close, high=max(YEAR.high[50], close), low=min(YEAR.low[50], close)
    )
    (found,) = outliers(series, RULES)
    assert (found.kind, found.weight, found.first) == (
        Kind.OUTLIER,
        Weight.ERROR,
        YEAR.times[50],
    )
    assert "taken back" in found.detail


def test_a_move_that_stays_is_a_note_and_no_split() -> None:
    series = scaled(YEAR, 100, 0.8)
    (found,) = outliers(series, RULES)
    assert (found.weight, found.first) == (Weight.NOTE, YEAR.times[100])
    assert "stays there" in found.detail
    assert list(unapplied_splits(series, RULES)) == []


def test_a_wick_far_from_open_and_close_is_told() -> None:
    series = altered(YEAR, 80, high=YEAR.high[80] * 2, low=YEAR.low[80])
    (found,) = outliers(series, RULES)
    assert (found.weight, found.first) == (Weight.WARNING, YEAR.times[80])
    (found,) = outliers(altered(YEAR, 80, low=YEAR.low[80] / 2), RULES)
    assert found.detail.startswith("low ")


def test_many_wild_bars_do_not_hide_one_another() -> None:
    series = YEAR
    for place in range(40, 80, 8):
        close = YEAR.close[place] * 1.6
        series = altered(series, place, close=close, high=close)
    assert [found.first for found in outliers(series, RULES)] == [
        YEAR.times[place] for place in range(40, 80, 8)
    ]


def test_what_is_explained_is_no_outlier() -> None:
    series = scaled(YEAR, 100, 0.5)
    assert list(outliers(series, RULES, {YEAR.times[100]})) == []


@pytest.mark.parametrize(
    ("new", "old"), [(2, 1), (3, 1), (3, 2), (20, 1), (1, 2), (1, 10), (1, 100)]
)
def test_a_split_that_nobody_applied_is_found(new: int, old: int) -> None:
    series = scaled(YEAR, 100, old / new)
    (found,) = unapplied_splits(series, RULES)
    assert (found.first, found.kind) == (YEAR.times[100], Kind.UNAPPLIED_SPLIT)
    assert f"a split {new} for {old}" in found.detail


def test_a_slip_at_the_ratio_of_a_split_is_no_split() -> None:
    series = scaled(scaled(YEAR, 100, 0.5), 101, 2.0)
    assert list(unapplied_splits(series, RULES)) == []


def test_the_ratio_of_a_split_within_a_session_is_no_split() -> None:
    series = minutes(date(2025, 6, 2), date(2025, 6, 3))
    assert list(unapplied_splits(scaled(series, 100, 0.5), RULES)) == []
    assert len(list(unapplied_splits(scaled(series, 390, 0.5), RULES))) == 1


@pytest.mark.parametrize(("ratio", "split"), [(2.03, (2, 1)), (0.101, (1, 10)), (1.49, (3, 2))])
def test_a_ratio_is_read_as_the_nearest_split(ratio: float, split: tuple[int, int]) -> None:
    assert nearest_split(ratio) == split


def quotes(quote: NewestQuote, *, is_open: bool = True) -> list[Kind]:
    return [found.kind for found in quote_findings(quote, NOW, RULES, is_open=is_open)]


def test_a_crossed_quote_and_one_of_long_ago_are_found() -> None:
    assert quotes(NewestQuote(NOW, 10.0, 10.01, NOW)) == []
    assert quotes(NewestQuote(NOW, 10.0, 10.0, NOW)) == []
    assert quotes(NewestQuote(NOW, 10.02, 10.01, NOW)) == [Kind.CROSSED_QUOTES]
    old = NewestQuote(NOW - 90 * 10**9, 10.0, 10.01, NOW - 90 * 10**9)
    assert quotes(old) == [Kind.STALE_QUOTES]
    assert quotes(old, is_open=False) == []


def test_refused_trades_are_told_by_reason() -> None:
    counts = {"time going back": (3, 5, 9), "absurd jump": (1, 7, 7)}
    told = [(each.detail, each.count) for each in refused_findings(counts)]
    assert told == [("absurd jump", 1), ("time going back", 3)]


def test_a_hole_of_the_stream_weighs_by_what_is_missing() -> None:
    holes = [StreamHole(what, "f", 1, 2, "why") for what in ("trades", "fixes", "silence")]
    found = list(hole_findings(holes))
    assert [each.weight for each in found] == [Weight.WARNING, Weight.ERROR, Weight.NOTE]
    assert found[0].detail == "f: trades may be missing: why"
    assert {each.kind for each in found} == {Kind.STREAM_HOLE}


@pytest.mark.parametrize(
    "name", ["stale_bars", "neighbours", "outlier_mads", "split_tolerance", "quote_age_s"]
)
def test_rules_that_would_find_everything_are_refused(name: str) -> None:
    with pytest.raises(Invalid, match=f"rules.{name}"):
        replace(RULES, **{name: 0})
