"""Lakes, boards and saved folds in memory; a plan can kill their caller before or after a write."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from algotrendy.kernel.errors import Conflict
from algotrendy.market_data.streaming.accepting import (
    Fixed,
    Identity,
    Lacking,
    Quarantined,
    Seen,
    Standing,
    renamed,
    utc_date,
)
from algotrendy.market_data.streaming.bars import Closed, Stored
from algotrendy.market_data.streaming.screening import Reason
from algotrendy.market_data.streaming.stores import (
    BarMark,
    Key,
    Missing,
    Moved,
    NewBars,
    Shown,
)


class Killed(BaseException):
    """Ends a consumer at a line of the plan's choice."""


def never(_what: str) -> None:
    """Kill nobody."""


class MemoryLake:
    """A ``TickLake`` in memory.

    Args:
        point: Called before and after each write with its name; may raise.
    """

    def __init__(self, point: Callable[[str], None] = never) -> None:
        self.point = point
        self.ticks: dict[str, list[Seen]] = {}
        self.clocks: dict[str, int] = {}
        self.refused: dict[str, list[Quarantined]] = {}
        self.fixed: dict[str, list[Fixed]] = {}
        self.lacking: dict[str, list[Lacking]] = {}
        self.chart: dict[Key, list[Closed]] = {}
        self.marks: dict[Key, BarMark] = {}
        self.commits = 0

    def standings(self, symbols: Collection[str]) -> dict[str, Standing]:
        return {symbol: self._standing(symbol) for symbol in symbols}

    def _standing(self, symbol: str) -> Standing:
        ticks = self.ticks.get(symbol)
        refused = self.refused.get(symbol, [])
        found = Standing(symbol, is_new=ticks is None)
        found.refusals, found.fixes = len(refused), len(self.fixed.get(symbol, []))
        found.clock = self.clocks.get(symbol, 0)
        if ticks:
            newest = ticks[-1].trade
            found.trades, found.time, found.price = len(ticks), newest.time, newest.price
            found.known_from = newest.time + 1
        for row in refused:
            if row.reason is not Reason.JUMP or row.after > found.trades:
                continue
            is_open = row.seen.trade.time >= found.floor
            if is_open:
                found.refused[row.key] = row.seen.trade.time
            is_suspect = is_open and row.after == found.trades
            found.suspect = row.seen if is_suspect else None
        return found

    def at(self, symbol: str) -> tuple[int, int] | None:
        ticks = self.ticks.get(symbol)
        return None if ticks is None else (len(ticks), self.clocks[symbol])

    def known(self, symbol: str, spans: Mapping[str, tuple[int, int]]) -> set[Identity]:
        found: set[Identity] = set()
        alike: dict[tuple[int, float, float], int] = {}
        for seen in self.ticks.get(symbol, []):
            trade = seen.trade
            span = spans.get(utc_date(trade.time))
            if span and span[0] <= trade.time <= span[1]:
                if trade.id:
                    found.add(seen.identity)
                    continue
                content = (trade.time, trade.price, trade.size)
                alike[content] = alike.get(content, 0) + 1
                found.add((*content, alike[content]))
        for fixed in self.fixed.get(symbol, []):
            fix = fixed.fix
            if fix.new_id:
                known = renamed(fix.time, fix.venue, fix.new_id)
                found.update(identity for identity in known if identity[0] in spans)
        return found

    def quarantine(self, moved: Sequence[Moved]) -> int:
        new = {}
        for item in moved:
            there = self.refused.get(item.standing.symbol, [])
            if len(there) != item.refusals:
                raise Conflict("refusals")
            keys = {row.key for row in there}
            rows = [row for key, row in item.verdict.quarantined.items() if key not in keys]
            new[item.standing.symbol] = rows
        if any(new.values()):
            self.point("before quarantine")
            for symbol, rows in new.items():
                self.refused.setdefault(symbol, []).extend(rows)
            self.point("after quarantine")
        for item in moved:
            item.standing.refusals = item.refusals + len(new[item.standing.symbol])
        return sum(map(len, new.values()))

    def add(self, moved: Sequence[Moved]) -> None:
        for item in moved:
            symbol = item.standing.symbol
            stored = self.ticks.get(symbol)
            there = None if stored is None else (len(stored), self.clocks[symbol])
            if there != item.before:
                raise Conflict("ticks")
        if moved:
            self.point("before add")
            for item in moved:
                symbol = item.standing.symbol
                rows = [row.seen for row in item.verdict.accepted]
                self.ticks.setdefault(symbol, []).extend(rows)
                self.clocks[symbol] = item.standing.clock
            self.point("after add")

    def fix(self, moved: Sequence[Moved]) -> int:
        count = 0
        for item in moved:
            there = self.fixed.setdefault(item.standing.symbol, [])
            if len(there) != item.fixes:
                raise Conflict("fixes")
            keys = {row.key for row in there}
            rows = [row for key, row in item.verdict.fixes.items() if key not in keys]
            self.point("before fix")
            there.extend(rows)
            self.point("after fix")
            item.standing.fixes = len(there)
            count += len(rows)
        return count

    def lack(self, moved: Sequence[Moved]) -> list[Lacking]:
        found: list[Lacking] = []
        for item in moved:
            there = self.lacking.setdefault(item.standing.symbol, [])
            rows = [row for row in item.verdict.holes.values() if row not in there]
            self.point("before lack")
            there.extend(rows)
            self.point("after lack")
            found += rows
        return found

    def trades(self, symbol: str, after: int, upto: int) -> Iterator[Stored]:
        for at, seen in enumerate(self.ticks.get(symbol, [])[after:upto], start=after + 1):
            yield Stored(at, seen.trade.time, seen.trade.price, seen.trade.size)

    def bar_marks(self, keys: Collection[Key]) -> dict[Key, BarMark | None]:
        return {key: self.marks.get(key) for key in keys}

    def add_bars(self, new: Sequence[NewBars]) -> int:
        for bars in new:
            if self.marks.get(bars.key) != bars.before:
                raise Conflict("bars")
        self.point("before bars")
        for bars in new:
            self.chart.setdefault(bars.key, []).extend(bars.closed)
            self.marks[bars.key] = bars.after
        self.commits += 1
        self.point("after bars")
        return self.commits

    def bars(self, key: Key, after: int, upto: int) -> list[Closed]:
        return self.chart.get(key, [])[after:upto]

    def quarantined(self, symbol: str) -> list[tuple[str, Reason]]:
        """Give what is in quarantine and no trade, as a reader of the lake sees it."""
        accepted = {seen.key for seen in self.ticks.get(symbol, [])}
        rows = self.refused.get(symbol, [])
        return sorted((row.key, row.reason) for row in rows if row.key not in accepted)


class MemoryBoard:
    """A ``Board`` in memory, with the manners of a Redis stream."""

    def __init__(self, point: Callable[[str], None] = never) -> None:
        self.point = point
        self.bars: dict[Key, list[Closed]] = {}
        self.partials: dict[Key, Any] = {}

    def show(self, shown: Sequence[Shown], missing: Missing) -> None:
        self.point("before show")
        for item in shown:
            there = self.bars.setdefault(item.key, [])
            last = there[-1].number if there else 0
            there.extend(missing(item.key, last, item.bars))
            self.partials[item.key] = item.partial
        self.point("after show")


class MemoryFolds:
    """``SavedFolds`` in memory, as JSON; loses what it is told to lose."""

    def __init__(self) -> None:
        self.states: dict[Key, str] = {}

    def get(self, key: Key) -> list[Mapping[str, Any]]:
        return [json.loads(self.states[key])] if key in self.states else []

    def put(self, key: Key, state: Mapping[str, Any]) -> None:
        self.states[key] = json.dumps(state)
