from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.risk.limits import TradingState
from algotrendy.risk.records import KillSwitch
from algotrendy.trading.admission import KILL_SWITCH
from algotrendy.trading.execution.killing import (
    AT_ONCE,
    OLDEST_ANSWER_S,
    Closing,
    Enacted,
    Killing,
    closings,
    enact,
)
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.parents.parent import Parent, ParentState, ParentWish, Style
from algotrendy.trading.parents.working import keep_parent, open_parents
from algotrendy.trading.risk_control import RiskControl
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import AAPL, BTC, MSFT, ROOT, OrderCounter, provenance
from fakes.post import post_of
from fakes.quick_loop import run_quickly
from fakes.risk_desk import buy, sell
from fakes.scripted_broker import Exchange, ScriptedBroker


class Emergency:
    """A counter whose kill switch is pulled, and what its writer does about it."""

    def __init__(self) -> None:
        self.counter = OrderCounter(leverage=Decimal(2))
        self.control = RiskControl(self.counter.ledger, self.counter.clock, self.counter.ids)

    def pull(self, *, flatten: bool = False) -> None:
        self.control.pull_kill_switch(ROOT, flatten, "rita", "it runs wild")

    def enact(self) -> Enacted:
        now = self.counter.clock.advance(timedelta(seconds=1))
        return self.counter.ledger.run(lambda tx: enact(tx, ROOT, now))

    def switch(self) -> KillSwitch:
        return self.counter.ledger.run(lambda tx: tx.risk.kill_switches(ROOT))[0]

    def open(self) -> list[PlatformOrder]:
        return list(self.counter.ledger.run(lambda tx: tx.orders.unsettled(ROOT)))

    def closing(self) -> dict[tuple[AccountId, Symbol], Decimal]:
        """Give what is being sold, or bought back where it is below zero, by part and symbol."""
        return {
            (order.account, order.symbol): order.request.quantity * -order.request.side.sign
            for order in self.open()
            if order.provenance.user == KILL_SWITCH and order.request.quantity is not None
        }

    def fill_all(self) -> None:
        for order in self.open():
            self.counter.fill(self.counter.accept(order))


def test_without_a_kill_switch_nothing_ends() -> None:
    emergency = Emergency()
    emergency.counter.place(buy("10"))
    assert emergency.enact() == Enacted()
    assert len(emergency.open()) == 1


def test_every_order_is_asked_to_end_whatever_its_part() -> None:
    emergency = Emergency()
    counter = emergency.counter
    trend = counter.part("trend", 10_000)
    standing = counter.accept(counter.place(buy("1", limit_price="90"), trend))
    waiting = counter.place(buy("1", limit_price="80"))
    emergency.pull()
    assert set(emergency.enact().changed) == {standing.id, waiting.id}
    assert counter.order(waiting).status is PlatformStatus.CANCELED
    assert counter.order(standing).cancel_requested_at is not None
    assert emergency.switch().is_acting
    assert emergency.enact() == Enacted(is_acting=True)
    counter.told(standing, "canceled")
    assert emergency.enact() == Enacted()
    assert emergency.switch().done_at is not None


def test_an_order_that_nobody_has_heard_of_keeps_the_switch_acting() -> None:
    emergency = Emergency()
    counter = emergency.counter
    standing = counter.accept(counter.place(buy("2", limit_price="90")))
    emergency.pull()
    emergency.enact()
    counter.told(standing, "canceled", filled_quantity=Decimal(1))
    assert emergency.enact().is_acting
    counter.fill(standing, 1, 90)
    assert not emergency.enact().is_acting


def test_positions_are_kept_where_nobody_asked_to_flatten() -> None:
    emergency = Emergency()
    emergency.counter.trade(buy("10"))
    emergency.pull()
    assert not emergency.enact().is_acting
    assert emergency.open() == []


def test_a_switch_is_done_only_when_the_broker_says_that_nothing_is_left() -> None:
    emergency = Emergency()
    emergency.pull(flatten=True)
    ledger, now = emergency.counter.ledger, emergency.counter.clock.now()
    found = ledger.run(lambda tx: enact(tx, ROOT, now, is_quiet=False))
    assert found == Enacted(is_acting=True, awaits_broker=True, is_flattening=True)
    assert emergency.switch().is_acting
    assert emergency.enact() == Enacted()
    assert emergency.switch().done_at is not None


def test_the_broker_is_asked_until_no_answer_can_be_older_than_the_last_order() -> None:
    emergency = Emergency()
    counter = emergency.counter
    broker = ScriptedBroker(Exchange(counter.clock))

    async def story() -> None:
        post = await post_of(counter.ledger, counter.clock, counter.ids, ROOT)
        killing = Killing(replace(post, broker=broker))

        async def is_done(after_s: float) -> bool:
            await asyncio.sleep(after_s)
            await killing.do()
            return emergency.switch().done_at is not None

        emergency.pull()
        assert not await is_done(0)
        foreign = broker.exchange.place(buy("1", limit_price="90"))
        assert not await is_done(OLDEST_ANSWER_S)
        broker.exchange.change(foreign.broker_order_id, OrderStatus.CANCELED)
        assert not await is_done(OLDEST_ANSWER_S)
        assert not await is_done(OLDEST_ANSWER_S - 1)
        assert await is_done(1)

    run_quickly(story())


def test_a_broker_that_never_answers_keeps_no_switch_waiting() -> None:
    emergency = Emergency()
    counter = emergency.counter

    class Silent(ScriptedBroker):
        async def orders(self, *, open_only: bool = False) -> Sequence[BrokerOrder]:
            await asyncio.Event().wait()
            return ()

    async def story() -> None:
        post = await post_of(counter.ledger, counter.clock, counter.ids, ROOT)
        killing = Killing(replace(post, broker=Silent(Exchange(counter.clock))))
        emergency.pull()
        with pytest.raises(Unavailable, match="no answer within"):
            await asyncio.wait_for(killing.do(), 60)
        assert emergency.switch().is_acting

    run_quickly(story())


def test_positions_are_closed_once_no_order_is_open() -> None:
    emergency = Emergency()
    counter = emergency.counter
    trend = counter.part("trend", 10_000)
    counter.trade(buy("10"))
    counter.trade(buy("2.5"), account=trend)
    counter.trade(sell("4", MSFT), 50)
    counter.trade(buy("0.25", BTC, time_in_force=TimeInForce.GTC), 20_000)
    standing = counter.accept(counter.place(buy("1", limit_price="90")))
    emergency.pull(flatten=True)
    emergency.enact()
    assert emergency.closing() == {}
    counter.told(standing, "canceled")
    assert len(emergency.enact().changed) == 4
    assert emergency.closing() == {
        (ROOT, AAPL): Decimal(10),
        (trend, AAPL): Decimal("2.5"),
        (ROOT, MSFT): Decimal(-4),
        (ROOT, BTC): Decimal("0.25"),
    }
    assert emergency.enact() == Enacted(is_acting=True)
    emergency.fill_all()
    assert emergency.enact() == Enacted()
    assert emergency.switch().done_at is not None


def test_an_order_that_does_not_end_keeps_no_other_position_open() -> None:
    emergency = Emergency()
    counter = emergency.counter
    counter.trade(buy("10"))
    counter.trade(sell("4", MSFT), 50)
    stuck = counter.accept(counter.place(buy("1", limit_price="90")))
    emergency.pull(flatten=True)
    emergency.enact()
    emergency.enact()
    assert emergency.closing() == {(ROOT, MSFT): Decimal(-4)}
    for order in emergency.open():
        if order.symbol == MSFT:
            counter.fill(counter.accept(order), price=50)
    assert emergency.enact() == Enacted(is_acting=True)
    counter.told(stuck, "canceled")
    emergency.enact()
    assert emergency.closing() == {(ROOT, AAPL): Decimal(10)}


def test_many_orders_are_ended_some_at_a_time() -> None:
    emergency = Emergency()
    placed = {emergency.counter.place(buy("1", limit_price="90")).id for _ in range(AT_ONCE + 1)}
    emergency.pull()
    first, second = set(emergency.enact().changed), set(emergency.enact().changed)
    assert (len(first), len(second), first | second) == (AT_ONCE, 1, placed)
    assert not emergency.enact().is_acting


def test_closing_orders_go_out_at_the_market_while_the_account_is_halted() -> None:
    emergency = Emergency()
    emergency.counter.trade(buy("10"))
    emergency.counter.limit(order_quantity="1")
    emergency.pull(flatten=True)
    emergency.enact()
    (order,) = emergency.open()
    assert order.request.type is OrderType.MARKET
    assert order.may_be_sent(emergency.counter.clock.now())
    assert dict(order.provenance.parameters)["by"] == "rita"


def test_a_closing_order_that_was_rejected_is_sent_again_later_and_later() -> None:
    emergency = Emergency()
    counter = emergency.counter
    counter.trade(buy("10"))
    emergency.pull(flatten=True)
    waits = []
    for _ in range(3):
        seconds = 0
        while not emergency.enact().changed:
            seconds += 1
        waits.append(seconds)
        (order,) = emergency.open()
        counter.told(counter.accept(order), "rejected")
    assert waits == [0, 9, 19]


def test_a_position_that_cannot_be_closed_is_told_and_tried_again() -> None:
    emergency = Emergency()
    counter = emergency.counter
    counter.trade(buy("10"))
    counter.list(AAPL, is_tradable=False)
    emergency.pull(flatten=True)
    (refused,) = emergency.enact().refused
    assert "AAPL" in refused
    counter.list(AAPL)
    assert emergency.enact().changed


def test_an_order_is_closed_once_by_several_switches() -> None:
    emergency = Emergency()
    emergency.counter.trade(buy("10"))
    emergency.pull()
    emergency.pull(flatten=True)
    emergency.enact()
    emergency.enact()
    assert emergency.closing() == {(ROOT, AAPL): Decimal(10)}
    emergency.fill_all()
    emergency.enact()
    switches = emergency.counter.ledger.run(lambda tx: tx.risk.kill_switches(ROOT))
    assert all(each.done_at is not None for each in switches)


def test_a_scheduled_switch_is_pulled_when_its_time_has_come() -> None:
    emergency = Emergency()
    counter = emergency.counter
    counter.trade(buy("10"))
    at = counter.clock.now() + timedelta(seconds=5)
    emergency.control.pull_kill_switch(ROOT, True, "rita", "weekend", at)
    looks = 1
    while not emergency.enact().changed:
        looks += 1
    assert looks == 5
    assert emergency.closing() == {(ROOT, AAPL): Decimal(10)}
    states = counter.ledger.run(lambda tx: tx.risk.trading_states(ROOT))
    assert states[None].state is TradingState.HALTED


def test_a_parent_order_places_no_more_slices() -> None:
    emergency = Emergency()
    counter = emergency.counter
    parents = ParentIntake(counter.ledger, counter.bell, counter.clock, counter.ids)
    now = counter.clock.now()
    wish = ParentWish(
        account=ROOT,
        style=Style.TWAP,
        symbol=AAPL,
        side=Side.BUY,
        quantity=Decimal(10),
        slices=2,
        ends_at=now + timedelta(minutes=10),
    )
    parent = parents.place(wish, provenance())
    emergency.pull()
    emergency.enact()
    assert parents.get(parent.id).state is ParentState.CANCELLING
    assert parents.get(parent.id).reason == "kill switch: it runs wild"


def test_no_switch_is_done_while_one_of_many_parent_orders_works() -> None:
    emergency = Emergency()
    counter = emergency.counter
    now = counter.clock.now()
    wish = ParentWish(
        account=ROOT,
        style=Style.TWAP,
        symbol=AAPL,
        side=Side.BUY,
        quantity=Decimal(10),
        slices=2,
        ends_at=now + timedelta(minutes=10),
    )

    def keep(tx: LedgerTransaction) -> None:
        for _ in range(4 * AT_ONCE + 5):
            parent_id = OrderId(counter.ids.next())
            parent = Parent(id=parent_id, wish=wish, provenance=provenance(), begins_at=now)
            keep_parent(tx, parent)

    counter.ledger.run(keep)
    emergency.pull()
    for looks in range(1, 6):
        found = emergency.enact()
        working = [
            parent
            for parent in counter.ledger.run(lambda tx: list(open_parents(tx, ROOT)))
            if parent.state is ParentState.WORKING
        ]
        assert len(working) == max(0, 4 * AT_ONCE + 5 - looks * AT_ONCE)
        assert found.is_acting is bool(working)
        assert len(found.changed) == (AT_ONCE if working else 0)
    assert emergency.switch().done_at is not None


def test_the_end_is_in_the_audit() -> None:
    emergency = Emergency()
    emergency.pull()
    emergency.enact()
    records = emergency.counter.ledger.run(lambda tx: tx.audit.select(ROOT, 10))
    assert records[0].action == "kill_switch.done"
    assert records[0].facts == {"flatten": False, "seconds": "1.0"}


def test_a_revoked_switch_ends_nothing_more() -> None:
    emergency = Emergency()
    emergency.counter.trade(buy("10"))
    emergency.pull(flatten=True)
    emergency.control.revoke_kill_switch(ROOT, emergency.switch().id, "rita", "a false alarm")
    assert emergency.enact() == Enacted()
    assert emergency.open() == []


def test_parts_that_face_each_other_are_left_so() -> None:
    trend, mean = AccountId("paper/trend"), AccountId("paper/mean")
    held = {trend: {AAPL: Decimal(100)}, mean: {AAPL: Decimal(-40)}, ROOT: {AAPL: Decimal(5)}}
    assert list(closings(held)) == [
        Closing(ROOT, AAPL, Side.SELL, Decimal(5)),
        Closing(trend, AAPL, Side.SELL, Decimal(60)),
    ]


UNITS = st.decimals(-20, 20, places=3)


@given(st.lists(UNITS, min_size=1, max_size=6))
def test_closing_makes_the_account_flat_and_no_part_larger(counts: list[Decimal]) -> None:
    held = {AccountId(f"paper/p{n}"): {AAPL: count} for n, count in enumerate(counts)}
    left = {account: units[AAPL] for account, units in held.items()}
    for each in closings(held):
        before = left[each.account]
        left[each.account] = before + each.quantity * each.side.sign
        assert abs(left[each.account]) < abs(before)
        assert left[each.account] * before >= 0
    assert sum(left.values()) == 0
