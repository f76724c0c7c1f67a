"""Tells stories of an account that is compared with its broker, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from algotrendy.kernel.errors import JsonValue
from algotrendy.trading.events import LedgerDiffers
from algotrendy.trading.execution.reconcile import AGAIN_S, Reconciliation
from algotrendy.trading.execution.reports import RECONCILIATION
from fakes.veiled_venue import World, world

Story = Callable[[World, Reconciliation], Awaitable[None]]


def tell(story: Story, **terms: Any) -> None:
    async def main() -> None:
        async with world(**terms) as found:
            reconciliation = Reconciliation(found.post)
            await reconciliation.do()
            await story(found, reconciliation)

    asyncio.run(main())


async def look(found: World, reconciliation: Reconciliation, times: int = 1) -> None:
    for _ in range(times):
        await found.floor.advance(AGAIN_S)
        await reconciliation.do()


def raised(found: World) -> list[LedgerDiffers]:
    return [each for each in found.published if isinstance(each, LedgerDiffers)]


def kinds(found: World, part: str) -> list[JsonValue]:
    """Give the kinds of what the last report says was settled, or was not."""
    listed = found.documents(RECONCILIATION)[0].body[part]
    assert isinstance(listed, list)
    return [each["kind"] for each in listed if isinstance(each, dict)]
