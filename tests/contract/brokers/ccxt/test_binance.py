"""The adapter, and unmodified ccxt, on a local server that speaks Binance's protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from acceptance.ccxt import SECRET, CcxtHarness, settings
from acceptance.steps import (
    again,
    bought,
    ended,
    filled,
    held_until,
    listening,
    order,
    order_until,
    refused_unsent,
    resting,
)
from algotrendy.brokers.ccxt.broker import CcxtBroker
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.kernel.errors import (
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus
from fakes.crypto_exchange_server import CryptoExchangeServer, Failure

Story = Callable[[CcxtHarness, CryptoExchangeServer], Coroutine[Any, Any, None]]
Ask = Callable[[Story], None]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Run a story on a fresh account of one exchange."""
    with CryptoExchangeServer() as server, asyncio.Runner() as runner:
        harness = CcxtHarness(server)

        async def told(story: Story) -> None:
            await harness.fresh()
            await story(harness, server)

        yield lambda story: runner.run(asyncio.wait_for(told(story), 60))
        runner.run(harness.close())


@asynccontextmanager
async def opened(wanted: CcxtSettings) -> AsyncIterator[CcxtBroker]:
    broker = await CcxtBroker.open(wanted)
    try:
        yield broker
    finally:
        await broker.close()


@pytest.mark.parametrize(
    "failure", [Failure.LOST_ANSWER, Failure.GATEWAY_TIMEOUT, Failure.UNKNOWN, Failure.NO_JSON]
)
def test_an_order_whose_answer_tells_nothing_is_unknown_and_found(
    ask: Ask, failure: Failure
) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        wanted, before = resting(h), server.submissions
        server.failures.append(failure)
        with pytest.raises(Unknown):
            await h.broker.submit(wanted)
        found = await h.broker.order_by_client_id(wanted.client_order_id or "")
        assert found.quantity == wanted.quantity
        assert server.submissions == before + 1

    ask(story)


@pytest.mark.parametrize(
    ("failure", "pause_s"),
    [(Failure.TOO_MANY, 1), (Failure.BANNED, 120), (Failure.OVERLOADED, None)],
)
def test_an_order_that_was_not_taken_is_unavailable_and_says_until_when(
    ask: Ask, failure: Failure, pause_s: float | None
) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        server.failures.append(failure)
        with pytest.raises(Unavailable) as refusal:
            await h.broker.submit(resting(h))
        assert refusal.value.retry_after_s == pause_s
        assert not await h.broker.orders()

    ask(story)


def test_an_exchange_that_is_not_there_is_unavailable(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        await h.broker.orders()
        await asyncio.to_thread(server.stop)
        try:
            with pytest.raises(Unavailable):
                await h.broker.submit(resting(h))
            with pytest.raises(Unavailable):
                await h.broker.cancel("BTC/USDT#1")
        finally:
            await asyncio.to_thread(server.start)

    ask(story)


@pytest.mark.parametrize(("key", "secret"), [("NOBODY", SECRET), (None, "another secret")])
def test_keys_and_signatures_that_are_not_right_are_unauthenticated(
    ask: Ask, key: str | None, secret: str
) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        wanted = settings(server, key or h._key, secret)
        async with opened(wanted) as broker:
            with pytest.raises(Unauthenticated):
                await broker.account()
            with pytest.raises(Unauthenticated):
                await broker.submit(resting(h))
            with pytest.raises(Unauthenticated):
                async for _ in broker.updates():
                    pass

    ask(story)


def test_a_clock_that_is_wrong_is_set_by_the_exchanges(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        server.skew_ms = -3_600_000
        try:
            async with opened(settings(server, h._key)) as broker:
                assert (await broker.submit(resting(h))).status is OrderStatus.NEW
                server.skew_ms = 0
                with pytest.raises(Unavailable):
                    await broker.submit(resting(h))
        finally:
            server.skew_ms = 0
        assert len(await h.broker.orders()) == 1

    ask(story)


def test_what_is_sent_is_what_was_asked_to_the_last_digit(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        wanted = resting(h, "99.10", quantity=Decimal("7.12345"))
        placed = await h.broker.submit(wanted)
        sent = server.sent[-1]
        assert (sent["quantity"], sent["price"]) == ("7.12345", "99.1")
        assert sent["newClientOrderId"] == wanted.client_order_id
        assert (sent["type"], sent["timeInForce"], sent["side"]) == ("LIMIT", "GTC", "BUY")
        assert (placed.quantity, placed.limit_price) == (Decimal("7.12345"), Decimal("99.10"))

    ask(story)


def test_a_number_between_two_steps_is_refused_and_not_rounded(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        await refused_unsent(h, resting(h, "99.505"), "limit_price")
        await refused_unsent(h, resting(h, quantity=Decimal("1.000001")), "quantity")
        await refused_unsent(h, resting(h, quantity=Decimal("0.000001")), "quantity")
        stop = resting(h, "101.50", type=OrderType.STOP_LIMIT, stop_price=Decimal("101.001"))
        await refused_unsent(h, stop, "stop_price")

    ask(story)


def test_a_sum_is_for_market_orders_to_buy(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        await refused_unsent(h, order(h, side=Side.SELL, notional=Decimal(100)), "notional")
        over = await filled(h.broker, await h.broker.submit(order(h, notional=Decimal(250))))
        assert server.sent[-1]["quoteOrderQty"] == "250"
        assert "quantity" not in server.sent[-1]
        await held_until(h, over.filled_quantity)

    ask(story)


def test_a_stop_that_would_elect_at_once_is_rejected(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        below = resting(h, "99.50", type=OrderType.STOP_LIMIT, stop_price=Decimal(99))
        with pytest.raises(Rejected) as refusal:
            await h.broker.submit(below)
        assert refusal.value.facts["broker_code"] == "-2010"

    ask(story)


def test_too_little_money_is_told_as_such(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        with pytest.raises(Rejected) as refusal:
            await h.broker.submit(order(h, quantity=Decimal(5000)))
        assert refusal.value.facts["kind"] == "insufficient_funds"

    ask(story)


def test_a_name_that_the_exchange_would_take_again_is_not_sent_again(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        wanted = order(h)
        await filled(h.broker, await h.broker.submit(wanted))
        before = server.submissions
        with pytest.raises(Conflict):
            await h.broker.submit(wanted)
        assert server.submissions == before
        await refused_unsent(h, again(wanted, client_order_id="no spaces"), "client_order_id")

    ask(story)


def test_pushed_news_comes_without_a_look(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        wanted = replace(settings(server, h._key), silence_s=300.0)
        async with opened(wanted) as broker, listening(broker) as heard:
            placed = await h.broker.submit(resting(h))
            await heard.until(lambda so_far: bool(so_far.updates))
            assert heard.updates[0].order == placed
            await h.trade(Decimal("99.50"), Decimal(3))
            await heard.until(lambda so_far: bool(so_far.fills))
            await h.broker.cancel(placed.broker_order_id)
            await heard.until(lambda so_far: so_far.updates[-1].order.status.is_terminal)
            last = heard.updates[-1].order
            assert (last.status, last.filled_quantity) == (OrderStatus.CANCELED, Decimal(3))
            assert last.client_order_id == placed.client_order_id
            assert last == await h.broker.order(placed.broker_order_id)
            assert len(heard.gaps) == 1

    ask(story)


def test_a_restart_of_the_exchange_is_a_gap_and_what_it_hid_is_told(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        async with listening(h.broker) as heard:
            await h.broker.submit(resting(h))
            await heard.until(lambda so_far: bool(so_far.updates))
            await h.restart()
            await h.trade(Decimal("99.50"), Decimal(10))
            await heard.until(lambda so_far: bool(so_far.fills))
            assert len(heard.gaps) > 1
        assert len(heard.fills) == 1

    ask(story)


def test_a_replacement_keeps_what_it_does_not_change_and_takes_a_numbered_name(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        wanted = resting(h, "99.00", client_order_id="mine")
        placed = await h.broker.submit(wanted)
        changed = await h.broker.replace(
            placed.broker_order_id, ReplaceRequest(quantity=Decimal(4))
        )
        assert (changed.client_order_id, changed.quantity) == ("mine-r1", Decimal(4))
        assert (changed.limit_price, changed.replaces) == (Decimal(99), placed.broker_order_id)
        named = await h.broker.replace(
            changed.broker_order_id,
            ReplaceRequest(limit_price=Decimal("99.10"), client_order_id="new-name"),
        )
        assert (named.client_order_id, named.quantity) == ("new-name", Decimal(4))
        assert len(await h.broker.orders(open_only=True)) == 1

    ask(story)


def test_an_order_that_has_filled_something_is_not_replaced(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        placed = await h.broker.submit(resting(h))
        await h.trade(Decimal("99.50"), Decimal(4))
        await order_until(h.broker, placed.broker_order_id, lambda o: bool(o.filled_quantity))
        with pytest.raises(Rejected, match="have filled nothing"):
            await h.broker.replace(placed.broker_order_id, ReplaceRequest(quantity=Decimal(9)))
        found = await h.broker.order(placed.broker_order_id)
        assert found.status is OrderStatus.PARTIALLY_FILLED

    ask(story)


def test_a_replacement_that_the_exchange_refuses_tells_what_became_of_the_old(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        placed = await h.broker.submit(resting(h))
        with pytest.raises(Rejected, match="cancelled") as refusal:
            await h.broker.replace(placed.broker_order_id, ReplaceRequest(quantity=Decimal(5000)))
        assert refusal.value.facts["old_order"] == "canceled"
        over = await ended(h.broker, placed)
        assert over.status is OrderStatus.CANCELED

    ask(story)


def test_a_lost_answer_to_a_replacement_is_found_by_the_new_name(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        placed = await h.broker.submit(resting(h, client_order_id="lost"))
        server.failures.append(Failure.LOST_ANSWER)
        with pytest.raises(Unknown, match="lost-r1"):
            await h.broker.replace(placed.broker_order_id, ReplaceRequest(quantity=Decimal(4)))
        assert (await h.broker.order_by_client_id("lost-r1")).quantity == Decimal(4)

    ask(story)


def test_a_pair_that_is_not_the_accounts_is_refused_before_it_is_sent(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        await refused_unsent(h, again(resting(h), symbol="ETH/USDT"), "symbol")
        with pytest.raises(NotFound):
            await h.broker.order("ETH/USDT#1")
        wanted = replace(settings(server, h._key), symbols=("NOSUCH/USDT",))
        async with opened(wanted) as broker:
            with pytest.raises(Invalid, match="a spot pair that binance trades"):
                await broker.submit(again(resting(h), symbol="NOSUCH/USDT"))

    ask(story)


def test_a_broker_that_forgot_everything_finds_it_again(ask: Ask) -> None:
    async def story(h: CcxtHarness, server: CryptoExchangeServer) -> None:
        await bought(h)
        placed = await h.broker.submit(resting(h, time_in_force=TimeInForce.GTC))
        async with opened(settings(server, h._key)) as broker:
            assert await broker.orders() == await h.broker.orders()
            assert await broker.fills() == await h.broker.fills()
            assert await broker.positions() == await h.broker.positions()
            assert (await broker.order(placed.broker_order_id)).status is OrderStatus.NEW
            account = await broker.account()
            assert account.buying_power == account.cash - Decimal("995.00")

    ask(story)
