"""A01 to A19: every type of order, every time in force, every class."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest

from acceptance.cases import Needs, Suite
from acceptance.harness import ASK, Harness
from acceptance.steps import (
    TEN,
    bought,
    cancelled,
    ended,
    filled,
    held,
    held_until,
    open_orders,
    order,
    order_until,
    resting,
    standing,
    until,
)
from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from algotrendy.kernel.order_status import OrderStatus

SUITE = Suite()
PROFIT = TakeProfit(Decimal(105))
LOSS = StopLoss(Decimal(95))
FRACTION = Decimal("0.125")
SUM = Decimal(250)


@SUITE.case("A01", "A market order fills, and the position is held", order)
async def market_order(h: Harness) -> None:
    placed = await h.broker.submit(order(h))
    over = await filled(h.broker, placed)
    assert (over.filled_quantity, over.average_price) == (TEN, ASK)
    await held_until(h, TEN)


@SUITE.case("A02", "A limit order waits, and fills at its price or better", resting)
async def limit_order(h: Harness) -> None:
    placed = await h.broker.submit(resting(h, "99.50"))
    await standing(h.broker, placed)
    await h.set_quote(Decimal("99.38"), Decimal("99.40"))
    over = await filled(h.broker, placed)
    assert over.average_price is not None
    assert over.average_price <= Decimal("99.50")
    assert over.limit_price == Decimal("99.50")


def stop(h: Harness) -> OrderRequest:
    return order(h, type=OrderType.STOP, stop_price=Decimal(101))


@SUITE.case("A03", "A stop order waits for its price, then fills", stop)
async def stop_order(h: Harness) -> None:
    placed = await h.broker.submit(stop(h))
    await standing(h.broker, placed)
    await h.set_quote(Decimal("101.05"), Decimal("101.07"))
    await h.trade(Decimal("101.06"), Decimal(1000))
    over = await filled(h.broker, placed)
    assert over.average_price is not None
    assert Decimal("101.05") <= over.average_price <= Decimal("101.07")
    assert over.stop_price == Decimal(101)


def stop_limit(h: Harness) -> OrderRequest:
    return order(
        h, type=OrderType.STOP_LIMIT, stop_price=Decimal(101), limit_price=Decimal("101.50")
    )


@SUITE.case("A04", "A stop-limit order waits for its stop, then for its limit", stop_limit)
async def stop_limit_order(h: Harness) -> None:
    placed = await h.broker.submit(stop_limit(h))
    await h.set_quote(Decimal("101.90"), Decimal("101.92"))
    await h.trade(Decimal("101.91"), Decimal(1000))
    await standing(h.broker, placed)
    await h.set_quote(Decimal("101.43"), Decimal("101.45"))
    over = await filled(h.broker, placed)
    assert over.average_price is not None
    assert over.average_price <= Decimal("101.50")


def trailing_stop(h: Harness) -> OrderRequest:
    return order(h, type=OrderType.TRAILING_STOP, side=Side.SELL, trail_price=Decimal(1))


@SUITE.case("A05", "A trailing stop follows the price, and fills when it turns", trailing_stop)
async def trailing_stop_order(h: Harness) -> None:
    await bought(h)
    placed = await h.broker.submit(trailing_stop(h))
    await h.set_quote(Decimal("104.99"), Decimal("105.01"))
    await h.trade(Decimal("105.00"), Decimal(1000))
    await standing(h.broker, placed)
    await h.set_quote(Decimal("103.90"), Decimal("103.92"))
    await h.trade(Decimal("103.91"), Decimal(1000))
    over = await filled(h.broker, placed)
    assert over.average_price is not None
    assert Decimal("103.90") <= over.average_price <= Decimal("103.92")
    await held_until(h, Decimal(0))


def day(h: Harness) -> OrderRequest:
    return resting(h, time_in_force=TimeInForce.DAY)


@SUITE.case("A06", "A day order stands until it is cancelled", day)
async def day_order(h: Harness) -> None:
    placed = await h.broker.submit(day(h))
    assert (await standing(h.broker, placed)).time_in_force is TimeInForce.DAY
    await cancelled(h.broker, placed)


def gtc(h: Harness) -> OrderRequest:
    return resting(h, time_in_force=TimeInForce.GTC)


@SUITE.case("A07", "A gtc order stands until it is cancelled", gtc)
async def gtc_order(h: Harness) -> None:
    placed = await h.broker.submit(gtc(h))
    assert (await standing(h.broker, placed)).time_in_force is TimeInForce.GTC
    await cancelled(h.broker, placed)


def ioc(h: Harness) -> OrderRequest:
    return resting(h, time_in_force=TimeInForce.IOC)


@SUITE.case("A08", "An ioc order fills at once, or is over and has filled nothing", ioc)
async def ioc_order(h: Harness) -> None:
    await fills_now_or_never(h, TimeInForce.IOC)


def fok(h: Harness) -> OrderRequest:
    return resting(h, time_in_force=TimeInForce.FOK)


@SUITE.case("A09", "A fok order fills whole at once, or is over and has filled nothing", fok)
async def fok_order(h: Harness) -> None:
    await fills_now_or_never(h, TimeInForce.FOK)


async def fills_now_or_never(h: Harness, time: TimeInForce) -> None:
    over = await ended(h.broker, await h.broker.submit(resting(h, time_in_force=time)))
    assert over.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED), over
    assert over.filled_quantity == 0
    over = await filled(h.broker, await h.broker.submit(resting(h, "101.00", time_in_force=time)))
    assert (over.filled_quantity, over.average_price) == (TEN, ASK)


def opening(h: Harness) -> OrderRequest:
    return resting(h, "101.00", time_in_force=TimeInForce.OPG)


@SUITE.case("A10", "An opg order is taken, and waits for the opening auction", opening)
async def opg_order(h: Harness) -> None:
    placed = await h.broker.submit(opening(h))
    assert (await standing(h.broker, placed)).time_in_force is TimeInForce.OPG


def closing(h: Harness) -> OrderRequest:
    return resting(h, "101.00", time_in_force=TimeInForce.CLS)


@SUITE.case("A11", "A cls order is taken, and waits for the closing auction", closing)
async def cls_order(h: Harness) -> None:
    placed = await h.broker.submit(closing(h))
    assert (await standing(h.broker, placed)).time_in_force is TimeInForce.CLS


@SUITE.case("A12", "Every pair of type and time in force is taken, or refused before it is sent")
async def every_pair(h: Harness) -> None:
    table = h.broker.capabilities
    prices = {
        OrderType.MARKET: {},
        OrderType.LIMIT: {"limit_price": Decimal(90)},
        OrderType.STOP: {"stop_price": Decimal(110)},
        OrderType.STOP_LIMIT: {"stop_price": Decimal(110), "limit_price": Decimal(111)},
        OrderType.TRAILING_STOP: {"trail_price": Decimal(10)},
    }
    for kind in OrderType:
        for time in TimeInForce:
            wanted = order(h, type=kind, time_in_force=time, quantity=Decimal(1), **prices[kind])
            if kind in table.order_types and time in table.times_of(kind):
                taken = await h.broker.submit(wanted)
                assert (taken.type, taken.time_in_force) == (kind, time)
                await over_with(h, taken.broker_order_id)
                continue
            before = await h.submissions()
            with pytest.raises(Invalid) as refusal:
                await h.broker.submit(wanted)
            assert refusal.value.field in {"type", "time_in_force"}
            assert await h.submissions() == before


async def over_with(h: Harness, broker_order_id: str) -> None:
    """Bring an order to its end: cancelled, unless it is over already."""
    if (await h.broker.order(broker_order_id)).status.is_open:
        # It may fill on the way.
        with contextlib.suppress(Rejected):
            await h.broker.cancel(broker_order_id)
    await order_until(h.broker, broker_order_id, lambda o: o.status.is_terminal)


def fraction(h: Harness) -> OrderRequest:
    return order(h, quantity=FRACTION)


@SUITE.case("A13", "A fraction of a unit fills to its last digit", fraction)
async def fractional_order(h: Harness) -> None:
    over = await filled(h.broker, await h.broker.submit(fraction(h)))
    assert over.filled_quantity == FRACTION
    await held_until(h, FRACTION)


def by_sum(h: Harness) -> OrderRequest:
    return order(h, notional=SUM)


@SUITE.case("A14", "A notional order buys for the sum", by_sum)
async def notional_order(h: Harness) -> None:
    over = await filled(h.broker, await h.broker.submit(by_sum(h)))
    assert over.average_price is not None
    assert abs(over.filled_quantity * over.average_price - SUM) < 1


def short(h: Harness) -> OrderRequest:
    return order(h, side=Side.SELL)


@SUITE.case("A15", "A short sale gives a negative position", short, Needs.SHORT)
async def short_sale(h: Harness) -> None:
    await filled(h.broker, await h.broker.submit(short(h)))
    await held_until(h, -TEN)


def extended(h: Harness) -> OrderRequest:
    return resting(h, extended_hours=True)


@SUITE.case("A16", "An order for extended hours is taken", extended)
async def extended_order(h: Harness) -> None:
    placed = await h.broker.submit(extended(h))
    await standing(h.broker, placed)
    await cancelled(h.broker, placed)


def bracket(h: Harness) -> OrderRequest:
    return order(h, order_class=OrderClass.BRACKET, take_profit=PROFIT, stop_loss=LOSS)


@SUITE.case("A17", "A bracket's exits come alive with its entry, and one ends the other", bracket)
async def bracket_order(h: Harness) -> None:
    await filled(h.broker, await h.broker.submit(bracket(h)))
    exits = await until(lambda: open_orders(h.broker), lambda found: len(found) == 2)
    assert {e.side for e in exits} == {Side.SELL}
    await h.set_quote(Decimal("105.10"), Decimal("105.12"))
    await until(lambda: open_orders(h.broker), lambda found: not found)
    ends = {(await h.broker.order(e.broker_order_id)).status for e in exits}
    assert ends == {OrderStatus.FILLED, OrderStatus.CANCELED}
    await held_until(h, Decimal(0))


def oco(h: Harness) -> OrderRequest:
    return order(
        h,
        side=Side.SELL,
        type=OrderType.LIMIT,
        order_class=OrderClass.OCO,
        take_profit=PROFIT,
        stop_loss=LOSS,
    )


@SUITE.case("A18", "Of two exits in an OCO one ends the other", oco)
async def oco_order(h: Harness) -> None:
    await bought(h)
    await h.broker.submit(oco(h))
    exits = await until(lambda: open_orders(h.broker), lambda found: len(found) == 2)
    await h.set_quote(Decimal("94.90"), Decimal("94.92"))
    await h.trade(Decimal("94.91"), Decimal(1000))
    await until(lambda: open_orders(h.broker), lambda found: not found)
    ends = {(await h.broker.order(e.broker_order_id)).status for e in exits}
    assert ends == {OrderStatus.FILLED, OrderStatus.CANCELED}
    await held_until(h, Decimal(0))


def oto(h: Harness) -> OrderRequest:
    return order(h, order_class=OrderClass.OTO, stop_loss=LOSS)


@SUITE.case("A19", "The exit of an OTO comes alive with its entry", oto)
async def oto_order(h: Harness) -> None:
    await filled(h.broker, await h.broker.submit(oto(h)))
    [stop_loss] = await until(lambda: open_orders(h.broker), lambda found: len(found) == 1)
    assert (stop_loss.type, stop_loss.stop_price) == (OrderType.STOP, LOSS.stop_price)
    assert await held(h) == TEN
