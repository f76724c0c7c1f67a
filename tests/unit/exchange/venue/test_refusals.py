"""What the venue refuses before it looks at the account: fields, kinds, groups, hours."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order import OrderType
from algotrendy.kernel.order_status import OrderStatus
from unit.exchange.venue.house import AAPL, CLOSE, EVENING, NIGHT, OPEN, House, request


@pytest.fixture
def house() -> House:
    house = House()
    house.quote(99.99, 100.01)
    house.quote(9.99, 10.01, "WHOLE")
    house.quote(49_990.0, 50_010.0, "BTC/USD")
    return house


def refusal(house: House, **fields: Any) -> Refused:
    before = list(house.venue.orders(house.ann.id))
    house.take()
    with pytest.raises(Refused) as caught:
        house.send(**fields)
    assert list(house.venue.orders(house.ann.id)) == before
    assert not house.take()
    return caught.value


FIELDS: list[tuple[dict[str, Any], Reason, str]] = [
    ({"quantity": 1, "notional": "100"}, Reason.INVALID, "qty or notional"),
    ({"quantity": None}, Reason.INVALID, "qty or notional is required"),
    ({"quantity": 0}, Reason.UNPROCESSABLE, "qty must be > 0"),
    ({"quantity": -3}, Reason.UNPROCESSABLE, "qty must be > 0, was -3"),
    ({"quantity": "1000000001"}, Reason.UNPROCESSABLE, "qty must be <= 1000000000"),
    ({"quantity": "1e400"}, Reason.UNPROCESSABLE, "qty must be <="),
    ({"quantity": "NaN"}, Reason.UNPROCESSABLE, "qty must be > 0, was NaN"),
    ({"quantity": "Infinity"}, Reason.UNPROCESSABLE, "qty must be > 0, was Infinity"),
    ({"quantity": "0.0000000001"}, Reason.UNPROCESSABLE, "qty must be limited to 9 decimal"),
    ({"quantity": None, "notional": "0"}, Reason.UNPROCESSABLE, "notional must be > 0"),
    ({"quantity": None, "notional": "-5"}, Reason.UNPROCESSABLE, "notional must be > 0"),
    ({"quantity": None, "notional": "1.001"}, Reason.UNPROCESSABLE, "notional must be limited"),
    ({"quantity": None, "notional": "1e13"}, Reason.UNPROCESSABLE, "notional must be <="),
    ({"symbol": "NOPE"}, Reason.UNPROCESSABLE, 'symbol: asset "NOPE" not found'),
    ({"symbol": "GONE"}, Reason.UNPROCESSABLE, "symbol: asset GONE is not tradable"),
    ({"type": "limit"}, Reason.INVALID, "limit orders require limit_price"),
    ({"type": "stop"}, Reason.INVALID, "stop orders require stop_price"),
    ({"type": "stop_limit", "limit_price": "9"}, Reason.INVALID, "require stop_price"),
    ({"type": "stop_limit", "stop_price": "9"}, Reason.INVALID, "require limit_price"),
    ({"limit_price": "9"}, Reason.INVALID, "market orders must not have limit_price"),
    ({"stop_price": "9"}, Reason.INVALID, "market orders must not have stop_price"),
    ({"trail_price": "9"}, Reason.INVALID, "market orders must not have trail_price"),
    ({"trail_percent": "9"}, Reason.INVALID, "market orders must not have trail_percent"),
    ({"type": "trailing_stop"}, Reason.INVALID, "exactly one of trail_price, trail_percent"),
    (
        {"type": "trailing_stop", "trail_price": "1", "trail_percent": "1"},
        Reason.INVALID,
        "exactly one of trail_price, trail_percent",
    ),
    (
        {"type": "trailing_stop", "trail_percent": "100"},
        Reason.UNPROCESSABLE,
        "trail_percent must be < 100",
    ),
    (
        {"type": "trailing_stop", "trail_price": "0.00001"},
        Reason.UNPROCESSABLE,
        "invalid trail_price 0.00001",
    ),
    ({"type": "limit", "limit_price": "0"}, Reason.UNPROCESSABLE, "limit_price must be > 0"),
    ({"type": "limit", "limit_price": "-1"}, Reason.UNPROCESSABLE, "limit_price must be > 0"),
    ({"type": "limit", "limit_price": "99999999"}, Reason.UNPROCESSABLE, "limit_price must be <="),
    (
        {"type": "limit", "limit_price": "100.001"},
        Reason.UNPROCESSABLE,
        "invalid limit_price 100.001. sub-penny increment",
    ),
    (
        {"type": "limit", "limit_price": "0.50001"},
        Reason.UNPROCESSABLE,
        "invalid limit_price 0.50001. sub-penny increment",
    ),
    (
        {"type": "stop", "stop_price": "100.005"},
        Reason.UNPROCESSABLE,
        "invalid stop_price 100.005. sub-penny increment",
    ),
    ({"client_order_id": "x" * 129}, Reason.INVALID, "client_order_id must be 1 to 128"),
    ({"client_order_id": ""}, Reason.INVALID, "client_order_id must be 1 to 128"),
]


@pytest.mark.parametrize(("fields", "reason", "words"), FIELDS)
def test_a_wrong_field_is_refused_by_its_name_and_changes_nothing(
    house: House, fields: dict[str, Any], reason: Reason, words: str
) -> None:
    refused = refusal(house, **fields)
    assert refused.reason is reason
    assert words in refused.message


def test_the_numbers_of_the_refusals_are_alpacas() -> None:
    found = {reason: (reason.status, reason.number) for reason in Reason}
    assert found[Reason.INVALID] == (422, 40010001)
    assert found[Reason.UNPROCESSABLE] == (422, 42210000)
    assert found[Reason.FORBIDDEN] == (403, 40310000)
    assert found[Reason.NOT_FOUND] == (404, 40410000)


def test_below_a_dollar_four_decimals_are_a_price(house: House) -> None:
    assert house.send(type="limit", limit_price="0.5001").limit_price == Decimal("0.5001")


def test_a_client_order_id_is_never_taken_twice_not_even_of_a_cancelled_order(
    house: House,
) -> None:
    order = house.send(type="limit", limit_price="90", client_order_id="mine")
    house.cancel(order)
    refused = refusal(house, client_order_id="mine")
    assert (refused.reason, refused.message) == (
        Reason.INVALID,
        "client_order_id must be unique",
    )


def test_two_accounts_may_use_the_same_client_order_id(house: House) -> None:
    first = house.send(client_order_id="same")
    second = house.send(client_order_id="same", account=house.bob)
    assert first.id != second.id


def test_a_client_order_id_of_128_characters_is_taken(house: House) -> None:
    assert len(house.send(client_order_id="x" * 128).client_order_id) == 128


def test_an_order_without_a_client_order_id_gets_one(house: House) -> None:
    order = house.send()
    assert house.venue.order_by_client_id(house.ann.id, order.client_order_id) is order


KINDS: list[tuple[dict[str, Any], str]] = [
    ({"type": "stop", "stop_price": "110", "tif": "ioc"}, "invalid time_in_force ioc for a stop"),
    ({"type": "stop", "stop_price": "110", "tif": "opg"}, "invalid time_in_force opg"),
    ({"type": "trailing_stop", "trail_price": "1", "tif": "fok"}, "invalid time_in_force fok"),
    (
        {"type": "stop_limit", "stop_price": "110", "limit_price": "111", "tif": "cls"},
        "invalid time_in_force cls",
    ),
    ({"symbol": "BTC/USD", "tif": "day"}, "invalid time_in_force day for a market order of BTC"),
    (
        {"symbol": "BTC/USD", "tif": "fok", "type": "limit", "limit_price": "5"},
        "invalid time_in_force fok",
    ),
    (
        {"symbol": "BTC/USD", "tif": "gtc", "type": "stop", "stop_price": "60000"},
        "invalid type stop for crypto order",
    ),
    (
        {"symbol": "BTC/USD", "tif": "gtc", "type": "trailing_stop", "trail_price": "60"},
        "invalid type trailing_stop for crypto order",
    ),
    ({"quantity": "1.5", "tif": "gtc"}, "fractional orders must be DAY orders: time_in_force"),
    ({"quantity": None, "notional": "50", "tif": "gtc"}, "notional orders must be DAY orders"),
    (
        {"quantity": "1.5", "type": "trailing_stop", "trail_price": "1"},
        "fractional orders must not be of type trailing_stop",
    ),
    (
        {"quantity": "1.5", "order_class": "bracket", "target": "110", "stop_loss": "90"},
        "fractional orders must be simple orders",
    ),
    ({"extended_hours": True}, "extended_hours order must be simple DAY or GTC limit orders"),
    (
        {"extended_hours": True, "type": "stop", "stop_price": "110"},
        "extended_hours order must be simple DAY or GTC limit orders",
    ),
    (
        {"extended_hours": True, "type": "limit", "limit_price": "90", "tif": "ioc"},
        "extended_hours order must be simple DAY or GTC limit orders",
    ),
]


@pytest.mark.parametrize(("fields", "words"), KINDS)
def test_kinds_that_do_not_go_together_are_refused(
    house: House, fields: dict[str, Any], words: str
) -> None:
    refused = refusal(house, **fields)
    assert refused.reason is Reason.UNPROCESSABLE
    assert words in refused.message


def test_a_fraction_of_an_asset_in_whole_shares_is_forbidden(house: House) -> None:
    refused = refusal(house, symbol="WHOLE", quantity="1.5")
    assert refused.reason is Reason.FORBIDDEN
    assert 'asset "WHOLE" is not fractionable' in refused.message


@pytest.mark.parametrize("kind", list(OrderType))
@pytest.mark.parametrize("life", ["day", "gtc"])
def test_every_type_of_share_order_may_rest(house: House, kind: OrderType, life: str) -> None:
    prices: dict[OrderType, dict[str, Any]] = {
        OrderType.MARKET: {},
        OrderType.LIMIT: {"limit_price": "90"},
        OrderType.STOP: {"stop_price": "110"},
        OrderType.STOP_LIMIT: {"stop_price": "110", "limit_price": "111"},
        OrderType.TRAILING_STOP: {"trail_percent": "5"},
    }
    assert house.send(type=kind.value, tif=life, **prices[kind]).status.is_open or not prices[kind]


@pytest.mark.parametrize("life", ["ioc", "fok"])
@pytest.mark.parametrize("moment", [EVENING, NIGHT, OPEN - timedelta(minutes=1)])
def test_an_order_for_at_once_is_refused_while_the_market_is_closed(
    house: House, life: str, moment: Any
) -> None:
    house.until(max(moment, house.now))
    if moment < house.now:
        house = House(moment)
    refused = refusal(house, tif=life, type="limit", limit_price="90")
    assert refused.reason is Reason.UNPROCESSABLE
    assert f"time_in_force {life} is only accepted while the market is open" in refused.message


@pytest.mark.parametrize(
    ("life", "moment"),
    [
        ("opg", OPEN - timedelta(minutes=2)),
        ("opg", OPEN),
        ("opg", CLOSE + timedelta(hours=2)),
        ("cls", CLOSE - timedelta(minutes=10)),
        ("cls", CLOSE + timedelta(hours=2, minutes=59)),
    ],
)
def test_an_auction_order_that_comes_too_late_is_refused(life: str, moment: Any) -> None:
    refused = refusal(House(moment), tif=life, type="limit", limit_price="90")
    assert refused.reason is Reason.UNPROCESSABLE
    assert f"time_in_force {life} is not accepted between" in refused.message


@pytest.mark.parametrize(
    ("life", "moment"),
    [
        ("opg", OPEN - timedelta(minutes=3)),
        ("opg", CLOSE + timedelta(hours=3)),
        ("cls", OPEN),
        ("cls", CLOSE - timedelta(minutes=11)),
        ("cls", CLOSE + timedelta(hours=3)),
    ],
)
def test_an_auction_order_in_time_is_accepted(life: str, moment: Any) -> None:
    order = House(moment).send(tif=life, type="limit", limit_price="90")
    assert order.status is OrderStatus.ACCEPTED


def test_round_the_clock_an_order_for_at_once_is_taken_at_night() -> None:
    house = House(NIGHT, VenueTerms(always_open=True, fees="none"))
    house.quote(99.0, 100.0)
    assert house.send(tif="ioc").status is OrderStatus.FILLED


def test_an_unknown_account_order_position_asset_or_fill_is_not_found(house: House) -> None:
    venue = house.venue
    for ask in (
        lambda: venue.account("nobody"),
        lambda: venue.submit("nobody", request(), house.now),
        lambda: venue.order(house.ann.id, "none"),
        lambda: venue.cancel(house.ann.id, "none", house.now),
        lambda: venue.order_by_client_id(house.ann.id, "none"),
        lambda: venue.position(house.ann.id, "AAPL"),
        lambda: venue.close_position(house.ann.id, "AAPL", house.now),
        lambda: venue.asset("NOPE"),
        lambda: venue.bust("none", house.now),
    ):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.reason is Reason.NOT_FOUND


def test_an_account_does_not_see_the_orders_of_another(house: House) -> None:
    order = house.send()
    with pytest.raises(Refused) as caught:
        house.venue.order(house.bob.id, order.id)
    assert caught.value.reason is Reason.NOT_FOUND


def test_an_asset_is_found_by_symbol_and_by_id(house: House) -> None:
    assert house.venue.asset("AAPL") == house.venue.asset(AAPL.id) == AAPL
