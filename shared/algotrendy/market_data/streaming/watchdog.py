"""Notice a feed that is connected and says nothing while its market is open."""

from __future__ import annotations

from datetime import datetime, timedelta

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar

LONGEST_S = 300.0


class Watchdog:
    """Counts the silence of one feed within the regular hours of its market.

    A market may be quiet, so a feed that stays silent on a new connection is given twice the time,
    up to five minutes; whatever it says makes it trusted again.

    Args:
        quiet_s: How long it may be silent at first; None: for ever.
    """

    def __init__(
        self, calendar: TradingCalendar, quiet_s: float | None, longest_s: float = LONGEST_S
    ) -> None:
        self._calendar = calendar
        self._quiet_s = quiet_s
        self._longest_s = longest_s
        self._times_mute = 0
        self._since: datetime | None = None

    def connected(self, now: datetime) -> None:
        """Begin to count."""
        self._since = now

    def heard(self, now: datetime) -> None:
        """Begin to count anew: it said something."""
        self._since = now
        self._times_mute = 0

    def gave_up(self) -> None:
        """Note that a mute connection is left; the next one is given more time."""
        self._times_mute += 1
        self._since = None

    @property
    def patience_s(self) -> float | None:
        """Give how long it may be silent now, in seconds."""
        if self._quiet_s is None:
            return None
        longest_s = max(self._longest_s, self._quiet_s)
        return min(longest_s, self._quiet_s * 2.0 ** min(self._times_mute, 30))

    def silence_s(self, now: datetime) -> float:
        """Give how long it has been silent while its market was open."""
        opened = self._open_since(now)
        if self._since is None or opened is None:
            return 0.0
        return max(timedelta(0), now - max(self._since, opened)).total_seconds()

    def is_mute(self, now: datetime) -> bool:
        """Say whether it was silent for too long."""
        patience_s = self.patience_s
        return patience_s is not None and self.silence_s(now) >= patience_s

    def _open_since(self, now: datetime) -> datetime | None:
        try:
            session = self._calendar.session(self._calendar.date_at(now))
        except Invalid:
            # Nobody knows the holidays of that year: better one connection too many.
            return now - timedelta(days=1)
        if session is None or not session.is_regular(now):
            return None
        return session.open
