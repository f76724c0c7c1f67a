"""Decide when a part that died is started again, and when to stop trying."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Waits twice as long after each death, and gives up when too many fall into one window.

    Attributes:
        limit: This many deaths within the window are forgiven; the next one is not.
    """

    first_delay: timedelta = timedelta(seconds=0.25)
    longest_delay: timedelta = timedelta(seconds=8)
    limit: int = 5
    window: timedelta = timedelta(minutes=1)


@dataclass(slots=True)
class RestartHistory:
    """The recent deaths of one part."""

    policy: RestartPolicy
    _deaths: deque[datetime] = field(default_factory=deque)

    def died(self, now: datetime) -> timedelta | None:
        """Record a death; returns how long to wait before the next start, or None to give up."""
        while self._deaths and now - self._deaths[0] > self.policy.window:
            self._deaths.popleft()
        self._deaths.append(now)
        if len(self._deaths) > self.policy.limit:
            return None
        factor: int = 1 << (len(self._deaths) - 1)
        return min(self.policy.first_delay * factor, self.policy.longest_delay)

    def forget(self) -> None:
        """Start over, as when a person asks to try again."""
        self._deaths.clear()
