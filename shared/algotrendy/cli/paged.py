"""Read lists of the API page after page, until there are as many as are wanted."""

from __future__ import annotations

from typing import Annotated, Any, Final, Protocol

import typer

from algotrendy.cli.trading_calls import say

MOST_A_PAGE: Final = 200

Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]
Everything = Annotated[bool, typer.Option("--all", help="The whole list, however long.")]
From = Annotated[
    str | None, typer.Option("--cursor", help="Go on from here: `next_cursor` of what ended.")
]
Since = Annotated[str | None, typer.Option(help="From this time on: 2026-11-22T12:00:00Z.")]
Until = Annotated[str | None, typer.Option(help="Before this time.")]
OfSymbol = Annotated[str | None, typer.Option(help="Only of this symbol.")]


class Api(Protocol):
    """What reads a page."""

    def get(self, path: str, **params: Any) -> Any: ...


def read_list(
    api: Api, path: str, name: str, limit: int | None, cursor: str | None, **asked: Any
) -> dict[str, Any]:
    """Read a list as one page; its ``next_cursor`` says where it goes on, None at its end.

    Args:
        name: What the items are called in the answer.
        limit: How many at most; None for all that there are.
        asked: Filters; one that is None is left out.
    """
    wanted = {key: value for key, value in asked.items() if value is not None}
    items: list[Any] = []
    while True:
        size = MOST_A_PAGE if limit is None else min(MOST_A_PAGE, limit - len(items))
        place = {} if cursor is None else {"cursor": cursor}
        page = api.get(path, **wanted, limit=str(size), **place)
        items += page[name]
        cursor = page["next_cursor"]
        if cursor is None or len(items) == limit:
            return {**page, name: items}


def say_more(page: dict[str, Any]) -> None:
    """Say how to see what follows, where anything does."""
    if page["next_cursor"] is not None:
        say(f"more: --all, or --cursor {page['next_cursor']}")
