"""History and live trades of one symbol become one order, each trade once."""

from __future__ import annotations

import math

from algotrendy.market_data.streaming.catch_up import AHEAD_NS, FUTURE_NS, Flow
from algotrendy.market_data.streaming.messages import Fix, Trade


def trade(time: int, id_: str | None = None, price: float = 1.0) -> Trade:
    return Trade("AAPL", time, price, 1.0, "V", str(time) if id_ is None else id_, time)


def behind(*held: Trade, most_held: int = 10) -> Flow:
    flow = Flow(0, most_held)
    flow.fall_behind(100.0)
    for each in held:
        assert flow.live(each, 101.0) == []
    return flow


def test_held_trades_follow_history_without_those_that_it_gave() -> None:
    flow = behind(trade(3), trade(4))
    assert flow.page([trade(1), trade(2), trade(3)]) == [trade(1), trade(2), trade(3)]
    assert flow.caught_up(102.0, 1.0) == [trade(4)]
    assert not flow.is_behind
    assert flow.live(trade(5), 103.0) == [trade(5)]


def test_history_that_was_asked_too_early_is_asked_again() -> None:
    flow = behind(trade(3))
    assert flow.caught_up(100.5, 1.0) is None
    assert flow.is_behind
    assert flow.caught_up(101.0, 1.0) == [trade(3)]


def test_a_held_trade_that_history_lacks_goes_where_its_time_says() -> None:
    flow = behind(trade(2), trade(5))
    assert flow.page([trade(1), trade(3)]) == [trade(1), trade(2), trade(3)]


def test_of_too_many_held_trades_the_oldest_are_let_go_and_asked_for_later() -> None:
    flow = behind(most_held=2)
    for time in (1, 2, 3):
        flow.live(trade(time), 105.0)
    assert flow.let_go == 1
    assert flow.caught_up(105.5, 1.0) is None
    assert flow.page([trade(1)]) == [trade(1)]
    assert flow.caught_up(106.0, 1.0) == [trade(2), trade(3)]


def test_a_trade_told_twice_is_handed_on_once() -> None:
    flow = Flow(0, 10)
    assert flow.live(trade(1), 0.0) == [trade(1)]
    assert flow.live(trade(1), 0.0) == []


def test_an_id_of_another_time_is_another_trade() -> None:
    flow = Flow(0, 10)
    assert flow.live(trade(1, "7"), 0.0)
    assert flow.live(trade(2, "7"), 0.0)


def test_equal_trades_without_an_id_are_as_many_as_were_told() -> None:
    flow = Flow(0, 10)
    assert flow.live(trade(1, ""), 0.0) == [trade(1, "")]
    assert flow.live(trade(1, ""), 0.0) == [trade(1, "")]
    held = behind(trade(1, ""), trade(1, ""))
    assert held.page([trade(1, "")]) == [trade(1, "")]
    assert held.caught_up(102.0, 1.0) == [trade(1, "")]


def test_a_trade_with_a_price_that_is_no_number_is_known_again_by_its_id() -> None:
    flow = Flow(0, 10)
    assert len(flow.live(trade(1, price=math.nan), 0.0)) == 1
    assert flow.live(trade(1, price=math.nan), 0.0) == []


def test_history_is_asked_from_the_newest_trade_and_never_from_the_future() -> None:
    flow = Flow(5, 10)
    flow.live(trade(9), 0.0)
    flow.live(trade(7), 0.0)
    assert flow.since == 9
    flow.live(Trade("AAPL", 10 * FUTURE_NS, 1.0, 1.0, "V", "x", 10), 0.0)
    assert flow.since == 9


def test_a_trade_ahead_of_our_clock_leaves_out_nothing_that_is_made_until_then() -> None:
    flow = Flow(0, 10)
    now = 100 * AHEAD_NS
    flow.live(Trade("AAPL", now + 1, math.nan, 1.0, "V", "x", now), 0.0)
    assert flow.since == now - AHEAD_NS
    flow.live(trade(now), 0.0)
    flow.live(Trade("AAPL", now + AHEAD_NS, 1.0, 1.0, "V", "y", now), 0.0)
    assert flow.since == now


def test_only_so_many_trades_are_remembered() -> None:
    flow = Flow(0, 10, remembered=2)
    for time in (1, 2, 3):
        flow.live(trade(time), 0.0)
    assert flow.live(trade(1), 0.0) == [trade(1)]
    assert flow.live(trade(3), 0.0) == []


def test_fixes_of_the_history_go_on_as_they_are() -> None:
    fix = Fix("AAPL", "V", "1", 1, "cancel", 1.0, 1.0, 1)
    assert behind().page([trade(1), fix]) == [trade(1), fix]
