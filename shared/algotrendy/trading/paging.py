"""Gather pages of lists that are filtered by time and by what their records say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from algotrendy.kernel.ids import first_uuid7
from algotrendy.kernel.paging import MOST, Page, Question

__all__ = ["ALWAYS", "MOST", "Page", "Question", "Within", "gathered"]

_READS = 10
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Within:
    """A span of time: from ``since`` on, and before ``until``; None where it has no such end.

    Nothing was kept before 1970, and nothing will be at the end of all time.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Leave ends out that are nearly as far as a time can be."""
        if self.since is not None and self.since < _FIRST:
            object.__setattr__(self, "since", None)
        if self.until is not None and self.until > _LAST:
            object.__setattr__(self, "until", None)
        elif self.until is not None and self.until < _FIRST:
            object.__setattr__(self, "until", _FIRST)

    def has(self, at: datetime) -> bool:
        """Say whether a moment is within it."""
        return not self.is_over_before(at) and (self.until is None or at < self.until)

    def is_over_before(self, at: datetime) -> bool:
        """Say whether a moment is before all of it."""
        return self.since is not None and at < self.since

    def and_of(self, other: Within) -> Within:
        """Give what is within both."""
        since = max((each for each in (self.since, other.since) if each), default=None)
        until = min((each for each in (self.until, other.until) if each), default=None)
        return Within(since, until)

    def wider(self, by: timedelta) -> Within:
        """Give it with more on both ends."""
        return Within(
            None if self.since is None else self.since - by,
            None if self.until is None else self.until + by,
        )

    def whole_milliseconds(self) -> Within:
        """Give all of the milliseconds in which it begins and ends."""
        since, until = self.since, self.until
        return Within(
            None if since is None else _millisecond_of(since),
            None if until is None else _millisecond_of(until) + timedelta(milliseconds=1),
        )

    def beyond(self) -> UUID | None:
        """Give an id that is above all that were made in it; None where it has no end."""
        until = self.whole_milliseconds().until
        return None if until is None else first_uuid7(until)


def _millisecond_of(at: datetime) -> datetime:
    return at - timedelta(microseconds=at.microsecond % 1000)


ALWAYS: Final = Within()


def gathered(
    question: Question,
    read: Callable[[str | None, int], Sequence[Item]],
    place_of: Callable[[Item], str],
    *,
    fits: Callable[[Item], bool] = lambda _: True,
    is_past: Callable[[Item], bool] = lambda _: False,
) -> Page[Item]:
    """Fill a page with what fits of a list; one of which little fits ends early, with a cursor.

    Args:
        read: Gives so many that follow a place, or the first ones.
        is_past: Says of an item that nothing from it on can fit.
    """
    found: list[Item] = []
    place, size = question.place, question.limit + 1
    for _ in range(_READS):
        rows = read(place, size)
        for row in rows:
            if is_past(row):
                return Page(tuple(found), None)
            if fits(row):
                if len(found) == question.limit:
                    return Page(tuple(found), question.cursor_after(place_of(found[-1])))
                found.append(row)
        if len(rows) < size:
            return Page(tuple(found), None)
        place, size = place_of(rows[-1]), MOST
    return Page(tuple(found), question.cursor_after(place or ""))
