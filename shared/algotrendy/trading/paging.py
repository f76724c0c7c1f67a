"""Cut lists into pages: a cursor says where the next page begins, to the same question only."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import first_uuid7

MOST = 200
_VERSION = "1"
_DIGITS = 16
_READS = 10
_FIRST = datetime(1970, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of a list; ``next_cursor`` asks for what follows, None at the end."""

    items: tuple[Item, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, all pages taken together; a cursor fits no other question.

    Attributes:
        words: The list, the account and each filter.
        limit: Items a page.
        cursor: As the page before gave it; None for the first.
    """

    words: tuple[str, ...]
    limit: int = 50
    cursor: str | None = None

    def __post_init__(self) -> None:
        """Refuse a page of nothing, and one of too much."""
        if not 1 <= self.limit <= MOST:
            raise Invalid("limit", f"between 1 and {MOST}", self.limit)

    @property
    def place(self) -> str | None:
        """Read from the cursor after which place the page begins.

        Raises:
            Invalid: If it is no cursor, or one of another question.
        """
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        except (binascii.Error, ValueError) as error:
            raise Invalid("cursor", "next_cursor of the page before", self.cursor) from error
        version, _, rest = text.partition(".")
        fingerprint, _, place = rest.partition(".")
        if version != _VERSION or len(fingerprint) != _DIGITS or not place:
            raise Invalid("cursor", "next_cursor of the page before", self.cursor)
        if fingerprint != self._fingerprint():
            expected = "used with the account and the filters that it was given for"
            raise Invalid("cursor", expected, self.cursor)
        return place

    def page(self, found: Sequence[Item], place_of: Callable[[Item], str]) -> Page[Item]:
        """Cut what was found, of which one more than the limit says that there is a next page."""
        items = tuple(found[: self.limit])
        if len(found) <= self.limit:
            return Page(items, None)
        return Page(items, self.cursor_after(place_of(items[-1])))

    def cursor_after(self, place: str) -> str:
        """Write a place down as text that only this question takes back."""
        text = f"{_VERSION}.{self._fingerprint()}.{place}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _fingerprint(self) -> str:
        text = "".join(f"{len(word)}:{word}" for word in self.words)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


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
