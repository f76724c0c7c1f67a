"""Closing positions, fills that are taken back, splits and dividends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_status import OrderStatus as S
from unit.exchange.venue.house import NIGHT, House, these


@pytest.fixture
def house() -> House:
    house = House()
    house.quote(99.99, 100.0)
    return house


def close(house: House, **part: Any) -> Any:
    sizes = {name: Decimal(value) for name, value in part.items()}
    return house.venue.close_position(house.ann.id, "AAPL", house.now, **sizes)


def test_a_long_position_is_sold_and_a_short_one_bought_back(house: House) -> None:
    house.send("buy", 10)
    assert close(house).side is Side.SELL
    assert house.held() == 0
    house.send("sell", 10)
    assert close(house).side is Side.BUY
    assert house.held() == 0


@pytest.mark.parametrize(
    ("part", "left"),
    [({"quantity": "4"}, "6"), ({"percentage": "25"}, "7.5"), ({"percentage": "100"}, "0")],
)
def test_a_part_of_a_position_is_closed(house: House, part: dict[str, str], left: str) -> None:
    house.send("buy", 10)
    close(house, **part)
    assert house.held() == Decimal(left)


def test_a_part_of_a_short_position_is_closed_in_whole_shares(house: House) -> None:
    house.send("sell", 10)
    close(house, percentage="25")
    assert house.held() == -8


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"quantity": "1", "percentage": "1"}, "only one of qty or percentage"),
        ({"quantity": "0"}, "qty must be > 0"),
        ({"percentage": "0"}, "percentage must be > 0"),
        ({"percentage": "101"}, "percentage must be <= 100"),
        ({"quantity": "11"}, "insufficient qty available"),
    ],
)
def test_a_wrong_part_is_refused(house: House, part: dict[str, str], words: str) -> None:
    house.send("buy", 10)
    with pytest.raises(Refused, match=words):
        close(house, **part)
    assert house.held() == 10


def test_a_position_that_an_open_order_holds_is_not_closed_and_nothing_is_cancelled(
    house: House,
) -> None:
    house.send("buy", 10)
    resting = house.send("sell", 10, type="limit", limit_price="120")
    with pytest.raises(Refused) as caught:
        close(house)
    assert caught.value.reason is Reason.FORBIDDEN
    assert caught.value.facts["held_for_orders"] == "10"
    assert resting.status is S.NEW


def test_coins_are_closed_with_a_gtc_order() -> None:
    house = House(NIGHT)
    house.quote(49_990.0, 50_000.0, "BTC/USD")
    house.send("buy", "0.123456789", symbol="BTC/USD", tif="gtc")
    order = house.venue.close_position(house.ann.id, "BTC/USD", house.now)
    assert these(order.status, house.held(symbol="BTC/USD")) == (S.FILLED, 0)


def execution(house: House, order: Any, index: int = -1) -> str:
    found = [u.execution_id for u in house.updates(order) if u.execution_id]
    assert found[index]
    return str(found[index])


def test_a_fill_that_is_taken_back_leaves_cash_position_and_order_without_it(
    house: House,
) -> None:
    order = house.send("buy", 10)
    house.venue.bust(execution(house, order), house.now)
    assert these(order.status, order.filled_quantity, order.filled_value) == (S.FILLED, 0, 0)
    assert house.held() == 0
    assert house.ann.cash == 100_000
    assert house.events(order) == ["new", "fill", "trade_bust"]
    assert house.updates(order)[-1].quantity == 10


def test_an_order_that_still_works_fills_again_what_was_taken_back() -> None:
    house = House(terms=VenueTerms(seed=7, fees="none", liquidity="quoted"))
    house.quote(99.99, 100.0, size=4)
    order = house.send("buy", 10)
    house.venue.bust(execution(house, order), house.now)
    assert these(order.status, order.filled_quantity) == (S.PARTIALLY_FILLED, 0)
    house.wait()
    house.quote(99.99, 100.0, size=40)
    assert these(order.status, order.filled_quantity, house.held()) == (S.FILLED, 10, 10)
    executions = [u.execution_id for u in house.updates(order) if u.event.value != "trade_bust"]
    assert len(set(executions)) == len(executions)


def test_a_fill_is_taken_back_once_only(house: House) -> None:
    order = house.send("buy", 10)
    name = execution(house, order)
    house.venue.bust(name, house.now)
    with pytest.raises(Refused, match="busted before"):
        house.venue.bust(name, house.now)


def test_exits_with_nothing_left_to_close_are_cancelled_with_the_busted_entry(
    house: House,
) -> None:
    entry = house.bracket()
    house.venue.bust(execution(house, entry), house.now)
    assert {leg.status for leg in house.legs(entry)} == {S.CANCELED}


def test_a_busted_part_of_a_target_gives_the_stop_its_size_back() -> None:
    house = House(terms=VenueTerms(seed=7, fees="none", liquidity="quoted"))
    house.quote(99.99, 100.0, size=10)
    target, stop = house.legs(house.bracket())
    house.quote(110.0, 110.1, size=3)
    assert stop.quantity == 7
    house.venue.bust(execution(house, target), house.now)
    assert these(stop.quantity, target.filled_quantity) == (10, 0)
    house.trade(94.0, size=1_000)
    assert house.held() == 0


def test_a_split_multiplies_positions_and_open_orders(house: House) -> None:
    house.trade(100.0)
    house.send("buy", 10)
    exit_ = house.send("sell", 10, type="limit", limit_price="120", tif="gtc")
    trail = house.send("buy", 4, house.bob, type="trailing_stop", trail_price="4", tif="gtc")
    house.split(4, 1)
    assert house.held() == 40
    assert these(exit_.quantity, exit_.limit_price) == (40, 30)
    assert these(trail.quantity, trail.trail_price) == (16, 1)
    assert house.events(exit_)[-1] == "restated"
    assert house.venue.last_price("AAPL") == 25
    house.quote(30.0, 30.1)
    assert these(exit_.status, house.held()) == (S.FILLED, 0)


def test_a_split_restates_both_exits_and_the_entry_of_a_bracket(house: House) -> None:
    entry = house.bracket(type="limit", limit_price="99", tif="gtc")
    house.split(2, 1)
    assert [o.quantity for o in (entry, *house.legs(entry))] == [20, 20, 20]
    assert house.legs(entry)[1].stop_price == Decimal("47.5")


def test_no_limit_becomes_worse_for_its_owner_by_a_split(house: House) -> None:
    house.trade(100.0)
    house.send("buy", 10)
    ask = house.send("sell", 10, type="limit", limit_price="120.01", tif="gtc")
    bid = house.send("buy", 10, house.bob, type="limit", limit_price="80.01", tif="gtc")
    house.split(2, 1)
    assert these(ask.limit_price, bid.limit_price) == (Decimal("60.01"), 40)


def test_a_reverse_split_cancels_open_orders(house: House) -> None:
    house.trade(100.0)
    house.send("buy", 10)
    exit_ = house.send("sell", 10, type="limit", limit_price="120", tif="gtc")
    house.split(1, 5)
    assert these(exit_.status, house.held()) == (S.CANCELED, 2)


def test_a_dividend_is_paid_to_the_long_and_by_the_short(house: House) -> None:
    house.send("buy", 10)
    house.send("sell", 10, house.bob)
    before = house.ann.cash, house.bob.cash
    house.dividend("0.25")
    assert (house.ann.cash - before[0], house.bob.cash - before[1]) == (
        Decimal("2.5"),
        Decimal("-2.5"),
    )


def test_an_event_of_a_symbol_that_is_not_traded_here_is_passed_over(house: House) -> None:
    house.take()
    house.quote(1.0, 2.0, "OTHER")
    assert not house.take()
    assert house.venue.quote("OTHER") is None


def test_the_last_price_is_the_last_trade_else_the_middle_of_the_quote(house: House) -> None:
    assert house.venue.last_price("AAPL") == Decimal("99.995")
    house.trade(99.5)
    assert house.venue.last_price("AAPL") == Decimal("99.5")
    assert house.venue.last_price("RARE") is None
