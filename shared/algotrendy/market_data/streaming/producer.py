"""Listen to one feed for ever, and lose none of its trades.

Each connection subscribes first and asks the history then, from the newest trade that was handed
on; after a start of the process, from the newest that is stored. What is sent twice so, is dropped
where it is stored. When what was told cannot be handed on, the feed stays connected, so that
clients hear it: its trades are let go, and read from the history once there is room again. A feed
without a history waits meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid, Rejected, Unavailable
from algotrendy.market_data.streaming.backing_off import Backoff
from algotrendy.market_data.streaming.catch_up import Flow
from algotrendy.market_data.streaming.catching_up import CatchingUp
from algotrendy.market_data.streaming.feeds import (
    Connection,
    Ended,
    Feed,
    Item,
    Status,
    Stored,
    Upto,
)
from algotrendy.market_data.streaming.good_ticks import GoodTicks
from algotrendy.market_data.streaming.listening import FeedState, Listener, StateChange
from algotrendy.market_data.streaming.messages import LONGEST_REASON, Fix, Hole, Lack, Quote, Trade
from algotrendy.market_data.streaming.screening import Limits
from algotrendy.market_data.streaming.sender import Sender
from algotrendy.market_data.streaming.skew import Skew
from algotrendy.market_data.streaming.watchdog import Watchdog

_logger = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_NS = 1_000_000_000
_AGREEING = 8


@dataclass(frozen=True, slots=True)
class ProducerTerms:
    """How a feed is listened to.

    Attributes:
        most_held: Of live trades of all symbols, while history is read.
        look_s: Between two looks whether the feed is mute.
        clock_s: Between two clocks of a symbol, in which nothing was traded.
        late_s: How late the feed may tell of a trade: so much a clock is behind what was heard.
        steady_s: A connection that lived so long was none that failed.
        backoff_s: Least and most wait before connecting again.
        readers: How many symbols' histories are read side by side.
    """

    most_held: int = 100_000
    look_s: float = 1.0
    clock_s: float = 10.0
    late_s: float = 2.0
    steady_s: float = 10.0
    backoff_s: tuple[float, float] = (0.5, 30.0)
    readers: int = 4


@dataclass(slots=True)
class Counts:
    """What happened since the process began."""

    trades: int = 0
    quotes: int = 0
    fixes: int = 0
    bad: int = 0
    skewed: int = 0
    fixes_lost: int = 0
    connects: int = 0
    mutes: int = 0
    gaps: int = 0

    def as_json(self) -> dict[str, int]:
        """Give them by name."""
        return asdict(self)


@dataclass(slots=True)
class _Now:
    state: FeedState = FeedState.CONNECTING
    reason: str = ""
    since: int = 0
    halted: set[str] = field(default_factory=set)


class Producer:
    """Listens to a feed; ``sender`` sends what it tells, and runs beside it.

    Args:
        random: Gives 0 to 1, for the waits.
    """

    def __init__(
        self,
        feed: Feed,
        sender: Sender,
        stored: Stored,
        listener: Listener,
        clock: Clock,
        random: Callable[[], float],
        terms: ProducerTerms | None = None,
    ) -> None:
        self._feed = feed
        self._sender = sender
        self._stored = stored
        self._listener = listener
        self._clock = clock
        self._terms = terms or ProducerTerms()
        self._backoff = Backoff(*self._terms.backoff_s, random)
        self._watchdog = Watchdog(feed.calendar, feed.quiet_s)
        self._flows: dict[str, Flow] = {}
        self._now = _Now()
        self._heard: deque[int] = deque(maxlen=_AGREEING)
        self._clocks: dict[str, int] = {}
        self._skew = Skew(feed.name, Limits())
        self._good = GoodTicks(feed.name, Limits())
        self._catching_up = CatchingUp(
            feed, sender, self._backoff.another(), self._terms.readers, self._skew
        )
        self.counts = Counts()

    @property
    def state(self) -> StateChange:
        """Tell how the feed stands."""
        return StateChange(self._feed.name, self._now.state, self._now.since, self._now.reason)

    async def run(self) -> None:
        """Listen until cancelled, or until a recording is over."""
        self._stand(FeedState.CONNECTING)
        await self._begin()
        while True:
            started = asyncio.get_running_loop().time()
            wait_s: float | None = None
            try:
                await self._connection()
            except Ended:
                self._stand(FeedState.CLOSED, "it has told all")
                return
            except Unavailable as error:
                wait_s, reason = error.retry_after_s, error.message
            except (Rejected, Invalid) as error:
                # Keys, plans and symbols are set right by people, who take their time.
                wait_s, reason = self._terms.backoff_s[1], error.message
            if asyncio.get_running_loop().time() - started >= self._terms.steady_s:
                self._backoff.worked()
            self._stand(FeedState.CONNECTING, reason)
            await asyncio.sleep(self._backoff.failed(wait_s))

    async def _begin(self) -> None:
        """Find out from when on each symbol is wanted."""
        while True:
            try:
                newest = await self._stored.newest(self._feed.name, self._feed.symbols)
                break
            except Unavailable as error:
                # Without it there would be a hole that nobody knows of.
                self._stand(FeedState.CONNECTING, error.message)
                await asyncio.sleep(self._backoff.failed(error.retry_after_s))
        self._backoff.worked()
        first = 0
        if self._feed.begin_s is not None:
            first = _ns(self._clock.now()) - int(self._feed.begin_s * _SECOND_NS)
        most_held = max(1, self._terms.most_held // max(1, len(self._feed.symbols)))
        for symbol in self._feed.symbols:
            self._flows[symbol] = Flow(newest.get(symbol, first), most_held)

    # One connection

    async def _connection(self) -> None:
        async with self._feed.open(self._since()) as connection:
            self.counts.connects += 1
            self._watchdog.connected(self._clock.now())
            self._heard.clear()
            if self._feed.history is None:
                self._stand(FeedState.LIVE)
                await self._pulled(connection)
            now = asyncio.get_running_loop().time()
            for flow in self._flows.values():
                flow.fall_behind(now)
            catching_up = asyncio.create_task(self._catching_up.run(self._flows, self._gap))
            try:
                await self._pushed(connection, catching_up)
            finally:
                catching_up.cancel()
                await asyncio.gather(catching_up, return_exceptions=True)
                for symbol in self._flows:
                    self._sender.tell_clock(symbol, 0)

    def _since(self) -> Mapping[str, int]:
        return {symbol: flow.since for symbol, flow in self._flows.items()}

    async def _pulled(self, connection: Connection) -> None:
        while True:
            await self._sender.room()
            for item in await connection.receive():
                self._take(item)

    async def _pushed(self, connection: Connection, catching_up: asyncio.Task[None]) -> None:
        while True:
            try:
                async with asyncio.timeout(self._terms.look_s):
                    items = await connection.receive()
            except TimeoutError:
                items = ()
            if items:
                self._watchdog.heard(self._clock.now())
            for item in items:
                self._take(item)
            if catching_up.done():
                # It ends by nothing but a fault of ours.
                catching_up.result()
            self._look()

    def _look(self) -> None:
        behind = sorted(symbol for symbol, flow in self._flows.items() if flow.is_behind)
        if behind:
            trouble = self._sender.trouble
            reason = f"ticks are not taken: {trouble}" if trouble else f"{', '.join(behind[:5])}"
            self._stand(FeedState.CATCHING_UP, reason)
        else:
            self._stand(FeedState.LIVE)
        self._tell_clocks()
        now = self._clock.now()
        if self._now.halted.issuperset(self._feed.symbols):
            self._watchdog.connected(now)
        if self._watchdog.is_mute(now):
            silence_s = self._watchdog.silence_s(now)
            self._watchdog.gave_up()
            self.counts.mutes += 1
            reason = f"it said nothing for {silence_s:.0f} s while its market is open"
            self._stand(FeedState.MUTE, reason)
            until = _ns(now)
            for symbol in self._feed.symbols:
                self._hole(symbol, "silence", until - int(silence_s * _SECOND_NS), until, reason)
            raise Unavailable(self._feed.name, reason)

    # What comes

    def _take(self, item: Item) -> None:
        if isinstance(item, Trade | Quote):
            self._heard.append(item.time)
        match item:
            case Trade():
                for trade in self._skew.take(item):
                    self._take_trade(trade)
            case Quote():
                self._take_quote(item)
            case Fix():
                self._take_fix(item)
            case Status():
                self._take_status(item)
            case Upto():
                self._tell_clock(item.symbol, item.time)

    def _take_trade(self, trade: Trade) -> None:
        flow = self._flows.get(trade.symbol)
        if flow is None:
            return
        self.counts.trades += 1
        now = asyncio.get_running_loop().time()
        if self._feed.history is not None and self._sender.is_full and not flow.is_behind:
            flow.fall_behind(now)
            self._sender.tell_clock(trade.symbol, 0)
            self._catching_up.wake()
        ahead = self._skew.ahead
        self.counts.skewed += bool(ahead)
        told = flow.live(self._skew.moved(trade), now)
        self._sender.add(trade.symbol, told)
        if not (told or flow.is_behind):
            return
        good, is_bad = self._good.of(trade, ahead)
        self.counts.bad += is_bad
        for each in good:
            self._listener.on_trade(each)

    def _take_quote(self, quote: Quote) -> None:
        self.counts.quotes += 1
        # Some have no time but ours.
        if quote.time != quote.received:
            self._skew.hear(quote.time, quote.received)
            for trade in self._skew.due():
                self._take_trade(trade)
        if self._good.is_good(quote, self._skew.ahead):
            self._listener.on_quote(quote)

    def _take_fix(self, fix: Fix) -> None:
        if fix.symbol not in self._flows:
            return
        self.counts.fixes += 1
        self._listener.on_fix(fix)
        if self._sender.is_overfull:
            # History does not tell of it again: it is counted, and told to people.
            self.counts.fixes_lost += 1
            _logger.error("%s: a fix of %s is lost: %s", self._feed.name, fix.symbol, fix)
            reason = f"too much waits to be sent: {self._sender.trouble}"
            self._hole(fix.symbol, "fixes", fix.time, fix.time, reason)
            return
        self._sender.add(fix.symbol, [fix])

    def _take_status(self, status: Status) -> None:
        _logger.info("%s: %s is now: %s", self._feed.name, status.symbol, status.words)
        if status.is_traded:
            self._now.halted.discard(status.symbol)
        else:
            self._now.halted.add(status.symbol)

    def _tell_clocks(self) -> None:
        """Say of each live symbol up to when everything was told.

        A connection tells in order: by the time of what it told last, the exchange's and not ours,
        nothing of long before that will come. Several have to agree, for one may be wrong. A
        silence says nothing: it may be a fault.
        """
        if len(self._heard) < _AGREEING:
            return
        every = int(self._terms.clock_s * _SECOND_NS)
        clock = (min(self._heard) - int(self._terms.late_s * _SECOND_NS)) // every * every
        for symbol in self._flows:
            self._tell_clock(symbol, clock)

    def _tell_clock(self, symbol: str, clock: int) -> None:
        flow = self._flows.get(symbol)
        if flow is None or flow.is_behind or self._skew.holds(symbol):
            return
        if clock > max(flow.since, self._clocks.get(symbol, 0)):
            self._clocks[symbol] = clock
            self._good.tell_clock(symbol, clock)
            self._sender.tell_clock(symbol, clock)

    def _gap(self, symbol: str, since: int, reason: str) -> None:
        self.counts.gaps += 1
        begin = _EPOCH + timedelta(microseconds=since // 1_000)
        _logger.error(
            "%s: %s may have a hole from %s to now: its history cannot be read: %s",
            *(self._feed.name, symbol, begin.isoformat(), reason),
        )
        self._hole(symbol, "trades", since, _ns(self._clock.now()), reason)

    def _hole(self, symbol: str, what: Lack, first: int, last: int, reason: str) -> None:
        self._sender.tell_hole(Hole(symbol, what, first, last, reason[:LONGEST_REASON]))

    def _stand(self, state: FeedState, reason: str = "") -> None:
        now = self._now
        if (now.state, now.reason) == (state, reason) and now.since:
            return
        is_news = now.state is not state or not now.since
        now.state, now.reason, now.since = state, reason, _ns(self._clock.now())
        if is_news:
            is_fault = state is FeedState.MUTE or (state is FeedState.CONNECTING and reason)
            level = logging.WARNING if is_fault else logging.INFO
            _logger.log(level, "%s is %s%s", self._feed.name, state, reason and f": {reason}")
        self._listener.on_state(self.state)


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
