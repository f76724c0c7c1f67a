from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from algotrendy.kernel.ids import OrderId
from algotrendy.kernel.order import Side
from algotrendy.risk.limits import TradingState
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.parents.duty import SliceDuty
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.parents.parent import Parent, ParentState, ParentWish, Style
from algotrendy.trading.parents.working import keep_parent
from fakes.memory_ledger import Fate
from fakes.order_counter import AAPL, NOON, ROOT, OrderCounter, provenance
from fakes.post import post_of


class Writer:
    """The writer of an account with one parent order, and how often it was woken."""

    def __init__(self) -> None:
        self.counter = OrderCounter()
        self.woken = 0
        intake = ParentIntake(
            self.counter.ledger, self.counter.bell, self.counter.clock, self.counter.ids
        )
        wish = ParentWish(
            account=ROOT,
            symbol=AAPL,
            side=Side.BUY,
            quantity=Decimal(100),
            style=Style.TWAP,
            ends_at=NOON + timedelta(minutes=10),
            slices=5,
        )
        self.parent_id = intake.place(wish, provenance()).id
        self.intake = intake

    def look(self) -> Parent:
        return self.intake.get(self.parent_id)

    def work(self, times: int = 1) -> None:
        async def do() -> None:
            counter = self.counter
            post = await post_of(counter.ledger, counter.clock, counter.ids, ROOT, self._wake)
            duty = SliceDuty(post)
            for _ in range(times):
                await duty.do()

        asyncio.run(do())

    def _wake(self) -> None:
        self.woken += 1


def test_a_slice_is_placed_once_and_the_writer_is_woken() -> None:
    writer = Writer()
    writer.work(times=3)
    (order,) = writer.counter.ledger.tables.orders.children(writer.parent_id)
    assert order.request.quantity == 20
    assert writer.woken == 1


def test_a_commit_that_ends_unknown_places_one_slice() -> None:
    writer = Writer()
    fates = iter([Fate.COMMITS, Fate.COMMITS, Fate.IS_UNSEEN, Fate.IS_LOST])
    writer.counter.ledger.fate = lambda: next(fates, Fate.COMMITS)
    writer.work(times=2)
    assert len(writer.counter.ledger.tables.orders.children(writer.parent_id)) == 1


def test_a_refusal_is_written_down_and_disturbs_nothing_else() -> None:
    writer = Writer()
    writer.counter.state(TradingState.HALTED)
    writer.work(times=2)
    parent = writer.look()
    assert (parent.state, parent.refusals) == (ParentState.WORKING, 1)
    assert "trading_state" in parent.reason
    assert writer.woken == 0


def test_the_oldest_of_more_parent_orders_than_a_page_is_not_starved() -> None:
    writer = Writer()
    counter = writer.counter
    first = writer.look()
    later = NOON + timedelta(minutes=9)

    def keep(tx: LedgerTransaction) -> None:
        for _ in range(250):
            waiting = replace(first, id=OrderId(counter.ids.next()), look_at=later)
            keep_parent(tx, waiting)

    counter.ledger.run(keep)
    writer.work()
    assert len(counter.ledger.tables.orders.children(first.id)) == 1
    before = counter.ledger.commits
    writer.work()
    # Those that wait for their time cost no transaction each.
    assert counter.ledger.commits - before < 10
