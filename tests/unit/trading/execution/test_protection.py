"""A position whose stop is gone raises the alarm, and gets a stop again or is closed: once.

The venue is the real one: it ends an exit on its own, as brokers do.
"""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from algotrendy.kernel.ids import EventId
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import StopLoss
from algotrendy.risk.limits import TradingState
from algotrendy.risk.records import StateChange
from algotrendy.trading.accounts import Protection
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.execution import held_since, naked
from algotrendy.trading.execution.protection import PROTECTION_RECORD, ProtectionWatch
from fakes.protected import (
    alarms,
    bracket,
    exit_of,
    look,
    lose,
    placed,
    send,
    tell,
)
from fakes.veiled_venue import ROOT, World


@pytest.mark.parametrize("oto", [False, True])
def test_a_position_with_its_stop_is_left_alone(oto: bool) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        await bracket(found, oto=oto)
        await look(found, watch, 4)
        assert not placed(found)
        assert not alarms(found)

    tell(story)


@pytest.mark.parametrize("oto", [False, True])
def test_a_stop_that_vanished_is_sent_again_at_the_second_look(oto: bool) -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found, oto=oto)
        await lose(found, entry)
        await look(found, watch, 1)
        assert not placed(found)
        await look(found, watch, 1)
        [stop] = placed(found)
        assert (stop.request.type, stop.request.side) == (OrderType.STOP, Side.SELL)
        assert (stop.request.stop_price, stop.request.quantity) == (Decimal(95), Decimal(10))
        assert stop.request.time_in_force is TimeInForce.GTC
        [alarm] = alarms(found)
        assert (alarm.order_id, alarm.quantity) == (entry.id, Decimal(10))
        assert alarm.remedy == "reprotect"
        assert found.documents(PROTECTION_RECORD)[0].is_open
        assert found.woken == 1
        await send(found, stop)
        await look(found, watch, 3)
        assert len(placed(found)) == 1
        assert len(alarms(found)) == 1
        assert not found.documents(PROTECTION_RECORD)[0].is_open

    tell(story)


def test_the_position_is_closed_where_the_account_asks_for_it() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await look(found, watch)
        [close] = placed(found)
        assert (close.request.type, close.request.quantity) == (OrderType.MARKET, Decimal(10))
        await send(found, close)
        await found.hear_fills()
        await look(found, watch, 3)
        assert found.units() == 0
        assert len(placed(found)) == 1

    tell(story, Protection.FLATTEN)


def test_a_price_beyond_the_stop_closes_the_position_as_the_stop_would_have() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        for _ in range(2):
            await found.floor.advance(5)
            found.quote(94.5)
            await watch.do()
        [close] = placed(found)
        assert close.request.type is OrderType.MARKET
        assert alarms(found)[0].remedy == "flatten"

    tell(story)


def test_the_alarm_is_all_where_the_account_wants_no_more() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await look(found, watch, 6)
        assert [each.remedy for each in alarms(found)] == ["none"]
        assert not placed(found)

    tell(story, Protection.ALARM)


def test_a_halted_account_gets_the_alarm_and_no_order() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        halted = StateChange(
            account=ROOT,
            state=TradingState.HALTED,
            by="rita",
            reason="",
            at=found.clock.now(),
        )
        found.ledger.run(lambda tx: tx.risk.set_trading_state(halted))
        await look(found, watch)
        assert len(alarms(found)) == 1
        assert not placed(found)

    tell(story)


def test_a_stop_that_somebody_ended_on_purpose_is_not_sent_again() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        stop, now = exit_of(found, entry, OrderType.STOP), found.clock.now()
        event_id = EventId(found.ids.next())
        found.ledger.run(lambda tx: cancel_order(tx, stop.id, event_id, now, "ada"))
        await lose(found, entry)
        await look(found, watch)
        assert [each.remedy for each in alarms(found)] == ["none"]
        assert not placed(found)

    tell(story)


def test_a_stop_placed_by_hand_protects_too() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await found.send(
            Side.SELL,
            10,
            type=OrderType.STOP,
            stop_price=Decimal(90),
            time_in_force=TimeInForce.GTC,
        )
        await look(found, watch, 3)
        assert not alarms(found)

    tell(story)


@pytest.mark.parametrize("page", [1, 200])
def test_a_position_that_was_closed_by_hand_and_bought_anew_is_not_naked(
    page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_since, "_PAGE", page)

    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await found.trade(Side.SELL, 10)
        await found.floor.advance(1)
        await found.trade(Side.BUY, 10)
        await look(found, watch, 3)
        assert not alarms(found)

    tell(story)


def test_a_position_is_not_taken_for_closed_between_two_trades_of_one_instant() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        for _ in range(5):
            await found.trade(Side.BUY, 40)
            await found.trade(Side.SELL, 40)
        await look(found, watch)
        [stop] = placed(found)
        assert stop.request.quantity == 10

    tell(story)


def test_where_nobody_looks_so_far_back_what_is_held_is_protected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held_since, "_PAGE", 1)
    monkeypatch.setattr(held_since, "_PAGES", 1)

    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await found.trade(Side.SELL, 10)
        await found.floor.advance(1)
        await found.trade(Side.BUY, 4)
        await found.floor.advance(1)
        await found.trade(Side.BUY, 6)
        await look(found, watch)
        [stop] = placed(found)
        assert stop.request.quantity == 10

    tell(story)


def test_only_what_is_still_held_is_protected() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        await found.trade(Side.SELL, 4)
        await look(found, watch)
        [stop] = placed(found)
        assert stop.request.quantity == 6

    tell(story)


def test_a_stop_that_comes_to_nothing_is_sent_again_less_often_each_time() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        await lose(found, entry)
        times = []
        for _ in range(60):
            await look(found, watch, 1)
            for order in [each for each in placed(found) if not each.is_at_broker]:
                times.append(order.intended_at)
                sent = await send(found, order)
                await found.broker.cancel(next(iter(sent.broker_order_ids)))
                await found.hear(order.client_order_id)
        waits = [(b - a).total_seconds() for a, b in itertools.pairwise(times)]
        assert len(waits) >= 3
        assert waits == sorted(waits)
        assert waits[-1] >= 40
        assert len(alarms(found)) == len(times) + 1

    tell(story)


def test_an_entry_is_found_however_many_orders_came_after() -> None:
    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await bracket(found)
        for _ in range(51):
            await found.trade(Side.BUY, 1)
            await found.trade(Side.SELL, 1)
        await lose(found, entry)
        await look(found, watch)
        [stop] = placed(found)
        assert stop.request.quantity == 10

    tell(story)


@pytest.mark.parametrize("page", [2, 200])
def test_an_entry_that_was_placed_before_the_position_was_opened_is_found(
    page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naked, "_PAGE", page)

    async def story(found: World, watch: ProtectionWatch) -> None:
        entry = await found.send(
            Side.BUY,
            10,
            type=OrderType.LIMIT,
            limit_price=Decimal(99),
            time_in_force=TimeInForce.GTC,
            order_class=OrderClass.OTO,
            stop_loss=StopLoss(Decimal(95)),
        )
        await found.floor.advance(1)
        for _ in range(3):
            await found.trade(Side.BUY, 1)
        await found.price(98.99, 99)
        await found.hear_fills()
        await found.hear(entry.client_order_id)
        assert found.units() == 13
        await lose(found, entry)
        await look(found, watch)
        [stop] = placed(found)
        assert stop.request.quantity == 10

    tell(story)
