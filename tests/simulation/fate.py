"""Draw what goes wrong, number it, and leave out what a shorter history does without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random


class Fate:
    """The faults of one run: which strike, in the order in which they do.

    Args:
        level: Of all chances; 0 for a world without faults.
        left_out: Numbers of faults that would strike and do not.
        most: How many strike at all; None for any number.
    """

    def __init__(
        self,
        chance: Random,
        level: float = 1.0,
        left_out: frozenset[int] = frozenset(),
        most: int | None = None,
    ) -> None:
        self.struck: list[tuple[int, str]] = []
        self.is_over = False
        self._random = chance
        self._level = level
        self._left_out = left_out
        self._most = most
        self._drawn = 0
        self.told: Callable[[str], None] = lambda _: None

    @property
    def kinds(self) -> Counter[str]:
        """Count the faults that struck, by kind."""
        return Counter(kind for _, kind in self.struck)

    def strikes(self, kind: str, chance: float) -> bool:
        """Say whether a fault of this kind strikes here and now."""
        if self._random.random() >= chance * self._level or self.is_over:
            return False
        number = self._drawn
        self._drawn += 1
        if number in self._left_out or (self._most is not None and number >= self._most):
            return False
        self.struck.append((number, kind))
        self.told(kind)
        return True

    def between(self, low: float, high: float) -> float:
        """Draw a number of seconds."""
        return low + (high - low) * self._random.random()

    def one_of(self, count: int) -> int:
        """Draw one of so many places."""
        return int(self._random.random() * count)
