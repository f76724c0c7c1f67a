"""What the writer of an account does again and again, beside sending and hearing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from algotrendy.brokers.port import Broker
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.kernel.ids import AccountId, Ids
from algotrendy.trading.execution.following import NOBODY, Following
from algotrendy.trading.execution.lease import Fenced, FencedDesk
from algotrendy.trading.orders import PlatformOrder

_LONGEST_WAIT_S = 30.0

_logger = logging.getLogger(__name__)


class Duty(Protocol):
    """Something to do every few seconds for as long as the lease is held.

    It is done anew from the ledger and the broker each time: it may end anywhere, and so may the
    process. It uses no clock but those that it is given, and no thread.
    """

    @property
    def name(self) -> str: ...

    @property
    def every_s(self) -> float:
        """How long to wait after it is done."""
        ...

    async def do(self) -> None:
        """Do it once; what it raises is logged, and it is done again later."""
        ...


Gate = Callable[[PlatformOrder], str | None]
"""Says, from what it remembers, why an order must not leave now; None lets it."""


def open_gate(order: PlatformOrder) -> str | None:
    """Let every order leave."""
    del order
    return None


@dataclass(frozen=True, slots=True)
class Post:
    """What a writer has at hand while it holds the lease of an account.

    Attributes:
        desk: The ledger; every transaction through it ends in Fenced once the lease is lost.
        wake: Lets the writer look through the account's orders at once: to send what was admitted,
            to cancel what was asked to end.
        moved: Set when an execution was booked or a price has changed: what the account is worth
            wants a look.
        following: Told what is done for each order.
        gate: Asked right before an order leaves.
    """

    root: AccountId
    broker: Broker
    desk: FencedDesk
    clock: Clock
    ids: Ids
    wake: Callable[[], None]
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    following: Following = NOBODY
    gate: Gate = open_gate


Duties = Callable[[Post], Sequence[Duty]]
"""Makes the duties of an account's writer when it takes the lease."""


async def keep_doing(duty: Duty) -> None:
    """Do a duty again and again until cancelled, less often while it fails.

    Raises:
        Fenced: If the lease was lost.
    """
    failures = 0
    while True:
        retry_after_s = 0.0
        try:
            await duty.do()
            failures = 0
        except Fenced:
            raise
        except AlgoTrendyError as error:
            failures += 1
            if isinstance(error, Unavailable):
                retry_after_s = error.retry_after_s or 0.0
            _logger.warning("duty %s: %s", duty.name, error.message, extra=error.fields())
        # The outermost handler of a duty: one that stumbles must not end the others.
        except Exception:
            failures += 1
            _logger.exception("duty %s failed", duty.name)
        await asyncio.sleep(_pause_s(duty.every_s, failures, retry_after_s))


def _pause_s(every_s: float, failures: int, retry_after_s: float) -> float:
    if not failures:
        return every_s
    backed_off = every_s * 2.0 ** min(failures - 1, 10)
    return max(every_s, min(max(backed_off, retry_after_s), _LONGEST_WAIT_S))
