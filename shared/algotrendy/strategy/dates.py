"""Read dates off a bar's time; plain arithmetic on whole numbers, which compiles.

Times are nanoseconds since 1970 UTC, and so are the dates: a bar belongs to the day on which it
began there.
"""

from __future__ import annotations

from typing import Final

DAY_NS: Final = 86_400_000_000_000
_SATURDAY: Final = 5


def day_of(time: int) -> int:
    """Give the date in days since 1970."""
    return time // DAY_NS


def month_of(time: int) -> int:
    """Give the month, 1 to 12.

    Source: Hinnant, 'chrono-Compatible Low-Level Date Algorithms' (2013), civil_from_days.
    """
    since = time // DAY_NS + 719_468  # days since 1 March of the year 0
    day = since % 146_097  # of 400 years
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    month = (5 * (day - (365 * year + year // 4 - year // 100)) + 2) // 153
    return month + 3 if month < 10 else month - 9


def weekday_of(time: int) -> int:
    """Give the day of the week, 0 for Monday."""
    return (time // DAY_NS + 3) % 7


def next_weekday(time: int) -> int:
    """Give the same time of the next day from Monday to Friday."""
    time += DAY_NS
    while weekday_of(time) >= _SATURDAY:
        time += DAY_NS
    return time


def weekdays_left(time: int) -> int:
    """Count the days from Monday to Friday that come later in the month; holidays count too."""
    month = month_of(time)
    count = 0
    time = next_weekday(time)
    while month_of(time) == month:
        count += 1
        time = next_weekday(time)
    return count
