"""Make a stream of updates out of looking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from algotrendy.brokers.port import (
    BrokerFill,
    BrokerOrder,
    BrokerUpdate,
    StreamGap,
    UpdateKind,
)
from algotrendy.kernel.errors import Invalid, Unavailable, Unknown

_LONGEST_PAUSE_S = 60.0

View = tuple[Sequence[BrokerOrder], Sequence[BrokerFill]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what; the defaults are for QuantConnect, where snapshots take minutes.

    Attributes:
        poll_s: Between two looks.
        confirm_s: For a command to show in orders or log, before it is told as pending.
        snapshot_lag_s: How old a snapshot may be: absence tells nothing of younger orders.
    """

    poll_s: float = 10.0
    confirm_s: float = 1.0
    snapshot_lag_s: float = 600.0

    def __post_init__(self) -> None:
        """Refuse to look without a pause, and negative times."""
        if self.poll_s <= 0:
            raise Invalid("poll_s", "above zero", self.poll_s)
        for name in ("confirm_s", "snapshot_lag_s"):
            if getattr(self, name) < 0:
                raise Invalid(name, "zero or more", getattr(self, name))


async def poll(
    look: Callable[[], Awaitable[View | None]], closed: asyncio.Event, patience: Patience
) -> AsyncIterator[BrokerUpdate | StreamGap]:
    """Tell what is new since the look before; ``look`` gives None when it is over."""
    known: View | None = None
    gap: str | None = "the stream was connected"
    pause_s = patience.poll_s
    while not closed.is_set():
        try:
            view = await look()
        except (Unavailable, Unknown) as error:
            gap = str(error)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        else:
            if view is None:
                return
            if gap is not None:
                yield StreamGap(gap)
                gap, pause_s = None, patience.poll_s
            for update in changes(known, view) if known is not None else ():
                yield update
            known = view
        try:
            async with asyncio.timeout(pause_s):
                await closed.wait()
        except TimeoutError:
            continue


def changes(before: View, after: View) -> Iterator[BrokerUpdate]:
    """Compare two views: a fill for each new execution, else one update for a changed order."""
    known = {order.broker_order_id: order for order in before[0]}
    told = {fill.execution_id for fill in before[1]}
    for order in after[0]:
        new = [
            fill
            for fill in after[1]
            if fill.broker_order_id == order.broker_order_id and fill.execution_id not in told
        ]
        for fill in new:
            yield BrokerUpdate(UpdateKind.FILL, fill.filled_at, order, fill)
        at = order.updated_at or order.submitted_at
        if not new and at is not None and known.get(order.broker_order_id) != order:
            yield BrokerUpdate(UpdateKind.ORDER, at, order)
