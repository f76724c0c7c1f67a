"""Bring the Alpaca adapter to the acceptance suite: alpaca-py over HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from acceptance.floor import BehindHttp, FloorHarness
from acceptance.harness import Harness
from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.exchange.venue.model import Account


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Harness]:
    """Start a paper exchange, and stop it."""
    place = BehindHttp()

    async def make(account: Account) -> AlpacaBroker:
        settings = AlpacaSettings(
            account.key_id, account.secret, url=place.exchange.url, backoff_s=(0.05, 0.5)
        )
        return AlpacaBroker(settings)

    # A 503 of Alpaca's proves nothing: the order may be on its way.
    harness = FloorHarness(place, make, turned_away=429)
    await harness.start()
    try:
        yield harness
    finally:
        await harness.stop()
