from __future__ import annotations

import pytest

from algotrendy.exchange.rules.codes import (
    BUY,
    CANCELED,
    CLS,
    ENTRY,
    FILLED,
    FIRST_OF_SESSION,
    FOK,
    HELD,
    IOC,
    LAST_OF_SESSION,
    LIMIT,
    MARKET,
    OPG,
    PARTLY_FILLED,
    REGULAR_HOURS,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    WORKING,
)
from algotrendy.exchange.rules.records import BarRow, FillRow, Terms
from algotrendy.exchange.rules.step import match_bar
from fakes.rule_rows import bracket, oco, on_bar, order

DAILY = FIRST_OF_SESSION | LAST_OF_SESSION | REGULAR_HOURS


def test_a_market_order_fills_at_the_open() -> None:
    orders = [order(MARKET, BUY)]
    assert on_bar(orders, 100.0, 102.0, 98.0, 101.0) == [(0, 100.0, 100.0)]
    assert orders[0].state == FILLED


@pytest.mark.parametrize(("side", "limit"), [(BUY, 99.0), (SELL, 101.0)])
def test_a_limit_order_that_the_bar_touches_fills_at_its_limit(side: int, limit: float) -> None:
    assert on_bar([order(LIMIT, side, limit=limit)], 100.0, 101.0, 99.0, 100.0) == [
        (0, 100.0, limit)
    ]


@pytest.mark.parametrize(("side", "limit"), [(BUY, 100.5), (SELL, 99.5)])
def test_a_limit_order_fills_at_an_open_that_is_better(side: int, limit: float) -> None:
    told = on_bar([order(LIMIT, side, limit=limit)], 100.0, 101.0, 99.0, 100.0)
    assert told == [(0, 100.0, 100.0)]


def test_a_limit_order_that_the_bar_misses_by_a_cent_rests() -> None:
    orders = [order(LIMIT, BUY, limit=98.99)]
    assert on_bar(orders, 100.0, 101.0, 99.0, 100.0) == []
    assert orders[0].state == WORKING


@pytest.mark.parametrize(("side", "stop"), [(BUY, 101.0), (SELL, 99.0)])
def test_a_stop_that_the_bar_touches_fills_at_the_stop(side: int, stop: float) -> None:
    assert on_bar([order(STOP, side, stop=stop)], 100.0, 101.0, 99.0, 100.0) == [(0, 100.0, stop)]


def test_a_stop_that_a_gap_passed_fills_at_the_open_however_bad() -> None:
    assert on_bar([order(STOP, SELL, stop=99.0)], 91.5, 93.0, 90.0, 92.0) == [(0, 100.0, 91.5)]
    assert on_bar([order(STOP, BUY, stop=99.0)], 108.5, 110.0, 107.0, 109.0) == [(0, 100.0, 108.5)]


def test_a_stop_limit_within_its_limit_fills_at_the_stop() -> None:
    orders = [order(STOP_LIMIT, SELL, stop=99.0, limit=98.5)]
    assert on_bar(orders, 100.0, 100.5, 98.0, 98.2) == [(0, 100.0, 99.0)]


def test_a_stop_limit_fills_at_a_gapped_open_that_is_within_its_limit() -> None:
    orders = [order(STOP_LIMIT, SELL, stop=99.0, limit=98.0)]
    assert on_bar(orders, 98.4, 98.9, 97.0, 98.0) == [(0, 100.0, 98.4)]


def test_a_stop_limit_gapped_beyond_its_limit_fills_there_when_the_bar_comes_back() -> None:
    orders = [order(STOP_LIMIT, SELL, stop=99.0, limit=98.5)]
    assert on_bar(orders, 97.0, 98.6, 96.0, 97.5) == [(0, 100.0, 98.5)]


def test_a_stop_limit_gapped_beyond_its_limit_rests_when_the_bar_stays_away() -> None:
    orders = [order(STOP_LIMIT, SELL, stop=99.0, limit=98.5)]
    assert on_bar(orders, 97.0, 98.4, 96.0, 97.5) == []
    assert (orders[0].state, orders[0].triggered) == (WORKING, 1)
    assert on_bar(orders, 98.0, 98.7, 97.9, 98.2) == [(0, 100.0, 98.5)]


def test_a_stop_limit_whose_limit_is_better_than_its_stop_needs_the_close() -> None:
    orders = [order(STOP_LIMIT, BUY, stop=101.0, limit=100.0)]
    assert on_bar(orders, 100.5, 101.5, 99.0, 101.2) == []
    assert orders[0].triggered == 1
    again = [order(STOP_LIMIT, BUY, stop=101.0, limit=100.0)]
    assert on_bar(again, 100.5, 101.5, 99.0, 99.8) == [(0, 100.0, 100.0)]


def test_a_bar_that_touches_stop_and_target_ends_at_the_stop() -> None:
    orders = oco(target=102.0, stop=98.0)
    assert on_bar(orders, 100.0, 103.0, 97.0, 102.5) == [(1, 100.0, 98.0)]
    assert [row.state for row in orders] == [CANCELED, FILLED]


def test_an_open_beyond_the_target_comes_before_a_stop_touched_later() -> None:
    orders = oco(target=102.0, stop=98.0)
    assert on_bar(orders, 104.0, 105.0, 97.0, 97.5) == [(0, 100.0, 104.0)]
    assert [row.state for row in orders] == [FILLED, CANCELED]


def test_the_exits_of_an_entry_at_the_open_meet_the_whole_bar() -> None:
    orders = bracket(target=102.0, stop=98.0)
    assert on_bar(orders, 100.0, 102.5, 99.0, 101.0) == [(0, 100.0, 100.0), (1, 100.0, 102.0)]
    assert [row.state for row in orders] == [FILLED, FILLED, CANCELED]


def test_an_entry_that_opens_below_its_own_stop_is_out_at_the_open() -> None:
    orders = bracket(target=102.0, stop=98.0)
    told = on_bar(orders, 97.0, 99.0, 96.0, 98.5)
    assert told == [(0, 100.0, 97.0), (2, 100.0, 97.0)]


def test_a_target_touched_in_the_bar_of_a_limit_entry_waits() -> None:
    orders = bracket(target=101.0, stop=97.0, kind=LIMIT, limit=99.0)
    assert on_bar(orders, 100.0, 102.0, 98.5, 99.5) == [(0, 100.0, 99.0)]
    assert [row.state for row in orders] == [FILLED, WORKING, WORKING]
    assert on_bar(orders, 99.5, 101.0, 99.0, 100.0) == [(1, 100.0, 101.0)]


def test_a_target_in_the_bar_of_a_limit_entry_fills_when_the_close_is_there() -> None:
    orders = bracket(target=101.0, stop=97.0, kind=LIMIT, limit=99.0)
    told = on_bar(orders, 100.0, 102.0, 98.5, 101.5)
    assert told == [(0, 100.0, 99.0), (1, 100.0, 101.0)]


def test_a_stop_touched_in_the_bar_of_its_entry_fills() -> None:
    limit_entry = bracket(target=104.0, stop=98.0, kind=LIMIT, limit=99.0)
    assert on_bar(limit_entry, 100.0, 101.0, 97.0, 100.5) == [(0, 100.0, 99.0), (2, 100.0, 98.0)]
    breakout = bracket(target=104.0, stop=98.0, kind=STOP)
    breakout[0].stop = 101.0
    assert on_bar(breakout, 100.0, 102.0, 97.0, 101.5) == [(0, 100.0, 101.0), (2, 100.0, 98.0)]


def test_a_trailing_stop_starts_from_the_open_of_its_first_bar() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_price=2.0, increment=0.01)]
    assert on_bar(orders, 100.0, 101.0, 98.5, 100.0) == []
    assert (orders[0].mark, orders[0].stop) == (101.0, 99.0)


def test_a_trailing_stop_is_tested_where_it_stood_before_the_bar() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_price=2.0, mark=101.0, stop=99.0)]
    assert on_bar(orders, 100.0, 110.0, 99.0, 109.0) == [(0, 100.0, 99.0)]


def test_a_trailing_stop_ratchets_and_never_moves_back() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_percent=2.0, increment=0.01)]
    stops = []
    for price in (100.0, 103.0, 102.0, 105.0, 104.0):
        assert on_bar(orders, price, price, price, price) == []
        stops.append(orders[0].stop)
    assert stops == [98.0, 100.94, 100.94, 102.9, 102.9]
    assert on_bar(orders, 103.0, 103.0, 102.5, 102.6) == [(0, 100.0, 102.9)]


def test_a_short_sellers_trailing_stop_follows_the_low() -> None:
    orders = [order(TRAILING_STOP, BUY, trail_price=1.5, increment=0.01)]
    assert on_bar(orders, 100.0, 101.0, 98.0, 98.5) == []
    assert (orders[0].mark, orders[0].stop) == (98.0, 99.5)
    assert on_bar(orders, 99.0, 99.6, 98.8, 99.2) == [(0, 100.0, 99.5)]


def test_a_close_beyond_the_moved_trailing_stop_elects_it_there() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_price=2.0, mark=100.0, stop=98.0)]
    assert on_bar(orders, 100.0, 110.0, 99.0, 105.0) == [(0, 100.0, 108.0)]


def test_a_trailing_stop_that_gaps_fills_at_the_open() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_price=2.0, mark=101.0, stop=99.0)]
    assert on_bar(orders, 95.0, 96.0, 94.0, 95.5) == [(0, 100.0, 95.0)]


def test_orders_share_the_volume_in_their_order() -> None:
    orders = [order(MARKET, BUY, 80.0), order(MARKET, BUY, 80.0), order(MARKET, BUY, 80.0)]
    told = on_bar(orders, 100.0, 101.0, 99.0, 100.0, 1_000.0, Terms(participation=0.1))
    assert told == [(0, 80.0, 100.0), (1, 20.0, 100.0)]
    assert [row.state for row in orders] == [FILLED, PARTLY_FILLED, WORKING]


def test_what_is_left_of_a_market_order_fills_at_the_next_open() -> None:
    orders, terms = [order(MARKET, BUY, 150.0)], Terms(participation=0.1)
    assert on_bar(orders, 100.0, 101.0, 99.0, 100.0, 1_000.0, terms) == [(0, 100.0, 100.0)]
    assert on_bar(orders, 103.0, 104.0, 102.0, 103.0, 1_000.0, terms) == [(0, 50.0, 103.0)]
    assert orders[0].filled == 150.0


def test_a_partial_fill_is_a_whole_number_of_lots() -> None:
    orders = [order(MARKET, BUY, 100.0, lot=1.0), order(MARKET, BUY, 100.0)]
    told = on_bar(orders, 100.0, 101.0, 99.0, 100.0, 125.0, Terms(participation=0.1))
    assert told == [(0, 12.0, 100.0), (1, 0.5, 100.0)]


def test_a_bar_without_volume_fills_nothing_of_a_share() -> None:
    assert on_bar([order(MARKET, BUY)], 1.0, 1.0, 1.0, 1.0, 0.0, Terms(participation=0.1)) == []
    assert on_bar([order(MARKET, BUY)], 1.0, 1.0, 1.0, 1.0, 0.0, Terms(size_check=1)) == []
    assert on_bar([order(MARKET, BUY)], 1.0, 1.0, 1.0, 1.0, 0.0) == [(0, 100.0, 1.0)]


def test_an_ioc_order_has_the_open_only() -> None:
    orders = [order(LIMIT, BUY, limit=99.5, tif=IOC), order(MARKET, BUY, tif=IOC)]
    told = on_bar(orders, 100.0, 101.0, 99.0, 100.0, 300.0, Terms(participation=0.1))
    assert told == [(1, 30.0, 100.0)]
    assert [row.state for row in orders] == [CANCELED, CANCELED]


def test_a_fok_order_is_filled_whole_or_cancelled() -> None:
    terms = Terms(participation=0.1)
    orders = [order(MARKET, BUY, 40.0, tif=FOK), order(MARKET, BUY, 30.0, tif=FOK)]
    told = on_bar(orders, 100.0, 101.0, 99.0, 100.0, 300.0, terms)
    assert told == [(1, 30.0, 100.0)]
    assert [row.state for row in orders] == [CANCELED, FILLED]


def test_an_ioc_stop_has_its_chance_when_it_is_elected() -> None:
    orders = [order(STOP, SELL, stop=98.0, tif=IOC)]
    assert on_bar(orders, 100.0, 101.0, 99.0, 100.0) == []
    assert orders[0].state == WORKING
    told = on_bar(orders, 99.0, 99.0, 97.0, 98.5, 300.0, Terms(participation=0.1))
    assert told == [(0, 30.0, 98.0)]
    assert orders[0].state == CANCELED


def test_an_opg_order_fills_at_the_first_open_or_not_at_all() -> None:
    orders = [order(MARKET, BUY, tif=OPG), order(LIMIT, BUY, limit=99.0, tif=OPG)]
    assert on_bar(orders, 100.0, 101.0, 98.0, 100.0) == []
    assert [row.state for row in orders] == [WORKING, WORKING]
    told = on_bar(orders, 100.0, 101.0, 98.0, 100.0, phase=FIRST_OF_SESSION | REGULAR_HOURS)
    assert told == [(0, 100.0, 100.0)]
    assert [row.state for row in orders] == [FILLED, CANCELED]


def test_a_cls_order_fills_at_the_last_close_or_not_at_all() -> None:
    orders = [order(MARKET, SELL, tif=CLS), order(LIMIT, SELL, limit=101.0, tif=CLS)]
    assert on_bar(orders, 100.0, 103.0, 98.0, 102.0) == []
    told = on_bar(orders, 100.0, 103.0, 98.0, 100.5, phase=LAST_OF_SESSION | REGULAR_HOURS)
    assert told == [(0, 100.0, 100.5)]
    assert [row.state for row in orders] == [FILLED, CANCELED]


def test_a_daily_bar_is_open_and_close_at_once() -> None:
    orders = [order(MARKET, BUY, tif=OPG), order(MARKET, SELL, tif=CLS), order(MARKET, BUY)]
    told = on_bar(orders, 100.0, 103.0, 98.0, 102.0, phase=DAILY)
    assert told == [(0, 100.0, 100.0), (2, 100.0, 100.0), (1, 100.0, 102.0)]


def test_an_entry_at_the_close_leaves_its_exits_for_the_next_bar() -> None:
    orders = bracket(target=102.0, stop=98.0, tif=CLS)
    assert on_bar(orders, 100.0, 103.0, 97.0, 100.0, phase=DAILY) == [(0, 100.0, 100.0)]
    assert [row.state for row in orders] == [FILLED, WORKING, WORKING]


@pytest.mark.parametrize(("extended", "fills"), [(0, 0), (1, 1)])
def test_outside_of_regular_hours_only_extended_orders_work(extended: int, fills: int) -> None:
    orders = [order(LIMIT, BUY, limit=99.0, extended=extended)]
    assert len(on_bar(orders, 100.0, 101.0, 98.0, 100.0, phase=0)) == fills


def test_a_trailing_stop_does_not_follow_outside_of_its_hours() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_price=2.0, mark=100.0, stop=98.0)]
    assert on_bar(orders, 105.0, 106.0, 97.0, 105.0, phase=0) == []
    assert (orders[0].mark, orders[0].stop) == (100.0, 98.0)


def test_no_fill_is_lost_when_there_is_no_room_to_write_it() -> None:
    orders = [order(MARKET, BUY), order(MARKET, BUY)]
    bar = BarRow(open=100.0, high=100.0, low=100.0, close=100.0, phase=REGULAR_HOURS)
    fills = [FillRow()]
    assert match_bar(orders, 2, bar, Terms(), fills, 0) == 1
    assert [row.filled for row in orders] == [100.0, 0.0]
    assert match_bar(orders, 2, bar, Terms(), fills, 0) == 1
    assert [row.filled for row in orders] == [100.0, 100.0]


def test_a_held_exit_does_nothing_before_its_entry_has_filled_whole() -> None:
    orders, terms = bracket(target=102.0, stop=98.0), Terms(participation=0.1)
    assert on_bar(orders, 100.0, 103.0, 97.0, 100.0, 500.0, terms) == [(0, 50.0, 100.0)]
    assert [row.state for row in orders] == [PARTLY_FILLED, HELD, HELD]
    assert orders[0].role == ENTRY


def test_a_cls_stop_is_tested_at_the_last_close_only() -> None:
    orders = [order(STOP, SELL, stop=105.0, tif=CLS), order(STOP, SELL, stop=99.0, tif=CLS)]
    assert on_bar(orders, 100.0, 103.0, 98.0, 102.0) == []
    assert on_bar(orders, 100.0, 103.0, 98.0, 102.0, phase=DAILY) == [(0, 100.0, 102.0)]
    assert [row.state for row in orders] == [FILLED, WORKING]


def test_a_target_that_its_entry_has_passed_already_fills_at_the_entrys_price() -> None:
    orders = bracket(target=98.0, stop=95.0, kind=LIMIT, limit=99.0)
    assert on_bar(orders, 100.0, 101.0, 98.5, 99.5) == [(0, 100.0, 99.0), (1, 100.0, 99.0)]
