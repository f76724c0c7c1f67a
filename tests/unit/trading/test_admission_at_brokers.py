"""What the broker would refuse, and what it lends, is known before an order is stored."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from fakes.order_counter import AAPL, BTC, USD, OrderCounter
from fakes.risk_desk import bracket, buy, sell


def oco(quantity: str = "10") -> OrderRequest:
    return sell(
        quantity,
        type=OrderType.LIMIT,
        order_class=OrderClass.OCO,
        take_profit=TakeProfit(Decimal(110)),
        stop_loss=StopLoss(Decimal(90)),
    )


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (buy("1.5", order_class=OrderClass.BRACKET), "quantity"),
        (buy("0"), "quantity"),
        (buy("10000000000"), "quantity"),
        (buy("0.0000000001"), "quantity"),
        (buy("10", limit_price="99.999"), "limit_price"),
        (buy("10", limit_price="99999999"), "limit_price"),
        (buy("10", type=OrderType.STOP), "stop_price"),
        (buy("10", BTC), "time_in_force"),
        (buy("10", BTC, type=OrderType.STOP, stop_price="1"), "type"),
        (bracket(profit="99"), "take_profit.limit_price"),
        (bracket(stop="101"), "stop_loss.stop_price"),
        (bracket(profit="110.001"), "take_profit.limit_price"),
        (oco(), "order_class"),
        (sell("1.5"), "quantity"),
        (replace(buy("1"), quantity=None, notional=Decimal("0.5")), "notional"),
        (buy("0.005"), "quantity"),
        (buy("0.0001", BTC, time_in_force=TimeInForce.GTC), "quantity"),
        (buy("1", type=OrderType.TRAILING_STOP, trail_percent=Decimal(100)), "trail_percent"),
        (buy("1", client_order_id="x" * 129), "client_order_id"),
        (replace(buy("1"), symbol="aapl"), "symbol"),
    ],
)
def test_what_the_broker_would_refuse_is_refused_by_its_field(
    request_: OrderRequest, field: str
) -> None:
    counter = OrderCounter(leverage=Decimal(2))
    with pytest.raises(Invalid) as refused:
        counter.place(request_)
    assert refused.value.field == field


def test_a_symbol_that_is_not_traded_is_refused() -> None:
    counter = OrderCounter()
    counter.list(AAPL, is_tradable=False)
    with pytest.raises(Invalid, match="symbol"):
        counter.place(buy("1"))


def test_a_symbol_without_parts_is_bought_whole() -> None:
    counter = OrderCounter()
    counter.list(AAPL, is_fractionable=False)
    with pytest.raises(Invalid, match="quantity"):
        counter.place(buy("1.5"))


def test_exits_belong_to_what_opens() -> None:
    counter = OrderCounter(leverage=Decimal(2))
    counter.trade(sell("10"))
    with pytest.raises(Invalid, match="order_class"):
        counter.place(bracket())
    flat = OrderCounter()
    flat.trade(buy("10"))
    assert flat.place(oco()).reserved == Money.zero(USD)


def test_an_order_closes_no_more_than_is_there() -> None:
    counter = OrderCounter(leverage=Decimal(2))
    counter.trade(buy("10"))
    assert counter.refused(sell("11"))["units_available"] == "10"
    counter.place(sell("4", limit_price="120"))
    assert counter.refused(sell("7", limit_price="120"))["units_available"] == "6"


def test_what_is_not_lent_at_once_is_not_sold_short() -> None:
    counter = OrderCounter(leverage=Decimal(2))
    counter.list(AAPL, is_easy_to_borrow=False)
    assert "short_available" in counter.refused(sell("1"))
    counter.list(AAPL)
    counter.place(sell("1"))


def test_a_position_takes_what_the_broker_demands_to_keep_it() -> None:
    counter = OrderCounter(cash=10_000, leverage=Decimal(2))
    counter.list(AAPL, maintenance_rate=Decimal("0.8"))
    assert "buying_power" in counter.refused(buy("126"))
    counter.place(buy("125"))
    roomy = OrderCounter(cash=10_000, leverage=Decimal(2))
    roomy.list(AAPL, maintenance_rate=Decimal("0.3"))
    roomy.place(buy("200"))
    of_cash = OrderCounter(cash=10_000)
    of_cash.list(AAPL, maintenance_rate=Decimal("1.5"))
    of_cash.place(buy("100"))


def test_a_cash_account_sells_nothing_short() -> None:
    assert "short_available" in OrderCounter().refused(sell("1"))


def test_a_short_name_is_made_where_the_broker_keeps_no_long_one() -> None:
    counter = OrderCounter(broker="ccxt")
    request = buy("0.5", BTC, time_in_force=TimeInForce.GTC)
    order = counter.place(request)
    assert order.client_order_id == order.id.hex
    assert request.side is Side.BUY
