"""Time, tick, volume, dollar and range bars, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.building import Builder
from fakes.chart_trades import SECOND, Trades, at_prices, build, drawn, trades


def spans(bars: list[Any]) -> list[tuple[float, float, float]]:
    return [(b.began / SECOND, b.ended / SECOND, b.known / SECOND) for b in bars]


def test_time_bars_begin_at_whole_intervals_and_end_before_the_next() -> None:
    given = trades(
        (70, 10.0, 1),  # 1:10
        (80, 12.0, 2),
        (119.999, 9.0, 3),
        (120, 11.0, 4),  # the very end of the minute is of the next one
        (301, 8.0, 5),  # two minutes without a trade make no bar
    )
    bars = build("time:interval=1Min", given)
    assert drawn(bars) == [(10, 12, 9, 9), (11, 11, 11, 11)]
    assert spans(bars) == [(60, 120, 120), (120, 180, 180)]
    assert [(b.volume, b.ticks) for b in bars] == [(6, 3), (4, 1)]


def test_intervals_begin_anew_at_midnight() -> None:
    day = 86_400
    given = trades((day - 60, 10.0, 1), (day + 1, 11.0, 1), (day + 500, 12.0, 1))
    bars = build("time:interval=7Min", given)
    # 205 whole intervals of 7 minutes end at 23:55, and the last one is cut at midnight.
    assert spans(bars) == [(day - 300, day, day), (day, day + 420, day + 420)]


def test_with_sessions_intervals_begin_at_the_open_and_are_cut_at_the_close() -> None:
    def at(text: str) -> float:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    # 2024-11-29 closes at 13:00 in New York, 18:00 UTC.
    given = trades(
        (at("2024-11-29T14:29:59"), 10.0, 1),  # before the open: in no bar
        (at("2024-11-29T14:30:00"), 11.0, 1),
        (at("2024-11-29T17:50:00"), 12.0, 1),
        (at("2024-11-29T18:00:00"), 13.0, 1),  # after the close: in no bar
        (at("2024-12-02T15:00:00"), 14.0, 1),
        (at("2024-12-02T16:00:00"), 15.0, 1),
    )
    builder = Builder("time:interval=1Hour,sessions=regular")
    bars = list(builder.push(given))
    assert spans(bars) == [
        (at("2024-11-29T14:30:00"), at("2024-11-29T15:30:00"), at("2024-11-29T15:30:00")),
        (at("2024-11-29T17:30:00"), at("2024-11-29T18:00:00"), at("2024-11-29T18:00:00")),
        (at("2024-12-02T14:30:00"), at("2024-12-02T15:30:00"), at("2024-12-02T15:30:00")),
    ]
    assert [b.close for b in bars] == [11, 12, 14]
    assert builder.state()["state"]["outside"] == 2


def test_a_clock_closes_a_time_bar_without_a_trade() -> None:
    builder = Builder("time:interval=1Min")
    assert list(builder.push(trades((10, 10.0, 1)))) == []
    assert list(builder.advance_to(59 * SECOND)) == []
    assert spans(list(builder.advance_to(60 * SECOND))) == [(0, 60, 60)]
    assert builder.partial() is None
    with pytest.raises(Invalid, match="at or after 60000000000"):
        builder.push(trades((59, 10.0, 1)))


def test_tick_bars_have_so_many_trades() -> None:
    bars = build("tick:amount=2", at_prices(10.0, 12.0, 11.0, 9.0, 10.0))
    assert drawn(bars) == [(10, 12, 10, 12), (11, 11, 9, 9)]
    assert spans(bars) == [(0, 1, 1), (2, 3, 3)]


def test_the_trade_that_fills_a_volume_bar_belongs_to_it_whole() -> None:
    given = trades((0, 10.0, 60), (1, 11.0, 70), (2, 12.0, 100), (3, 9.0, 1))
    bars = build("volume:amount=100", given)
    assert [(b.open, b.close, b.volume, b.ticks) for b in bars] == [
        (10, 11, 130, 2),
        (12, 12, 100, 1),
    ]


def test_a_cut_trade_fills_several_volume_bars_and_begins_the_next() -> None:
    given = trades((0, 10.0, 60), (1, 11.0, 250), (2, 12.0, 90))
    builder = Builder("volume:amount=100,excess=split")
    bars = list(builder.push(given))
    # 60 + 40 | 100 | 100 | 10 + 90
    assert [(b.open, b.close, b.volume, b.ticks) for b in bars] == [
        (10, 11, 100, 2),
        (11, 11, 100, 1),
        (11, 11, 100, 1),
        (11, 12, 100, 2),
    ]
    assert [b.known / SECOND for b in bars] == [1, 1, 1, 2]
    assert builder.partial() is None


def test_tenths_fill_a_bar_though_ten_of_them_are_no_whole_in_binary() -> None:
    given = trades(*((second, 10.0, 0.1) for second in range(20)))
    assert [b.ticks for b in build("volume:amount=1", given)] == [10, 10]


def test_dollar_bars_count_price_times_size() -> None:
    given = trades((0, 10.0, 5), (1, 20.0, 3), (2, 50.0, 2), (3, 1.0, 1))
    bars = build("dollar:amount=100", given)
    assert [(b.open, b.close, b.volume) for b in bars] == [(10, 20, 8), (50, 50, 2)]
    bars = build("dollar:amount=100,excess=split", given)
    # 50 + 50 of the 60 at 20 | 10 + 90 of the 100 at 50; 10 at 50 and 1 at 1 are left
    assert [(b.open, b.close, round(b.volume, 9)) for b in bars] == [(10, 20, 7.5), (20, 50, 2.3)]


def test_range_bars_close_with_the_trade_that_reaches_the_size() -> None:
    given = at_prices(100.2, 100.25, 100.3, 100.3, 100.35, 101.0, 100.95)
    bars = build("range:size=0.1", given)
    # 100.3 - 100.2 is a little less than 0.1 in binary, and reaches it.
    assert drawn(bars) == [(100.2, 100.3, 100.2, 100.3), (100.3, 101, 100.3, 101)]
    assert spans(bars) == [(0, 2, 2), (3, 5, 5)]


def test_the_unfinished_bar_is_marked_by_having_no_time_at_which_it_was_known() -> None:
    builder = Builder("tick:amount=3")
    builder.push(at_prices(10.0, 12.0))
    bar = builder.partial()
    assert bar is not None
    assert (bar.open, bar.high, bar.close, bar.ticks, bar.known) == (10, 12, 12, 2, 0)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (trades((0, 10.0, 1), (1, float("nan"), 1)), r"ticks.prices\[1\] must be finite"),
        (trades((0, -1.0, 1)), r"ticks.prices\[0\]"),
        (trades((0, 10.0, -1)), r"ticks.sizes\[0\]"),
        (trades((5, 10.0, 1), (4, 10.0, 1)), r"ticks.times\[1\] must be at or after 5000000000"),
    ],
)
def test_bad_trades_are_refused_and_none_is_taken(given: Trades, told: str) -> None:
    builder = Builder("tick:amount=1")
    with pytest.raises(Invalid, match=told):
        builder.push(given)
    assert list(builder.push(at_prices(10.0)))
