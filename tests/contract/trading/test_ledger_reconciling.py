"""Reconciliation and protection do the same on every ledger, and whatever becomes of commits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import StopLoss, TakeProfit
from algotrendy.trading.admission import PROTECTION
from algotrendy.trading.execution.duties import Duty
from algotrendy.trading.execution.protection import ProtectionWatch
from algotrendy.trading.execution.reconcile import AGAIN_S, Reconciliation
from algotrendy.trading.execution.reports import RECONCILIATION
from algotrendy.trading.ledger import Ledger
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.veiled_venue import ROOT, World, world


async def missed_news(found: World) -> None:
    """Trade, hear of nothing but the orders, and have a sale taken back and a stop lost."""
    entry = await found.send(
        Side.BUY,
        10,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfit(Decimal(110)),
        stop_loss=StopLoss(Decimal(95)),
    )
    await found.send(Side.BUY, 40)
    sale = await found.send(Side.SELL, 40)
    [fill] = [
        each for each in await found.broker.fills() if each.broker_order_id in sale.broker_order_ids
    ]
    await found.foreign(Side.BUY, 3)
    await found.bust(fill.execution_id)
    told = await found.broker.order_by_client_id(entry.client_order_id)
    [stop] = [each for each in told.legs if each.type is OrderType.STOP]
    await found.broker.cancel(stop.broker_order_id)


async def look(
    found: World, *duties: Duty, fate: Callable[[], Fate] = lambda: Fate.COMMITS
) -> None:
    """Do each duty once, some time later; commits end as fate wants it."""
    await found.floor.advance(AGAIN_S)
    found.quote(100.0)
    if isinstance(found.ledger, MemoryLedger):
        found.ledger.fate = fate
    for duty in duties:
        with suppress(Unavailable, Unknown):
            await duty.do()
    if isinstance(found.ledger, MemoryLedger):
        found.ledger.fate = lambda: Fate.COMMITS


async def settle(
    found: World, looks: int = 8, fate: Callable[[], Fate] = lambda: Fate.COMMITS
) -> None:
    reconciliation, watch = Reconciliation(found.post), ProtectionWatch(found.post)
    await reconciliation.do()
    await missed_news(found)
    for _ in range(looks):
        await look(found, reconciliation, watch, fate=fate)
    assert found.units() == 53
    assert found.cash().amount == (await found.broker.account()).cash
    orders = found.ledger.run(lambda tx: tx.orders.unsettled(ROOT))
    [stop] = [each for each in orders if each.provenance.user == PROTECTION]
    assert (stop.request.stop_price, stop.request.quantity) == (Decimal(95), Decimal(10))
    newest = found.documents(RECONCILIATION)[0]
    assert newest.body["unsettled"] == []
    assert not newest.is_open


def test_what_was_missed_is_settled_on_every_ledger(ledger: Ledger) -> None:
    async def main() -> None:
        async with world(ledger=ledger, fees="us_equity") as found:
            await settle(found)

    asyncio.run(main())


class HastyLoop(asyncio.SelectorEventLoop):
    """Waits for nothing."""

    def time(self) -> float:
        # Whatever is to happen later is due by the second look at the clock.
        self._leap = getattr(self, "_leap", 0.0) + 1.0
        return super().time() + self._leap


@pytest.mark.parametrize("seed", range(20))
def test_commits_that_fail_or_end_unseen_change_nothing(seed: int) -> None:
    chance = Random(seed)

    def fate() -> Fate:
        return chance.choice(list(Fate)) if chance.random() < 0.3 else Fate.COMMITS

    async def main() -> None:
        async with world(fees="us_equity") as found:
            await settle(found, 40, fate)

    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        runner.run(main())
