"""Orders that took each other's place at the broker are one to whoever watches their stops."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algotrendy.exchange.market.events import QuoteEvent
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import StopLoss, TakeProfit
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.execution import news
from algotrendy.trading.execution.protection import ProtectionWatch
from algotrendy.trading.execution.strangers import lacks_exits
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus
from fakes.protected import (
    alarms,
    bracket,
    changed,
    end,
    exit_of,
    look,
    lose,
    placed,
    send,
    tell,
)
from fakes.veiled_venue import AAPL, ROOT, World


async def replaced_bracket(found: World, filled_before: int = 0) -> PlatformOrder:
    """Buy 10 by a bracket that another took the place of; give the first order."""
    first = await found.send(
        Side.BUY,
        10,
        type=OrderType.LIMIT,
        limit_price=Decimal(99),
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.BRACKET,
        stop_loss=StopLoss(Decimal(95)),
        take_profit=TakeProfit(Decimal(110)),
    )
    if filled_before:
        await found.push(QuoteEvent(AAPL, 0, 98.9, 100.0, 99.0, float(filled_before)))
        await found.hear_fills()
        first = await found.hear(first.client_order_id)
        assert first.filled_quantity == filled_before
        await found.price(99.99, 100.01)
    await changed(found, first, "second", limit_price=Decimal(101))
    await found.hear_fills()
    second = await found.hear("second")
    assert second.status is PlatformStatus.FILLED
    assert found.units() == 10
    return found.order(first.client_order_id)


@pytest.mark.parametrize("filled_before", [0, 4])
def test_the_entries_that_took_each_others_place_are_one(filled_before: int) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        first = await replaced_bracket(found, filled_before)
        await look(found, watch, 3)
        assert not alarms(found)
        await end(found, exit_of(found, first, OrderType.STOP))
        await found.hear("second")
        await look(found, watch)
        [stop] = placed(found)
        assert (stop.request.stop_price, stop.request.quantity) == (Decimal(95), Decimal(10))
        assert [each.order_id for each in alarms(found)] == [first.id]

    tell(story, liquidity="quoted")


def test_a_stop_that_somebody_ended_under_a_replaced_entry_is_not_sent_again() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        first = await replaced_bracket(found)
        await end(found, exit_of(found, first, OrderType.STOP), by="ada")
        await found.hear("second")
        await look(found, watch, 3)
        assert [each.remedy for each in alarms(found)] == ["none"]
        assert not placed(found)

    tell(story)


def test_the_target_of_a_replaced_entry_makes_way_first() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        first = await replaced_bracket(found)
        told = await found.broker.order_by_client_id("second")
        now = found.clock.now()
        legs = [
            replace(each, status=OrderStatus.CANCELED, updated_at=now)
            if each.type is OrderType.STOP
            else each
            for each in told.legs
        ]
        lost = news.Told(replace(told, legs=tuple(legs)), now)
        found.ledger.run(lambda tx: news.hear(tx, ROOT, lost))
        await look(found, watch)
        assert [each.remedy for each in alarms(found)] == ["await_exits"]
        assert not placed(found)
        target = exit_of(found, first, OrderType.LIMIT)
        assert target.cancel_requested_at is not None
        await found.broker.cancel(max(target.broker_order_ids))
        await found.hear("second")
        await look(found, watch)
        [stop] = placed(found)
        assert stop.request.type is OrderType.STOP

    tell(story)


def test_a_stop_that_was_moved_is_sent_again_where_it_stood() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        stop = exit_of(found, entry, OrderType.STOP)
        moved = await changed(found, stop, "moved", stop_price=Decimal(97))
        await end(found, moved)
        await found.hear(entry.client_order_id)
        await look(found, watch)
        [again] = placed(found)
        assert again.request.stop_price == 97

    tell(story)


def test_a_stop_sent_again_that_somebody_moves_and_ends_stays_ended() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await look(found, watch)
        [again] = placed(found)
        moved = await changed(found, await send(found, again), "moved", stop_price=Decimal(97))
        await look(found, watch, 3)
        assert len(alarms(found)) == 1
        await end(found, moved, by="ada")
        await look(found, watch, 10)
        assert [each.remedy for each in alarms(found)] == ["reprotect", "none"]
        assert len(placed(found)) == 1

    tell(story)


def test_an_exit_may_be_told_first_under_the_order_that_took_its_entrys_place() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        request = found.intend(
            Side.BUY,
            10,
            type=OrderType.LIMIT,
            limit_price=Decimal(99),
            time_in_force=TimeInForce.GTC,
            order_class=OrderClass.OTO,
            stop_loss=StopLoss(Decimal(95)),
        )
        told, now = await found.broker.submit(request), found.clock.now()
        bare = news.Told(replace(told, legs=()), now)
        found.ledger.run(lambda tx: news.hear(tx, ROOT, bare))
        first = found.order(told.client_order_id or "")
        second = await changed(found, first, "second", hears_old=False, limit_price=Decimal(97))
        assert exit_of(found, second, OrderType.STOP).leg_of == second.id
        third = await changed(found, second, "third", hears_old=False, limit_price=Decimal(98))
        assert not found.ledger.run(lambda tx: lacks_exits(tx, third))

    tell(story)
