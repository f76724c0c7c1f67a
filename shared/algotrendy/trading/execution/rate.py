"""Send no more orders than a broker's limit allows."""

from __future__ import annotations

from collections.abc import Callable

_SHARE = 0.9
_BURST_S = 6.0


class Rate:
    """Spaces requests out: short bursts pass, and a minute never holds more than the limit.

    Args:
        per_minute: The broker's limit; None where there is none.
        monotonic: Seconds of a clock that never steps.

    Source: the generic cell rate algorithm, ITU-T I.371.
    """

    def __init__(self, per_minute: int | None, monotonic: Callable[[], float]) -> None:
        # What is left of the limit is for questions.
        self._every_s = 0.0 if per_minute is None else 60.0 / (per_minute * _SHARE)
        self._monotonic = monotonic
        self._earliest = float("-inf")

    def take(self) -> float:
        """Take leave for one request; give the seconds to wait before it is sent."""
        now = self._monotonic()
        due = max(self._earliest, now)
        self._earliest = due + self._every_s
        return max(0.0, due - now - min(_BURST_S, 10 * self._every_s))
