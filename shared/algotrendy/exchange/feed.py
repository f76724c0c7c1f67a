"""Hand news to a reader that may be slow, without ever waiting for it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FeedEnded(Exception):  # noqa: N818 - reads as what it means
    """Says that nothing more will come: closed, or cut off for being slow."""


class Feed(Generic[T]):
    """A bounded queue from the floor to one reader.

    Args:
        limit: How many items may wait; one more cuts the reader off.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[T] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self.overflowed = False

    @property
    def ended(self) -> bool:
        """Say whether the floor may forget this feed."""
        return self._closed or self.overflowed

    def put(self, item: T) -> None:
        """Add an item; cut the reader off when too many wait."""
        if self.ended:
            return
        if len(self._items) >= self._limit:
            self.overflowed = True
            self._items.clear()
        else:
            self._items.append(item)
        self._news.set()

    async def get(self) -> T:
        """Wait for the next item.

        Raises:
            FeedEnded: If the feed was closed, or the reader was too slow.
        """
        while not self._items:
            if self.ended:
                raise FeedEnded
            self._news.clear()
            await self._news.wait()
        return self._items.popleft()

    def waiting(self) -> list[T]:
        """Take all that waits, without waiting for more."""
        items = list(self._items)
        self._items.clear()
        return items

    def close(self) -> None:
        """End the feed; what waits is dropped."""
        self._closed = True
        self._items.clear()
        self._news.set()
