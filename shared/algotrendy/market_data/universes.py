"""Which symbols belonged to a universe on a day, so that a test does not know who survived."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Protocol

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.actions import ActionBook, ActionKind

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Membership:
    """One stay of a symbol in a universe.

    Attributes:
        symbol: Its name on the first day.
        first: Its first day.
        last: Its last day, included; None while it stays.
    """

    symbol: Symbol
    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Universe:
    """A universe with all stays that are known.

    Attributes:
        recorded: When this was recorded.
    """

    name: str
    memberships: tuple[Membership, ...]
    source: str
    recorded: datetime


def parse_universe(text: str) -> str:
    """Read the name of a universe, such as ``sp500``, or raise Invalid."""
    if not _NAME.fullmatch(text):
        raise Invalid("universe", "1 to 64 small letters, digits and . _ -, like sp500", text)
    return text


def checked(memberships: Iterable[Membership]) -> tuple[Membership, ...]:
    """Sort stays by symbol and day.

    Raises:
        Invalid: If there is none, one ends before it begins, or two of a symbol overlap.
    """
    stays: dict[Symbol, list[Membership]] = defaultdict(list)
    for stay in memberships:
        parse_symbol(stay.symbol)
        if stay.last is not None and stay.last < stay.first:
            raise Invalid(f"{stay.symbol}.last", f"on or after first, {stay.first}", stay.last)
        stays[stay.symbol].append(stay)
    if not stays:
        raise Invalid("universe", "of one member at least", "none")
    for symbol, of_symbol in stays.items():
        of_symbol.sort(key=lambda stay: stay.first)
        for one, other in pairwise(of_symbol):
            if one.last is None or other.first <= one.last:
                expected = f"after the stay before it, {one.first} to {one.last or 'now'}"
                raise Invalid(f"{symbol}.first", expected, other.first)
    return tuple(stay for symbol in sorted(stays) for stay in stays[symbol])


def members_on(
    memberships: Sequence[Membership], day: date, book: ActionBook
) -> tuple[Symbol, ...]:
    """Give the symbols of a universe on a day, under the names that they had then.

    A company that is delisted by that day is no member, whatever its stay says.
    """
    found: set[Symbol] = set()
    for stay in memberships:
        if not (stay.first <= day and (stay.last is None or day <= stay.last)):
            continue
        tenures = book.tenures(stay.symbol, stay.first)
        ends = [
            action.day
            for tenure in tenures
            for action in book.of(tenure.symbol)
            if action.kind is ActionKind.DELISTING
            and action.day > stay.first
            and (tenure.last is None or action.day <= tenure.last)
        ]
        if any(end <= day for end in ends):
            continue
        found |= {
            tenure.symbol
            for tenure in tenures
            if (tenure.first is None or tenure.first <= day)
            and (tenure.last is None or day <= tenure.last)
        }
    return tuple(sorted(found))


class UniverseStore(Protocol):
    """A store of universes that forgets none of their editions."""

    def names(self) -> list[str]:
        """List the universes."""
        ...

    def read(self, name: str, as_of: datetime | None = None) -> Universe:
        """Give a universe as it was known at a moment; None for now.

        Raises:
            NotFound: If there was none; the hint names those there are.
        """
        ...

    def replace(self, name: str, memberships: Sequence[Membership], source: str) -> bool:
        """Store all stays of a universe as its newest edition; False when nothing is new."""
        ...
