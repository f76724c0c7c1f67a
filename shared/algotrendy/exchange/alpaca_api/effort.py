"""Bound the work of one answer, and end it when nobody waits for it any longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Final, TypeVar

from fastapi import Request

SECONDS_A_PAGE: Final = 5.0

T = TypeVar("T")


class Abandoned(Exception):  # noqa: N818 - reads as what it means
    """Says that whoever asked has left."""


class Effort:
    """How long one answer may be worked on; by default as long as it takes.

    Args:
        clock: Gives seconds that only grow.
    """

    def __init__(self, seconds: float = inf, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._begun: float | None = None
        self._abandoned = False

    def abandon(self) -> None:
        """Let whoever works on it stop; safe from any thread."""
        self._abandoned = True

    def keep_on(self) -> None:
        """Raise Abandoned when nobody waits."""
        if self._abandoned:
            raise Abandoned

    def is_spent(self) -> bool:
        """Say whether it is time to answer with what there is; never when first asked.

        Raises:
            Abandoned: When nobody waits.
        """
        self.keep_on()
        if self._begun is None:
            self._begun = self._clock()
            return False
        return self._clock() - self._begun >= self._seconds


async def worked(request: Request, effort: Effort, work: Callable[[], T]) -> T:
    """Do the work on another thread while the client is there.

    Raises:
        Abandoned: When it left.
    """
    done = asyncio.ensure_future(asyncio.to_thread(work))
    left = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((done, left), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            effort.abandon()
        return await done
    finally:
        effort.abandon()
        left.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
