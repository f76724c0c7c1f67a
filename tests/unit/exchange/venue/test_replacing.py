"""A replacement is a new order in the place of the old one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.venue.model import Order
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order_status import OrderStatus as S
from unit.exchange.venue.house import NIGHT, House, state_of, these


@pytest.fixture
def house() -> House:
    house = House(terms=VenueTerms(seed=7, fees="none", liquidity="quoted"))
    house.quote(99.99, 110.0, size=4)
    return house


def limit(house: House, quantity: int = 10, price: str = "100", **fields: Any) -> Order:
    return house.send("buy", quantity, type="limit", limit_price=price, **fields)


def refusal(house: House, order: Order, **fields: Any) -> Refused:
    house.take()
    with pytest.raises(Refused) as caught:
        house.replace(order, **fields)
    assert not house.take()
    return caught.value


def test_both_orders_name_each_other_and_the_old_one_is_over(house: House) -> None:
    old = limit(house)
    new = house.replace(old, limit_price="101", quantity=12, client_order_id="second")
    assert (old.status, old.replaced_by) == (S.REPLACED, new.id)
    assert (new.status, new.replaces) == (S.NEW, old.id)
    assert these(new.limit_price, new.quantity, new.client_order_id) == (101, 12, "second")
    assert house.events(old) == ["new", "replaced"]
    assert house.events(new) == ["new"]


def test_a_replacement_that_the_market_meets_fills_at_once(house: House) -> None:
    new = house.replace(limit(house, 4), limit_price="110")
    assert state_of(new) is S.FILLED


def test_a_replacement_is_for_what_the_old_order_has_not_filled(house: House) -> None:
    old = limit(house, 10, "110")
    assert old.filled_quantity == 4
    new = house.replace(old, limit_price="100", quantity=15)
    assert these(new.quantity, new.filled_quantity) == (11, 0)
    again = house.replace(new, limit_price="99")
    assert again.quantity == 11


def test_a_smaller_order_at_the_same_price_keeps_its_place(house: House) -> None:
    first = limit(house)
    second = limit(house, account=house.bob)
    smaller = house.replace(first, quantity=6)
    house.quote(98.0, 99.0, size=6)
    assert these(smaller.status, second.filled_quantity) == (S.FILLED, 0)


@pytest.mark.parametrize("change", [{"quantity": 11}, {"limit_price": "100.01"}])
def test_a_larger_order_or_another_price_goes_to_the_back(
    house: House, change: dict[str, Any]
) -> None:
    first = limit(house)
    second = limit(house, 6, "100.01" if "limit_price" in change else "100", account=house.bob)
    new = house.replace(first, **change)
    house.quote(98.0, 99.0, size=6)
    assert these(new.filled_quantity, second.status) == (0, S.FILLED)


@pytest.mark.parametrize("how", ["filled", "canceled", "replaced"])
def test_an_order_that_is_over_cannot_be_replaced_or_cancelled(house: House, how: str) -> None:
    order = limit(house, 4, "110" if how == "filled" else "100")
    if how == "canceled":
        house.cancel(order)
    elif how == "replaced":
        house.replace(order, limit_price="99")
    refused = refusal(house, order, limit_price="98")
    assert (refused.reason, refused.message) == (
        Reason.UNPROCESSABLE,
        f'order is already in "{how}" state',
    )
    with pytest.raises(Refused, match=f'order is already in "{how}" state') as caught:
        house.cancel(order)
    assert caught.value.reason is Reason.UNPROCESSABLE


def test_an_order_that_was_accepted_only_cannot_be_replaced() -> None:
    house = House(NIGHT)
    order = limit(house)
    refused = refusal(house, order, limit_price="98")
    assert refused.reason is Reason.UNPROCESSABLE
    assert "accepted state" in refused.message


def test_a_notional_order_cannot_be_replaced() -> None:
    house = House()
    house.quote(99.0, 110.0)
    order = house.send("buy", None, notional="500", type="limit", limit_price="100")
    assert "notional orders cannot be replaced" in refusal(house, order, limit_price="99").message


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({}, "at least one of qty, limit_price"),
    ({"stop_price": "90"}, "limit orders must not have stop_price"),
    ({"trail": "1"}, "limit orders must not have trail"),
    ({"limit_price": "100.001"}, "invalid limit_price 100.001"),
    ({"limit_price": "0"}, "limit_price must be > 0"),
    ({"quantity": 0}, "qty must be > 0"),
    ({"quantity": -1}, "qty must be > 0"),
    ({"quantity": "NaN"}, "qty must be > 0"),
    ({"quantity": 4}, "qty must be > filled_qty 4"),
    ({"quantity": "7.5", "tif": "gtc"}, "fractional orders must be DAY orders"),
    ({"client_order_id": "x" * 129}, "client_order_id must be 1 to 128"),
    ({"client_order_id": "used"}, "client_order_id must be unique"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_a_wrong_change_is_refused_by_its_name_and_changes_nothing(
    house: House, change: dict[str, Any], words: str
) -> None:
    order = limit(house, 10, "110", client_order_id="used")
    assert order.filled_quantity == 4
    assert words in refusal(house, order, **change).message
    assert state_of(order) is S.PARTIALLY_FILLED


def test_a_replacement_needs_buying_power_for_the_larger_order(house: House) -> None:
    cat = house.open_account("CAT", 1_000, multiplier=1)
    order = limit(house, 10, "100", account=cat)
    refused = refusal(house, order, quantity=11)
    assert refused.reason is Reason.FORBIDDEN
    assert refused.facts["buying_power"] == "1000"
    assert house.replace(order, limit_price="99").status is S.NEW


def test_the_trail_of_a_trailing_stop_is_replaced(house: House) -> None:
    old = house.send("buy", 5, type="trailing_stop", trail_percent="5")
    assert old.stop_price == Decimal("115.50")
    new = house.replace(old, trail="10")
    assert these(new.trail_percent, new.stop_price) == (10, Decimal("121.00"))


def test_the_price_of_a_working_exit_is_replaced_and_the_pair_stays_a_pair() -> None:
    house = House()
    house.quote(99.99, 100.0)
    entry = house.bracket()
    target, stop = house.legs(entry)
    nearer = house.replace(target, limit_price="105")
    assert entry.legs == (nearer.id, stop.id)
    house.quote(105.0, 105.1)
    assert (nearer.status, stop.status) == (S.FILLED, S.CANCELED)


def test_a_held_exit_is_replaced_and_goes_on_waiting() -> None:
    house = House()
    house.quote(99.99, 100.5)
    entry = house.bracket(type="limit", limit_price="100")
    stop = house.replace(house.legs(entry)[1], stop_price="97")
    assert state_of(stop) is S.HELD
    house.quote(99.0, 100.0)
    assert state_of(stop) is S.NEW
    house.trade(97.0)
    assert these(stop.status, house.held()) == (S.FILLED, 0)


def test_a_replaced_entry_keeps_its_exits() -> None:
    house = House()
    house.quote(99.99, 100.5)
    entry = house.bracket(type="limit", limit_price="98")
    new = house.replace(entry, limit_price="100.50")
    assert {leg.status for leg in house.legs(new)} == {S.NEW}
    assert {leg.parent_id for leg in house.legs(new)} == {new.id}


def test_the_second_price_of_an_oco_is_replaced_and_the_first_still_ends_it() -> None:
    house = House()
    house.quote(99.99, 100.0)
    house.send("buy", 10)
    target = house.send("sell", 10, type="limit", order_class="oco", target="110", stop_loss="95")
    new_target = house.replace(target, limit_price="112")
    stop = house.replace(house.legs(new_target)[0], stop_price="96")
    house.trade(95.9)
    assert these(stop.status, new_target.status, house.held()) == (S.FILLED, S.CANCELED, 0)


@pytest.mark.parametrize(
    ("which", "change", "words"),
    [
        (0, {"limit_price": "95"}, "take_profit.limit_price must be >="),
        (1, {"stop_price": "110"}, "take_profit.limit_price must be >="),
        (0, {"quantity": 5}, "qty of bracket orders cannot be replaced"),
        (0, {"tif": "gtc"}, "time_in_force of bracket orders cannot be replaced"),
    ],
)
def test_exits_stay_in_their_order_and_their_size(
    which: int, change: dict[str, Any], words: str
) -> None:
    house = House()
    house.quote(99.99, 100.0)
    leg = house.legs(house.bracket())[which]
    assert words in refusal(house, leg, **change).message


def test_an_entry_may_not_be_moved_beyond_its_exits() -> None:
    house = House()
    house.quote(99.99, 100.5)
    entry = house.bracket(type="limit", limit_price="98")
    assert (
        "stop_loss.stop_price must be <= base_price"
        in refusal(house, entry, limit_price="95").message
    )
