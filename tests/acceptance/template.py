"""Bring the template adapter to the acceptance suite; copy this with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from acceptance.floor import FloorHarness, InThisLoop
from acceptance.harness import Fault, Harness
from algotrendy.brokers.simulated.broker import SimulatedBroker
from algotrendy.brokers.template.broker import TemplateBroker
from algotrendy.exchange.venue.model import Account
from fakes.template_venue import VenueWire


class TemplateHarness(FloorHarness):
    """A vendor that is played by the paper exchange."""

    def __init__(self, place: InThisLoop) -> None:
        self._wire: VenueWire

        async def make(account: Account) -> TemplateBroker:
            self._wire = VenueWire(SimulatedBroker(place.floor, account.id))
            return TemplateBroker(self._wire, poll_s=0.02)

        super().__init__(place, make)

    async def fail_next(self, fault: Fault) -> None:
        if fault is Fault.DISCONNECT:
            self._wire.fails_next = True
        else:
            await super().fail_next(fault)

    async def restarted(self, account: Account) -> None:
        await self.broker.close()
        self.broker = await self._make(account)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Harness]:
    """Start the vendor, and stop it."""
    harness = TemplateHarness(InThisLoop())
    await harness.start()
    try:
        yield harness
    finally:
        await harness.stop()
