"""A venue that goes on from what was stored does what the one before would have done."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta

import pytest

from algotrendy.exchange.venue.model import Snapshot
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.order_status import OrderStatus as S
from algotrendy.market_data.calendar import us_equities
from unit.exchange.venue.house import ASSETS, CLOSE, NEXT_OPEN, House, these

TERMS = VenueTerms(seed=3, fees="none", liquidity="quoted", partial_fills=0.5)


def restarted(house: House) -> House:
    """Give a second house that goes on from the first one's stored state."""
    snapshot: Snapshot = deepcopy(house.snapshot())
    again = House.__new__(House)
    again.terms, again.assets, again.now, again.taken = house.terms, ASSETS, house.now, []
    again.venue = Venue(ASSETS, us_equities(), house.terms)
    again.venue.restore(snapshot)
    again.ann, again.bob = (again.venue.account(a.id) for a in (house.ann, house.bob))
    return again


def state(house: House) -> object:
    return deepcopy(house.snapshot())


def test_no_order_position_or_cent_is_lost() -> None:
    house = House(terms=TERMS)
    house.quote(99.99, 100.0, size=50)
    house.send("buy", 30)
    house.bracket(type="limit", limit_price="99")
    house.send("buy", 4, house.bob, type="trailing_stop", trail_percent="3")
    assert state(restarted(house)) == state(house)


def test_open_orders_keep_their_priority() -> None:
    house = House(terms=VenueTerms(seed=3, fees="none", liquidity="quoted"))
    house.quote(99.99, 110.0, size=5)
    first = house.send("buy", 10, type="limit", limit_price="100")
    house.send("buy", 10, house.bob, type="limit", limit_price="100")
    house.replace(first, quantity=5)
    again = restarted(house)
    again.quote(98.0, 99.0, size=5)
    assert these(again.held(again.ann), again.held(again.bob)) == (5, 0)


def test_a_stop_that_was_elected_stays_elected() -> None:
    house = House()
    house.quote(99.99, 110.0)
    order = house.send("buy", 5, type="stop_limit", stop_price="105", limit_price="105")
    house.trade(106.0)
    assert order.triggered
    assert order.status is S.NEW
    again = restarted(house)
    again.quote(104.0, 105.0)
    assert again.venue.order(again.ann.id, order.id).status is S.FILLED


def test_a_trailing_stop_goes_on_from_its_mark() -> None:
    house = House()
    house.quote(99.99, 100.0)
    house.send("buy", 5)
    order = house.send("sell", 5, type="trailing_stop", trail_price="2")
    house.trade(110.0)
    again = restarted(house)
    again.trade(108.0)
    assert again.venue.order(again.ann.id, order.id).status is S.FILLED


def test_a_group_stays_a_group() -> None:
    house = House()
    house.quote(99.99, 100.0)
    held = house.bracket(type="limit", limit_price="99", account=house.bob)
    working = house.bracket()
    again = restarted(house)
    again.quote(98.0, 98.5)
    assert {leg.status for leg in again.legs(held)} == {S.NEW}
    again.quote(110.0, 110.1)
    assert [leg.status for leg in again.legs(working)] == [S.FILLED, S.CANCELED]


def test_new_orders_get_ids_that_no_order_had() -> None:
    house = House()
    house.quote(99.99, 100.0)
    house.bracket()
    again = restarted(house)
    again.quote(99.99, 100.0)
    order = again.send("buy", 1)
    assert order.id not in {each.id for each in house.venue.orders(house.ann.id)}
    assert house.send("buy", 1).id == order.id


def test_a_client_order_id_stays_used() -> None:
    house = House()
    house.send("buy", 1, type="limit", limit_price="9", client_order_id="mine")
    again = restarted(house)
    with pytest.raises(Exception, match="client_order_id must be unique"):
        again.send("buy", 1, type="limit", limit_price="9", client_order_id="mine")


@pytest.mark.parametrize("stop", [timedelta(0), timedelta(hours=1), timedelta(hours=8)])
def test_a_close_is_reckoned_once_whenever_the_restart_is(stop: timedelta) -> None:
    house = House()
    order = house.send("buy", 1, type="limit", limit_price="9")
    house.until(CLOSE - timedelta(hours=1) + stop)
    again = restarted(house)
    again.until(NEXT_OPEN)
    closes = [p.at for p in again.venue.equity_history(again.ann.id)].count(CLOSE)
    assert closes == 1
    assert again.venue.order(again.ann.id, order.id).status is S.EXPIRED


def test_the_same_commands_after_a_restart_give_the_same_tape() -> None:
    def first_half(house: House) -> None:
        house.quote(99.99, 100.0, size=30)
        house.send("buy", 50)
        house.bracket("buy", 20, type="limit", limit_price="99.50")
        house.send("sell", 40, house.bob, type="limit", limit_price="100.02", tif="gtc")

    def second_half(house: House) -> None:
        for bid in (99.4, 99.0, 101.0, 110.5):
            house.wait()
            house.quote(bid, bid + 0.02, size=25)
            house.trade(bid + 0.01, size=300)
            house.send("buy", 7, house.bob, type="limit", limit_price="98")
        house.until(NEXT_OPEN)
        house.quote(99.0, 99.5, size=100)

    house = House(terms=TERMS)
    first_half(house)
    again = restarted(house)
    second_half(house)
    second_half(again)
    assert state(again) == state(house)
