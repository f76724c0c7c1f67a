"""Cut a range of bars into pages that stay one whole while imports go on."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.cursors import cursor_to, not_a_cursor, place_of
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.quality.policy import Declared, GapPolicy, read_declared
from algotrendy.market_data.series import Adjustment

_PLACE = re.compile(r"(\d{1,15})\.(-?\d{1,19})")


@dataclass(frozen=True, slots=True)
class BarQuery:
    """Which bars a caller wants, all pages taken together."""

    symbol: Symbol
    start: date | None
    end: date | None
    adjustment: Adjustment
    timeframe: Timeframe | None = None
    as_of: datetime | None = None
    gaps: GapPolicy = GapPolicy.KEEP
    named: date | None = None

    def fingerprint(self) -> str:
        """Give 16 hex digits that differ between queries."""
        text = f"{self.symbol}|{self.start}|{self.end}|{self.adjustment}"
        gaps = None if self.gaps is GapPolicy.KEEP else self.gaps
        for more in (self.timeframe, self.as_of, gaps):
            text += "" if more is None else f"|{more}"
        text += "" if self.named is None else f"|named {self.named}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins.

    Attributes:
        version: Version of the store that every page of the query is read from.
        after: Time of the last bar of the page before, in ns UTC; None for the first page.
    """

    version: int
    after: int | None = None

    def cursor(self, query: BarQuery) -> str:
        """Write it as text that only this query takes back."""
        return cursor_to(f"{self.version}.{self.after}", [query.fingerprint()])


def parse_cursor(cursor: str, query: BarQuery) -> Position:
    """Read a cursor that ``Position.cursor`` wrote for the same query.

    Raises:
        Invalid: If it is anything else.
    """
    expected = "used with the symbol, start, end and adjustment that it was given for"
    found = _PLACE.fullmatch(place_of(cursor, [query.fingerprint()], expected))
    if found is None:
        raise not_a_cursor(cursor)
    return Position(int(found[1]), int(found[2]))


def read_page(
    store: BarStore, query: BarQuery, position: Position, limit: int
) -> tuple[Declared, str | None]:
    """Read one page, and give the cursor of the next one, or None after the last.

    Raises:
        NotFound, Invalid: As ``BarStore.read``; a version that is gone makes the cursor invalid.
    """
    try:
        # One more than asked for tells whether there is a next page.
        found = read_declared(
            store,
            query.symbol,
            (query.start, query.end),
            query.gaps,
            timeframe=query.timeframe,
            adjustment=query.adjustment,
            as_of=query.as_of,
            named=query.named,
            limit=limit + 1,
            after=position.after,
            version=position.version,
        )
    except NotFound as error:
        if position.after is None:
            raise
        expected = "of a version that is still kept; start again without it"
        raise Invalid("cursor", expected, position.cursor(query)) from error
    if len(found.series) <= limit:
        return found, None
    page = found.series.head(limit)
    following = Position(position.version, page.times[-1]).cursor(query)
    return replace(found, series=page), following
