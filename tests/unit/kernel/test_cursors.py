"""A cursor leads to the place that was written, for the same question, or nowhere."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.cursors import cursor_to, place_of
from algotrendy.kernel.errors import Invalid

WORDS = ("orders", "paper")
EXPECTED = "used with its own question"


@given(st.text(min_size=1, max_size=100), st.lists(st.text()))
def test_a_place_comes_back_as_it_was(place: str, words: list[str]) -> None:
    assert place_of(cursor_to(place, words), words, EXPECTED) == place


@given(st.data())
def test_a_cursor_of_which_one_letter_was_changed_is_refused(data: st.DataObject) -> None:
    cursor = cursor_to("019a-place", WORDS)
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from("ABCdef0189-_").filter(lambda each: each != cursor[at]))
    with pytest.raises(Invalid) as caught:
        place_of(cursor[:at] + letter + cursor[at + 1 :], WORDS, EXPECTED)
    assert caught.value.field == "cursor"


def test_another_place_put_into_a_cursor_is_refused() -> None:
    text = base64.urlsafe_b64decode(cursor_to("5", WORDS) + "==")
    forged = base64.urlsafe_b64encode(text[:-1] + b"6").decode().rstrip("=")
    with pytest.raises(Invalid, match="next_cursor of the page before"):
        place_of(forged, WORDS, EXPECTED)


def test_a_cursor_of_another_question_says_so() -> None:
    with pytest.raises(Invalid, match="used with its own question"):
        place_of(cursor_to("5", ("orderspaper",)), WORDS, EXPECTED)


@pytest.mark.parametrize("cursor", ["", "x", "é", "=", "a" * 5000, "M" * 64, "..."])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="next_cursor of the page before"):
        place_of(cursor, WORDS, EXPECTED)
