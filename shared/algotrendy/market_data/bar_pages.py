"""Cut the bars of several symbols into pages that stay one whole while imports go on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.cursors import cursor_to, not_a_cursor, place_of
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.charts.building import bars_of
from algotrendy.market_data.charts.styles import Style
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.quality.policy import GapPolicy, read_declared
from algotrendy.market_data.refusals import require_order
from algotrendy.market_data.series import Adjustment
from algotrendy.market_data.ticks import Ticks, TickStore

MOST_SYMBOLS: Final = 50
MOST_TRADES: Final = 300_000
"""Trades that bars of a chart style are made of for one request, all symbols together."""
MOST_DRAWN: Final = 300_000
"""Bars that those trades may make of a symbol: some seconds of work."""
MOST_DAYS: Final = 31
"""UTC dates that such a request may span."""

STORED: Final = ("time", "open", "high", "low", "close", "volume")
DRAWN: Final = (
    "time", "known", "open", "high", "low", "close",
    "first", "highest", "lowest", "last", "volume", "ticks", "direction",
)  # fmt: skip
FILLED: Final = "filled"
"""Says of each bar whether nobody stored it, where gaps are filled."""

WHOLE_NUMBERS: Final = frozenset({"time", "known", "ticks", "direction"})

_PLACE = re.compile(r"(-?\d{1,15})\.(\d{1,3})\.(-?\d{1,19}|None)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars a caller wants, all pages taken together.

    Attributes:
        style: Bars of it are made of stored trades; without it the stored bars are read.
    """

    symbols: tuple[Symbol, ...]
    start: date | None = None
    end: date | None = None
    adjustment: Adjustment = "raw"
    timeframe: Timeframe | None = None
    as_of: datetime | None = None
    style: Style | None = None
    gaps: GapPolicy = GapPolicy.KEEP
    named: date | None = None

    def fingerprint(self) -> str:
        """Give 16 hex digits that differ between queries."""
        parts = (self.symbols, self.start, self.end, self.adjustment, self.timeframe, self.as_of)
        text = f"{'|'.join(map(str, parts))}|{self.style}"
        text += "" if self.gaps is GapPolicy.KEEP else f"|{self.gaps}"
        text += "" if self.named is None else f"|named {self.named}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def columns(self) -> tuple[str, ...]:
        """Name what there is of each bar."""
        if self.style is not None:
            return DRAWN
        return (*STORED, FILLED) if self.gaps is GapPolicy.FILL else STORED


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins.

    Attributes:
        version: Of the store that every page is read from.
        symbol: The first symbol of the page, by its place among those that are wanted.
        after: Of stored bars the time of the last one of the page before; of a chart style how many
            of the symbol's were given; None at the symbol's first.
    """

    version: int
    symbol: int = 0
    after: int | None = None

    def cursor(self, wanted: Wanted) -> str:
        """Write it as text that only this query takes back."""
        return cursor_to(f"{self.version}.{self.symbol}.{self.after}", [wanted.fingerprint()])


@dataclass(frozen=True, slots=True)
class Part:
    """The bars of one symbol on a page: ``columns`` by the names of ``Wanted.columns``."""

    symbol: Symbol
    timeframe: str
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.columns["time"])


@dataclass(frozen=True, slots=True)
class Page:
    """Some bars, and the cursor of the next page, None after the last."""

    parts: tuple[Part, ...]
    next_cursor: str | None


def parse_symbols(text: str) -> tuple[Symbol, ...]:
    """Read names with commas between them.

    Raises:
        Invalid: If there are none or too many, one is no symbol, or comes twice.
    """
    given = [name.strip() for name in text.split(",") if name.strip()]
    if not 1 <= len(given) <= MOST_SYMBOLS:
        raise Invalid("symbols", f"1 to {MOST_SYMBOLS} names with commas between them", len(given))
    found = []
    for place, name in enumerate(given):
        try:
            found.append(parse_symbol(name))
        except Invalid as error:
            raise Invalid(f"symbols[{place}]", error.expected, name) from error
        if given.index(name) != place:
            raise Invalid(f"symbols[{place}]", "another one each", name)
    return tuple(found)


def parse_place(cursor: str, wanted: Wanted) -> Place:
    """Read a cursor that ``Place.cursor`` wrote for the same query.

    Raises:
        Invalid: If it is anything else.
    """
    expected = "used with the symbols and everything else that it was given for"
    found = _PLACE.fullmatch(place_of(cursor, [wanted.fingerprint()], expected))
    if found is None or int(found[2]) >= len(wanted.symbols):
        raise not_a_cursor(cursor)
    after = None if found[3] == "None" else int(found[3])
    return Place(int(found[1]), int(found[2]), after)


def read_stored(store: BarStore, wanted: Wanted, place: Place, limit: int) -> Page:
    """Read a page of stored bars, symbol after symbol.

    Of several symbols, one without a bar in the range has none on the page.

    Raises:
        NotFound, Invalid: As ``BarStore.read``; a version that is gone makes the cursor invalid.
    """
    require_order(wanted.start, wanted.end)
    parts: list[Part] = []
    room, after = limit, place.after
    for number in range(place.symbol, len(wanted.symbols)):
        if room == 0:
            return Page(tuple(parts), Place(place.version, number, None).cursor(wanted))
        part, is_whole = _stored_part(store, wanted, place, number, after, room)
        parts.append(part)
        if not is_whole:
            following = Place(place.version, number, part.columns["time"][-1])
            return Page(tuple(parts), following.cursor(wanted))
        room, after = room - len(part), None
    return Page(tuple(parts), None)


def _stored_part(
    store: BarStore, wanted: Wanted, place: Place, number: int, after: int | None, room: int
) -> tuple[Part, bool]:
    symbol = wanted.symbols[number]
    try:
        # One more than there is room for tells whether there are more.
        found = read_declared(
            store,
            symbol,
            (wanted.start, wanted.end),
            wanted.gaps,
            timeframe=wanted.timeframe,
            adjustment=wanted.adjustment,
            limit=room + 1,
            after=after,
            version=place.version,
            as_of=wanted.as_of,
            named=wanted.named,
        )
    except NotFound as error:
        if place == Place(place.version):
            raise
        expected = "of a version that is still kept; start again without it"
        raise Invalid("cursor", expected, place.cursor(wanted)) from error
    except Invalid as error:
        if len(wanted.symbols) == 1 or error.field not in ("start", "end"):
            raise
        nothing: dict[str, Sequence[Any]] = dict.fromkeys(wanted.columns, ())
        return Part(symbol, str(wanted.timeframe or Timeframe.DAY), nothing), True
    page = found.series.head(room)
    filled = [time in found.filled for time in page.times]
    values = (page.times, page.open, page.high, page.low, page.close, page.volume, filled)
    columns = dict(zip((*STORED, FILLED), values, strict=True))
    part = Part(symbol, page.timeframe.value, {name: columns[name] for name in wanted.columns})
    return part, len(found.series) <= room


def read_drawn(store: TickStore, wanted: Wanted, place: Place, limit: int) -> Page:
    """Read a page of the whole bars that a chart style makes of stored trades.

    Raises:
        NotFound: Unknown symbol.
        Invalid: If the range is open, too long, or holds too many trades; if the style makes too
            many bars of them; a version that is gone makes the cursor invalid.
    """
    try:
        trades = read_trades(store, wanted, place.version)
    except NotFound as error:
        if place == Place(place.version):
            raise
        expected = "of a version that is still kept; start again without it"
        raise Invalid("cursor", expected, place.cursor(wanted)) from error
    parts: list[Part] = []
    room, given = limit, place.after or 0
    for number in range(place.symbol, len(wanted.symbols)):
        if room == 0:
            return Page(tuple(parts), Place(place.version, number, None).cursor(wanted))
        bars = bars_of(trades[number], wanted.style or "", most=MOST_DRAWN)
        shown = bars[given : given + room]
        columns = {
            name: [getattr(bar, "began" if name == "time" else name) for bar in shown]
            for name in DRAWN
        }
        parts.append(Part(wanted.symbols[number], str(wanted.style), columns))
        if given + len(shown) < len(bars):
            following = Place(place.version, number, given + len(shown))
            return Page(tuple(parts), following.cursor(wanted))
        room, given = room - len(shown), 0
    return Page(tuple(parts), None)


def read_trades(store: TickStore, wanted: Wanted, version: int) -> list[Ticks]:
    """Read the trades of every symbol as a version has them, and stop when there are too many."""
    for name in ("start", "end"):
        if getattr(wanted, name) is None:
            raise Invalid(name, "given with a style: its bars are made of trades", None)
    start, end = wanted.start or date.min, wanted.end or date.max
    require_order(start, end)
    days = (end - start).days + 1
    if days > MOST_DAYS:
        raise Invalid(
            "end", f"at most {MOST_DAYS} dates from start on with a style", f"{days} dates"
        )
    found, count = [], 0
    for symbol in wanted.symbols:
        times: list[int] = []
        prices: list[float] = []
        sizes: list[float] = []
        source = ""
        for day in (start + timedelta(days=number) for number in range(days)):
            read = store.read(symbol, day, day, version=version)
            times += read.times
            prices += read.prices
            sizes += read.sizes
            source = read.source or source
            count += len(read)
            if count > MOST_TRADES:
                expected = f"a range with at most {MOST_TRADES:,} trades of all symbols together"
                raise Invalid("end", expected, f"more by {day} of {symbol}")
        found.append(Ticks(symbol, times, prices, sizes, source))
    return found
