from __future__ import annotations

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.trading.paging import Question


def question(*words: str, limit: int = 2, cursor: str | None = None) -> Question:
    return Question(words or ("orders", "paper"), limit, cursor)


def test_one_more_than_the_limit_says_that_there_is_a_next_page() -> None:
    page = question().page(["c", "b", "a"], str)
    assert page.items == ("c", "b")
    assert page.next_cursor is not None
    assert question(cursor=page.next_cursor).place == "b"


def test_the_last_page_has_no_cursor() -> None:
    assert question().page(["a", "b"], str).next_cursor is None
    assert question().page([], str).items == ()


def test_a_place_may_have_dots_and_slashes() -> None:
    place = "2026.11/22.x"
    assert question(cursor=question().cursor_after(place)).place == place


@pytest.mark.parametrize("words", [("orders", "live"), ("fills", "paper"), ("orderspaper",)])
def test_a_cursor_fits_no_other_question(words: tuple[str, ...]) -> None:
    cursor = question().cursor_after("b")
    with pytest.raises(Invalid, match="used with the account"):
        _ = question(*words, cursor=cursor).place


@pytest.mark.parametrize("cursor", ["", "x", "é", "MS4y", "MS4wMTIzNDU2Nzg5YWJjZGVmLg", "a" * 300])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        _ = question(cursor=cursor).place
    assert caught.value.field == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_a_size(limit: int) -> None:
    with pytest.raises(Invalid, match="between 1 and 200"):
        question(limit=limit)
