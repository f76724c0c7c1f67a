"""Tell the market's time: this machine's, or a replay's, at any speed."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite

from algotrendy.kernel.clock import Clock, as_utc
from algotrendy.kernel.errors import Invalid

MAX_SPEED = 1_000_000.0


class MarketClock:
    """A clock that runs ``speed`` times as fast as the wall's; 0 stands still.

    Args:
        wall: The clock that it goes by.
        start: The market's time now.
        speed: 0 to 1,000,000.
    """

    def __init__(self, wall: Clock, start: datetime, speed: float = 1.0) -> None:
        self._wall = wall
        self._speed = _checked(speed)
        self._set(start)

    @property
    def speed(self) -> float:
        """Give how many seconds of the market pass in one of the wall's."""
        return self._speed

    def now(self) -> datetime:
        """Tell the market's time."""
        passed = self._wall.now() - self._wall_mark
        return self._market_mark + passed * self._speed

    def set_speed(self, speed: float) -> None:
        """Go on from now at another speed."""
        self._set(self.now())
        self._speed = _checked(speed)

    def advance(self, by: timedelta) -> datetime:
        """Jump ahead and tell the new time."""
        if by < timedelta(0):
            raise Invalid("advance_s", "zero or more", by.total_seconds())
        self._set(self.now() + by)
        return self._market_mark

    def hold_back(self, moment: datetime) -> None:
        """Set the clock back to what has been played, where the market cannot keep its pace.

        At the wall's pace or a slower one it is left alone: a market that was held up for a moment
        plays what it missed, and its trades are told at their time again. A clock that went back
        at each stay would be late for ever.
        """
        if self._speed > 1:
            self._set(moment)

    def _set(self, moment: datetime) -> None:
        self._market_mark = as_utc(moment, "start")
        self._wall_mark = self._wall.now()


def _checked(speed: float) -> float:
    if not isfinite(speed) or not 0 <= speed <= MAX_SPEED:
        raise Invalid("speed", f"a number from 0 (stands still) to {MAX_SPEED:,.0f}", speed)
    return speed
