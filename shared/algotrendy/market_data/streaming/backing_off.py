"""Wait longer after each failure, and never all at once."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """The waits of one thing that is tried again and again.

    Each wait is between half and all of a time that doubles from ``least_s`` to ``most_s``, so that
    those who failed together do not come again together.

    Args:
        random: Gives 0 to 1.
    """

    def __init__(self, least_s: float, most_s: float, random: Callable[[], float]) -> None:
        self._least_s = least_s
        self._most_s = most_s
        self._random = random
        self.failures = 0

    def another(self) -> Backoff:
        """Give one of the same terms that has not failed yet."""
        return Backoff(self._least_s, self._most_s, self._random)

    def worked(self) -> None:
        """Begin again with the least wait."""
        self.failures = 0

    def failed(self, asked_s: float | None = None) -> float:
        """Give how long to wait now, in seconds; at least ``asked_s``, which the other asks for."""
        whole_s = min(self._most_s, self._least_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return max(whole_s / 2 + whole_s / 2 * self._random(), asked_s or 0.0)
