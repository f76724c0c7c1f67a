"""An order asks for what was decided, as far as its broker takes it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.live.deciding import limit_price
from algotrendy.live.parity.differences import Cause, Difference
from algotrendy.live.parity.ordered import orders_compared
from algotrendy.strategy.making import strategy
from fakes.live_worlds import recorded_backtest, wandering

ZERO = Decimal(0)


@strategy()
def below(market: Any, own: Any, p: Any) -> None:
    """Bid a little below the close, between the steps of the market."""
    if market.position == 0.0 and not market.open_orders():
        market.buy(5.0, limit=market.close[-1] * 0.99777)


def compared(off: Decimal) -> list[Difference]:
    """Compare a run whose limits are so far off the steps that brokers are told."""
    record = recorded_backtest(wandering(40), below)
    orders = []
    for order in record.orders:
        told = limit_price(float(order.limit), order.side, Symbol("AAPL"))
        assert told is not None
        orders.append(replace(order, limit=told + off))
    assert orders
    return list(orders_compared(replace(record, orders=tuple(orders))))


def test_a_limit_on_a_step_of_prices_is_the_one_that_was_decided() -> None:
    assert compared(ZERO) == []


@pytest.mark.parametrize("off", [Decimal("0.01"), Decimal("-0.01")])
def test_a_limit_a_step_beside_it_is_unexplained(off: Decimal) -> None:
    assert {each.cause for each in compared(off)} == {Cause.UNEXPLAINED}
