"""Ledger and broker are compared: what a rule settles is booked, the rest raised, nothing guessed.

The venue is the real one; a veil hides or changes what its broker tells.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algotrendy.kernel.ids import EventId
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import StopLoss, TakeProfit
from algotrendy.trading.booking import record
from algotrendy.trading.execution import news
from algotrendy.trading.execution.reconcile import AGAIN_S, EVERY_S, Reconciliation
from algotrendy.trading.execution.reports import RECONCILIATION
from algotrendy.trading.order_events import OrderNotSent, OrderWithdrawn
from algotrendy.trading.status import PlatformStatus
from fakes.reconciled import kinds, look, raised, tell
from fakes.veiled_venue import ROOT, World


def test_where_nothing_differs_a_report_is_kept_each_hour_and_nothing_is_raised() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.trade(Side.BUY, 10)
        await look(found, reconciliation, 3)
        assert len(found.documents(RECONCILIATION)) == 1
        await found.floor.advance(3600)
        await look(found, reconciliation)
        newest, first = found.documents(RECONCILIATION)
        assert newest.body["compared"] == {
            "orders": 0,
            "executions": 1,
            "activities": 1,
            "positions": 1,
            "cash": "98999.90 USD",
        }
        assert not first.is_open
        assert not newest.is_open
        assert not raised(found)
        assert reconciliation.every_s == EVERY_S

    tell(story)


def test_what_the_broker_says_of_trading_is_kept_at_each_look() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        for is_blocked in (True, False):
            venue, now = found.floor.venue, found.floor.now()
            venue.configure(found.broker.account_id, now, blocked=is_blocked)
            await look(found, reconciliation)
            account = found.ledger.run(lambda tx: tx.accounts.get(ROOT))
            assert account.is_blocked is is_blocked

    tell(story)


def test_an_execution_that_was_missed_is_booked_at_the_second_look() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        order = await found.send(Side.BUY, 10)
        assert order.missing_quantity == 10
        await look(found, reconciliation)
        assert found.units() == 0
        assert reconciliation.every_s == AGAIN_S
        await look(found, reconciliation)
        assert found.units() == 10
        assert found.order(order.client_order_id).is_settled
        assert kinds(found, "settled") == ["missed_execution"]
        assert found.woken == 1
        await look(found, reconciliation, 2)
        assert not raised(found)

    tell(story)


def test_news_that_arrives_between_two_looks_is_no_difference() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        for _ in range(4):
            await found.send(Side.BUY, 1)
            await look(found, reconciliation)
            await found.hear_fills()
        await look(found, reconciliation, 2)
        assert len(found.documents(RECONCILIATION)) == 1
        assert not raised(found)

    tell(story)


def test_the_end_of_an_order_that_was_missed_is_heard() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        limit = Decimal(90)
        order = await found.send(Side.BUY, 10, type=OrderType.LIMIT, limit_price=limit)
        await found.broker.cancel(next(iter(order.broker_order_ids)))
        await look(found, reconciliation)
        assert found.order(order.client_order_id).status is PlatformStatus.NEW
        await look(found, reconciliation)
        assert found.order(order.client_order_id).status is PlatformStatus.CANCELED
        assert kinds(found, "settled") == ["order"]

    tell(story)


def test_an_order_that_the_broker_forgot_is_raised_once_and_left_alone() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        limit = Decimal(90)
        order = await found.send(Side.BUY, 10, type=OrderType.LIMIT, limit_price=limit)
        found.broker.hidden |= order.broker_order_ids
        await look(found, reconciliation, 4)
        [event] = raised(found)
        assert (event.kind, event.subject) == ("vanished_order", str(order.id))
        assert (event.ours, event.theirs) == ("new", "nothing")
        assert found.order(order.client_order_id) == order
        assert found.documents(RECONCILIATION)[0].is_open
        found.broker.hidden.clear()
        await look(found, reconciliation)
        assert not any(each.is_open for each in found.documents(RECONCILIATION))

    tell(story)


def test_an_order_placed_by_other_means_is_taken_in_with_its_executions() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.foreign(Side.BUY, 7)
        standing = await found.foreign(Side.BUY, 3, type=OrderType.LIMIT, limit_price=Decimal(90))
        await look(found, reconciliation, 2)
        assert found.units() == 7
        adopted = found.order(standing.client_order_id)
        assert (adopted.status, adopted.account) == (PlatformStatus.NEW, ROOT)
        assert sorted(map(str, kinds(found, "settled"))) == ["missed_execution", "unknown_order"]
        await look(found, reconciliation, 2)
        assert not raised(found)

    tell(story)


def test_an_order_placed_by_other_means_is_taken_in_though_it_was_taken_back() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        stranger = await found.foreign(Side.BUY, 7)
        [fill] = await found.broker.fills()
        await found.bust(fill.execution_id)
        await look(found, reconciliation, 6)
        order = found.order(stranger.client_order_id)
        assert order.busted == {fill.execution_id}
        assert order.is_settled
        assert found.units() == 0
        assert found.cash().amount == 100_000
        assert not raised(found)

    tell(story)


def test_an_exit_that_was_never_told_is_its_entrys_and_no_strangers() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        request = found.intend(
            Side.BUY,
            10,
            time_in_force=TimeInForce.GTC,
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfit(Decimal(110)),
            stop_loss=StopLoss(Decimal(95)),
        )
        told = await found.broker.submit(request)
        found.ledger.run(
            lambda tx: news.hear(tx, ROOT, news.Told(replace(told, legs=()), found.clock.now()))
        )
        await found.hear_fills()
        found.broker.standing = [
            replace(each, legs=()) for each in await found.broker.orders(open_only=True)
        ]
        await look(found, reconciliation, 2)
        entry = found.order(request.client_order_id or "")
        exits = found.ledger.run(lambda tx: tx.orders.legs(entry.id))
        assert len(exits) == 2
        assert all(each.account == entry.account for each in exits)

    tell(story)


def test_a_withdrawn_order_that_is_at_the_broker_is_to_be_cancelled() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        request = found.intend(Side.BUY, 10, type=OrderType.LIMIT, limit_price=Decimal(90))
        order = found.order(request.client_order_id or "")
        now = found.clock.now()
        back = OrderNotSent(
            id=EventId(found.ids.next()), order_id=order.id, at=now, reason="no answer"
        )
        gone = OrderWithdrawn(
            id=EventId(found.ids.next()), order_id=order.id, at=now, reason="too late"
        )
        found.ledger.run(lambda tx: record(tx, [back, gone]))
        await found.broker.submit(request)
        await look(found, reconciliation, 2)
        after = found.order(order.client_order_id)
        assert after.cancel_requested_at is not None
        assert not after.is_terminal
        assert [each.kind for each in raised(found)] == ["withdrawn order"]

    tell(story)


def test_a_fee_is_charged_to_its_execution_and_cash_is_the_brokers() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.trade(Side.BUY, 100)
        sale = await found.trade(Side.SELL, 100)
        await look(found, reconciliation, 2)
        [execution] = found.order(sale.client_order_id).executions
        assert execution.fee is not None
        assert execution.fee.amount > 0
        assert found.cash().amount == (await found.broker.account()).cash
        await look(found, reconciliation, 3)
        assert not raised(found)
        assert len(found.documents(RECONCILIATION)) == 1
        await found.floor.advance(3600)
        await look(found, reconciliation)
        assert found.documents(RECONCILIATION)[0].body["booked_activities"] == 1

    tell(story, fees="us_equity")


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_bust_is_booked_with_what_it_gives_back_whoever_tells_of_it(is_heard: bool) -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.trade(Side.BUY, 100)
        sale = await found.trade(Side.SELL, 40)
        [execution] = sale.executions
        await found.bust(execution.id)
        if is_heard:
            found.ledger.run(
                lambda tx: record(tx, [news.busted(sale, execution.id, found.clock.now())])
            )
        await look(found, reconciliation, 2)
        assert found.units() == 100
        assert found.cash().amount == (await found.broker.account()).cash
        await look(found, reconciliation, 3)
        assert not raised(found)

    tell(story, fees="us_equity")


def test_a_new_writer_goes_on_where_the_one_before_stopped() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.trade(Side.BUY, 10)
        await look(found, reconciliation, 2)
        missed = await found.send(Side.BUY, 5)
        again = Reconciliation(found.post)
        await look(found, again, 2)
        assert found.units() == 15
        assert found.order(missed.client_order_id).is_settled
        assert not raised(found)

    tell(story)
