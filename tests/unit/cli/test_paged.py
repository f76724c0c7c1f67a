"""How the command line reads lists: page after page, no further than it is asked to."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.cli.paged import read_list, say_more


class Numbers:
    """A list of numbers behind an API that gives at most 200 of them in a page."""

    def __init__(self, count: int) -> None:
        self.numbers = list(range(count))
        self.asked: list[dict[str, Any]] = []

    def get(self, path: str, **params: Any) -> Any:
        assert path == "/v1/numbers"
        self.asked.append(params)
        begin, size = int(params.get("cursor", 0)), int(params["limit"])
        assert 1 <= size <= 200
        end = begin + size
        following = str(end) if end < len(self.numbers) else None
        return {"numbers": self.numbers[begin:end], "next_cursor": following}


@pytest.mark.parametrize(
    ("count", "limit", "read", "cursor", "calls"),
    [
        (450, None, 450, None, 3),
        (450, 20, 20, "20", 1),
        (450, 401, 401, "401", 3),
        (450, 450, 450, None, 3),
        (0, 20, 0, None, 1),
    ],
)
def test_as_many_pages_are_read_as_are_wanted(
    count: int, limit: int | None, read: int, cursor: str | None, calls: int
) -> None:
    api = Numbers(count)
    page = read_list(api, "/v1/numbers", "numbers", limit, None, account="paper", symbol=None)
    assert page == {"numbers": list(range(read)), "next_cursor": cursor}
    assert len(api.asked) == calls
    assert all(each["account"] == "paper" and "symbol" not in each for each in api.asked)


def test_a_list_goes_on_from_a_cursor() -> None:
    page = read_list(Numbers(450), "/v1/numbers", "numbers", 10, "440")
    assert page["numbers"] == list(range(440, 450))


def test_what_follows_is_said_only_where_something_does(capsys: pytest.CaptureFixture[str]) -> None:
    say_more({"next_cursor": None})
    assert capsys.readouterr().out == ""
    say_more({"next_cursor": "abc"})
    assert capsys.readouterr().out == "more: --all, or --cursor abc\n"
