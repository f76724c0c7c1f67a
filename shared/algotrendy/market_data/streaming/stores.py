"""Say what the consumer of ticks needs: a lake with marks, a show of bars, and saved states.

Every write is whole or not at all, and only where the marks stand as the caller believes, so that
of two consumers of one symbol one wins; the other raises Conflict, and looks again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from algotrendy.market_data.charts.records import ChartBar
from algotrendy.market_data.streaming.accepting import Identity, Lacking, Standing, Verdict
from algotrendy.market_data.streaming.bars import Closed, Stored


class Key(NamedTuple):
    """A symbol, and a style as ``str(Style)`` writes it."""

    symbol: str
    style: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What a batch made of a symbol: from where it stood to where it stands.

    Attributes:
        before: ``trades`` and ``clock`` of the lake; None of a symbol that is new there.
        refusals: Rows in quarantine before; ``fixes`` the same.
    """

    before: tuple[int, int] | None
    refusals: int
    fixes: int
    standing: Standing
    verdict: Verdict


class BarMark(NamedTuple):
    """How far the stored bars of a symbol and style go."""

    trades: int
    bars: int


@dataclass(frozen=True, slots=True)
class NewBars:
    """Bars to be stored, and how far the lake's go before and after; None: there are none yet."""

    key: Key
    before: BarMark | None
    after: BarMark
    closed: Sequence[Closed]


class TickLake(Protocol):
    """The lake's trades, its quarantine, its fixes, and the bars made of the trades."""

    def standings(self, symbols: Collection[str]) -> dict[str, Standing]:
        """Read where symbols stand."""
        ...

    def at(self, symbol: str) -> tuple[int, int] | None:
        """Tell ``trades`` and ``clock`` of a symbol; None of one that is new."""
        ...

    def known(self, symbol: str, spans: Mapping[str, tuple[int, int]]) -> set[Identity]:
        """Give the trades that are stored, by UTC date within a first and a last time; and the
        new ids that fixes of those dates gave."""
        ...

    def quarantine(self, moved: Sequence[Moved]) -> int:
        """Store what was refused and is not stored yet, in one commit; gives how many rows.

        Each standing's ``refusals`` is then what the lake has. Raises Conflict.
        """
        ...

    def add(self, moved: Sequence[Moved]) -> None:
        """Store the accepted trades, and the clocks, in one commit. Raises Conflict."""
        ...

    def fix(self, moved: Sequence[Moved]) -> int:
        """Store the fixes that are not stored yet, as ``quarantine`` does."""
        ...

    def lack(self, moved: Sequence[Moved]) -> list[Lacking]:
        """Store the holes that are not stored yet, in one commit; gives those. Raises Conflict."""
        ...

    def trades(self, symbol: str, after: int, upto: int) -> Iterator[Stored]:
        """Read streamed trades by place, without ``after``, with ``upto``."""
        ...

    def bar_marks(self, keys: Collection[Key]) -> dict[Key, BarMark | None]:
        """Tell how far the stored bars go; None: there are none."""
        ...

    def add_bars(self, new: Sequence[NewBars]) -> int:
        """Store bars, in one commit, and give its version. Raises Conflict."""
        ...

    def bars(self, key: Key, after: int, upto: int) -> list[Closed]:
        """Read stored bars by number, without ``after``, with ``upto``."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to be seen of a symbol and style: the newest bars, and the unfinished one.

    Attributes:
        bars: How many there are in all, those of the lake.
        newest: The last of them that this consumer has at hand, oldest first.
    """

    key: Key
    bars: int
    newest: Sequence[Closed]
    partial: ChartBar | None


class Board(Protocol):
    """Where clients' services see bars at once. Never raises: who misses some asks the lake."""

    def show(self, shown: Sequence[Shown], missing: Missing) -> None:
        """Let everybody see; ``missing`` gives bars that were never shown, from the lake."""
        ...


class Missing(Protocol):
    """Gives bars by number, without ``after``, with ``upto``."""

    def __call__(self, key: Key, after: int, upto: int) -> list[Closed]:
        """Read them."""
        ...


class SavedFolds(Protocol):
    """States of folds that may be lost, or old. Never raises."""

    def get(self, key: Key) -> Iterable[Mapping[str, Any]]:
        """Give the states that are found, the newest first."""
        ...

    def put(self, key: Key, state: Mapping[str, Any]) -> None:
        """Keep a state, in place of the one before."""
        ...
