"""Books begin at one moment: what was before is in them, and what comes later is booked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from algotrendy.kernel.order import Side
from algotrendy.trading.execution.lease import FencedDesk, LeaseKeeper, lease_name
from algotrendy.trading.execution.opener import open_books
from algotrendy.trading.execution.patience import Timing
from algotrendy.trading.execution.reconcile import AGAIN_S, Reconciliation
from algotrendy.trading.opening import is_open
from fakes.execution_bench import ACCOUNT, Bench
from fakes.memory_ledger import MemoryLedger
from fakes.quick_loop import run_quickly
from fakes.scripted_broker import Exchange
from fakes.veiled_venue import ROOT, LoopDesk, World, world


async def reopened(found: World) -> None:
    """Give the world an empty ledger, and open the account in it."""
    found.ledger = MemoryLedger()
    desk = LoopDesk(found.ledger)
    fence = await LeaseKeeper(desk, found.clock, lease_name(ROOT), "two", lambda: 0.0).acquire()
    assert fence is not None
    found.post = replace(found.post, desk=FencedDesk(desk, fence))
    await open_books(found.post, found.account, Timing())
    found.quote(100.0)


def test_what_is_traded_before_the_first_look_is_booked_with_its_fee() -> None:
    async def story() -> None:
        async with world(fees="us_equity") as found:
            await found.foreign(Side.BUY, 50)
            await found.foreign(Side.SELL, 10)
            await found.floor.advance(60)
            await reopened(found)
            await found.foreign(Side.SELL, 20)
            reconciliation = Reconciliation(found.post)
            for _ in range(8):
                await found.floor.advance(AGAIN_S)
                await reconciliation.do()
            assert found.units() == 20
            assert found.cash().amount == (await found.broker.account()).cash

    asyncio.run(story())


def test_books_that_are_open_are_not_opened_again() -> None:
    async def story() -> None:
        async with world() as found:
            await reopened(found)
            await found.foreign(Side.BUY, 50)
            await open_books(found.post, found.account, Timing())
            assert found.units() == 0
            assert found.cash().amount == 100_000

    asyncio.run(story())


class Restless(Exchange):
    """Has another balance each time that it is asked."""

    looks = 0

    @property
    def cash(self) -> Decimal:
        self.looks += 1
        return Decimal(self.looks)

    @cash.setter
    def cash(self, _: Decimal) -> None:
        pass


def test_books_are_not_opened_while_the_account_does_not_stand_still() -> None:
    async def story() -> None:
        bench = Bench()
        bench.exchange = Restless(bench.clock)
        bench.start()
        await asyncio.sleep(60)
        assert bench.exchange.looks > 20
        assert not bench.ledger.run(lambda tx: is_open(tx, ACCOUNT))
        await bench.close()

    run_quickly(story())
