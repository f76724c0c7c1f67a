"""Publish what the execution service committed, without waiting for the relay's minute."""

from __future__ import annotations

import asyncio

from algotrendy.platform.bus import Publisher, relay
from algotrendy.platform.database import Database


class RelayDuty:
    """Is a ``Duty``; any number may run at once."""

    name = "events"
    every_s = 1.0

    def __init__(self, database: Database, publisher: Publisher) -> None:
        self._database = database
        self._publisher = publisher

    async def do(self) -> None:
        """Publish what waits.

        Raises:
            Unavailable, Unknown: If database or bus do not answer; the scheduled relay goes on.
        """
        await asyncio.to_thread(relay, self._database, self._publisher)
