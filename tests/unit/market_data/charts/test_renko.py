"""Renko bricks, worked out by hand."""

from __future__ import annotations

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.building import Builder
from fakes.chart_trades import SECOND, at_prices, build, drawn, trades


def bodies(style: str, *prices: float) -> list[tuple[float, float]]:
    return [(row[0], row[3]) for row in drawn(build(style, at_prices(*prices)))]


def test_a_brick_is_laid_when_a_trade_reaches_the_next_level() -> None:
    assert bodies("renko:size=1", 100.0, 100.99, 101.0, 101.99, 102.0) == [(100, 101), (101, 102)]


def test_a_jump_lays_bricks_that_are_known_at_one_time_in_order() -> None:
    bars = build("renko:size=1", trades((0, 100.0, 5), (1, 100.5, 6), (2, 103.7, 7)))
    assert [(b.open, b.close) for b in bars] == [(100, 101), (101, 102), (102, 103)]
    assert [b.known for b in bars] == [2 * SECOND] * 3
    assert [b.began for b in bars] == [0, 2 * SECOND, 2 * SECOND]
    # The first has all that was traded, and the price is where it is: not at any level.
    assert [(b.volume, b.ticks) for b in bars] == [(18, 3), (0, 0), (0, 0)]
    assert [(b.first, b.last) for b in bars] == [(100, 103.7), (103.7, 103.7), (103.7, 103.7)]


def test_against_the_trend_two_levels_lay_a_brick_beside_the_last_one() -> None:
    # Up to 102; 100.01 is less than two levels back, 100 is two: from 101 to 100.
    found = bodies("renko:size=1", 100.0, 102.0, 100.01, 100.0, 99.0, 101.0)
    assert found == [(100, 101), (101, 102), (101, 100), (100, 99), (100, 101)]


def test_with_reversal_one_a_brick_lies_over_the_last_one() -> None:
    found = bodies("renko:size=1,reversal=1", 100.0, 102.0, 101.01, 101.0, 102.0)
    assert found == [(100, 101), (101, 102), (102, 101), (101, 102)]


def test_the_first_brick_needs_one_level_in_either_direction() -> None:
    assert bodies("renko:size=1", 100.0, 99.0) == [(100, 99)]


def test_wicks_show_how_far_trades_went_back_and_what_a_jump_left_over() -> None:
    given = at_prices(100.0, 99.4, 101.3, 100.6, 102.0, 102.9, 99.8)
    assert drawn(build("renko:size=1", given)) == [
        (100, 101, 99.4, 101),  # went down to 99.4 first
        (101, 102, 100.6, 102),
        (101, 102.9, 100, 100),  # went up to 102.9 first
    ]
    assert drawn(build("renko:size=1,wicks=no", given)) == [
        (100, 101, 100, 101),
        (101, 102, 101, 102),
        (101, 101, 100, 100),
    ]


def test_levels_of_tenths_are_reached_by_prices_in_tenths() -> None:
    # 100 + 3 * 0.1 is more than 100.3 in binary.
    assert bodies("renko:size=0.1", 100.0, 100.1, 100.2, 100.3) == [
        (100, 100.1),
        (100.1, 100.2),
        (100.2, 100.3),
    ]


def test_with_an_anchor_levels_are_counted_from_it() -> None:
    # 102.3 lies between the levels 100 and 105 of 5 from 0 (or from any whole five).
    assert bodies("renko:size=5,anchor=5", 102.3, 104.9, 105.0, 110.0) == [(100, 105), (105, 110)]
    assert bodies("renko:size=5,anchor=500", 102.3, 100.0, 95.0) == [(100, 95)]
    # The first trade is at a level: it lays no brick.
    assert bodies("renko:size=0.1,anchor=100", 100.3, 100.4) == [(100.3, 100.4)]


def test_percent_bricks_are_so_much_higher_than_the_level_below_them() -> None:
    found = bodies("renko:percent=10", 100.0, 121.0, 100.0)
    # 100, 110, 121; and down from 110 to 100.
    assert found == [(100, 110), (110, 121), (110, 100)]


def test_average_true_range_sizes_the_next_brick_and_changes_none() -> None:
    given = trades(
        (0, 100.0, 1), (10, 102.0, 1), (59, 101.0, 1),  # true range 2
        (60, 101.0, 1), (70, 105.0, 1),  # 4; the average of two is 3, known at 2:00
        (120, 105.0, 1),  # the anchor is 105, a brick 3
        (130, 108.0, 1),  # 105 to 108, by 3: the bar from 2:00 is not closed
        (180, 108.0, 1),  # it closes: true range 3, average 3
        (181, 111.5, 1),  # 108 to 111, by 3
        (240, 111.5, 1),  # closes the bar of 108 to 111.5: 3.5; Wilder: 3 + 0.5 / 2 = 3.25
        (241, 114.0, 1),  # 111 to 114, by 3 still
        (242, 117.25, 1),  # 114 to 117.25, by 3.25
    )  # fmt: skip
    bars = build("renko:atr=2,base=1Min,wicks=no", given)
    assert [(b.open, b.close) for b in bars] == [
        (105, 108),
        (108, 111),
        (111, 114),
        (114, 117.25),
    ]


def test_a_renko_plus_brick_needs_its_volume_too() -> None:
    given = trades(
        (0, 100.0, 10),
        (1, 101.5, 10),  # at the level, without the volume
        (2, 100.9, 100),  # the volume, but no longer at the level
        (3, 101.2, 1),  # both
        (4, 103.5, 99),  # two levels on, but not the volume
        (5, 103.4, 1),  # both: one brick
        (6, 103.4, 250),  # and one more
    )
    bars = build("renko:size=1,volume=100", given)
    assert [(b.open, b.close, b.known / SECOND, b.volume) for b in bars] == [
        (100, 101, 3, 121),
        (101, 102, 5, 100),
        (102, 103, 6, 250),
    ]
    assert drawn(bars)[0] == (100, 101.5, 100, 101)


def test_a_trade_that_would_lay_a_million_bricks_is_refused() -> None:
    builder = Builder("renko:size=0.00001")
    with pytest.raises(Invalid, match=r"ticks\[1\] must be of at most 1,000,000 bars"):
        builder.push(at_prices(100.0, 200.0))


def test_the_brick_that_is_being_laid_goes_to_the_price_now() -> None:
    builder = Builder("renko:size=1")
    builder.push(at_prices(100.0, 101.2, 100.8, 101.4))
    bar = builder.partial()
    assert bar is not None
    assert (bar.open, bar.high, bar.low, bar.close, bar.ticks) == (101, 101.4, 100.8, 101.4, 2)
