"""Say how the values of the models go over the wire, and what a model is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

Page = TypeVar("Page")
Item = TypeVar("Item")


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('a decimal or text, such as "187.15": a float has lost digits')
    return value


def _plain(value: Decimal) -> str:
    return format(value, "f")


# A number of money or orders: exact, and a string on the wire.
Number = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(_plain, return_type=str, when_used="json"),
]


class Word(StrEnum):
    """Is one of the words that the API knows; a newer API may answer with a new one."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        new = str.__new__(cls, value)
        new._name_, new._value_ = value, value
        return new

    @property
    def is_known(self) -> bool:
        """Say whether this client knows the word."""
        return self._value_ in type(self)._value2member_map_


class Answer(BaseModel):
    """Is what the API answers. Fields that this client does not know are kept."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True, protected_namespaces=())


class Request(BaseModel):
    """Is what is asked of the API. A field that it does not know is refused before it is sent."""

    model_config = ConfigDict(
        extra="forbid", defer_build=True, protected_namespaces=(), validate_assignment=True
    )


def quoted(part: str) -> str:
    """Write a part of a path, whatever it holds; one without characters would be another path.

    Raises:
        ValueError: If it is empty.
    """
    if not part or part in {".", ".."}:
        raise ValueError(f"a part of a path must be a name, was {part!r}")
    return quote(part, safe="")


def every(
    page: Callable[[str | None], Page],
    items: Callable[[Page], list[Item]],
    following: Callable[[Page], Any],
) -> Iterator[Item]:
    """Give the items of all pages; a page is asked for when it is needed.

    Raises:
        ValueError: If the API names the same page twice, which would go on for ever.
    """
    place, seen = None, set[str]()
    while True:
        found = page(place)
        yield from items(found)
        place = following(found)
        if place is None:
            return
        place = str(place)
        if place in seen:
            raise ValueError(f"the API named the page {place!r} twice")
        seen.add(place)
