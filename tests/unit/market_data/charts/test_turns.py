"""Heikin-Ashi, three-line break, Kagi and point and figure, worked out by hand."""

from __future__ import annotations

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.charts.styles import parse
from fakes.chart_trades import SECOND, at_prices, build, drawn, trades


def test_heikin_ashi_averages_closed_time_bars() -> None:
    given = trades(
        (0, 10.0, 1), (1, 14.0, 1), (2, 8.0, 1), (3, 12.0, 1),  # 10 14 8 12
        (60, 13.0, 1), (61, 15.0, 1), (62, 11.0, 1), (63, 13.0, 1),  # 13 15 11 13
        (120, 20.0, 1), (121, 24.0, 1),  # 20 24 20 24
        (180, 1.0, 1),
    )  # fmt: skip
    bars = build("heikin-ashi:interval=1Min", given)
    assert drawn(bars) == [
        (11, 14, 8, 11),  # (10 + 12) / 2, (10 + 14 + 8 + 12) / 4
        (11, 15, 11, 13),  # (11 + 11) / 2, (13 + 15 + 11 + 13) / 4
        (12, 24, 12, 22),  # (11 + 13) / 2, which is below what was traded; 88 / 4
    ]
    assert [b.known / SECOND for b in bars] == [60, 120, 180]
    assert [(b.first, b.highest, b.lowest, b.last) for b in bars[2:]] == [(20, 24, 20, 24)]


def closes(*prices: float) -> list[tuple[float, float]]:
    """Give the lines of one close a minute; the last price only closes the minute before it."""
    given = trades(*((60 * minute, price, 10) for minute, price in enumerate(prices)))
    return [(b.open, b.close) for b in build("line-break:interval=1Min", given)]


def test_a_line_is_drawn_by_a_close_beyond_the_last_one() -> None:
    assert closes(10.0, 10.0, 12.0, 11.0, 12.0, 13.0, 0.1) == [(10, 12), (12, 13)]


def test_a_turn_must_break_three_lines() -> None:
    # Lines 10-11, 11-12, 12-13, 13-14; the lowest of the last three is 11.
    rising = (10.0, 11.0, 12.0, 13.0, 14.0)
    lines = [(10, 11), (11, 12), (12, 13), (13, 14)]
    assert closes(*rising, 11.0, 1.0) == lines
    # It begins where the last line began.
    assert closes(*rising, 10.9, 1.0) == [*lines, (13, 10.9)]


def test_a_turn_back_must_break_three_lines_whatever_their_direction() -> None:
    # After 13-10.9 the last three lines are 12-13, 13-14, 13-10.9: above 14 it turns again.
    found = closes(10.0, 11.0, 12.0, 13.0, 14.0, 10.9, 14.0, 14.1, 1.0)
    assert found[4:] == [(13, 10.9), (13, 14.1)]


def test_a_line_has_the_volume_of_the_minutes_since_the_last_one() -> None:
    given = trades(*((60 * m, p, 10) for m, p in enumerate([10.0, 10.0, 12.0, 11.0, 13.0, 1.0])))
    bars = build("line-break:interval=1Min", given)
    assert [(b.volume, b.ticks, b.known / SECOND) for b in bars] == [(30, 3, 180), (20, 2, 300)]
    assert bars[1].lowest == 11


def test_a_kagi_line_ends_at_its_extreme_and_is_known_by_the_turn() -> None:
    given = at_prices(100.0, 102.0, 101.5, 103.0, 102.1, 102.0, 100.0, 100.9, 101.0)
    bars = build("kagi:size=1", given)
    assert drawn(bars) == [(100, 103, 100, 103), (103, 103, 100, 100)]
    assert [b.direction for b in bars] == [1, -1]
    # 102 is the first trade that is 1 below 103; 101 the first that is 1 above 100.
    assert [b.known / SECOND for b in bars] == [5, 8]
    assert [b.ticks for b in bars] == [5, 3]


def test_a_kagi_turn_may_be_a_percentage_of_the_extreme() -> None:
    bars = build("kagi:percent=10", at_prices(100.0, 200.0, 181.0, 180.0, 150.0, 164.0, 165.0))
    assert drawn(bars) == [(100, 200, 100, 200), (200, 200, 150, 150)]


def test_kagi_begins_where_the_price_first_moves() -> None:
    bars = build("kagi:size=1", at_prices(100.0, 100.0, 99.9, 99.0, 100.0))
    assert drawn(bars) == [(100, 100, 99, 99)]


def test_the_line_that_is_being_drawn_is_shown_up_to_its_extreme() -> None:
    builder = Builder("kagi:size=1")
    builder.push(at_prices(100.0, 102.0, 101.5))
    bar = builder.partial()
    assert bar is not None
    assert (bar.open, bar.close, bar.last, bar.known) == (100, 102, 101.5, 0)


def test_kagi_wants_one_measure_of_a_turn() -> None:
    with pytest.raises(Invalid, match=r"style\.kagi must be given one of size, percent"):
        parse("kagi")


def test_a_column_has_every_level_that_was_reached() -> None:
    # X to 13 (13.9 reaches no 14); 10.9 is not three back, 10 is: O from 12 to 10, then to 9.
    # 11.9 is not three above 9, 12 is: X from 10 to 12, known by that trade.
    prices = (10.4, 11.0, 13.9, 10.9, 10.0, 9.0, 11.9, 12.0, 9.0)
    bars = build("point-and-figure:box=1", at_prices(*prices))
    assert [(b.open, b.close, b.direction) for b in bars] == [(10, 13, 1), (12, 9, -1), (10, 12, 1)]
    assert [b.known / SECOND for b in bars] == [4, 7, 8]


def test_the_first_column_may_fall() -> None:
    bars = build("point-and-figure:box=1", at_prices(10.4, 9.9, 9.0, 8.5, 12.0))
    # At or above 8.5 the lowest level that was reached from above is 9.
    assert [(b.open, b.close, b.direction) for b in bars] == [(10, 9, -1)]


def test_with_one_box_each_turn_is_a_column() -> None:
    bars = build("point-and-figure:box=1,reversal=1", at_prices(10.0, 12.0, 11.0, 12.0, 10.0))
    columns = [(b.open, b.close, b.direction) for b in bars]
    assert columns == [(10, 12, 1), (11, 11, -1), (12, 12, 1)]


def test_boxes_of_tenths_are_reached_by_prices_in_tenths() -> None:
    bars = build("point-and-figure:box=0.1", at_prices(0.1, 0.3, 0.7, 0.4))
    assert drawn(bars) == [(0.1, 0.7, 0.1, 0.7)]


def test_boxes_finer_than_a_price_can_tell_do_not_take_forever() -> None:
    # A step of one box changes no bit of the price: a search for the next level would not end.
    assert len(build("point-and-figure:box=2e-15,reversal=1", at_prices(1e12, 2e12, 1e12))) == 1
