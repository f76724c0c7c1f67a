"""Take records of ticks into the lake, and show the bars that they make.

A batch goes through four doors, each of which can be left again at any line, by a kill or a fault:
what is refused goes to quarantine, the trades (with the clocks), the fixes and the holes to the
lake, the bars that these trades made to the lake too, and what is new is shown. Whoever comes again
finds out from the lake what of it was done. The order matters: a trade that waits as a suspect must
be in quarantine before a trade that came after it is in the lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from algotrendy.kernel.errors import AlgoTrendyError, Conflict, Invalid, Unavailable
from algotrendy.market_data.streaming.accepting import Standing, Verdict, accept, unsure
from algotrendy.market_data.streaming.bars import Closed, Stored
from algotrendy.market_data.streaming.messages import Record
from algotrendy.market_data.streaming.screening import Limits
from algotrendy.market_data.streaming.states import Folds, Kept
from algotrendy.market_data.streaming.stores import (
    BarMark,
    Board,
    Key,
    Moved,
    NewBars,
    Shown,
    TickLake,
)

T = TypeVar("T")

TRIES = 6
"""How often a batch is begun anew because another consumer was ahead."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record, and when the stream took it, ns UTC."""

    record: Record
    at: int


@dataclass(slots=True)
class Outcome:
    """What became of a batch.

    Attributes:
        stored: Trades that are new in the lake.
        repeated: Trades that were there already, or refused already.
        quarantined: Rows that are new in quarantine.
        fixes: Fixes that are new in the lake.
        lacking: Holes of trades or fixes that are new in the lake.
        silences: Silences that are new in the lake.
        bars: Bars that are new in the lake.
        holes: Records that the producer numbered and that never came, as far as is remembered.
        poisoned: By its place in the batch, a record that cannot be taken however often it comes.
        stuck: Styles that cannot take a trade, and why; their bars do not go on.
    """

    stored: int = 0
    repeated: int = 0
    quarantined: int = 0
    fixes: int = 0
    lacking: int = 0
    silences: int = 0
    bars: int = 0
    holes: int = 0
    poisoned: dict[int, Exception] = field(default_factory=dict)
    stuck: dict[Key, AlgoTrendyError] = field(default_factory=dict)


@dataclass(slots=True)
class _Numbers:
    """The records of each symbol that came: of which run, and the last number."""

    last: dict[str, tuple[str, int]] = field(default_factory=dict)

    def holes(self, batch: Iterable[Arrived]) -> int:
        """Count the numbers that were left out."""
        missing = 0
        for arrived in batch:
            record = arrived.record
            run, number = self.last.get(record.symbol, ("", -1))
            if run != record.run:
                self.last[record.symbol] = (record.run, record.number)
            elif record.number > number:
                missing += record.number - number - 1
                self.last[record.symbol] = (run, record.number)
        return missing


class Consumer:
    """Takes batches of records; one process has one, and others may work beside it.

    Args:
        lake: Where trades and bars are kept.
        folds: The states of bars, over the same lake.
        board: Where bars are shown.
        styles: The chart styles of every symbol, as ``str(Style)`` writes them.
        limits: What a tick may be.
        told: Hears of new bars, and of the lake's version that has them, after their commit; never
            raises.
    """

    def __init__(
        self,
        lake: TickLake,
        folds: Folds,
        board: Board,
        styles: Sequence[str],
        limits: Limits | None = None,
        told: Callable[[Sequence[NewBars], int], None] = lambda _new, _version: None,
    ) -> None:
        self._lake = lake
        self._folds = folds
        self._board = board
        self._styles = tuple(styles)
        self._limits = limits or Limits()
        self._told = told
        self._standings: dict[str, Standing] = {}
        self._stuck: dict[Key, AlgoTrendyError] = {}
        self._numbers = _Numbers()

    def take(self, batch: Sequence[Arrived]) -> Outcome:
        """Take records, those of one symbol in order; what comes again changes nothing.

        Raises:
            Unavailable: If a store does not answer, or other consumers are ahead each time; all of
                it may be done or none of it, and the same batch can come again.
        """
        outcome = Outcome(holes=self._numbers.holes(batch))
        symbols = {arrived.record.symbol for arrived in batch}
        try:
            moved = self._again(lambda _: self._store(batch, outcome), symbols)
            self._again(lambda is_last: self._build(moved, outcome, is_last), symbols)
        except BaseException:
            # What was believed may be ahead of the lake now.
            self._forget(symbols)
            raise
        outcome.stuck = {key: why for key, why in self._stuck.items() if key.symbol in symbols}
        return outcome

    def _again(self, work: Callable[[bool], T], symbols: Iterable[str]) -> T:
        for tried in range(1, TRIES + 1):
            try:
                return work(tried == TRIES)
            except Conflict as error:
                if tried == TRIES:
                    reason = f"other consumers come first each time: {error.message}"
                    raise Unavailable("lake", reason) from error
                self._forget(symbols)
        raise AssertionError("unreachable: the last try returns or raises")

    def _forget(self, symbols: Iterable[str]) -> None:
        for symbol in symbols:
            self._standings.pop(symbol, None)
            for style in self._styles:
                self._folds.forget(Key(symbol, style))

    def _store(self, batch: Sequence[Arrived], outcome: Outcome) -> dict[str, Moved]:
        moved: dict[str, Moved] = {}
        outcome.poisoned.clear()
        self._read_standings({arrived.record.symbol for arrived in batch})
        for at, arrived in enumerate(batch):
            symbol = arrived.record.symbol
            if symbol not in moved:
                moved[symbol] = _from_here(self._standings[symbol])
            try:
                self._judge(moved[symbol], arrived)
            except AlgoTrendyError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it comes each time
                outcome.poisoned[at] = error
        everything = list(moved.values())
        for item in everything:
            # What moves is refused where another is ahead; the rest must be asked for.
            is_certain = _moves(item) and not item.verdict.quarantined
            if not is_certain and self._lake.at(item.standing.symbol) != item.before:
                raise Conflict(f"{item.standing.symbol} must be where it was, has moved on")
        quarantined = self._lake.quarantine([m for m in everything if m.verdict.quarantined])
        self._lake.add([m for m in everything if _moves(m)])
        for item in everything:
            item.standing.is_new = item.standing.is_new and not _moves(item)
        fixes = self._lake.fix([m for m in everything if m.verdict.fixes])
        holes = self._lake.lack([m for m in everything if m.verdict.holes])
        silences = sum(item.hole.what == "silence" for item in holes)
        outcome.silences += silences
        outcome.lacking += len(holes) - silences
        outcome.quarantined += quarantined
        outcome.fixes += fixes
        outcome.stored += sum(len(m.verdict.accepted) for m in everything)
        outcome.repeated += sum(m.verdict.repeated for m in everything)
        return moved

    def _read_standings(self, symbols: Iterable[str]) -> None:
        unknown = [symbol for symbol in symbols if symbol not in self._standings]
        if unknown:
            self._standings.update(self._lake.standings(unknown))

    def _judge(self, moved: Moved, arrived: Arrived) -> None:
        standing, record = moved.standing, arrived.record
        spans = unsure(standing, record, self._limits)
        known = self._lake.known(record.symbol, spans) if spans else ()
        accept(standing, record, arrived.at, self._limits, moved.verdict, known)

    def _build(self, moved: dict[str, Moved], outcome: Outcome, is_last: bool) -> None:
        kept: dict[Key, Kept] = {}
        made: dict[Key, list[Closed]] = {}
        # After a conflict all is looked at again: another consumer may have gone on.
        self._read_standings(moved)
        self._folds.look_up(Key(symbol, style) for symbol in moved for style in self._styles)
        for symbol, item in moved.items():
            standing = self._standings[symbol]
            at_hand = _at_hand(item) if standing is item.standing else ()
            for style in self._styles:
                key = Key(symbol, style)
                if key in self._stuck:
                    continue
                try:
                    kept[key], made[key] = self._folds.bring(key, standing, at_hand)
                except (Invalid, Conflict) as error:
                    # A conflict that stays is none: the lake's bars are not of its trades.
                    if isinstance(error, Conflict) and not is_last:
                        raise
                    self._stuck[key] = error
                    self._folds.forget(key)
                    continue
        new = [_new_bars(key, kept[key], closed) for key, closed in made.items() if closed]
        version = self._lake.add_bars(new) if new else None
        for bars in new:
            kept[bars.key].mark = bars.after
        outcome.bars += sum(len(bars.closed) for bars in new)
        for one in kept.values():
            self._folds.save(one)
        self._board.show(
            [_shown(key, item, made[key]) for key, item in kept.items()], self._lake.bars
        )
        if version is not None:
            self._told(new, version)


def _from_here(standing: Standing) -> Moved:
    before = None if standing.is_new else (standing.trades, standing.clock)
    return Moved(before, standing.refusals, standing.fixes, standing, Verdict())


def _moves(moved: Moved) -> bool:
    standing = moved.standing
    return bool(moved.verdict.accepted) or standing.clock != (moved.before or (0, 0))[1]


def _at_hand(moved: Moved) -> list[Stored]:
    trades = ((item.place, item.seen.trade) for item in moved.verdict.accepted)
    return [Stored(place, t.time, t.price, t.size) for place, t in trades]


def _new_bars(key: Key, kept: Kept, closed: Sequence[Closed]) -> NewBars:
    return NewBars(key, kept.mark, BarMark(kept.fold.trades, kept.fold.bars), closed)


def _shown(key: Key, kept: Kept, made: Sequence[Closed]) -> Shown:
    return Shown(key, kept.fold.bars, made, kept.fold.partial())
