"""Cut lists into pages: a cursor says where the next page begins, to the same question only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from algotrendy.kernel.cursors import cursor_to, place_of
from algotrendy.kernel.errors import Invalid

MOST: Final = 200
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
        expected = "used with the account and the filters that it was given for"
        return place_of(self.cursor, self.words, expected)

    def page(self, found: Sequence[Item], place_of: Callable[[Item], str]) -> Page[Item]:
        """Cut what was found, of which one more than the limit says that there is a next page."""
        items = tuple(found[: self.limit])
        if len(found) <= self.limit:
            return Page(items, None)
        return Page(items, self.cursor_after(place_of(items[-1])))

    def cursor_after(self, place: str) -> str:
        """Write a place down as text that only this question takes back."""
        return cursor_to(place, self.words)
