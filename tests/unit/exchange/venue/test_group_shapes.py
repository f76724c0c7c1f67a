"""What the venue refuses of a group: an exit too few, too many, or on the wrong side."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.order_status import OrderStatus
from unit.exchange.venue.house import House


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


GROUPS: list[tuple[dict[str, Any], Reason, str]] = [
    ({"target": "110"}, Reason.INVALID, "simple orders must not have take_profit"),
    ({"stop_loss": "90"}, Reason.INVALID, "simple orders must not have stop_loss"),
    ({"order_class": "bracket", "target": "110"}, Reason.INVALID, "stop_loss.stop_price"),
    ({"order_class": "bracket", "stop_loss": "90"}, Reason.INVALID, "take_profit.limit_price"),
    ({"order_class": "oto"}, Reason.INVALID, "exactly one of take_profit, stop_loss"),
    (
        {"order_class": "oto", "target": "110", "stop_loss": "90"},
        Reason.INVALID,
        "exactly one of take_profit, stop_loss",
    ),
    (
        {"order_class": "oco", "target": "110", "stop_loss": "90"},
        Reason.UNPROCESSABLE,
        "oco orders must be of type limit",
    ),
    (
        {"order_class": "oco", "type": "limit", "stop_loss": "90", "limit_price": "110"},
        Reason.INVALID,
        "oco orders require take_profit.limit_price",
    ),
    (
        {
            "order_class": "oco",
            "type": "limit",
            "limit_price": "111",
            "target": "110",
            "stop_loss": "90",
        },
        Reason.INVALID,
        "limit_price must be take_profit.limit_price",
    ),
    (
        {"order_class": "bracket", "target": "110", "stop_loss": "100.01"},
        Reason.UNPROCESSABLE,
        "stop_loss.stop_price must be <= base_price - 0.01",
    ),
    (
        {"order_class": "bracket", "target": "100.01", "stop_loss": "90"},
        Reason.UNPROCESSABLE,
        "take_profit.limit_price must be >= base_price + 0.01",
    ),
    (
        {
            "order_class": "bracket",
            "type": "limit",
            "limit_price": "95",
            "target": "110",
            "stop_loss": "95",
        },
        Reason.UNPROCESSABLE,
        "stop_loss.stop_price must be <= base_price - 0.01",
    ),
    (
        {"side": "sell", "order_class": "bracket", "target": "90", "stop_loss": "99.99"},
        Reason.UNPROCESSABLE,
        "stop_loss.stop_price must be >= base_price + 0.01",
    ),
    (
        {"order_class": "bracket", "target": "110.001", "stop_loss": "90"},
        Reason.UNPROCESSABLE,
        "invalid take_profit.limit_price 110.001",
    ),
    (
        {"order_class": "bracket", "target": "110", "stop_loss": "90", "stop_loss_limit": "89.999"},
        Reason.UNPROCESSABLE,
        "invalid stop_loss.limit_price 89.999",
    ),
    (
        {"order_class": "bracket", "target": "110", "stop_loss": "90", "tif": "ioc"},
        Reason.UNPROCESSABLE,
        "time_in_force day or gtc, not ioc",
    ),
    (
        {
            "order_class": "bracket",
            "type": "stop",
            "stop_price": "105",
            "target": "110",
            "stop_loss": "90",
        },
        Reason.UNPROCESSABLE,
        "bracket orders must be of type market or limit",
    ),
    (
        {
            "order_class": "bracket",
            "type": "limit",
            "limit_price": "99",
            "target": "110",
            "stop_loss": "90",
            "extended_hours": True,
        },
        Reason.UNPROCESSABLE,
        "extended_hours",
    ),
    (
        {
            "symbol": "BTC/USD",
            "tif": "gtc",
            "order_class": "bracket",
            "target": "60000",
            "stop_loss": "40000",
        },
        Reason.UNPROCESSABLE,
        "crypto orders not allowed for advanced order_class",
    ),
]


@pytest.mark.parametrize(("fields", "reason", "words"), GROUPS)
def test_a_group_of_the_wrong_shape_is_refused(
    house: House, fields: dict[str, Any], reason: Reason, words: str
) -> None:
    refused = refusal(house, **fields)
    assert refused.reason is reason
    assert words in refused.message


def test_the_base_price_is_told_with_the_refusal_of_an_exit(house: House) -> None:
    refused = refusal(house, order_class="bracket", target="110", stop_loss="100.01")
    assert refused.facts["base_price"] == "100.01"


def test_an_exit_a_cent_beyond_the_base_price_is_taken(house: House) -> None:
    order = house.bracket(target="100.02", stop_loss="100.00")
    assert order.status is OrderStatus.FILLED
