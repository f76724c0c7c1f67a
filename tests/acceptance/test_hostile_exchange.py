"""The Alpaca adapter on an exchange that doubles, drops, delays, falls mute and takes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from acceptance.floor import BehindHttp, FloorHarness
from acceptance.steps import (
    TEN,
    Heard,
    filled,
    fills_until,
    held_until,
    listening,
    order,
    order_until,
    resting,
    until,
)
from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.port import UpdateKind
from algotrendy.exchange.faults import Faults, Kind, Scripted
from algotrendy.exchange.venue.model import Account
from algotrendy.kernel.errors import Unauthenticated, Unavailable, Unknown
from algotrendy.kernel.order_status import OrderStatus


@dataclass
class Hostile:
    """The harness, and what makes its exchange hostile."""

    harness: FloorHarness
    place: BehindHttp

    def set(self, **faults: Any) -> None:
        self.place.floor.chaos.faults = Faults(**faults)

    def happen(self, *scripted: Scripted) -> None:
        self.place.floor.chaos.happen(scripted)

    def struck(self, fault: str) -> int:
        """Count how often a fault has happened so far."""
        return self.place.floor.chaos.injected[fault]


@asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    place = BehindHttp()

    async def make(account: Account) -> AlpacaBroker:
        return AlpacaBroker(
            AlpacaSettings(
                account.key_id,
                account.secret,
                url=place.exchange.url,
                backoff_s=(0.02, 0.1),
                silence_s=0.2,
                answer_s=0.5,
                read_timeout_s=2.0,
                look_again_s=(0.05, 0.05),
            )
        )

    harness = FloorHarness(place, make)
    await harness.start()
    try:
        yield Hostile(harness, place)
    finally:
        await harness.stop()


Ask = Callable[[Callable[[Hostile], Coroutine[Any, Any, None]]], None]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Run a story on the exchange, on a fresh account."""
    with asyncio.Runner() as runner:
        opened = hostile()
        exchange = runner.run(opened.__aenter__())

        async def told(story: Callable[[Hostile], Coroutine[Any, Any, None]]) -> None:
            await exchange.harness.fresh()
            await story(exchange)

        yield lambda story: runner.run(asyncio.wait_for(told(story), 60))
        runner.run(opened.__aexit__(None, None, None))


def executed(heard: Heard) -> Decimal:
    return sum((fill.quantity for fill in heard.fills.values()), Decimal(0))


@pytest.mark.parametrize(
    "faults",
    [
        {"duplicate_updates": 1},
        {"reorder_updates": 1},
        {"late_updates": 1, "late_update_s": 0.3},
        {"latency_s": 0.05},
        {"disconnect_every_updates": 3},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_executions_told_twice_late_or_out_of_order_are_counted_once(
    ask: Ask, faults: dict[str, Any]
) -> None:
    async def story(x: Hostile) -> None:
        h, fault = x.harness, next(iter(faults)).replace("latency_s", "latency")
        before = x.struck(fault)
        x.set(**faults)
        async with listening(h.broker) as heard:
            placed = await h.broker.submit(resting(h, "99.50"))
            for size in (2, 3, 5):
                await h.trade(Decimal("99.50"), Decimal(size))
            await filled(h.broker, placed)
            read = await fills_until(h.broker, 3)
            if "disconnect_every_updates" not in faults:
                await heard.until(lambda so_far: executed(so_far) == TEN)
        assert x.struck(fault) > before
        assert sum(fill.quantity for fill in read) == TEN
        assert {f.execution_id for f in read} >= set(heard.fills)

    ask(story)


def test_a_socket_that_lives_and_tells_nothing_is_noticed(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        async with listening(h.broker) as heard:
            x.set(mute_updates=True)
            await filled(h.broker, await h.broker.submit(order(h)))
            await heard.until(lambda so_far: len(so_far.gaps) > 1)
            assert heard.gaps[1].reason == "the stream was mute"
            x.set()
            await h.broker.submit(order(h))
            await heard.until(lambda so_far: bool(so_far.fills))

    ask(story)


def test_an_update_that_is_never_sent_is_noticed(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        async with listening(h.broker) as heard:
            placed = await h.broker.submit(resting(h, "99.50"))
            await heard.until(lambda so_far: bool(so_far.updates))
            x.happen(Scripted(fault=Kind.DROP_UPDATE))
            await h.broker.cancel(placed.broker_order_id)
            await heard.until(lambda so_far: len(so_far.gaps) > 1)
        over = await h.broker.order(placed.broker_order_id)
        assert over.status is OrderStatus.CANCELED

    ask(story)


def test_a_stream_that_is_refused_is_tried_until_it_is_taken(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness

        async def refused() -> int:
            return x.struck("refuse_sockets")

        async with listening(h.broker) as heard:
            before = x.struck("refuse_sockets")
            x.set(refuse_sockets=True)
            # The open socket is one; the rest are attempts that were refused.
            await until(refused, lambda count: count > before + 2)
            x.set()
            await heard.until(lambda so_far: len(so_far.gaps) > 1)
            await h.broker.submit(order(h))
            await heard.until(lambda so_far: bool(so_far.fills))

    ask(story)


@pytest.mark.parametrize(
    "fault",
    [
        Scripted(fault=Kind.FAIL_AFTER, status=500, method="POST"),
        Scripted(fault=Kind.FAIL_AFTER, status=504, method="POST"),
        Scripted(fault=Kind.DROP_AFTER, method="POST"),
    ],
    ids=["500", "504", "dropped"],
)
def test_an_order_that_was_taken_without_an_answer_is_unknown_and_found(
    ask: Ask, fault: Scripted
) -> None:
    async def story(x: Hostile) -> None:
        h, wanted = x.harness, resting(x.harness)
        before = await h.submissions()
        x.happen(fault)
        with pytest.raises(Unknown):
            await h.broker.submit(wanted)
        found = await h.broker.order_by_client_id(wanted.client_order_id or "")
        assert found.quantity == TEN
        assert await h.submissions() == before + 1

    ask(story)


def test_an_order_that_was_taken_and_answered_503_is_given_as_it_stands(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        x.happen(Scripted(fault=Kind.FAIL_AFTER, status=503, method="POST"))
        placed = await h.broker.submit(resting(h))
        assert [o.broker_order_id for o in await h.broker.orders()] == [placed.broker_order_id]

    ask(story)


def test_an_order_that_was_answered_503_and_does_not_turn_up_is_unknown(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h, wanted = x.harness, resting(x.harness)
        before = await h.submissions()
        x.happen(Scripted(fault=Kind.FAIL_BEFORE, status=503, method="POST"))
        with pytest.raises(Unknown):
            await h.broker.submit(wanted)
        assert not await h.broker.orders()
        assert await h.submissions() == before + 1

    ask(story)


def test_an_order_whose_connection_broke_before_it_was_taken_is_unknown_and_not_there(
    ask: Ask,
) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        x.happen(Scripted(fault=Kind.DROP_BEFORE, method="POST"))
        with pytest.raises(Unknown):
            await h.broker.submit(resting(h))
        assert not await h.broker.orders()

    ask(story)


def test_positions_that_lag_behind_orders_are_waited_for(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        before = x.struck("stale_view_s")
        x.set(stale_view_s=0.5)
        await h.broker.positions()
        await filled(h.broker, await h.broker.submit(order(h)))
        await held_until(h, TEN)
        assert x.struck("stale_view_s") > before

    ask(story)


def test_an_execution_that_is_taken_back_is_told_as_a_bust(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        x.happen(Scripted(fault=Kind.BUST, seconds=0.05))
        async with listening(h.broker) as heard:
            placed = await filled(h.broker, await h.broker.submit(order(h)))
            await heard.until(lambda so_far: so_far.updates[-1].kind is UpdateKind.BUST)
            bust = heard.updates[-1]
            assert bust.fill is not None
            assert (bust.fill.quantity, bust.order.broker_order_id) == (TEN, placed.broker_order_id)
        await held_until(h, Decimal(0))

    ask(story)


def test_in_the_maintenance_window_everything_is_unavailable_until_it_ends(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        placed = await h.broker.submit(resting(h))
        x.set(maintenance_start="00:00", maintenance_minutes=1_439)
        with pytest.raises(Unavailable) as refusal:
            await h.broker.account()
        assert refusal.value.retry_after_s is not None
        with pytest.raises(Unknown):
            await h.broker.submit(resting(h))
        x.set()
        await order_until(h.broker, placed.broker_order_id, lambda o: o.status.is_open)
        assert len(await h.broker.orders()) == 1

    ask(story)


def test_a_limit_of_requests_is_kept_without_a_429(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        x.set(requests_per_minute=40)
        injected = x.place.floor.chaos.injected["requests_per_minute"]
        taken = 0

        async def read_often() -> None:
            nonlocal taken
            for _ in range(200):
                await h.broker.account()
                taken += 1

        with pytest.raises(Unavailable) as refusal:
            await read_often()
        assert refusal.value.retry_after_s is not None
        assert taken >= 30
        assert x.place.floor.chaos.injected["requests_per_minute"] == injected

    ask(story)


def test_keys_that_nobody_gave_out_are_unauthenticated(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        broker = AlpacaBroker(AlpacaSettings("NOBODY", "nothing", url=x.place.exchange.url))
        try:
            with pytest.raises(Unauthenticated):
                await broker.account()
            with pytest.raises(Unauthenticated):
                async for _ in broker.updates():
                    pass
        finally:
            await broker.close()

    ask(story)


def test_many_orders_at_once_are_each_taken_once(ask: Ask) -> None:
    async def story(x: Hostile) -> None:
        h = x.harness
        x.set(latency_s=0.01)
        wanted = [resting(h, "99.00") for _ in range(20)]
        placed = await asyncio.gather(*(h.broker.submit(one) for one in wanted))
        found = await until(h.broker.orders, lambda orders: len(orders) == 20)
        assert {o.broker_order_id for o in found} == {o.broker_order_id for o in placed}
        assert {o.client_order_id for o in found} == {o.client_order_id for o in wanted}

    ask(story)
