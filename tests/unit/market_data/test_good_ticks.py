"""What clients hear of live ticks is what the lake takes."""

from __future__ import annotations

import math

import pytest

from algotrendy.market_data.streaming.good_ticks import GoodTicks
from algotrendy.market_data.streaming.messages import Quote, Trade
from algotrendy.market_data.streaming.screening import Limits
from fakes.tick_records import NOON, SECOND


def trade(at: float, price: float = 100.0, name: str = "") -> Trade:
    time = NOON + round(at * SECOND)
    return Trade("AAPL", time, price, 1.0, "V", name or f"{at}", time)


def told(good: GoodTicks, *trades: Trade, ahead: int = 0) -> list[float]:
    return [each.price for trade in trades for each in good.of(trade, ahead)[0]]


@pytest.fixture
def good() -> GoodTicks:
    return GoodTicks("paper", Limits())


@pytest.mark.parametrize(
    "bad",
    [
        trade(1, math.nan),
        trade(1, 1e9),
        trade(-600),
        trade(3600)._replace(received=NOON),
        trade(0)._replace(time=0),
        trade(0, name="0"),
    ],
)
def test_a_bad_or_repeated_trade_is_not_told(good: GoodTicks, bad: Trade) -> None:
    assert told(good, trade(0, name="0"), bad, trade(2, 101.0)) == [100.0, 101.0]


def test_a_jump_that_the_next_trade_confirms_is_told_with_it(good: GoodTicks) -> None:
    assert told(good, trade(0), trade(1, 200.0)) == [100.0]
    assert told(good, trade(2, 201.0)) == [200.0, 201.0]


def test_what_a_clock_shut_out_is_not_told(good: GoodTicks) -> None:
    good.tell_clock("AAPL", NOON + SECOND)
    assert told(good, trade(0), trade(1, 101.0)) == [101.0]


def test_a_feed_that_is_ahead_is_told(good: GoodTicks) -> None:
    early = trade(3600)._replace(received=NOON)
    assert told(good, early, ahead=3600 * SECOND) == [100.0]
    quote = Quote("AAPL", early.time, 1.0, 1.0, 2.0, 1.0, NOON)
    assert good.is_good(quote, 3600 * SECOND)
    assert not good.is_good(quote, 0)
    assert not good.is_good(quote._replace(time=0), 0)


def test_what_is_remembered_is_bounded(good: GoodTicks) -> None:
    assert len(told(good, *(trade(at) for at in range(1_000)))) == 1_000
    assert len(good._standings["AAPL"].known) <= 400
