"""Single trades of the market: what an import stores, and what a store of them does."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from math import isfinite
from typing import Protocol, Self

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import Replacement
from algotrendy.market_data.series import session_date


@dataclass(frozen=True, slots=True)
class Ticks:
    """Trades of one symbol, oldest first; of equal times, in the order in which they happened.

    Attributes:
        times: Nanoseconds since 1970 UTC, never decreasing.
        prices: Above zero, quote currency, as traded.
        sizes: Above zero, units.
        source: Where they come from, e.g. "csv:trades.csv".
    """

    symbol: Symbol
    times: Sequence[int]
    prices: Sequence[float]
    sizes: Sequence[float]
    source: str

    def __len__(self) -> int:
        return len(self.times)

    def validate(self) -> Self:
        """Check that there are trades, and each of them; the first fault raises Invalid."""
        if not self.times:
            raise Invalid("ticks", "at least one trade", f"no trades of {self.symbol}")
        for name in ("prices", "sizes"):
            column = getattr(self, name)
            if len(column) != len(self):
                raise Invalid(f"ticks.{name}", f"{len(self)} values", len(column))
            for index, number in enumerate(column):
                if not (isfinite(number) and number > 0):
                    raise Invalid(f"ticks.{name}[{index}]", "finite and above 0", number)
        for index, (before, after) in enumerate(pairwise(self.times), start=1):
            if after < before:
                raise Invalid(f"ticks.times[{index}]", "not before the one before it", after)
        return self

    def same_trades(self, other: Ticks) -> bool:
        """Say whether the other holds the same trades from the same source."""
        return (
            (self.symbol, self.source) == (other.symbol, other.source)
            and array("q", self.times) == array("q", other.times)
            and array("d", self.prices) == array("d", other.prices)
            and array("d", self.sizes) == array("d", other.sizes)
        )


@dataclass(frozen=True, slots=True)
class TickSummary:
    """What a store holds of one symbol; ``first`` and ``last`` are UTC dates.

    Attributes:
        source: Names of the sources, sorted, joined with ", ".
    """

    symbol: Symbol
    first: date
    last: date
    ticks: int
    source: str


class TickStore(Protocol):
    """A versioned store of trades."""

    def version(self) -> int:
        """Give the newest version, 0 or more and growing, or ``NO_BARS_YET``."""
        ...

    def symbols(self) -> list[TickSummary]:
        """List what is stored, by symbol; empty when nothing is."""
        ...

    def read(
        self,
        symbol: Symbol,
        first: date,
        last: date,
        as_of: int | None = None,
        version: int | None = None,
    ) -> Ticks:
        """Read the trades of the UTC dates from ``first`` to ``last``, both included.

        Days without trades are no fault: the result may be empty.

        Args:
            as_of: Apply the cancels and corrections that were known then, ns UTC. Without, trades
                are as they came, which is what their bars are made of.
            version: Of the store then; None for now.

        Raises:
            NotFound: Unknown symbol; the hint names near ones. Or a version that is kept no longer.
            Invalid: If ``first`` is after ``last``.
        """
        ...

    def replace(self, ticks: Ticks) -> Replacement:
        """Store trades in one commit, in place of all on the UTC dates that they touch or span.

        What is stored already is left alone, and the version then does not change.
        """
        ...


def dates_of(ticks: Ticks) -> tuple[date, date]:
    """Give the UTC dates of the first and the last trade."""
    return session_date(ticks.times[0]), session_date(ticks.times[-1])


def require_dates(first: date, last: date) -> None:
    """Refuse a range that ends before it begins."""
    if first > last:
        raise Invalid("first", f"on or before last, {last}", first)


def unknown_version(version: int, newest: int) -> NotFound:
    """Say that the store never was, or no longer keeps, a version."""
    return NotFound("version of the trades", version, f"the newest is {newest}")


def unknown_symbol(symbol: Symbol, stored: Sequence[TickSummary]) -> NotFound:
    """Say that there are no trades of a symbol, and what there is."""
    known = [item.symbol for item in stored]
    if not known:
        hint = "nothing is imported yet: algotrendy ticks import --csv FILE --symbol SYMBOL"
    elif near := get_close_matches(symbol, known, n=3, cutoff=0.5):
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = f"{len(known)} symbols are stored: algotrendy ticks list"
    return NotFound("symbol", symbol, hint)
