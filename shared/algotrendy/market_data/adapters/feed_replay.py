"""Play recorded trades of the lake again, as if they were made now, at any speed."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from math import isfinite
from operator import itemgetter
from typing import Protocol

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.adapters.lake_ticks import DATASET, STREAMED, rows_once
from algotrendy.market_data.calendar import always_open
from algotrendy.market_data.streaming.feeds import Connection, Ended, Item
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.platform.lake import Lake, literal

KIND = "replay"
_AT_ONCE = 500
_COLUMNS = ("symbol", "date", "time", "place", "price", "size", "source")
_Row = tuple[int, float, float]
_Played = tuple[int, str, int, float, float]


class Recording(Protocol):
    """Holds trades by symbol and day."""

    def days(self, symbol: str) -> Sequence[str]:
        """Give the dates of which there are trades of a symbol, oldest first."""
        ...

    def trades(self, symbol: str, day: str) -> Sequence[_Row]:
        """Give time (ns UTC), price and size of each trade of a day, oldest first."""
        ...


class LakeRecording:
    """Is a dataset of the lake's trades, but for those that a replay has put there.

    Args:
        dataset: Its name. It has the columns of ``ticks``: symbol, date (text, ISO), time (ns UTC),
            place, price, size and source.
    """

    def __init__(self, lake: Lake, dataset: str = DATASET) -> None:
        self._lake = lake
        self._dataset = dataset

    def days(self, symbol: str) -> Sequence[str]:
        """Give the dates of which there are trades of a symbol, oldest first."""
        if not self._is_there():
            return []
        of = f"{self._dataset} WHERE {_of(symbol)}"
        sql = f"SELECT DISTINCT date FROM {of} ORDER BY date"  # noqa: S608 - by ``literal``
        return [str(day) for day in self._lake.query(self._dataset, sql)["date"]]

    def trades(self, symbol: str, day: str) -> Sequence[_Row]:
        """Give the trades of a day."""
        where = f"{_of(symbol)} AND date = {literal(day)}"
        if self._dataset == DATASET:
            found = rows_once(self._lake, where)
        else:
            of = f"{self._dataset} WHERE {where}"
            sql = f"SELECT time, price, size FROM {of} ORDER BY time, place"  # noqa: S608
            found = self._lake.query(self._dataset, sql)
        return list(zip(found["time"], found["price"], found["size"], strict=True))

    def _is_there(self) -> bool:
        """Say whether anything is recorded at all.

        Raises:
            NotFound: If there is no dataset of a name that somebody chose; lists those there are.
            Invalid: If it lacks a column; names it.
        """
        try:
            table = self._lake.table(self._dataset)
        except NotFound as error:
            if self._dataset == DATASET:
                return False
            listed = ", ".join(self._lake.datasets()) or "none"
            raise NotFound("dataset", self._dataset, f"the lake has: {listed}") from error
        there = {field.name for field in table.schema().fields}
        if lacking := [name for name in _COLUMNS if name not in there]:
            expected = f"a dataset with the columns {', '.join(_COLUMNS)}"
            raise Invalid("stream_feed", expected, f"{self._dataset}, without {lacking[0]}")
        return True


class ReplayFeed:
    """Is a ``Feed`` that waits to be asked.

    The first trade of all symbols is made when the feed opens, and the others as long after it as
    they were, divided by the speed. Whoever restarts it begins anew: its trades are of now.

    Args:
        speed: Seconds of the recording in one second, above 0.
        run: Part of the trades' ids: what is played for the second time is no double.
        now_ns: Tells the time, nanoseconds since 1970 UTC.
        dataset: Part of its name.
    """

    # A recording may be silent, and begins at its begin.
    quiet_s = None
    begin_s = None
    history = None

    def __init__(
        self,
        recording: Recording,
        symbols: Sequence[str],
        speed: float,
        run: str,
        now_ns: Callable[[], int],
        dataset: str = DATASET,
    ) -> None:
        if not (isfinite(speed) and speed > 0):
            raise Invalid("speed", "above 0", speed)
        self.name = f"{KIND}:{dataset}"
        self._recording = recording
        self.symbols = tuple(symbols)
        self.calendar = always_open()
        self._speed = speed
        self._run = run
        self._now_ns = now_ns
        self._plays = 0

    @asynccontextmanager
    async def open(self, since: Mapping[str, int]) -> AsyncIterator[Connection]:  # noqa: ARG002
        """Begin to play.

        Raises:
            NotFound: If nothing is recorded of a symbol.
            Invalid: If what is named to be played holds no trades.
        """
        days = {}
        for symbol in self.symbols:
            days[symbol] = await asyncio.to_thread(self._recording.days, symbol)
            if not days[symbol]:
                hint = "record some, or import them: algotrendy ticks import"
                raise NotFound("recording of", symbol, hint)
        self._plays += 1
        flows = [self._played(symbol, days[symbol]) for symbol in self.symbols]
        played = heapq.merge(*flows, key=itemgetter(0))
        yield _Play(played, self._speed, f"{self._run[:8]}-{self._plays}", self._now_ns)

    def _played(self, symbol: str, days: Sequence[str]) -> Iterator[_Played]:
        """Read a symbol day by day: a recording of any length takes the memory of one."""
        for day in days:
            for place, (time, price, size) in enumerate(self._recording.trades(symbol, day)):
                yield time, symbol, place, price, size


class _Play:
    def __init__(
        self, played: Iterator[_Played], speed: float, run: str, now_ns: Callable[[], int]
    ) -> None:
        self._played = played
        self._speed = speed
        self._run = run
        self._now_ns = now_ns
        self._begin: tuple[int, int] | None = None
        self._read: deque[_Played] = deque()

    async def receive(self) -> Sequence[Item]:
        """Wait for the next trades, and give those that are due."""
        due: list[Item] = []
        while len(due) < _AT_ONCE:
            row = await self._peek()
            if row is None:
                if due:
                    return due
                raise Ended
            at = self._time(row[0])
            wait_s = (at - self._now_ns()) / 1e9
            if wait_s > 0 and due:
                return due
            await asyncio.sleep(max(0.0, wait_s))
            self._read.popleft()
            due.append(self._trade(row, at))
        return due

    async def _peek(self) -> _Played | None:
        if not self._read:
            # A new day is read from the lake, which takes a while.
            self._read += await asyncio.to_thread(lambda: [*islice(self._played, _AT_ONCE)])
        return self._read[0] if self._read else None

    def _time(self, recorded: int) -> int:
        if self._begin is None:
            self._begin = recorded, self._now_ns()
        first, began = self._begin
        return began + int((recorded - first) / self._speed)

    def _trade(self, row: _Played, at: int) -> Trade:
        time, symbol, place, price, size = row
        return Trade(symbol, at, price, size, "", f"{self._run}-{time}-{place}", self._now_ns())


def _of(symbol: str) -> str:
    # Whatever was played: each replay stores its trades in ``ticks``.
    return f"symbol = {literal(symbol)} AND source NOT LIKE '{STREAMED}{KIND}:%'"
