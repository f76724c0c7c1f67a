"""Read lists of orders that come in pages."""

from __future__ import annotations

from typing import Any

from algotrendy.brokers.quantconnect.connection import ATTEMPTS, Connection
from algotrendy.brokers.quantconnect.models import LeanOrder, Orders

# The reference asks for end - start below 100, and leaves open whether end itself comes too: so a
# page is full with 99, and the next one begins after what came.
_STEP = 99


async def all_orders(
    connection: Connection, path: str, *, attempts: int = ATTEMPTS, **body: Any
) -> list[LeanOrder]:
    """Read every order, by its id."""
    found: dict[int, LeanOrder] = {}
    while True:
        start = len(found)
        page = (
            await connection.ask(
                path, Orders, attempts=attempts, start=start, end=start + _STEP, **body
            )
        ).orders
        found.update((order.id, order) for order in page)
        if len(page) < _STEP or len(found) == start:
            return [found[number] for number in sorted(found)]
