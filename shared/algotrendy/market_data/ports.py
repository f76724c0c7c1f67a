"""What market data needs from a store of bars, and what others read bars through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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


class BarStore(Protocol):
    """A versioned store of raw bars. A reader sees a whole version or none of it."""

    def version(self) -> int:
        """Give the newest version, 0 or more and growing, or ``NO_BARS_YET``."""
        ...

    def symbols(self, version: int | None = None) -> list[SymbolSummary]:
        """List what is stored, by symbol; empty when nothing is.

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
        adjustment: Adjustment = "raw",
        limit: int | None = None,
        after: int | None = None,
        version: int | None = None,
    ) -> BarSeries:
        """Read bars, oldest first.

        Args:
            start: First session date, inclusive; None from the oldest bar.
            end: Last session date, inclusive; None to the newest bar.
            limit: At most so many bars, >= 1.
            after: Only bars later than this time (ns UTC): where the last page ended. Only with
                it can the result be empty.
            version: As the store was then; None for now.

        Raises:
            NotFound: Unknown symbol (the hint names near ones), or a version that is not there.
            Invalid: ``start`` or ``end``, when the range holds no bars; says which range does.
        """
        ...

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        """Store series in one commit, all or none.

        Each takes the place of all stored bars of its symbol and timeframe from its first to its
        last time; bars outside stay. A series that is stored already is left alone, and when all
        are, the version does not change. One symbol may be in ``imports`` once.
        """
        ...
