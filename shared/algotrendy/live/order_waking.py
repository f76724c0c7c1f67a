"""Wake those who carry orders out, after the commit; whoever is not reached looks by himself."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.trading.accounts import root_of
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Bell, Ring, SagaRun, Sagas
from algotrendy.trading.status import PlatformStatus


class Waits(Protocol):
    """Workflows that wait for something of an order."""

    def answer_waits(self, order_id: OrderId) -> int:
        """Answer whoever waits for an order and need not any more."""
        ...


class OrderWaker:
    """Starts the workflows of new orders, and tells those of ended ones."""

    def __init__(self, sagas: Sagas, waits: Waits, bell: Bell) -> None:
        self._sagas = sagas
        self._waits = waits
        self._bell = bell

    def wake(self, placed: Iterable[PlatformOrder], ended: Iterable[PlatformOrder]) -> None:
        """Start and tell; what fails is done by the sweeper within a minute."""
        for order in placed:
            if order.status is PlatformStatus.INTENDED:
                came = order.provenance
                run = SagaRun(order.id, 1, came.correlation_id, came.traceparent)
                with suppress(Unavailable, Unknown):
                    self._sagas.start(run)
        for order in ended:
            with suppress(Unavailable, Unknown):
                self._waits.answer_waits(order.id)
            with suppress(Unavailable, Unknown):
                self._bell.ring(Ring(root_of(order.account), order.id))

    def ring(self, root: AccountId) -> None:
        """Say that there is something to do for an account."""
        with suppress(Unavailable, Unknown):
            self._bell.ring(Ring(root))
