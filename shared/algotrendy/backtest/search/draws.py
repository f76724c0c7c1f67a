"""Draw by a seed: whole numbers, and combinations that were not tried."""

from __future__ import annotations

import hashlib
from collections.abc import Container

from algotrendy.backtest.grid import COUNTED_LIMIT, shuffled
from algotrendy.backtest.search.space import Combination, Space

# In a space too large to walk, so many draws in a row that break a rule are taken for the end.
_MISSES = 20_000


class Draws:
    """A sequence of whole numbers that the seed and its purpose fix, on any Python for ever."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._prefix = f"{seed}:{purpose}:"
        self._count = 0

    def below(self, limit: int) -> int:
        """Draw a number from 0 to ``limit`` - 1; the modulo's bias is below 2 ** -200."""
        digest = hashlib.sha256(f"{self._prefix}{self._count}".encode()).digest()
        self._count += 1
        return int.from_bytes(digest, "big") % limit


class Untried:
    """Draws allowed combinations of a space, each at most once."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._numbers = shuffled(space.size, seed)
        self._found = 0

    def next(self, tried: Container[Combination] = ()) -> Combination | None:
        """Draw one that is not in ``tried``; None when there is none, or none to be found.

        Raises:
            Invalid: When the very first draw finds that the rules leave nothing.
        """
        misses = 0
        for number in self._numbers:
            combination = self._space.numbered(number)
            if self._space.allows(combination):
                self._found += 1
                if combination not in tried:
                    return combination
            else:
                misses += 1
                if misses > _MISSES and self._space.size > COUNTED_LIMIT:
                    break
        if not self._found:
            raise self._space.nothing_allowed()
        return None
