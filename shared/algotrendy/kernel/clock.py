"""Tell the time in UTC, from a source that a test can hold still."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from algotrendy.kernel.errors import Invalid


class Clock(Protocol):
    """Tells what time it is."""

    def now(self) -> datetime:
        """Tell the time, aware and in UTC."""
        ...


class SystemClock:
    """Tells the time of this machine."""

    def now(self) -> datetime:
        """Tell the time, aware and in UTC."""
        return datetime.now(UTC)


def seconds_passed() -> float:
    """Tell the seconds since some moment, which never step, and count a sleep of the machine.

    ``time.monotonic`` stands still meanwhile on Linux and macOS, and with it a loop's clock.
    """
    if sys.platform == "linux":
        clock = time.CLOCK_BOOTTIME
    elif sys.platform == "darwin":
        # Counts a sleep there, and not on Linux: https://reviews.llvm.org/D74341.
        clock = time.CLOCK_MONOTONIC_RAW
    else:
        clock = time.CLOCK_MONOTONIC
    return time.clock_gettime(clock)


class ManualClock:
    """Stands still until it is moved; safe to share between threads."""

    def __init__(self, start: datetime) -> None:
        self._now = as_utc(start, "start")
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Tell the time at which the clock stands."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock forward and tell the new time.

        Raises:
            Invalid: If ``by`` is negative; time does not run backwards.
        """
        if by < timedelta(0):
            raise Invalid("by", "zero or more", by)
        with self._lock:
            self._now += by
            return self._now


def as_utc(moment: datetime, field: str = "time") -> datetime:
    """Turn an aware time into the same instant in UTC.

    Raises:
        Invalid: If the time has no zone, or is none in UTC; it names ``field``.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise Invalid(field, "a time with a zone", moment.isoformat())
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(field, "a time of the years 1 to 9999", moment.isoformat()) from error


def parse_time(text: str, field: str = "time") -> datetime:
    """Read an ISO 8601 time with a zone, as UTC.

    Raises:
        Invalid: If the text is not such a time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(field, "an ISO 8601 time with a zone", text) from error
    return as_utc(moment, field)
