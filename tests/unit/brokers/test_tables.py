from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from algotrendy.brokers.accounts import read_account
from algotrendy.brokers.capabilities import Capabilities
from algotrendy.brokers.tables import BROKERS, asset_rules, capabilities_named
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest


def order(quantity: str = "1", symbol: str = "AAPL", **more: object) -> OrderRequest:
    return OrderRequest(symbol, Side.BUY, quantity=Decimal(quantity), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("broker", BROKERS)
def test_every_broker_that_can_be_set_up_has_its_table(broker: str) -> None:
    table = capabilities_named(broker)
    assert isinstance(table, Capabilities)
    for kind in table.asset_classes:
        assert asset_rules(broker, kind).times


def test_a_broker_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="alpaca"):
        capabilities_named("nobody")
    with pytest.raises(Invalid):
        read_account({"broker": "nobody"})


def test_looking_up_a_broker_loads_no_vendor() -> None:
    code = """
import sys
from algotrendy.brokers.tables import capabilities_named
for broker in ("alpaca", "quantconnect", "ccxt"):
    capabilities_named(broker)
assert not {"alpaca", "ccxt", "pandas", "numpy", "requests"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_class_of_assets_that_is_not_traded_there_is_refused() -> None:
    with pytest.raises(Invalid, match="symbol"):
        asset_rules("quantconnect", AssetClass.CRYPTO)
    with pytest.raises(Invalid, match="symbol"):
        asset_rules("alpaca", AssetClass.INDEX)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (order(type=OrderType.STOP, stop_price=Decimal(1)), "type"),
        (order(), "time_in_force"),
        (order(time_in_force=TimeInForce.GTC, order_class=OrderClass.OTO), "order_class"),
    ],
)
def test_pairs_at_alpaca_take_fewer_orders(request_: OrderRequest, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        asset_rules("alpaca", AssetClass.CRYPTO).check(request_)
    assert refused.value.field == field


def test_parts_of_shares_are_for_the_day() -> None:
    rules = asset_rules("alpaca", AssetClass.EQUITY)
    rules.check(order("1.5"))
    with pytest.raises(Invalid, match="time_in_force"):
        rules.check(order("1.5", time_in_force=TimeInForce.GTC))
    with pytest.raises(Invalid, match="type"):
        rules.check(order("1.5", type=OrderType.TRAILING_STOP, trail_price=Decimal(1)))


def test_what_costs_too_little_is_refused() -> None:
    rules = asset_rules("alpaca", AssetClass.EQUITY)
    rules.check_cost(order("1"), Decimal("0.10"))
    with pytest.raises(Invalid, match="quantity must be worth 1 or more"):
        rules.check_cost(order("0.5"), Decimal("0.99"))
    with pytest.raises(Invalid, match="10 or more"):
        asset_rules("alpaca", AssetClass.CRYPTO).check_cost(order("2"), Decimal("9.99"))


def new_york(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Give a moment of late November 2026: the 26th is Thanksgiving, the 27th closes at 13:00."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("life", "moment", "is_taken"),
    [
        (TimeInForce.IOC, new_york(25, 9, 29, 59), False),
        (TimeInForce.IOC, new_york(25, 9, 30), True),
        (TimeInForce.FOK, new_york(25, 15, 59, 59), True),
        (TimeInForce.FOK, new_york(25, 16), False),
        (TimeInForce.IOC, new_york(26, 12), False),
        (TimeInForce.IOC, new_york(27, 13), False),
        (TimeInForce.OPG, new_york(25, 9, 27, 59), True),
        (TimeInForce.OPG, new_york(25, 9, 28), False),
        (TimeInForce.OPG, new_york(25, 18, 59, 59), False),
        (TimeInForce.OPG, new_york(25, 19), True),
        (TimeInForce.OPG, new_york(26, 12), True),
        (TimeInForce.CLS, new_york(25, 15, 49, 59), True),
        (TimeInForce.CLS, new_york(25, 15, 50), False),
        (TimeInForce.CLS, new_york(27, 12, 50), False),
        (TimeInForce.CLS, new_york(27, 16), True),
        (TimeInForce.DAY, new_york(26, 3), True),
        (TimeInForce.GTC, new_york(26, 3), True),
    ],
)
def test_shares_are_taken_at_the_hours_of_their_time_in_force(
    life: TimeInForce, moment: datetime, is_taken: bool
) -> None:
    rules = asset_rules("alpaca", AssetClass.EQUITY)
    with nullcontext() if is_taken else pytest.raises(Invalid, match="time_in_force"):
        rules.check_hours(order(time_in_force=life), moment)
