"""Write down where the next page of a list begins, as text that only its question takes back.

A cursor is no secret and no proof: whoever reads a list may read all of it. What is checked is that
nobody has changed it, by a slip or on purpose, so that a page never begins at a place that no
page before ended at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

from algotrendy.kernel.errors import Invalid

FIELD: Final = "cursor"
_VERSION: Final = "3"
_DIGITS: Final = 16
_LONGEST: Final = 2_000


def cursor_to(place: str, words: Sequence[str]) -> str:
    """Write a place down, for the question that these words ask."""
    asked = _digest(words)
    text = f"{_VERSION}.{asked}.{_digest((asked, place))}.{place}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str, words: Sequence[str], expected: str) -> str:
    """Read the place that ``cursor_to`` wrote for the same words.

    Args:
        expected: What a cursor of another question must be, for the error.

    Raises:
        Invalid: If it is anything else.
    """
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        version, asked, check, place = text.split(".", 3)
    except (binascii.Error, ValueError) as error:
        raise not_a_cursor(cursor) from error
    if version != _VERSION or not place or check != _digest((asked, place)):
        raise not_a_cursor(cursor)
    if asked != _digest(words):
        raise Invalid(FIELD, expected, cursor)
    if cursor != cursor_to(place, words):  # the last letter has bits that say nothing
        raise not_a_cursor(cursor)
    return place


def not_a_cursor(cursor: str) -> Invalid:
    """Say that a cursor is none of ours."""
    return Invalid(FIELD, "next_cursor of the page before", cursor)


def _digest(words: Sequence[str]) -> str:
    # The length before each word: ("ab", "c") and ("a", "bc") are two questions.
    text = "".join(f"{len(word)}:{word}" for word in words)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
