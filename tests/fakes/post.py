"""What a writer of an account has at hand, on a ledger in memory and without a broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from algotrendy.brokers.port import Broker
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.ids import AccountId, Ids
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.lease import FencedDesk, LeaseKeeper, lease_name
from algotrendy.trading.ledger import LedgerTransaction
from fakes.memory_ledger import MemoryLedger

T = TypeVar("T")


class LoopDesk:
    """Runs the ledger's work on the loop itself."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        return self._ledger.run(work)


async def post_of(
    ledger: MemoryLedger,
    clock: Clock,
    ids: Ids,
    root: AccountId,
    wake: Callable[[], None] = lambda: None,
) -> Post:
    """Take the lease of an account, for duties that ask no broker."""
    desk = LoopDesk(ledger)
    keeper = LeaseKeeper(desk, clock, lease_name(root), "test", lambda: 0.0)
    fence = await keeper.acquire()
    assert fence is not None
    return Post(root, cast("Broker", None), FencedDesk(desk, fence), clock, ids, wake)
