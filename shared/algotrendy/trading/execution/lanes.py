"""Let orders for one symbol be sent one after the other."""

from __future__ import annotations

import asyncio

_STORED_AHEAD = 8


class Lane:
    """Where orders for one symbol wait: some are stored meanwhile, one is sent after the other."""

    def __init__(self) -> None:
        self.entrance = asyncio.Semaphore(_STORED_AHEAD)
        self.turn = asyncio.Lock()
