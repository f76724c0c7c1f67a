"""Bring folds to where the lake's trades are: from memory, from a saved state, or from the start.

A state is only a way to be quicker. It is believed when it is no further than the lake, in trades
and in bars; the rest of the trades is folded on top. Without any, all trades are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.streaming.accepting import Standing
from algotrendy.market_data.streaming.bars import Closed, Fold, Stored
from algotrendy.market_data.streaming.stores import BarMark, Key, SavedFolds, TickLake

PIECE: Final = 50_000
"""Trades after which a long fold saves its state: it goes on from there after a kill."""


@dataclass(slots=True)
class Kept:
    """A fold, and how far the lake's bars of it go."""

    fold: Fold
    mark: BarMark | None


class Folds:
    """Keeps the folds of every symbol and style at hand.

    Args:
        lake: Whose trades are folded.
        saved: Where states are kept beyond this process.
        calendar: Of styles with sessions; the US equities' without.
    """

    def __init__(
        self,
        lake: TickLake,
        saved: SavedFolds,
        calendar: Callable[[], TradingCalendar] | None = None,
    ) -> None:
        self._lake = lake
        self._saved = saved
        self._calendar = calendar
        self._kept: dict[Key, Kept] = {}
        self._marks: dict[Key, BarMark | None] = {}

    def forget(self, key: Key) -> None:
        """Believe nothing of a symbol and style that is not read again."""
        self._kept.pop(key, None)
        self._marks.pop(key, None)

    def look_up(self, keys: Iterable[Key]) -> None:
        """Read at once how far the bars of those go that are not at hand: ``bring`` comes next."""
        unknown = [key for key in keys if key not in self._kept]
        if unknown:
            self._marks.update(self._lake.bar_marks(unknown))

    def bring(
        self, key: Key, standing: Standing, at_hand: Sequence[Stored] = ()
    ) -> tuple[Kept, list[Closed]]:
        """Fold all trades that the lake has, and give the bars that it does not have yet.

        Args:
            at_hand: The last of those trades, so that they need not be read.

        Raises:
            Conflict: If the lake has more bars than these trades make: another consumer is ahead.
            Invalid: If the style cannot take a trade.
        """
        kept = self._kept.get(key)
        if kept is None or kept.fold.trades > standing.trades:
            kept = self._restored(key, standing)
            self._kept[key] = kept
        stored = kept.mark.bars if kept.mark else 0
        closed = self._folded(kept.fold, key, standing, at_hand, stored)
        if kept.fold.bars < stored:
            message = f"{key.symbol} {key.style} must have at most {kept.fold.bars} bars stored"
            raise Conflict(f"{message}, had {stored}", expected=kept.fold.bars, actual=stored)
        return kept, closed

    def save(self, kept: Kept) -> None:
        """Keep a state, once the lake has everything that is in it."""
        fold = kept.fold
        self._saved.put(Key(fold.symbol, fold.style), fold.state())

    def _folded(
        self, fold: Fold, key: Key, standing: Standing, at_hand: Sequence[Stored], stored: int
    ) -> list[Closed]:
        fresh: list[Closed] = []
        last_to_read = at_hand[0].place - 1 if at_hand else standing.trades
        while fold.trades < last_to_read:
            upto = min(fold.trades + PIECE, last_to_read)
            closed = fold.take(self._lake.trades(key.symbol, fold.trades, upto))
            if fold.trades < upto:
                raise Unavailable("lake", f"it lacks trade {fold.trades + 1} of {key.symbol}")
            fresh += (bar for bar in closed if bar.number > stored)
            if upto < standing.trades and fold.bars <= stored:
                self._saved.put(key, fold.state())
        closed = fold.take(trade for trade in at_hand if trade.place > fold.trades)
        closed += fold.advance_to(standing.clock)
        return fresh + [bar for bar in closed if bar.number > stored]

    def _restored(self, key: Key, standing: Standing) -> Kept:
        mark = self._marks.pop(key) if key in self._marks else self._lake.bar_marks([key])[key]
        stored = mark.bars if mark else 0
        for state in self._saved.get(key):
            fold = self._read(key, state)
            if fold is not None and fold.trades <= standing.trades and fold.bars <= stored:
                return Kept(fold, mark)
        calendar = self._calendar() if self._calendar else None
        return Kept(Fold(key.symbol, key.style, calendar), mark)

    def _read(self, key: Key, state: Mapping[str, Any]) -> Fold | None:
        try:
            fold = Fold.from_state(state, self._calendar() if self._calendar else None)
        except Invalid:
            return None
        return fold if (fold.symbol, fold.style) == key else None
