"""Whether an account can stand for an order: money, units, shorts, its own other orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.order_status import OrderStatus
from unit.exchange.venue.house import House


@pytest.fixture
def house() -> House:
    house = House()
    house.quote(99.99, 100.0)
    house.quote(19.99, 20.0, "RARE")
    house.quote(9.99, 10.0, "WHOLE")
    house.quote(49_990.0, 50_000.0, "BTC/USD")
    return house


def forbidden(house: House, *args: Any, **fields: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        house.send(*args, **fields)
    assert caught.value.reason is Reason.FORBIDDEN
    return caught.value


def cash_account(house: House, cash: int = 1_000) -> Account:
    return house.open_account("CAT", cash, multiplier=1)


def test_more_than_the_buying_power_is_forbidden_with_both_numbers(house: House) -> None:
    cat = cash_account(house)
    refused = forbidden(house, "buy", 11, cat)
    assert refused.message == "insufficient buying power"
    assert refused.facts["buying_power"] == "1000"
    assert refused.facts["cost_basis"] == "1100"


def test_all_of_the_buying_power_may_be_spent(house: House) -> None:
    assert house.send("buy", 10, cash_account(house)).status is OrderStatus.FILLED


def test_open_orders_hold_buying_power(house: House) -> None:
    cat = cash_account(house)
    house.send("buy", 10, cat, type="limit", limit_price="60")
    refused = forbidden(house, "buy", 5, cat, type="limit", limit_price="90")
    assert refused.facts["buying_power"] == "400"


def test_a_cancelled_order_gives_its_buying_power_back(house: House) -> None:
    cat = cash_account(house)
    order = house.send("buy", 10, cat, type="limit", limit_price="60")
    house.cancel(order)
    assert house.send("buy", 10, cat, type="limit", limit_price="90").status is OrderStatus.NEW


def test_a_market_order_without_any_price_is_refused_but_a_limit_order_waits() -> None:
    house = House()
    with pytest.raises(Refused) as caught:
        house.send()
    assert caught.value.reason is Reason.UNPROCESSABLE
    assert "AAPL has no price yet" in caught.value.message
    assert house.send(type="limit", limit_price="90").status is OrderStatus.NEW


def test_more_than_is_held_cannot_be_sold(house: House) -> None:
    house.send("buy", 10)
    refused = forbidden(house, "sell", 11)
    assert refused.message == (
        "insufficient qty available for order (requested: 11, available: 10)"
    )
    assert refused.facts == {
        "symbol": "AAPL",
        "existing_qty": "10",
        "held_for_orders": "0",
        "available": "10",
    }


def test_what_an_open_order_is_about_to_sell_cannot_be_sold_again(house: House) -> None:
    house.send("buy", 10)
    house.send("sell", 7, type="limit", limit_price="120")
    assert house.venue.available(house.ann.id, "AAPL") == 3
    refused = forbidden(house, "sell", 4)
    assert refused.facts["held_for_orders"] == "7"
    assert refused.facts["available"] == "3"
    assert house.send("sell", 3).status is OrderStatus.FILLED


def test_more_than_was_sold_short_cannot_be_bought_back_at_once(house: House) -> None:
    house.send("sell", 10)
    refused = forbidden(house, "buy", 11)
    assert refused.facts["existing_qty"] == "-10"
    assert house.send("buy", 10).status is OrderStatus.FILLED
    assert house.held() == 0


def test_a_pair_of_exits_holds_its_quantity_once(house: House) -> None:
    house.bracket()
    assert house.venue.available(house.ann.id, "AAPL") == 0
    house.send("buy", 5)
    assert house.venue.available(house.ann.id, "AAPL") == 5


def test_held_exits_of_an_entry_that_waits_hold_nothing(house: House) -> None:
    house.send("buy", 10)
    house.bracket(type="limit", limit_price="99")
    assert house.venue.available(house.ann.id, "AAPL") == 10


def test_a_short_sale_fills_and_is_a_negative_position(house: House) -> None:
    house.send("sell", 10)
    assert house.held() == -10


def test_a_cash_account_may_not_sell_short(house: House) -> None:
    assert "not allowed to short" in forbidden(house, "sell", 1, cash_account(house)).message


def test_an_account_with_shorting_switched_off_may_not_sell_short(house: House) -> None:
    house.venue.configure(house.ann.id, house.now, shorting=False)
    assert "not allowed to short" in forbidden(house, "sell", 1).message


def test_no_more_can_be_sold_short_than_all_accounts_together_may_borrow(house: House) -> None:
    house.send("sell", 10, symbol="RARE")
    refused = forbidden(house, "sell", 6, house.bob, symbol="RARE")
    assert refused.facts["available"] == "5"
    assert house.send("sell", 5, house.bob, symbol="RARE").status is OrderStatus.FILLED


def test_what_nobody_lends_cannot_be_sold_short(house: House) -> None:
    with pytest.raises(Refused, match='asset "WHOLE" cannot be sold short') as caught:
        house.send("sell", 1, symbol="WHOLE")
    assert caught.value.reason is Reason.UNPROCESSABLE


@pytest.mark.parametrize("size", [{"quantity": "1.5"}, {"quantity": None, "notional": "150"}])
def test_a_fraction_cannot_be_sold_short(house: House, size: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="fractional orders cannot be sold short") as caught:
        house.send("sell", **size)
    assert caught.value.reason is Reason.UNPROCESSABLE


def test_a_fraction_that_is_held_can_be_sold(house: House) -> None:
    house.send("buy", "1.5")
    assert house.send("sell", "1.5").status is OrderStatus.FILLED
    assert house.held() == 0


def test_coins_that_are_not_held_cannot_be_sold(house: House) -> None:
    refused = forbidden(house, "sell", "0.5", symbol="BTC/USD", tif="gtc")
    assert refused.message == "insufficient balance for BTC (requested: 0.5, available: 0)"


def test_coins_are_bought_and_sold_in_fractions(house: House) -> None:
    house.send("buy", "0.25", symbol="BTC/USD", tif="gtc")
    house.send("sell", "0.25", symbol="BTC/USD", tif="ioc")
    assert house.held(symbol="BTC/USD") == 0


def test_a_blocked_account_sends_no_orders(house: House) -> None:
    house.venue.configure(house.ann.id, house.now, blocked=True)
    assert "account is blocked" in forbidden(house, "buy", 1).message


def test_an_account_without_fractions_sends_whole_shares_only(house: House) -> None:
    house.venue.configure(house.ann.id, house.now, fractional=False)
    assert "qty" in forbidden(house, "buy", "0.5").message
    assert "notional" in forbidden(house, "buy", None, notional="50").message
    assert house.send("buy", 1).status is OrderStatus.FILLED


WASHES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"type": "limit", "limit_price": "99"},
        {"type": "limit", "limit_price": "99"},
        "opposite side limit order exists",
    ),
    (
        {"type": "limit", "limit_price": "99"},
        {"type": "limit", "limit_price": "98"},
        "opposite side limit order exists",
    ),
    (
        {"type": "stop", "stop_price": "110"},
        {},
        "opposite side market/stop order exists",
    ),
    (
        {"type": "stop", "stop_price": "110"},
        {"type": "limit", "limit_price": "105"},
        "opposite side market/stop order exists",
    ),
]


@pytest.mark.parametrize(("standing", "new", "words"), WASHES)
def test_an_order_that_could_trade_with_its_own_account_is_a_wash(
    house: House, standing: dict[str, Any], new: dict[str, Any], words: str
) -> None:
    existing = house.send("buy", 5, **standing)
    refused = forbidden(house, "sell", 5, **new)
    assert refused.message == "potential wash trade detected. use complex orders"
    assert refused.facts == {"existing_order_id": existing.id, "reject_reason": words}


@pytest.mark.parametrize(
    ("standing", "new"),
    [
        ({"type": "limit", "limit_price": "99"}, {"type": "limit", "limit_price": "101"}),
        ({"type": "limit", "limit_price": "99"}, {}),
        ({"type": "stop", "stop_price": "110"}, {"type": "limit", "limit_price": "120"}),
        ({"type": "stop", "stop_price": "110"}, {"type": "stop", "stop_price": "90"}),
    ],
)
def test_orders_of_both_sides_that_cannot_meet_are_no_wash(
    house: House, standing: dict[str, Any], new: dict[str, Any]
) -> None:
    house.send("buy", 5, **standing)
    assert house.send("sell", 5, **new).status is not OrderStatus.REJECTED


def test_the_exits_of_a_bracket_do_not_stand_in_the_way_of_another_entry(house: House) -> None:
    house.bracket()
    assert house.bracket().status is OrderStatus.FILLED
    assert house.held() == 20


def test_a_second_key_of_the_same_name_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="key_id must be unique"):
        house.open_account("ANN")


@pytest.mark.parametrize(
    ("key", "cash", "multiplier", "words"),
    [
        ("", "1", 4, "key_id must be 1 to 128"),
        ("a" * 129, "1", 4, "key_id must be 1 to 128"),
        ("DAN", "-1", 4, "cash must be 0 to"),
        ("DAN", "NaN", 4, "cash must be 0 to"),
        ("DAN", "1.001", 4, "cash must be 0 to"),
        ("DAN", "1e400", 4, "cash must be 0 to"),
        ("DAN", "1", 3, "multiplier must be 1, 2 or 4"),
    ],
)
def test_an_account_that_cannot_be_is_refused_by_its_field(
    house: House, key: str, cash: str, multiplier: int, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        house.open_account(key, cash, multiplier)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"colour": True}, "colour is no setting"),
        ({"shorting": 3}, "shorting must be true or false"),
        ({"multiplier": 5}, "multiplier must be 1, 2 or 4"),
        ({"shorting": False, "multiplier": True}, "multiplier must be"),
    ],
)
def test_settings_are_changed_all_or_none(
    house: House, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        house.venue.configure(house.ann.id, house.now, **settings)
    assert house.ann.shorting
    assert house.ann.multiplier == 4


def test_a_notional_order_buys_what_it_is_worth_and_no_more(house: House) -> None:
    order = house.send("buy", None, notional="250")
    assert order.quantity is None
    assert order.status is OrderStatus.FILLED
    assert order.filled_quantity == Decimal("2.5")
    assert house.held() == Decimal("2.5")


def test_a_notional_sale_never_sells_more_than_is_held(house: House) -> None:
    house.send("buy", 1)
    refused = forbidden(house, "sell", None, notional="250")
    assert "insufficient qty available" in refused.message
    house.send("sell", None, notional="50")
    assert Decimal("0.49") < house.held() < Decimal("0.5")


@pytest.mark.parametrize(
    ("symbol", "wish", "least"),
    [
        ("BTC/USD", {"quantity": "0.0001", "tif": "gtc"}, "10"),
        ("BTC/USD", {"notional": "9.99", "tif": "gtc"}, "10"),
        ("AAPL", {"notional": "0.99"}, "1"),
        ("AAPL", {"quantity": "0.009"}, "1"),
    ],
)
def test_what_costs_too_little_is_forbidden(
    house: House, symbol: str, wish: dict[str, Any], least: str
) -> None:
    quantity = wish.get("quantity")
    rest = {name: value for name, value in wish.items() if name != "quantity"}
    refused = forbidden(house, "buy", quantity, symbol=symbol, **rest)
    assert refused.message == f"cost basis must be >= minimal amount of order {least}"


def test_what_one_account_means_to_borrow_another_cannot(house: House) -> None:
    wish: dict[str, Any] = {"symbol": "RARE", "type": "limit", "limit_price": "120", "tif": "gtc"}
    borrowable = next(asset for asset in house.assets if asset.symbol == "RARE").borrowable
    house.send("sell", int(borrowable), **wish)
    refused = forbidden(house, "sell", 1, house.bob, **wish)
    assert refused.facts["available"] == "0"
