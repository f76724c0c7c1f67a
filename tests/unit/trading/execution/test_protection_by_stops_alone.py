"""A stop that no entry brought, and that the broker ends, leaves its position naked too."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.market.events import QuoteEvent
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.trading.admission import KILL_SWITCH
from algotrendy.trading.execution import naked, news
from algotrendy.trading.execution.protection import PROTECTION_RECORD, ProtectionWatch
from algotrendy.trading.status import PlatformStatus
from fakes.protected import (
    alarms,
    bracket,
    end,
    exit_of,
    look,
    pair_alone,
    placed,
    send,
    stop_alone,
    tell,
)
from fakes.veiled_venue import AAPL, ROOT, World

ALONE: list[dict[str, Any]] = [
    {},
    {"type": OrderType.STOP_LIMIT, "limit_price": Decimal(94)},
    {"type": OrderType.TRAILING_STOP, "stop_price": None, "trail_percent": Decimal(5)},
]


@pytest.mark.parametrize("fields", ALONE, ids=lambda each: str(each.get("type", "stop")))
def test_a_stop_placed_by_itself_that_the_broker_ends_is_sent_again(fields: dict[str, Any]) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        stop = await stop_alone(found, **fields)
        await look(found, watch, 3)
        assert not alarms(found)
        await end(found, stop)
        await look(found, watch)
        [again] = placed(found)
        for name in ("side", "type", "quantity", "stop_price", "limit_price", "trail_percent"):
            assert getattr(again.request, name) == getattr(stop.request, name), name
        assert [(each.order_id, each.remedy) for each in alarms(found)] == [(stop.id, "reprotect")]
        await send(found, again)
        await look(found, watch, 3)
        assert len(placed(found)) == 1
        assert not found.documents(PROTECTION_RECORD)[0].is_open

    tell(story)


def test_a_short_position_gets_its_stop_again_too() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.SELL, 10)
        stop = await found.send(
            Side.BUY,
            10,
            type=OrderType.STOP,
            stop_price=Decimal(105),
            time_in_force=TimeInForce.GTC,
        )
        await end(found, stop)
        await look(found, watch)
        [again] = placed(found)
        assert (again.request.side, again.request.stop_price) == (Side.BUY, Decimal(105))

    tell(story)


@pytest.mark.parametrize("by", ["ada", KILL_SWITCH])
def test_a_stop_placed_by_itself_that_somebody_ends_raises_nothing(by: str) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        await end(found, await stop_alone(found), by=by)
        await look(found, watch, 3)
        assert not alarms(found)

    tell(story)


def test_a_stop_for_the_day_raises_the_alarm_once_and_is_not_sent_again() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        stop = await stop_alone(found, time_in_force=TimeInForce.DAY)
        await found.floor.advance(24 * 3600)
        stop = await found.hear(stop.client_order_id)
        assert stop.status is PlatformStatus.EXPIRED
        await look(found, watch, 10)
        assert [each.remedy for each in alarms(found)] == ["none"]
        assert found.documents(PROTECTION_RECORD)[0].body["reason"] == "it was for the day"
        assert not placed(found)

    tell(story)


def test_a_stop_placed_by_other_means_raises_the_alarm_only() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        told = await found.foreign(
            Side.SELL,
            10,
            type=OrderType.STOP,
            stop_price=Decimal(95),
            time_in_force=TimeInForce.GTC,
        )
        now = found.clock.now()
        stop = found.ledger.run(lambda tx: news.adopt(tx, ROOT, told, now)).after
        await end(found, stop)
        await look(found, watch, 3)
        assert [each.remedy for each in alarms(found)] == ["none"]

    tell(story)


def test_a_pair_of_exits_that_the_broker_ends_leaves_the_position_naked() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        pair = await pair_alone(found)
        await look(found, watch, 3)
        assert not alarms(found)
        await end(found, pair)
        await look(found, watch)
        [stop] = placed(found)
        assert (stop.request.stop_price, stop.request.quantity) == (Decimal(95), Decimal(10))

    tell(story)


@pytest.mark.parametrize("kind", [OrderType.LIMIT, OrderType.STOP])
def test_a_pair_of_exits_of_which_somebody_ends_one_raises_nothing(kind: OrderType) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        pair = await pair_alone(found)
        ended = pair if kind is OrderType.LIMIT else exit_of(found, pair, kind)
        await end(found, ended, by="ada")
        await found.hear(pair.client_order_id)
        await look(found, watch, 3)
        assert not alarms(found)

    tell(story)


def test_the_target_of_a_pair_does_not_pass_for_its_stop() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        pair = await pair_alone(found)
        told, now = await found.broker.order_by_client_id(pair.client_order_id), found.clock.now()
        legs = [replace(each, status=OrderStatus.CANCELED, updated_at=now) for each in told.legs]
        lost = news.Told(replace(told, legs=tuple(legs)), now)
        found.ledger.run(lambda tx: news.hear(tx, ROOT, lost))
        await look(found, watch)
        assert [each.remedy for each in alarms(found)] == ["await_exits"]

    tell(story)


@pytest.mark.parametrize(("sold", "lacking"), [(0, 5), (5, 0), (3, 2)])
def test_what_stood_beside_a_lost_stop_does_not_make_up_for_it(sold: int, lacking: int) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        one, _ = await stop_alone(found, 5), await stop_alone(found, 5)
        await found.floor.advance(1)
        await end(found, one)
        if sold:
            await found.trade(Side.SELL, sold)
        await look(found, watch)
        assert sum(each.request.quantity or 0 for each in placed(found)) == lacking

    tell(story)


def test_a_stop_placed_after_one_was_lost_makes_up_for_it_until_its_owner_ends_it() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 20)
        await end(found, await stop_alone(found))
        await found.floor.advance(1)
        another = await stop_alone(found, stop_price=Decimal(90))
        await look(found, watch, 3)
        assert not alarms(found)
        await end(found, another, by="ada")
        await look(found, watch, 3)
        assert [each.remedy for each in alarms(found)] == ["none"]
        assert not placed(found)

    tell(story)


def test_a_stop_that_ended_before_the_position_was_opened_is_none_of_its() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        await end(found, await stop_alone(found))
        await found.trade(Side.SELL, 10)
        await found.floor.advance(1)
        await found.trade(Side.BUY, 10)
        await look(found, watch, 3)
        assert not alarms(found)

    tell(story)


def test_orders_of_a_part_do_not_hide_a_stop_of_its_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(naked, "_PAGE", 2)
    monkeypatch.setattr(naked, "_PAGES", 1)
    part = AccountId("paper/trend")

    async def story(found: World, watch: ProtectionWatch) -> None:
        found.ledger.run(lambda tx: tx.accounts.add(replace(found.account, id=part)))
        await found.trade(Side.BUY, 10)
        stop = await stop_alone(found)
        await end(found, stop)
        for _ in range(3):
            await found.trade(Side.BUY, 1, part)
        await look(found, watch)
        assert [each.order_id for each in alarms(found)] == [stop.id]

    tell(story)


def test_what_one_exit_sold_is_not_kept_by_the_other() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await found.trade(Side.BUY, 10)
        stop = await stop_alone(found)
        await bracket(found)
        await found.floor.advance(1)
        # The venue takes what the target sells off the stop beside it, which nobody tells.
        await found.push(QuoteEvent(AAPL, 0, 110.5, 4.0, 110.6, 1_000.0))
        await found.hear_fills()
        assert found.units() == 16
        await found.price(99.99, 100.01)
        await end(found, stop)
        await look(found, watch)
        assert [each.request.quantity for each in placed(found)] == [10]

    tell(story, liquidity="quoted")
