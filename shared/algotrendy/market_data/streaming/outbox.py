"""Keep what waits to be sent: by symbol in order, one record of each under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from algotrendy.market_data.streaming.backing_off import Backoff
from algotrendy.market_data.streaming.feeds import Told
from algotrendy.market_data.streaming.messages import MOST_HOLES, MOST_TRADES, Hole, Record, records


@dataclass(slots=True)
class _Line:
    """What waits of one symbol."""

    backoff: Backoff
    waiting: deque[Told] = field(default_factory=deque)
    clock: int = 0
    holes: list[Hole] = field(default_factory=list)
    under_way: Record | None = None
    number: int = 0
    due: float = 0.0

    @property
    def has_something(self) -> bool:
        return bool(self.waiting or self.clock or self.holes or self.under_way)


class Outbox:
    """The records of one feed and run.

    A record that was not taken goes again as it is, under its number, before anything later of its
    symbol; meanwhile other symbols go on.

    Args:
        backoff: Makes the waits of a symbol whose records are not taken.
    """

    def __init__(self, feed: str, run: str, backoff: Backoff) -> None:
        self._feed = feed
        self._run = run
        self._backoff = backoff
        self._lines: dict[str, _Line] = {}
        self.pending = 0

    def add(self, symbol: str, told: Iterable[Told]) -> None:
        """Let something of a symbol wait behind what waits already."""
        line = self._line(symbol)
        before = len(line.waiting)
        line.waiting.extend(told)
        self.pending += len(line.waiting) - before

    def tell_clock(self, symbol: str, clock: int) -> None:
        """Let the newest clock of a symbol go behind what waits; 0: the one that waits is void."""
        self._line(symbol).clock = clock

    def tell_hole(self, hole: Hole) -> None:
        """Let a hole of a symbol be its next record.

        At most eight of a kind wait, for memory is bounded: then the newest is widened, which says
        too much rather than too little.
        """
        waiting = self._line(hole.symbol).holes
        alike = [item for item in waiting if item.what == hole.what]
        if len(alike) >= MOST_HOLES:
            newest = alike[-1]
            waiting.remove(newest)
            self.pending -= 1
            first, last = min(newest.first, hole.first), max(newest.last, hole.last)
            hole = hole._replace(first=first, last=last)
        waiting.append(hole)
        self.pending += 1

    def take(self, now: float, most: int) -> list[Record]:
        """Give what is to be sent now, at most one record a symbol."""
        found: list[Record] = []
        for symbol, line in self._lines.items():
            if line.due > now or not line.has_something:
                continue
            if line.under_way is None:
                line.under_way = self._next(symbol, line)
            found.append(line.under_way)
            if len(found) == most:
                break
        return found

    def settle(self, sent: Sequence[Record], taken: Sequence[bool], now: float) -> None:
        """Note what became of records that were given."""
        for record, is_taken in zip(sent, taken, strict=True):
            line = self._lines.pop(record.symbol)
            # Last in the next round: nobody waits for ever behind the others.
            self._lines[record.symbol] = line
            if is_taken:
                self.pending -= len(record.trades) + len(record.fixes) + len(record.holes)
                line.under_way, line.due = None, 0.0
                line.number = record.number + 1
                line.backoff.worked()
            else:
                line.due = now + line.backoff.failed()

    def due(self) -> float | None:
        """Give when the next record may be sent, in seconds of the loop; None: nothing waits."""
        return min((line.due for line in self._lines.values() if line.has_something), default=None)

    def _line(self, symbol: str) -> _Line:
        line = self._lines.get(symbol)
        if line is None:
            line = self._lines[symbol] = _Line(self._backoff.another())
        return line

    def _next(self, symbol: str, line: _Line) -> Record:
        record = Record(self._feed, self._run, line.number, symbol)
        if line.holes:
            # By itself: beside trades it could be more than a record may have.
            record, line.holes = replace(record, holes=tuple(line.holes)), []
        elif line.waiting:
            some = list(islice(line.waiting, 2 * MOST_TRADES))
            record = next(records(self._feed, self._run, line.number, symbol, some))
        for _ in range(len(record.trades) + len(record.fixes)):
            line.waiting.popleft()
        if line.clock and not line.waiting:
            record, line.clock = replace(record, clock=line.clock), 0
        return record
