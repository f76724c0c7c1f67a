"""What the time of day does to orders: the open, the close, the auctions, the nights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order_status import OrderStatus as S
from unit.exchange.venue.house import (
    CLOSE,
    DAY,
    EVENING,
    MINUTE,
    NEXT_CLOSE,
    NEXT_OPEN,
    NIGHT,
    NOON,
    OPEN,
    House,
    state_of,
    these,
)

PRE_OPEN = OPEN - timedelta(hours=4)
FRIDAY_EVENING = datetime(2026, 9, 18, 21, 0, tzinfo=UTC)
MONDAY_OPEN = datetime(2026, 9, 21, 13, 30, tzinfo=UTC)


def test_an_order_in_the_session_is_new_at_once() -> None:
    house = House()
    order = house.send(type="limit", limit_price="90")
    assert house.events(order) == ["new"]
    assert order.expires_at == CLOSE


def test_an_order_at_night_is_accepted_and_works_from_the_open() -> None:
    house = House(NIGHT)
    house.quote(99.0, 100.0)
    order = house.send()
    assert (state_of(order), order.expires_at) == (S.ACCEPTED, NEXT_CLOSE)
    house.quote(99.0, 100.0)
    assert state_of(order) is S.ACCEPTED
    house.until(NEXT_OPEN)
    assert state_of(order) is S.NEW
    house.quote(101.0, 102.0)
    assert order.filled_average_price == 102
    assert house.events(order) == ["accepted", "new", "fill"]


def test_a_quote_of_yesterday_fills_nothing_at_the_open() -> None:
    house = House(NIGHT)
    house.quote(99.0, 100.0)
    order = house.send()
    house.until(NEXT_OPEN)
    late = house.send()
    assert (order.status, late.status) == (S.NEW, S.NEW)


def test_an_order_of_friday_evening_works_on_monday() -> None:
    house = House(FRIDAY_EVENING)
    order = house.send(type="limit", limit_price="90")
    house.until(MONDAY_OPEN - MINUTE)
    assert state_of(order) is S.ACCEPTED
    house.until(MONDAY_OPEN)
    assert state_of(order) is S.NEW


def test_a_day_order_expires_at_the_close_and_not_before() -> None:
    house = House()
    order = house.send(type="limit", limit_price="90")
    house.until(CLOSE - timedelta(microseconds=1))
    assert state_of(order) is S.NEW
    house.until(CLOSE)
    assert (order.status, order.expired_at) == (S.EXPIRED, CLOSE)
    assert house.events(order) == ["new", "expired"]


def test_what_a_day_order_filled_stays_when_the_rest_expires() -> None:
    house = House(terms=VenueTerms(seed=7, liquidity="quoted", fees="none"))
    house.quote(99.0, 100.0, size=4)
    order = house.send()
    house.until(CLOSE)
    assert these(order.status, order.filled_quantity, house.held()) == (S.EXPIRED, 4, 4)


def test_a_gtc_order_rests_over_night_and_is_done_for_the_day() -> None:
    house = House()
    order = house.send(type="limit", limit_price="90", tif="gtc")
    house.until(EVENING)
    house.quote(80.0, 81.0)
    assert state_of(order) is S.DONE_FOR_DAY
    house.until(NEXT_OPEN)
    house.quote(89.0, 90.0)
    assert state_of(order) is S.FILLED
    assert house.events(order) == ["new", "done_for_day", "new", "fill"]


def test_a_gtc_order_that_is_partly_filled_goes_on_the_next_day() -> None:
    house = House(terms=VenueTerms(seed=7, liquidity="quoted", fees="none"))
    house.quote(99.0, 100.0, size=4)
    order = house.send(type="limit", limit_price="100", tif="gtc")
    house.until(NEXT_OPEN)
    assert state_of(order) is S.PARTIALLY_FILLED
    house.quote(99.0, 100.0, size=40)
    assert these(order.status, order.filled_quantity) == (S.FILLED, 10)


def test_a_gtc_order_expires_after_ninety_days() -> None:
    house = House()
    order = house.send(type="limit", limit_price="90", tif="gtc")
    house.until(NOON + 89 * DAY)
    assert order.status.is_open
    house.until(NOON + 92 * DAY)
    assert state_of(order) is S.EXPIRED


def test_a_resting_order_may_be_cancelled_at_night() -> None:
    house = House()
    order = house.send(type="limit", limit_price="90", tif="gtc")
    house.until(NIGHT)
    assert house.cancel(order).status is S.CANCELED


def test_an_extended_hours_order_works_before_the_open_and_after_the_close() -> None:
    house = House(PRE_OPEN)
    early = house.send(type="limit", limit_price="90", extended_hours=True)
    normal = house.send(type="limit", limit_price="90")
    house.quote(89.0, 90.0)
    assert (early.status, normal.status) == (S.FILLED, S.ACCEPTED)
    house.until(EVENING)
    late = house.send(type="limit", limit_price="88", extended_hours=True)
    house.quote(87.0, 88.0)
    assert state_of(late) is S.FILLED


def test_an_extended_hours_day_order_outlives_the_close_but_not_the_evening() -> None:
    house = House()
    order = house.send(type="limit", limit_price="90", extended_hours=True)
    house.until(CLOSE)
    assert state_of(order) is S.NEW
    house.until(CLOSE + timedelta(hours=4))
    assert state_of(order) is S.EXPIRED


def test_an_extended_hours_order_sent_at_night_wakes_before_the_open() -> None:
    house = House(NIGHT)
    order = house.send(type="limit", limit_price="90", extended_hours=True)
    assert state_of(order) is S.ACCEPTED
    house.until(NIGHT + timedelta(hours=7))
    assert state_of(order) is S.NEW


def test_an_opg_order_fills_with_the_first_quote_of_the_session() -> None:
    house = House(OPEN - timedelta(hours=1))
    order = house.send(tif="opg", type="limit", limit_price="101")
    market = house.send(tif="opg", type="limit", limit_price="95")
    house.until(OPEN)
    assert state_of(order) is S.NEW
    house.quote(99.0, 100.0)
    assert these(order.status, order.filled_average_price) == (S.FILLED, 100)
    assert state_of(market) is S.CANCELED


def test_an_opg_order_of_the_evening_is_for_the_next_open() -> None:
    house = House(CLOSE + timedelta(hours=3, minutes=30))
    order = house.send(tif="opg", type="limit", limit_price="101")
    house.until(NEXT_OPEN)
    house.quote(99.0, 100.0)
    assert state_of(order) is S.FILLED


def test_a_cls_order_fills_at_the_last_trade_of_the_session() -> None:
    house = House()
    house.quote(99.0, 100.0)
    order = house.send(tif="cls")
    far = house.send(tif="cls", type="limit", limit_price="90")
    house.trade(104.0)
    house.quote(104.9, 105.0)
    assert state_of(order) is S.ACCEPTED
    house.trade(105.0)
    house.until(CLOSE)
    assert these(order.status, order.filled_average_price) == (S.FILLED, 105)
    assert order.filled_at == CLOSE
    assert state_of(far) is S.CANCELED


def test_a_cls_order_without_a_trade_fills_at_the_quote() -> None:
    house = House()
    house.quote(99.0, 100.0)
    order = house.send(tif="cls")
    house.until(CLOSE)
    assert order.filled_average_price == 100


def test_a_cls_order_without_any_price_is_cancelled() -> None:
    house = House()
    order = house.send(tif="cls", type="limit", limit_price="100")
    house.until(CLOSE)
    assert state_of(order) is S.CANCELED


def test_a_cls_order_fills_at_the_close_of_the_last_bar() -> None:
    house = House()
    order = house.send(tif="cls", type="limit", limit_price="200")
    house.until(CLOSE - MINUTE)
    house.bar(100.0, 101.0, 99.0, 100.5)
    house.until(CLOSE)
    assert state_of(order) is S.ACCEPTED
    house.bar(100.5, 103.0, 100.0, 102.0)
    assert these(order.status, order.filled_average_price) == (S.FILLED, 102)


def test_with_bars_a_day_order_may_fill_in_the_last_bar_and_expires_right_after() -> None:
    house = House()
    fills = house.send(type="limit", limit_price="95")
    rests = house.send(type="limit", limit_price="90")
    house.until(CLOSE - MINUTE)
    house.bar(100.0, 101.0, 99.0, 100.5)
    house.until(CLOSE)
    house.bar(100.5, 100.5, 94.0, 95.0)
    assert (fills.status, rests.status) == (S.FILLED, S.NEW)
    house.wait()
    assert state_of(rests) is S.EXPIRED
    assert rests.expired_at == CLOSE


def test_a_bar_does_not_fill_an_order_that_came_while_it_was_under_way() -> None:
    house = House(NOON + timedelta(seconds=30))
    order = house.send(type="limit", limit_price="95")
    house.until(NOON + MINUTE)
    house.bar(100.0, 101.0, 94.0, 100.0)
    assert state_of(order) is S.NEW
    house.wait(MINUTE)
    house.bar(100.0, 101.0, 94.0, 100.0)
    assert order.filled_average_price == 95


def test_a_bar_that_ticks_have_told_already_fills_nothing() -> None:
    house = House()
    order = house.send(type="limit", limit_price="95")
    house.wait(timedelta(seconds=30))
    house.quote(99.0, 100.0)
    house.until(NOON + MINUTE)
    house.bar(100.0, 101.0, 94.0, 100.0)
    assert state_of(order) is S.NEW


def test_an_order_for_at_once_takes_what_there_is_and_is_cancelled() -> None:
    house = House(terms=VenueTerms(seed=7, liquidity="quoted", fees="none"))
    house.quote(99.0, 100.0, size=4)
    order = house.send(tif="ioc")
    assert these(order.status, order.filled_quantity) == (S.CANCELED, 4)
    assert house.events(order) == ["new", "partial_fill", "canceled"]


def test_a_fill_or_kill_order_is_filled_whole_or_not_at_all() -> None:
    house = House(terms=VenueTerms(seed=7, liquidity="quoted", fees="none"))
    house.quote(99.0, 100.0, size=9)
    killed = house.send(tif="fok")
    house.quote(99.0, 100.0, size=10)
    filled = house.send(tif="fok")
    assert these(killed.status, killed.filled_quantity) == (S.CANCELED, 0)
    assert state_of(filled) is S.FILLED


def test_an_order_for_at_once_without_a_quote_is_cancelled() -> None:
    order = House().send(tif="ioc", type="limit", limit_price="100")
    assert state_of(order) is S.CANCELED


def test_crypto_trades_at_night_and_on_weekends() -> None:
    house = House(FRIDAY_EVENING + timedelta(hours=12))
    house.quote(49_990.0, 50_000.0, "BTC/USD")
    order = house.send(quantity="0.5", symbol="BTC/USD", tif="gtc")
    assert order.filled_average_price == 50_000
    rests = house.send(
        quantity="0.1", symbol="BTC/USD", tif="gtc", type="limit", limit_price="40000"
    )
    house.until(MONDAY_OPEN)
    assert state_of(rests) is S.NEW


def test_an_always_open_venue_fills_shares_at_night() -> None:
    house = House(NIGHT, VenueTerms(seed=7, always_open=True, fees="none"))
    house.quote(99.0, 100.0)
    rests = house.send(type="limit", limit_price="90", tif="gtc")
    assert house.send().status is S.FILLED
    house.until(NIGHT + 2 * DAY)
    assert state_of(rests) is S.NEW


def test_the_equity_of_every_close_is_kept_and_becomes_the_last_equity() -> None:
    house = House()
    house.quote(99.0, 100.0)
    house.send("buy", 10)
    house.trade(110.0)
    house.until(CLOSE + MINUTE)
    points = house.venue.equity_history(house.ann.id)
    assert points[-1].at == CLOSE
    assert points[-1].equity == Decimal(100_100)
    assert house.ann.last_equity == Decimal(100_100)
    house.until(NEXT_CLOSE + MINUTE)
    assert house.venue.equity_history(house.ann.id)[-1].at == NEXT_CLOSE


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(days=3)])
def test_many_sessions_are_opened_and_closed_however_far_time_jumps(step: timedelta) -> None:
    house = House()
    order = house.send(type="limit", limit_price="90", tif="gtc")
    while house.now < NOON + 9 * DAY:
        house.wait(step)
    closes = [p.at for p in house.venue.equity_history(house.ann.id) if p.at.hour == 20]
    assert len(closes) == 7
    assert house.events(order)[1:5] == ["done_for_day", "new", "done_for_day", "new"]
