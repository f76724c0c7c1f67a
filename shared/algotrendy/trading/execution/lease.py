"""Let one writer at a time speak for an account, and fence off whoever was it before.

A lease is a row of the ledger with an epoch, which grows with each holder. Every transaction of a
writer looks at the row: whoever is not its holder any more changes nothing. The clock of a machine
decides only who may try; by what was sent but not yet answered a new holder waits as by its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import AlgoTrendyError, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId
from algotrendy.trading.execution.batches import Batches
from algotrendy.trading.ledger import Desk, Lease, LedgerTransaction

T = TypeVar("T")

TTL_S = 15.0
RENEW_EVERY_S = 3.0
SEND_TIMEOUT_S = 5.0
SEND_MARGIN_S = 1.0
_NOBODY = ""
_RETRY_S = (0.1, 2.0)

_logger = logging.getLogger(__name__)

Monotonic = Callable[[], float]


class Fenced(AlgoTrendyError):  # noqa: N818 - reads as what it means
    """Says that another writer holds the lease: stop at once, nothing was changed."""

    code = "fenced"

    def __init__(self, name: str, epoch: int, holder: str) -> None:
        super().__init__(f"lease {name} is not held under epoch {epoch} any more, but by {holder}")
        self.name = name
        self.epoch = epoch
        self.holder = holder


def lease_name(root: AccountId) -> str:
    """Name the lease of an account's writer."""
    return f"execution:{root}"


@dataclass(slots=True)
class Fence:
    """A lease as its holder has it.

    Attributes:
        safe_until: By the monotonic clock: nobody else takes the lease before this, as far as the
            holder can know.
    """

    name: str
    holder: str
    epoch: int
    safe_until: float
    monotonic: Monotonic

    def check(self, tx: LedgerTransaction) -> None:
        """Let a transaction go on only while the lease is ours; nobody takes it until it ends.

        Raises:
            Fenced: If it is not.
        """
        lease = tx.leases.get(self.name)
        if lease is None or (lease.holder, lease.epoch) != (self.holder, self.epoch):
            raise Fenced(self.name, self.epoch, "nobody" if lease is None else lease.holder)

    def may_send(self) -> bool:
        """Say whether a request to the broker would end before anybody else may take over."""
        return self.safe_until - self.monotonic() > SEND_TIMEOUT_S + SEND_MARGIN_S


class LeaseKeeper:
    """Takes, keeps and gives back one lease.

    Args:
        holder: Names this process, and no other one that ever was.
        monotonic: Seconds of a clock that never steps, and counts a sleep of the machine as well:
            the lease of a machine that sleeps runs out.
    """

    def __init__(
        self, desk: Desk, clock: Clock, name: str, holder: str, monotonic: Monotonic
    ) -> None:
        self._desk = desk
        self._clock = clock
        self._name = name
        self._holder = holder
        self._monotonic = monotonic
        self._watched: tuple[Lease, float] | None = None

    async def acquire(self) -> Fence | None:
        """Take the lease if nobody has it; None when somebody does. Ask again soon.

        A lease is free when it was given back, when its time has passed, or when it was not
        renewed for its whole time while we watched: its holder's clock may be ahead.

        Raises:
            Unavailable: If the ledger does not answer.
            Unknown: If we may have it: asking again tells.
        """
        asked_at = self._monotonic()
        now = self._clock.now()

        def work(tx: LedgerTransaction) -> Lease:
            lease = tx.leases.get(self._name)
            if lease is not None and not self._is_free(lease, now, asked_at):
                return lease
            epoch = 1 if lease is None else lease.epoch + (lease.holder != self._holder)
            taken = Lease(self._name, self._holder, epoch, now + timedelta(seconds=TTL_S))
            tx.leases.put(taken)
            return taken

        lease = await self._desk.run(work)
        if lease.holder != self._holder:
            if self._watched is None or self._watched[0] != lease:
                self._watched = (lease, asked_at)
            return None
        self._watched = None
        return Fence(self._name, self._holder, lease.epoch, asked_at + TTL_S, self._monotonic)

    async def renew(self, fence: Fence) -> None:
        """Keep the lease for another while.

        Raises:
            Fenced: If somebody else has taken it.
            Unavailable, Unknown: As the ledger does; try again before the time is over.
        """
        asked_at = self._monotonic()
        until = self._clock.now() + timedelta(seconds=TTL_S)

        def work(tx: LedgerTransaction) -> None:
            fence.check(tx)
            tx.leases.put(Lease(fence.name, fence.holder, fence.epoch, until))

        await self._desk.run(work)
        fence.safe_until = asked_at + TTL_S

    async def release(self, fence: Fence) -> None:
        """Give the lease back, so that the next holder need not wait; nothing if it is not ours.

        Raises:
            Unavailable, Unknown: As the ledger does; the lease runs out by itself then.
        """
        fence.safe_until = self._monotonic()
        now = self._clock.now()

        def work(tx: LedgerTransaction) -> None:
            lease = tx.leases.get(fence.name)
            if lease is not None and (lease.holder, lease.epoch) == (fence.holder, fence.epoch):
                tx.leases.put(Lease(fence.name, _NOBODY, fence.epoch, now))

        await self._desk.run(work)

    def _is_free(self, lease: Lease, now: datetime, asked_at: float) -> bool:
        if lease.holder in (_NOBODY, self._holder) or now >= lease.expires_at:
            return True
        return (
            self._watched is not None
            and self._watched[0] == lease
            and asked_at - self._watched[1] >= TTL_S
        )


class FencedDesk:
    """The ledger as the holder of a lease uses it: each transaction begins with the fence."""

    def __init__(self, desk: Desk, fence: Fence) -> None:
        self._batches = Batches(desk, fence.check)
        self._fence = fence

    @property
    def fence(self) -> Fence:
        """Give the lease under which everything here is written."""
        return self._fence

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function in one transaction, which it may share with others.

        Raises:
            Fenced: If the lease is not ours any more; nothing was changed.
            Unavailable, Unknown: As the ledger does.
        """
        return await self._batches.run(work)

    async def see_through(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function as often as it takes until it is known to be committed.

        It waits as long as the ledger is away. What the function writes must be known again by its
        id: it may have been committed before.

        Raises:
            Fenced: If the lease is not ours any more.
        """
        wait_s, most_s = _RETRY_S
        while True:
            try:
                return await self.run(work)
            except (Unavailable, Unknown) as error:
                _logger.warning("the ledger: %s; again in %.1f s", error.message, wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, most_s)
