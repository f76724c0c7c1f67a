"""What no rule settles is raised, and what is only late or old is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from algotrendy.brokers.port import ActivityKind, BrokerActivity, BrokerPosition
from algotrendy.kernel.ids import EventId
from algotrendy.kernel.order import Side
from algotrendy.kernel.price import Price
from algotrendy.trading.booking import record
from algotrendy.trading.execution.reconcile import Reconciliation
from algotrendy.trading.execution.reports import RECONCILIATION
from algotrendy.trading.order_events import OrderFilled
from fakes.reconciled import kinds, look, raised, tell
from fakes.veiled_venue import AAPL, World


def test_a_difference_of_positions_is_raised_and_never_booked() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.trade(Side.BUY, 10)
        found.broker.held = [BrokerPosition(AAPL, Decimal(11), Decimal(100))]
        await look(found, reconciliation, 3)
        assert not raised(found)
        await look(found, reconciliation, 3)
        [event] = raised(found)
        assert (event.kind, event.subject, event.ours, event.theirs) == (
            "position",
            AAPL,
            "10",
            "11",
        )
        assert found.units() == 10
        assert kinds(found, "unsettled") == ["position"]

    tell(story)


def test_an_answer_that_is_old_is_no_difference_while_the_ledger_moves() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        await found.trade(Side.BUY, 10)
        found.broker.held = await found.broker.positions()
        found.broker.cash = (await found.broker.account()).cash
        for _ in range(4):
            # Back and forth: what is booked looks the same at each look.
            await found.trade(Side.BUY, 1)
            await look(found, reconciliation)
            await found.trade(Side.SELL, 1)
        assert not raised(found)

    tell(story)


def test_an_answer_that_is_old_for_a_while_is_no_difference() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        found.broker.held = await found.broker.positions()
        found.broker.cash = (await found.broker.account()).cash
        await found.trade(Side.BUY, 10)
        await look(found, reconciliation, 3)
        found.broker.held = found.broker.cash = None
        await look(found, reconciliation, 3)
        assert not raised(found)
        assert len(found.documents(RECONCILIATION)) == 1

    tell(story)


def test_cash_that_nothing_explains_is_raised() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        found.broker.cash = Decimal("100000.009")
        await look(found, reconciliation, 5)
        assert not raised(found)
        found.broker.cash = Decimal(99990)
        await look(found, reconciliation, 4)
        [event] = raised(found)
        assert (event.kind, event.ours, event.theirs) == ("cash", "100000", "99990")
        assert found.cash().amount == 100_000

    tell(story)


def test_an_execution_that_the_broker_does_not_tell_of_is_raised() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        order = await found.trade(Side.BUY, 10)
        [execution] = order.executions
        found.broker.hidden.add(execution.id)
        await look(found, reconciliation, 4)
        [event] = raised(found)
        assert (event.kind, event.subject) == ("absent_execution", execution.id)
        assert found.units() == 10

    tell(story)


def test_an_execution_that_was_told_otherwise_is_told_and_not_absent() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        order = await found.trade(Side.BUY, 10)
        [execution] = order.executions
        price = Price(execution.price.amount + 1, order.currency)
        told = OrderFilled(
            id=EventId(found.post.ids.next()),
            order_id=order.id,
            at=execution.at,
            execution=replace(execution, price=price),
        )
        await found.post.desk.run(lambda tx: record(tx, [told]))
        await look(found, reconciliation, 4)
        assert "absent_execution" not in {event.kind for event in raised(found)}
        assert "disputed_execution" in {event.kind for event in raised(found)}

    tell(story)


def test_an_activity_without_a_rule_is_raised_beside_the_cash_that_it_moved() -> None:
    async def story(found: World, reconciliation: Reconciliation) -> None:
        found.broker.extra.append(
            BrokerActivity(
                id="x1",
                kind=ActivityKind.OTHER,
                at=found.clock.now() + timedelta(seconds=1),
                cash=Decimal(-5),
                name="REORG",
            )
        )
        found.broker.cash = Decimal(99_995)
        await look(found, reconciliation, 6)
        assert [each.kind for each in raised(found)] == ["activity", "cash"]
        assert sorted(map(str, kinds(found, "unsettled"))) == ["activity", "cash"]
        assert found.cash().amount == 100_000

    tell(story)
