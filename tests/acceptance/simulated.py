"""Bring the simulated broker to the acceptance suite: the venue in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from acceptance.floor import FloorHarness, InThisLoop
from acceptance.harness import Harness
from algotrendy.brokers.simulated.broker import SimulatedBroker
from algotrendy.exchange.venue.model import Account


class SimulatedHarness(FloorHarness):
    """Makes the adapter anew after a restart: the floor that it stood on is gone."""

    def __init__(self, place: InThisLoop) -> None:
        async def make(account: Account) -> SimulatedBroker:
            return SimulatedBroker(place.floor, account.id)

        super().__init__(place, make)

    async def restarted(self, account: Account) -> None:
        await self.broker.close()
        self.broker = await self._make(account)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Harness]:
    """Start a floor, and stop it."""
    harness = SimulatedHarness(InThisLoop())
    await harness.start()
    try:
        yield harness
    finally:
        await harness.stop()
