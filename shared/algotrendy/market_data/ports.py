"""What market data needs from a store of bars, and what others read bars through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import Adjustment, BarSeries, RawBars

NO_BARS_YET = -1
"""``BarStore.version()`` of a store that nothing was ever imported into."""


@dataclass(frozen=True, slots=True)
class SymbolSummary:
    """What the store holds of one symbol.

    Attributes:
        first: Session date of the oldest bar.
        last: Session date of the newest bar.
        source: Names of the sources, sorted, joined with ", ".
    """

    symbol: Symbol
    timeframe: Timeframe
    first: date
    last: date
    bars: int
    source: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """What ``BarStore.replace`` did.

    Attributes:
        version: The store's version afterwards.
        changed: Symbols that were written, in the order given; the others were there already.
    """

    version: int
    changed: tuple[Symbol, ...]


def stored_timeframe(
    symbol: Symbol, wanted: Timeframe, stored: Sequence[SymbolSummary]
) -> Timeframe | None:
    """Give the longest timeframe of a symbol's bars that others can be made of; None: none is."""
    there = [item.timeframe for item in stored if item.symbol == symbol]
    short = [timeframe for timeframe in there if timeframe.span <= wanted.span]
    return max(short, key=lambda timeframe: timeframe.span, default=None)


class BarStore(Protocol):
    """A versioned store of raw bars that forgets nothing.

    A reader sees a whole version or none of it. Each bar is kept as it was whenever it changed,
    with the moment at which that was recorded.
    """

    def version(self) -> int:
        """Give the newest version, 0 or more and growing, or ``NO_BARS_YET``."""
        ...

    def symbols(
        self, version: int | None = None, as_of: datetime | None = None
    ) -> list[SymbolSummary]:
        """List what is stored, by symbol and then from short bars to long; empty when nothing is.

        Args:
            version: As the store was then; None for now.
            as_of: Only what was recorded at this moment or before it; None for all.

        Raises:
            NotFound: If there is no such version.
        """
        ...

    def read(
        self,
        symbol: Symbol,
        start: date | None = None,
        end: date | None = None,
        *,
        timeframe: Timeframe | None = None,
        adjustment: Adjustment = "raw",
        limit: int | None = None,
        after: int | None = None,
        version: int | None = None,
        as_of: datetime | None = None,
        named: date | None = None,
    ) -> BarSeries:
        """Read bars, oldest first: of each the newest that was recorded.

        Args:
            start: First session date, inclusive; None from the oldest bar.
            end: Last session date, inclusive; None to the newest bar.
            adjustment: raw as traded; split, dividend or all as Alpaca defines them: bars before
                an ex-date are put on the basis after it, and a split scales their volume. Applied
                are the corporate actions that were known, with an ex-date up to the date of
                ``as_of`` or today; without any, all is by the factor of the bars' source.
            timeframe: Of the bars; None for the longest that the symbol's bars are stored at.
            limit: At most so many bars, >= 1.
            after: Only bars later than this time (ns UTC): where the last page ended. Only with
                it can the result be empty.
            version: As the store was then; None for now.
            as_of: Only what was recorded at this moment or before it, as if nobody had known the
                rest; None for all. What was stored before moments were kept was always known.
            named: A date on which ``symbol`` was the company's name: its bars under all its names
                are read. None for the date of ``as_of`` or today, and where the name was given
                up by then and nobody has it, for the last day on which it was used.

        Raises:
            NotFound: Unknown symbol (the hint names near ones), or a version that is not there.
            Invalid: ``start`` or ``end``, when the range holds no bars; says which range does.
                ``timeframe``, when the symbol has others only. ``adjustment``, when splits and
                dividends cannot be told apart.
        """
        ...

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        """Store series in one commit, all or none.

        Each takes the place of all stored bars of its symbol and timeframe from its first to its
        last time; bars outside stay. What it takes the place of is not lost: a reader who asks
        ``as_of`` an earlier moment finds it. A series that is stored already is left alone, and
        when all are, the version does not change. One symbol and timeframe may be in ``imports``
        once.
        """
        ...
