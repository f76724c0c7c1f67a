"""Imbalance and run bars, worked out by hand."""

from __future__ import annotations

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.charts.styles import parse
from fakes.chart_trades import SECOND, at_prices, build, trades


def test_an_imbalance_bar_closes_when_more_is_bought_or_sold_than_was_expected() -> None:
    # The averages are plain ones: there are never 100 trades. bars=1 takes the last bar's alone.
    style = "imbalance:ticks=4,least=1,most=50,bars=1,trades=100"
    prices = (
        10.0, 11.0, 12.0, 11.0,  # the first bar: nothing, buy, buy, sell
        # One of four trades was bought on balance (2 - 1), 4 are expected: the threshold is 1.
        12.0,  # buy: 1 reaches it. Bought on balance 2 of 5, 1 is expected: 0.4
        12.0,  # as the last one, a buy. 3 of 6, by 1: 0.5
        11.0,  # sell: 2 of 7
    )  # fmt: skip
    bars = build(style, at_prices(*prices))
    assert [b.ticks for b in bars] == [4, 1, 1, 1]
    assert [b.known / SECOND for b in bars] == [3, 4, 5, 6]


def test_sells_after_buys_take_the_imbalance_back() -> None:
    style = "imbalance:ticks=4,least=1,most=50,bars=1,trades=100"
    # The first bar buys 3 of 4 on balance: the threshold is 4 * 3 / 4 = 3.
    prices = (10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 14.0, 15.0, 14.0, 15.0, 16.0)
    bars = build(style, at_prices(*prices))
    # +1 +2 +1 +2 +1 +2 +3
    assert [b.ticks for b in bars] == [4, 7]


def test_volume_imbalance_counts_sizes() -> None:
    style = "imbalance:of=volume,ticks=2,least=1,most=50,bars=1,trades=100"
    given = trades((0, 10.0, 5), (1, 11.0, 8), (2, 12.0, 3), (3, 13.0, 5), (4, 14.0, 1))
    # 8 bought by 2 trades: 2 * 4 = 8 = 3 + 5.
    assert [(b.ticks, b.volume) for b in build(style, given)] == [(2, 13), (2, 8)]


def test_a_run_bar_closes_when_either_side_reaches_what_was_expected() -> None:
    style = "run:ticks=4,least=1,most=50,bars=1,trades=100"
    # The first bar: 2 buys, 1 sell; 4 trades of which half buy: the threshold is 2, of either side.
    prices = (10.0, 11.0, 12.0, 11.0, 12.0, 11.0, 12.0)
    bars = build(style, at_prices(*prices))
    assert [b.ticks for b in bars] == [4, 3]


def test_bars_have_at_least_and_at_most_so_many_trades() -> None:
    rising = [10.0 + step for step in range(9)]
    short = build("run:ticks=3,least=3,most=3", at_prices(*rising))
    assert [b.ticks for b in short] == [3, 3, 3]
    # Nothing was ever bought or sold: without `least` every trade would be a bar.
    still = build("imbalance:ticks=3,least=2,most=3,bars=1", at_prices(*[10.0] * 9))
    assert [b.ticks for b in still] == [3, 2, 2, 2]


def test_the_expected_number_of_trades_is_averaged_over_bars() -> None:
    builder = Builder("run:ticks=4,least=2,most=50,bars=3,trades=100")
    builder.push(at_prices(10.0, 11.0, 12.0, 13.0))
    assert builder.state()["state"]["expected"] == 4.0
    # The threshold is 4 * 3 / 4 = 3 trades: 4 + (3 - 4) / 2.
    builder.push(trades((4, 14.0, 1), (5, 15.0, 1), (6, 16.0, 1)))
    assert builder.state()["state"]["expected"] == 3.5


def test_the_first_bar_must_lie_within_the_bounds() -> None:
    with pytest.raises(Invalid, match=r"style\.ticks must be from least to most, was 5"):
        parse("run:ticks=5,least=10")
