"""A feed whose market, faults and history a test decides; its time is the running loop's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from algotrendy.kernel.errors import AlgoTrendyError, Unavailable
from algotrendy.market_data.calendar import TradingCalendar, always_open
from algotrendy.market_data.streaming.feeds import Connection, Item, Told
from algotrendy.market_data.streaming.listening import StateChange
from algotrendy.market_data.streaming.messages import Fix, Quote, Record, Trade, decode, encode
from fakes.quick_loop import BEGIN

BEGIN_NS = (BEGIN - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000


def now_ns() -> int:
    """Give the time of a ``LoopClock`` in nanoseconds."""
    return BEGIN_NS + round((asyncio.get_running_loop().time() - 1000.0) * 1e9)


class ScriptedFeed:
    """Is a ``Feed`` and its ``History``.

    Args:
        settle_s: A trade is in the history half as long after it was made.
        page: Trades a page of history.
    """

    name = "scripted"
    begin_s: float | None = 900.0

    def __init__(
        self,
        *symbols: str,
        settle_s: float = 1.0,
        page: int = 3,
        quiet_s: float | None = None,
        calendar: TradingCalendar | None = None,
    ) -> None:
        self.symbols = symbols
        self.calendar = calendar or always_open()
        self.quiet_s = quiet_s
        self.settle_s = settle_s
        self.made: list[Trade] = []
        self.connects = 0
        self.refuses: AlgoTrendyError | None = None
        self.history_refuses: AlgoTrendyError | None = None
        self.is_mute = False
        self.asked: list[tuple[str, int]] = []
        self._page = page
        self._open: list[asyncio.Queue[Item | None]] = []

    @property
    def history(self) -> ScriptedFeed:
        return self

    @asynccontextmanager
    async def open(self, since: Mapping[str, int]) -> AsyncIterator[Connection]:
        await asyncio.sleep(0.01)
        if self.refuses is not None:
            raise self.refuses
        self.connects += 1
        queue: asyncio.Queue[Item | None] = asyncio.Queue()
        self._open.append(queue)
        try:
            yield _Queue(queue)
        finally:
            if queue in self._open:
                self._open.remove(queue)

    async def trades(self, symbol: str, since: int) -> AsyncIterator[Sequence[Told]]:
        self.asked.append((symbol, since))
        now = now_ns()
        known = now - round(self.settle_s * 0.5e9)
        mine = [t for t in self.made if t.symbol == symbol and t.received <= known]
        mine = [t for t in mine if t.time >= since]
        for place in range(0, len(mine), self._page):
            await asyncio.sleep(0.02)
            if self.history_refuses is not None:
                raise self.history_refuses
            yield [t._replace(received=now) for t in mine[place : place + self._page]]
        if self.history_refuses is not None:
            raise self.history_refuses

    # What a test lets happen

    def trade(self, symbol: str, price: float = 1.0, time: int | None = None) -> Trade:
        """Make a trade, now or at another time (ns), and tell whoever listens."""
        now = now_ns()
        at = now if time is None else time
        trade = Trade(symbol, at, price, 1.0, "V", str(len(self.made)), now)
        self.made.append(trade)
        self.tell(trade)
        return trade

    def tell(self, item: Item) -> None:
        """Tell whoever listens, perhaps for the second time."""
        for queue in () if self.is_mute else self._open:
            queue.put_nowait(item)

    def cut(self) -> None:
        """Break the connections."""
        for queue in self._open:
            queue.put_nowait(None)
        self._open.clear()


class _Queue:
    def __init__(self, queue: asyncio.Queue[Item | None]) -> None:
        self._queue = queue

    async def receive(self) -> Sequence[Item]:
        item = await self._queue.get()
        if item is None:
            raise Unavailable("scripted", "the connection broke")
        return [item]


class ScriptedSink:
    """Is a ``Sink``; what it takes survives every process.

    Attributes:
        fates: What becomes of the next records: taken, refused, or taken without a word.
    """

    def __init__(self) -> None:
        self.taken: list[Record] = []
        self.fates: list[str] = []
        self.is_down = False

    async def put(self, records: Sequence[Record]) -> Sequence[bool]:
        await asyncio.sleep(0.005)
        if self.is_down:
            raise Unavailable("kinesis", "it is down")
        answers = []
        for record in records:
            fate = self.fates.pop() if self.fates else "taken"
            if fate != "refused":
                self.taken.append(decode(encode(record)))
            answers.append(fate == "taken")
        return answers

    def trades(self, symbol: str, run: str | None = None) -> list[Trade]:
        """Give a symbol's trades in the order in which they were taken, doubles too."""
        mine = [r for r in self.taken if r.symbol == symbol and run in (None, r.run)]
        return [trade for record in mine for trade in record.trades]


class ScriptedStored:
    """Is a ``Stored`` that knows what a sink took, but for the last ``lag`` records."""

    def __init__(self, sink: ScriptedSink, lag: int = 0) -> None:
        self._sink = sink
        self.lag = lag
        self.refuses: AlgoTrendyError | None = None

    async def newest(self, feed: str, symbols: Sequence[str]) -> Mapping[str, int]:
        if self.refuses is not None:
            raise self.refuses
        found: dict[str, int] = {}
        for record in self._sink.taken[: len(self._sink.taken) - self.lag]:
            for trade in record.trades:
                found[record.symbol] = max(found.get(record.symbol, 0), trade.time)
        return found


class Heard:
    """Is a ``Listener`` that remembers."""

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.quotes: list[Quote] = []
        self.fixes: list[Fix] = []
        self.states: list[StateChange] = []

    def on_trade(self, trade: Trade) -> None:
        self.trades.append(trade)

    def on_quote(self, quote: Quote) -> None:
        self.quotes.append(quote)

    def on_fix(self, fix: Fix) -> None:
        self.fixes.append(fix)

    def on_state(self, change: StateChange) -> None:
        self.states.append(change)
