from __future__ import annotations

import pytest

from algotrendy.exchange.rules.codes import (
    BUY,
    CANCELED,
    CLS,
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
from algotrendy.exchange.rules.records import FillRow, QuoteRow, Terms
from algotrendy.exchange.rules.step import match_quote
from fakes.rule_rows import bracket, oco, on_arrival, on_quote, on_trade, order

SIZED = Terms(size_check=1)


def test_a_buy_fills_at_the_ask_and_a_sell_at_the_bid() -> None:
    assert on_quote([order(MARKET, BUY), order(MARKET, SELL)], 99.9, 100.1) == [
        (0, 100.0, 100.1),
        (1, 100.0, 99.9),
    ]


def test_a_limit_order_fills_at_a_quote_that_is_better() -> None:
    orders = [order(LIMIT, BUY, limit=100.5), order(LIMIT, SELL, limit=99.5)]
    assert on_quote(orders, 99.9, 100.1) == [(0, 100.0, 100.1), (1, 100.0, 99.9)]


def test_a_limit_order_rests_inside_the_spread() -> None:
    orders = [order(LIMIT, BUY, limit=100.09), order(LIMIT, SELL, limit=99.91)]
    assert on_quote(orders, 99.9, 100.1) == []


def test_a_side_without_a_quote_fills_nothing() -> None:
    orders = [order(MARKET, BUY), order(MARKET, SELL)]
    assert on_quote(orders, 0.0, 0.0) == []
    assert [row.state for row in orders] == [WORKING, WORKING]


def test_orders_share_the_quoted_size_in_their_order() -> None:
    orders = [order(LIMIT, BUY, 70.0, limit=100.1), order(MARKET, BUY, 70.0)]
    assert on_quote(orders, 99.9, 100.1, (50.0, 100.0), SIZED) == [
        (0, 70.0, 100.1),
        (1, 30.0, 100.1),
    ]
    assert [row.state for row in orders] == [FILLED, PARTLY_FILLED]


def test_what_one_call_takes_of_a_quote_the_next_does_not_find() -> None:
    quote = QuoteRow(bid=99.9, bid_size=50.0, ask=100.1, ask_size=100.0, phase=REGULAR_HOURS)
    fills = [FillRow()]
    match_quote([order(MARKET, BUY, 70.0)], 1, quote, SIZED, fills, 0)
    assert (quote.bid_size, quote.ask_size) == (50.0, 30.0)
    match_quote([order(MARKET, BUY, 70.0)], 1, quote, SIZED, fills, 0)
    assert (fills[0].quantity, quote.ask_size) == (30.0, 0.0)


def test_without_a_size_check_any_quantity_fills() -> None:
    assert on_quote([order(MARKET, BUY, 1e6)], 99.9, 100.1, (1.0, 1.0)) == [(0, 1e6, 100.1)]


def test_fractions_leave_no_dust() -> None:
    orders = [order(MARKET, BUY, 0.3)]
    for _ in range(2):
        on_quote(orders, 99.9, 100.1, (0.1, 0.1), SIZED)
    assert (orders[0].filled, orders[0].state) == (0.2, PARTLY_FILLED)
    assert on_quote(orders, 99.9, 100.1, (0.1, 0.1), SIZED) == [(0, 0.1, 100.1)]
    assert (orders[0].filled, orders[0].state) == (0.3, FILLED)


def test_quotes_elect_stops_only_on_such_terms() -> None:
    orders = [order(STOP, SELL, stop=99.0)]
    assert on_quote(orders, 98.5, 98.7) == []
    assert orders[0].triggered == 0
    assert on_quote(orders, 98.5, 98.7, terms=Terms(stop_on_quote=1)) == [(0, 100.0, 98.5)]


def test_a_trade_elects_a_stop_and_fills_it() -> None:
    assert on_trade([order(STOP, SELL, stop=99.0)], 99.01) == []
    assert on_trade([order(STOP, SELL, stop=99.0)], 99.0) == [(0, 100.0, 99.0)]
    assert on_trade([order(STOP, BUY, stop=99.0)], 99.5) == [(0, 100.0, 99.5)]


def test_what_a_trade_leaves_of_an_elected_stop_fills_at_the_next_quote() -> None:
    orders, terms = [order(STOP, SELL, stop=99.0)], Terms(participation=0.1, size_check=1)
    assert on_trade(orders, 98.9, 300.0, terms) == [(0, 30.0, 98.9)]
    assert on_quote(orders, 98.4, 98.6, terms=terms) == [(0, 70.0, 98.4)]


def test_a_stop_limit_elected_beyond_its_limit_rests_at_it() -> None:
    orders = [order(STOP_LIMIT, SELL, stop=99.0, limit=98.5)]
    assert on_trade(orders, 98.0) == []
    assert (orders[0].triggered, orders[0].state) == (1, WORKING)
    assert on_trade(orders, 98.7) == [(0, 100.0, 98.5)]


def test_a_stop_limit_elected_within_its_limit_fills_at_that_trade() -> None:
    assert on_trade([order(STOP_LIMIT, SELL, stop=99.0, limit=98.5)], 98.8) == [(0, 100.0, 98.8)]


def test_a_resting_limit_order_fills_at_its_limit_by_a_trade_through_it() -> None:
    assert on_trade([order(LIMIT, BUY, limit=99.0)], 98.0) == [(0, 100.0, 99.0)]
    assert on_trade([order(LIMIT, SELL, limit=99.0)], 99.0) == [(0, 100.0, 99.0)]
    assert on_trade([order(LIMIT, SELL, limit=99.0)], 98.99) == []


def test_resting_orders_take_at_most_their_share_of_a_trade() -> None:
    orders = [order(LIMIT, BUY, 25.0, limit=99.0), order(LIMIT, BUY, 25.0, limit=99.0)]
    told = on_trade(orders, 99.0, 400.0, Terms(participation=0.1))
    assert told == [(0, 25.0, 99.0), (1, 15.0, 99.0)]


def test_a_trailing_stop_follows_trades_and_never_back() -> None:
    orders = [order(TRAILING_STOP, SELL, trail_price=1.0, increment=0.01)]
    stops = []
    for price in (100.0, 100.37, 99.9, 101.26):
        assert on_trade(orders, price) == []
        stops.append(orders[0].stop)
    assert stops == [99.0, 99.37, 99.37, 100.26]
    assert on_trade(orders, 100.26) == [(0, 100.0, 100.26)]


def test_a_trailing_stop_follows_the_bid_when_quotes_elect_stops() -> None:
    orders, terms = [order(TRAILING_STOP, SELL, trail_percent=1.0)], Terms(stop_on_quote=1)
    assert on_quote(orders, 100.0, 100.2, terms=terms) == []
    assert on_quote(orders, 200.0, 200.2, terms=terms) == []
    assert (orders[0].mark, orders[0].stop) == (200.0, 198.0)
    assert on_quote(orders, 197.5, 197.7, terms=terms) == [(0, 100.0, 197.5)]


def test_an_arriving_trailing_stop_gets_its_mark_from_the_quote() -> None:
    orders = [order(TRAILING_STOP, BUY, trail_percent=1.0, increment=0.01)]
    assert on_arrival(orders, 0, 99.9, 100.1) == []
    assert (orders[0].mark, orders[0].stop) == (100.1, 101.1)
    on_quote(orders, 50.0, 50.2)
    assert orders[0].mark == 100.1


def test_only_the_arriving_order_meets_the_quote() -> None:
    orders = [order(LIMIT, BUY, limit=101.0), order(LIMIT, BUY, limit=101.0)]
    assert on_arrival(orders, 1, 99.9, 100.1) == [(1, 100.0, 100.1)]
    assert orders[0].filled == 0.0


@pytest.mark.parametrize(
    ("tif", "filled", "state"), [(IOC, 60.0, CANCELED), (FOK, 0.0, CANCELED), (0, 60.0, 3)]
)
def test_an_arriving_order_takes_what_is_there(tif: int, filled: float, state: int) -> None:
    orders = [order(LIMIT, BUY, limit=100.1, tif=tif)]
    on_arrival(orders, 0, 99.9, 100.1, (60.0, 60.0), SIZED)
    assert (orders[0].filled, orders[0].state) == (filled, state)


def test_an_arriving_fok_order_that_fits_is_filled_whole() -> None:
    orders = [order(LIMIT, BUY, limit=100.1, tif=FOK)]
    assert on_arrival(orders, 0, 99.9, 100.1, (60.0, 100.0), SIZED) == [(0, 100.0, 100.1)]


def test_an_ioc_order_beyond_the_quote_is_cancelled_at_once() -> None:
    orders = [order(LIMIT, BUY, limit=100.0, tif=IOC)]
    assert on_arrival(orders, 0, 99.9, 100.1) == []
    assert orders[0].state == CANCELED


def test_an_order_that_arrives_outside_of_its_hours_waits() -> None:
    orders = [order(MARKET, BUY), order(LIMIT, BUY, limit=101.0, extended=1)]
    assert on_arrival(orders, 0, 99.9, 100.1, phase=0) == []
    assert orders[0].state == WORKING
    assert on_arrival(orders, 1, 99.9, 100.1, phase=0) == [(1, 100.0, 100.1)]


def test_opg_and_cls_orders_fill_at_the_price_of_their_auction() -> None:
    orders = [order(LIMIT, BUY, limit=101.0, tif=OPG), order(LIMIT, BUY, limit=101.0, tif=CLS)]
    assert on_trade(orders, 100.0) == []
    assert on_trade(orders, 100.0, phase=REGULAR_HOURS | FIRST_OF_SESSION) == [(0, 100.0, 100.0)]
    assert on_trade(orders, 100.5, phase=REGULAR_HOURS | LAST_OF_SESSION) == [(1, 100.0, 100.5)]


def test_an_auction_order_beyond_the_auctions_price_is_cancelled() -> None:
    orders = [order(LIMIT, BUY, limit=99.0, tif=OPG)]
    assert on_trade(orders, 100.0, phase=REGULAR_HOURS | FIRST_OF_SESSION) == []
    assert orders[0].state == CANCELED


def test_the_exits_of_an_entry_meet_the_quote_that_filled_it() -> None:
    orders, terms = bracket(target=99.0, stop=95.0), Terms()
    assert on_quote(orders, 99.9, 100.1, terms=terms) == [(0, 100.0, 100.1), (1, 100.0, 99.9)]
    arrived = bracket(target=99.0, stop=95.0)
    assert on_arrival(arrived, 0, 99.9, 100.1) == [(0, 100.0, 100.1), (1, 100.0, 99.9)]
    assert [row.state for row in arrived] == [FILLED, FILLED, CANCELED]


def test_the_exits_of_an_entry_that_a_trade_filled_wait_for_the_next() -> None:
    orders = bracket(target=102.0, stop=99.0, kind=LIMIT, limit=100.0)
    assert on_trade(orders, 98.0) == [(0, 100.0, 100.0)]
    assert [row.state for row in orders] == [FILLED, WORKING, WORKING]
    assert on_trade(orders, 98.0) == [(2, 100.0, 98.0)]


def test_exits_are_held_while_their_entry_is_partly_filled() -> None:
    orders = bracket(target=102.0, stop=99.0)
    on_quote(orders, 99.9, 100.1, (40.0, 40.0), SIZED)
    assert [row.state for row in orders] == [PARTLY_FILLED, HELD, HELD]
    on_quote(orders, 99.9, 100.1, (60.0, 60.0), SIZED)
    assert [row.state for row in orders] == [FILLED, WORKING, WORKING]


def test_a_partly_filled_target_shrinks_the_stop_which_then_sells_the_rest() -> None:
    orders = oco(target=102.0, stop=98.0)
    assert on_quote(orders, 102.0, 102.2, (30.0, 0.0), SIZED) == [(0, 30.0, 102.0)]
    assert (orders[1].quantity, orders[1].state) == (70.0, WORKING)
    assert on_trade(orders, 97.5) == [(1, 70.0, 97.5)]
    assert [row.state for row in orders] == [CANCELED, FILLED]
    assert orders[0].filled + orders[1].filled == 100.0


def test_two_siblings_that_one_trade_touches_do_not_both_fill() -> None:
    orders = [
        order(LIMIT, SELL, limit=101.0, sibling=1),
        order(LIMIT, SELL, limit=100.0, sibling=0),
    ]
    assert on_trade(orders, 101.5) == [(0, 100.0, 101.0)]
    assert orders[1].state == CANCELED
