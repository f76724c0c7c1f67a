"""Who comes first, who trades with whom, and how much of the market there is for each."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order_status import OrderStatus as S
from unit.exchange.venue.house import House, these

QUOTED = VenueTerms(seed=7, fees="none", liquidity="quoted", participation=Decimal("0.5"))


def limit(house: House, side: str, quantity: int, price: str, **fields: Any) -> Order:
    return house.send(side, quantity, type="limit", limit_price=price, **fields)


def test_a_market_order_fills_at_the_quote_whatever_its_size() -> None:
    house = House()
    house.quote(99.99, 100.01, size=1)
    bought, sold = house.send("buy", 500), house.send("sell", 200, house.bob)
    assert (bought.filled_average_price, sold.filled_average_price) == (
        Decimal("100.01"),
        Decimal("99.99"),
    )


def test_a_limit_order_that_the_market_meets_fills_at_the_better_price() -> None:
    house = House()
    house.quote(99.99, 100.01)
    assert limit(house, "buy", 5, "105").filled_average_price == Decimal("100.01")


def test_a_trade_through_its_limit_fills_a_resting_order_at_its_limit() -> None:
    house = House()
    house.quote(99.0, 101.0)
    order = limit(house, "buy", 5, "100")
    house.trade(99.5)
    assert order.filled_average_price == 100


def test_where_size_counts_the_better_price_comes_first_then_who_was_there_first() -> None:
    house = House(terms=QUOTED)
    house.quote(99.0, 105.0, size=100)
    third = limit(house, "buy", 10, "100")
    second = limit(house, "buy", 10, "101", account=house.bob)
    fourth = limit(house, "buy", 10, "100", account=house.bob)
    first = house.send("buy", 10, type="stop", stop_price="106")
    house.quote(98.0, 99.5, size=25)
    assert [o.filled_quantity for o in (second, third, fourth)] == [10, 10, 5]
    assert first.filled_quantity == 0


def test_where_size_counts_a_trade_gives_its_share_only() -> None:
    house = House(terms=QUOTED)
    house.quote(99.0, 105.0, size=100)
    order = limit(house, "buy", 100, "100")
    house.trade(99.0, size=60)
    assert these(order.status, order.filled_quantity) == (S.PARTIALLY_FILLED, 30)


def test_whole_shares_are_filled_in_whole_shares() -> None:
    house = House(terms=QUOTED)
    house.quote(99.0, 105.0, size=100)
    order = limit(house, "buy", 100, "100")
    house.trade(99.0, size=5)
    assert order.filled_quantity == 2


def test_orders_of_two_accounts_inside_the_quote_trade_at_the_resting_price() -> None:
    house = House()
    house.quote(99.0, 101.0)
    resting = limit(house, "sell", 10, "100", account=house.bob)
    coming = limit(house, "buy", 4, "100.50")
    assert these(coming.status, coming.filled_average_price) == (S.FILLED, 100)
    assert these(resting.status, resting.filled_quantity) == (S.PARTIALLY_FILLED, 4)
    assert these(house.held(), house.held(house.bob)) == (4, -4)


def test_a_market_order_takes_what_is_inside_the_quote_first_and_then_the_quote() -> None:
    house = House()
    house.quote(99.0, 101.0)
    limit(house, "sell", 10, "100.50", account=house.bob)
    limit(house, "sell", 10, "100", account=house.bob)
    order = house.send("buy", 30)
    assert order.status is S.FILLED
    prices = [update.price for update in house.updates(order) if update.price]
    assert prices == [100, Decimal("100.5"), 101]


def test_an_order_worse_than_the_outside_market_is_not_traded_with() -> None:
    house = House()
    house.quote(99.0, 101.0)
    resting = limit(house, "sell", 10, "102", account=house.bob)
    assert house.send("buy", 10).filled_average_price == 101
    assert resting.filled_quantity == 0


def test_a_resting_order_as_good_as_the_outside_market_comes_before_it() -> None:
    house = House()
    house.quote(99.0, 101.0)
    resting = limit(house, "sell", 10, "101", account=house.bob)
    house.send("buy", 10)
    assert resting.status is S.FILLED


def test_without_an_outside_market_two_limit_orders_still_meet() -> None:
    house = House()
    resting = limit(house, "buy", 10, "100", account=house.bob)
    coming = limit(house, "sell", 10, "99")
    assert these(resting.filled_average_price, coming.filled_average_price) == (100, 100)


def test_a_fill_or_kill_order_trades_with_the_book_only_when_that_is_enough() -> None:
    house = House(terms=QUOTED)
    house.quote(99.0, 105.0, size=1)
    resting = limit(house, "sell", 10, "100", account=house.bob)
    killed = limit(house, "buy", 11, "100", tif="fok")
    filled = limit(house, "buy", 10, "100", tif="fok")
    assert (killed.status, filled.status, resting.status) == (S.CANCELED, S.FILLED, S.FILLED)


def test_an_order_for_at_once_takes_from_the_book_and_goes() -> None:
    house = House(terms=QUOTED)
    house.quote(99.0, 105.0, size=1)
    limit(house, "sell", 10, "100", account=house.bob)
    order = limit(house, "buy", 15, "100", tif="ioc")
    assert these(order.status, order.filled_quantity) == (S.CANCELED, 10)


def test_a_stop_limit_order_that_is_elected_meets_what_stands_in_the_book() -> None:
    house = House()
    house.quote(99.0, 103.0)
    resting = limit(house, "sell", 10, "102.50", account=house.bob)
    stop = house.send("buy", 10, type="stop_limit", stop_price="102", limit_price="102.60")
    house.trade(103.0)
    house.trade(102.0)
    assert stop.triggered
    assert (stop.status, resting.status) == (S.FILLED, S.FILLED)


def test_stops_are_elected_by_trades_and_not_by_quotes() -> None:
    house = House()
    house.quote(99.99, 100.01)
    house.send("buy", 10)
    stop = house.send("sell", 10, type="stop", stop_price="95")
    house.quote(90.0, 91.0)
    assert stop.status is S.NEW
    house.trade(94.0)
    assert these(stop.status, stop.filled_average_price) == (S.FILLED, 94)


def test_a_trailing_stop_follows_up_and_never_down() -> None:
    house = House()
    house.quote(99.99, 100.0)
    house.send("buy", 10)
    stop = house.send("sell", 10, type="trailing_stop", trail_price="2")
    stops = [stop.stop_price]
    for price in (101.0, 103.5, 102.0):
        house.trade(price)
        stops.append(stop.stop_price)
    assert stops == [Decimal("97.99"), 99, Decimal("101.5"), Decimal("101.5")]
    assert stop.mark == Decimal("103.5")
    house.trade(101.5)
    assert stop.status is S.FILLED


def test_a_part_by_chance_leaves_an_order_working_that_the_next_quote_fills_on() -> None:
    house = House(terms=VenueTerms(seed=7, fees="none", partial_fills=1.0))
    house.quote(99.99, 100.0)
    order = house.send("buy", 100)
    assert order.status is S.PARTIALLY_FILLED
    first = order.filled_quantity
    assert 0 < first < 100
    assert first == int(first)
    for _ in range(200):
        house.wait()
        house.quote(99.99, 100.0)
    assert these(order.status, order.filled_quantity, house.held()) == (S.FILLED, 100, 100)


def test_a_part_by_chance_of_an_entry_keeps_its_exits_held() -> None:
    house = House(terms=VenueTerms(seed=7, fees="none", partial_fills=1.0))
    house.quote(99.99, 100.0)
    entry = house.bracket(quantity=100)
    assert entry.status is S.PARTIALLY_FILLED
    assert {leg.status for leg in house.legs(entry)} == {S.HELD}


def test_one_in_ten_fills_is_a_part_when_the_terms_say_so() -> None:
    house = House(terms=VenueTerms(seed=7, fees="none", partial_fills=0.1))
    house.quote(99.99, 100.0)
    orders = [house.send("buy", 2) for _ in range(300)]
    parts = [order for order in orders if order.status is S.PARTIALLY_FILLED]
    assert 15 <= len(parts) <= 45


def test_what_traded_is_told_with_price_quantity_and_position() -> None:
    house = House()
    house.quote(99.99, 100.0)
    house.send("buy", 10)
    house.wait(timedelta(hours=1))
    order = house.send("sell", 4)
    told = house.updates(order)[-1]
    assert these(told.quantity, told.price, told.position_quantity) == (4, Decimal("99.99"), 6)
    assert told.order is not order
    assert told.execution_id


def test_updates_of_an_account_are_numbered_without_a_gap() -> None:
    house = House()
    house.quote(99.99, 100.0)
    for _ in range(5):
        house.bracket()
        house.quote(111.0, 111.1)
        house.quote(99.99, 100.0)
        limit(house, "buy", 1, "98", account=house.bob)
    for account in (house.ann, house.bob):
        numbers = [u.number for u in house.updates() if u.account_id == account.id]
        assert numbers == list(range(1, account.update_count + 1))


def test_changes_are_given_once_and_only_when_there_are_any() -> None:
    house = House()
    assert house.take()
    assert not house.take()
    house.quote(99.99, 100.0)
    assert not house.take()
    order = house.send()
    changes = house.take()
    assert list(changes.orders) == [order.id]
    assert set(changes.positions) == {(house.ann.id, "AAPL")}
    assert [update.event.value for update in changes.updates] == ["new", "fill"]
