from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from algotrendy.backtest.validation.lengths import Length, moved
from algotrendy.backtest.validation.windows import Window, Windows
from algotrendy.kernel.errors import Invalid


def weekdays(start: date, end: date) -> list[date]:
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    return [day for day in days if day.weekday() < 5]


def bars(count: int) -> list[date]:
    return [date(2001, 1, 1) + timedelta(days=n) for n in range(count)]


def parts(windows: tuple[Window, ...]) -> list[tuple[int, int, int, int]]:
    return [
        (w.in_sample.start, w.in_sample.stop, w.out_of_sample.start, w.out_of_sample.stop)
        for w in windows
    ]


def windows(**said: Any) -> Windows:
    return Windows.model_validate({"in_sample": 10, "out_of_sample": 4, **said})


def test_rolling_windows_move_by_their_length_out_of_sample() -> None:
    found = windows().cut(bars(18))
    assert parts(found) == [(0, 10, 10, 14), (4, 14, 14, 18)]
    assert [window.number for window in found] == [1, 2]


def test_anchored_windows_begin_with_the_first_bar() -> None:
    assert parts(windows(kind="anchored").cut(bars(18))) == [(0, 10, 10, 14), (0, 14, 14, 18)]


def test_an_embargo_lies_between_the_parts_and_shortens_neither() -> None:
    assert parts(windows(embargo=3).cut(bars(21))) == [(0, 10, 13, 17), (4, 14, 17, 21)]
    anchored = windows(embargo=3, kind="anchored").cut(bars(21))
    assert parts(anchored) == [(0, 10, 13, 17), (0, 14, 17, 21)]


def test_a_longer_step_leaves_a_gap() -> None:
    assert parts(windows(step=6).cut(bars(20))) == [(0, 10, 10, 14), (6, 16, 16, 20)]


def test_a_last_window_that_is_short_is_kept_or_dropped_as_said() -> None:
    assert parts(windows().cut(bars(15))) == [(0, 10, 10, 14), (4, 14, 14, 15)]
    assert parts(windows(last="drop").cut(bars(15))) == [(0, 10, 10, 14)]
    assert parts(windows(last="drop").cut(bars(17))) == [(0, 10, 10, 14)]


def test_a_last_window_of_less_than_a_quarter_is_not_worth_its_trials() -> None:
    said = windows(out_of_sample=8)
    assert parts(said.cut(bars(19))) == [(0, 10, 10, 18)]
    assert parts(said.cut(bars(20))) == [(0, 10, 10, 18), (8, 18, 18, 20)]


def test_the_first_window_must_be_whole() -> None:
    assert len(windows().cut(bars(14))) == 1
    with pytest.raises(Invalid) as refused:
        windows(embargo=2).cut(bars(15))
    assert refused.value.field == "windows.in_sample"
    assert str(refused.value) == (
        "windows.in_sample must be so short that 10 bars in sample, 2 bars of embargo and 4 bars "
        "out of sample fit into 15 bars from 2001-01-01 to 2001-01-15, was 10"
    )


def test_calendar_windows_begin_on_the_same_day_of_each_period() -> None:
    days = weekdays(date(2001, 1, 1), date(2005, 12, 31))
    found = windows(in_sample="2y", out_of_sample="6mo").cut(days)
    assert [(days[w.in_sample[0]], days[w.out_of_sample[0]]) for w in found] == [
        (date(2001, 1, 1), date(2003, 1, 1)),
        (date(2001, 7, 2), date(2003, 7, 1)),
        (date(2002, 1, 1), date(2004, 1, 1)),
        (date(2002, 7, 1), date(2004, 7, 1)),
        (date(2003, 1, 1), date(2005, 1, 3)),
        (date(2003, 7, 1), date(2005, 7, 1)),
    ]
    assert days[found[-1].out_of_sample[-1]] == date(2005, 12, 30)


def test_a_calendar_window_that_ends_on_a_weekend_is_whole() -> None:
    days = weekdays(date(2001, 1, 2), date(2004, 12, 31))
    said = {"in_sample": "2y", "out_of_sample": "1y", "last": "drop"}
    assert len(windows(**said).cut(days)) == 2
    assert len(windows(**said).cut(days[:-10])) == 1


def test_a_calendar_window_has_an_embargo_of_days() -> None:
    days = weekdays(date(2001, 1, 1), date(2003, 12, 31))
    found = windows(in_sample="1y", out_of_sample="1y", embargo="1w").cut(days)
    assert days[found[0].in_sample[-1]] == date(2001, 12, 31)
    assert days[found[0].out_of_sample[0]] == date(2002, 1, 8)
    assert found[1].out_of_sample.start == found[0].out_of_sample.stop


def test_windows_of_the_calendar_count_several_bars_of_a_day_together() -> None:
    days = [day for day in bars(20) for _ in range(3)]
    found = windows(in_sample="10d", out_of_sample="5d").cut(days)
    assert parts(found) == [(0, 30, 30, 45), (15, 45, 45, 60)]


def test_a_hole_in_the_data_that_swallows_a_part_is_refused() -> None:
    days = weekdays(date(2001, 1, 1), date(2002, 6, 30)) + weekdays(
        date(2004, 1, 1), date(2006, 1, 1)
    )
    with pytest.raises(Invalid, match=r"out_of_sample must be so long that window 2 of "):
        windows(in_sample="1y", out_of_sample="6mo").cut(days)


def test_days_that_run_backwards_are_named() -> None:
    with pytest.raises(Invalid, match=r"days\[2\] must be at or after the one before, 2001-01-02"):
        windows().cut([date(2001, 1, 1), date(2001, 1, 2), date(2001, 1, 1)])
    with pytest.raises(Invalid, match="at least one bar"):
        windows().cut([])


def test_more_windows_than_anybody_reads_are_refused() -> None:
    with pytest.raises(Invalid, match=r"windows\.step must be so long .* at most 10,000 windows"):
        windows(in_sample=2, out_of_sample=1).cut([date(2001, 1, 1)] * 10_003)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"in_sample": 0}, "longer than 0"),
        ({"out_of_sample": 0}, "longer than 0"),
        ({"step": 3}, "a step of at least out_of_sample, 4 bars, in the same unit"),
        ({"step": "1w"}, "a step of at least out_of_sample, 4 bars, in the same unit"),
        ({"in_sample": "2y"}, "all in bars, or all of the calendar"),
        ({"embargo": "5d"}, "all in bars, or all of the calendar"),
        ({"in_sample": "2 years"}, "such as 90d, 6w, 18mo or 2y"),
        ({"in_sample": 2.5}, "such as 90d, 6w, 18mo or 2y"),
        ({"in_sample": True}, "such as 90d, 6w, 18mo or 2y"),
        ({"in_sample": -1}, "such as 90d, 6w, 18mo or 2y"),
        ({"in_sample": "101y"}, "of at most 100 years"),
    ],
)
def test_windows_that_make_no_sense_are_refused(said: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        windows(**said)


@pytest.mark.parametrize(
    ("given", "length", "said"),
    [
        (504, Length(504, "bars"), 504),
        ("504", Length(504, "bars"), 504),
        ("90d", Length(90, "days"), "90d"),
        ("6w", Length(42, "days"), "42d"),
        ("18mo", Length(18, "months"), "18mo"),
        ("24mo", Length(24, "months"), "2y"),
        ("2y", Length(24, "months"), "2y"),
    ],
)
def test_a_length_is_read_and_said(given: object, length: Length, said: int | str) -> None:
    assert Length.parse(given) == length
    assert length.to_json() == said
    assert Length.parse(said) == length


def test_a_month_after_the_end_of_a_long_one_is_the_end_of_a_short_one() -> None:
    assert moved(date(2004, 1, 31), 1, 0) == date(2004, 2, 29)
    assert moved(date(2004, 1, 31), 2, 0) == date(2004, 3, 31)
    assert moved(date(2003, 12, 15), 13, 20) == date(2005, 2, 4)
