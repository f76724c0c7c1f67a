"""Count time in nanoseconds since 1970 UTC, and say it in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.errors import Invalid

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_INT64: Final = np.iinfo(np.int64)

Moment = int | str | date | np.datetime64
"""A moment as a caller may say it: nanoseconds, ISO 8601, a date (its begin in UTC), a datetime."""


def in_words(time_ns: int) -> str:
    """Say a moment as a person reads it: ``2024-01-05 14:30 UTC``."""
    whole, rest = divmod(int(time_ns), SECOND_NS)
    said = (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%d %H:%M:%S")
    if rest:
        return f"{said}.{rest:09d} UTC"
    return f"{said.removesuffix(':00')} UTC"


def datetime_ns(moment: datetime) -> int:
    """Count the nanoseconds to an aware moment, exactly."""
    return (moment - _EPOCH) // _MICROSECOND * 1_000


def to_ns(moment: Moment, field: str) -> int:
    """Count the nanoseconds to a moment.

    A time without a zone is UTC, and a date is its begin in UTC.

    Raises:
        Invalid: If it is no moment, or one that 64 bits of nanoseconds cannot hold (1678 to 2261).
    """
    counted = _counted(moment, field)
    # The least of all stands for "not a time" in numpy and pandas.
    if not _INT64.min < counted <= _INT64.max:
        raise Invalid(field, "a moment of the years 1678 to 2261", moment)
    return counted


def _counted(moment: Moment, field: str) -> int:
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError as error:
            raise Invalid(field, "a moment such as 2024-01-05T14:30:00Z", moment) from error
    if isinstance(moment, np.datetime64):
        if np.isnat(moment):
            raise Invalid(field, "a moment", "not a time")
        return int(moment.astype("M8[ns]").astype(np.int64))
    if isinstance(moment, date):
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return datetime_ns(as_utc(moment, field))
    if isinstance(moment, bool) or not isinstance(moment, int | np.integer):
        raise Invalid(field, "a moment", moment)
    return int(moment)
