"""ccxt's own client of Alpaca on our paper exchange: another client, and another exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.brokers.ccxt.broker import CcxtBroker
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.kernel.errors import Conflict, NotFound, Rejected, Unauthenticated
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, options, running_exchange

PAIR = Symbol("BTC/USD")
Story = Callable[[CcxtBroker], Coroutine[Any, Any, None]]


@pytest.fixture
def exchange() -> Iterator[RunningExchange]:
    with running_exchange(options(always_open=True, speed=1.0, fees="none")) as running:
        running.quote(PAIR, 96_000.0, 96_010.0)
        yield running


def run(exchange: RunningExchange, story: Story, secret: str = SECRET) -> None:
    wanted = CcxtSettings("alpaca", KEY_ID, secret, (PAIR,), url=exchange.url, rate_limit_ms=0.1)

    async def told() -> None:
        broker = await CcxtBroker.open(wanted)
        try:
            await story(broker)
        finally:
            await broker.close()

    asyncio.run(asyncio.wait_for(told(), 60))


def request(name: str, **wanted: Any) -> OrderRequest:
    made: dict[str, Any] = {
        "side": Side.BUY,
        "quantity": Decimal("0.01"),
        "time_in_force": TimeInForce.GTC,
    }
    return OrderRequest(PAIR, client_order_id=name, **(made | wanted))


def test_orders_are_placed_found_listed_and_cancelled(exchange: RunningExchange) -> None:
    async def story(broker: CcxtBroker) -> None:
        wanted = request("one", type=OrderType.LIMIT, limit_price=Decimal(90_000))
        placed = await broker.submit(wanted)
        assert (placed.status, placed.client_order_id) == (OrderStatus.NEW, "one")
        assert placed.limit_price == Decimal(90_000)
        assert (await broker.order_by_client_id("one")) == placed
        assert list(await broker.orders(open_only=True)) == [placed]
        with pytest.raises(Conflict):
            await broker.submit(wanted)
        await broker.cancel(placed.broker_order_id)
        over = await broker.order(placed.broker_order_id)
        assert over.status is OrderStatus.CANCELED
        with pytest.raises(NotFound):
            await broker.order_by_client_id("two")

    run(exchange, story)


def test_what_is_bought_is_held_and_sold(exchange: RunningExchange) -> None:
    async def story(broker: CcxtBroker) -> None:
        over = await broker.submit(request("buy"))
        assert (over.status, over.average_price) == (OrderStatus.FILLED, Decimal(96_010))
        [fill] = await broker.fills()
        assert fill.broker_order_id == over.broker_order_id
        [position] = await broker.positions()
        assert (position.quantity, position.average_price) == (Decimal("0.01"), Decimal(96_010))
        account = await broker.account()
        assert account.cash == Decimal("99039.9")
        await broker.close_position(PAIR, "sell")
        assert not await broker.positions()

    run(exchange, story)


def test_what_the_exchange_refuses_is_rejected(exchange: RunningExchange) -> None:
    async def story(broker: CcxtBroker) -> None:
        for wanted in (request("dear", quantity=Decimal(100)), request("short", side=Side.SELL)):
            with pytest.raises(Rejected) as refusal:
                await broker.submit(wanted)
            assert refusal.value.facts["broker_code"] == "40310000", refusal.value.message
        assert not await broker.orders()

    run(exchange, story)


def test_keys_that_nobody_gave_out_are_unauthenticated(exchange: RunningExchange) -> None:
    async def story(broker: CcxtBroker) -> None:
        with pytest.raises(Unauthenticated):
            await broker.account()

    run(exchange, story, secret="another")
