"""The floor: one venue, one market, one store and one clock, run on one event loop.

Everything that changes the venue happens on the loop's thread, one thing at a time, in the order
of the market's time. What changed is stored before anybody hears of it: commands that come while
a transaction is under way share the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from algotrendy.exchange.chaos import Chaos
from algotrendy.exchange.feed import Feed
from algotrendy.exchange.market.events import MarketEvent
from algotrendy.exchange.market.scripted import ScriptedMarket
from algotrendy.exchange.market.source import MarketSource
from algotrendy.exchange.market_clock import MarketClock
from algotrendy.exchange.ports import Store
from algotrendy.exchange.venue.model import Changes, Update, UpdateEvent
from algotrendy.exchange.venue.venue import Venue
from algotrendy.exchange.writer import Writer
from algotrendy.kernel.errors import AlgoTrendyError, Rejected, Unavailable, Unknown
from algotrendy.market_data.calendar import TradingCalendar

T = TypeVar("T")

UPDATES_WAITING = 10_000
TICKS_WAITING = 50_000
_logger = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TURN_S = 0.02
"""How long the market plays before requests get a turn, and how often it looks for news."""
_WINDOW_NS = 60 * 1_000_000_000
_BROKE = "it broke and must be restarted; see its log"


def to_ns(moment: datetime) -> int:
    """Turn a time into nanoseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def from_ns(time_ns: int) -> datetime:
    """Turn nanoseconds since 1970 into a time, microseconds kept."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)


class Floor:
    """The paper exchange at work. Make it, ``start`` it on a running loop, ``stop`` it.

    Args:
        calendar: When equities are traded; the venue's own.
        store: Where the venue's state is kept.
        clock: Tells the market's time; a clock of speed 0 moves by ``advance`` alone.
        start: Up to when the market has been played.
    """

    def __init__(
        self,
        venue: Venue,
        market: MarketSource,
        calendar: TradingCalendar,
        store: Store,
        clock: MarketClock,
        start: datetime,
        chaos: Chaos | None = None,
    ) -> None:
        self.venue = venue
        self.market = market
        self.calendar = calendar
        self.clock = clock
        self.chaos = chaos or Chaos(seed=0)
        self.chaos.watch(lambda _: venue.cut_fills(self.chaos.partial_fills))
        venue.cut_fills(self.chaos.partial_fills)
        self._writer = Writer(store, self._publish)
        self._played_ns = to_ns(start)
        self._window: Iterator[MarketEvent] = iter(())
        self._window_end_ns = self._played_ns
        self._next_event: MarketEvent | None = None
        self.broken: BaseException | None = None
        self.on_break: Callable[[], None] | None = None
        self._update_feeds: dict[str, list[Feed[Update]]] = {}
        self._tick_feeds: list[Feed[MarketEvent]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._busts: set[asyncio.Task[None]] = set()

    # At work and at rest

    async def start(self) -> None:
        """Begin to play the market and to store what changes."""
        self._collect()
        self._tasks = [
            asyncio.create_task(self._play_on(), name="market"),
            asyncio.create_task(self._writer.run(lambda: self._played_ns), name="store"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._look_why_it_ended)

    def _look_why_it_ended(self, task: asyncio.Task[None]) -> None:
        """Take no more commands once a task has died: what it holds may be half done."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._break(task.get_name(), error)

    def _break(self, what: str, error: BaseException) -> None:
        """Stop trading: memory may hold half a change, and the store alone is right.

        What was not stored yet is not stored any more, and whoever waits for it hears ``Unknown``.
        """
        _logger.critical("the exchange's %s broke", what, exc_info=error)
        self.broken = error
        self.venue.take_changes()
        self._writer.give_up(f"the exchange broke: {error}")
        for task in self._tasks:
            task.cancel()
        if self.on_break is not None:
            self.on_break()

    async def stop(self) -> None:
        """Store what is left, end every feed, and rest."""
        if not self._tasks:
            return
        market, store = self._tasks
        self._tasks = []
        for task in (market, *self._busts):
            task.cancel()
        self._collect()
        await self._writer.drain()
        store.cancel()
        await asyncio.gather(market, store, *self._busts, return_exceptions=True)
        for feed in self._tick_feeds:
            feed.close()
        for feeds in self._update_feeds.values():
            for listener in feeds:
                listener.close()

    def now(self) -> datetime:
        """Tell the market's time: up to where it has been played."""
        return from_ns(self._played_ns)

    # Commands

    async def run(self, command: Callable[[Venue, datetime], T]) -> T:
        """Run a command on the venue; come back when what it changed is stored.

        Raises:
            AlgoTrendyError: What the command raises; it then changed nothing.
            Unavailable: If the store has not answered for seconds; nothing was done.
            Unknown: If it was done but could not be stored in time, or if the venue broke under it:
                then the exchange takes no more commands, and must be started again.
        """
        if self.broken is not None:
            raise Unavailable("exchange", _BROKE)
        if self._writer.is_stuck:
            raise Unavailable("exchange", "its store does not answer", retry_after_s=1.0)
        self._guarded("market", self._play_a_turn)
        self._collect()
        try:
            result = self._guarded("venue", lambda: command(self.venue, self.now()))
        except AlgoTrendyError:
            if self.broken is None:
                # What it says may rest on another's change, such as a name used just now.
                await self.settled()
            raise
        stored = self._collect()
        if stored is not None:
            # A client that goes away stops its own waiting, not the storing.
            await asyncio.shield(stored)
        else:
            await self.settled()
        return result

    async def settled(self) -> None:
        """Wait until all that can be read now is stored: no reader hears what a kill could undo.

        Raises:
            Unavailable: If the store does not answer, or the exchange broke.
        """
        await self._writer.settled()
        if self.broken is not None:
            raise Unavailable("exchange", _BROKE)

    def _guarded(self, what: str, work: Callable[[], T]) -> T:
        """Do what changes the venue; break when it ends in the middle.

        A refusal of ours passes, as long as it left nothing behind.
        """
        try:
            return work()
        except AlgoTrendyError as error:
            if not self.venue.has_changes():
                raise
            self._break(what, error)
            raise Unknown("the command", f"the exchange broke: {error}") from error
        except Exception as error:
            self._break(what, error)
            raise Unknown("the command", f"the exchange broke: {error}") from error

    async def advance(self, seconds: float) -> datetime:
        """Move the market's clock ahead, play all that happens till then, and store it."""
        target = to_ns(self.clock.advance(timedelta(seconds=seconds)))
        reached = False
        while not reached:
            await asyncio.sleep(0)
            until = time.monotonic() + _TURN_S
            reached = self._guarded("market", partial(self._play, target, until))
        self._collect()
        await self.settled()
        return self.now()

    async def set_speed(self, speed: float) -> None:
        """Let the market's time run at another pace from now on."""
        self.clock.set_speed(speed)

    async def push(self, events: Sequence[MarketEvent]) -> None:
        """Let a scripted market say something now.

        Raises:
            Rejected: If this market has a script of its own, a replay or a seed.
        """
        if not isinstance(self.market, ScriptedMarket):
            raise Rejected("only a scripted market takes events; start with --market scripted")

        market = self.market

        def say(venue: Venue, now: datetime) -> None:
            stamped = [replace(each, time_ns=max(each.time_ns, to_ns(now))) for each in events]
            market.check(stamped)
            for event in stamped:
                for said in market.push(event):
                    venue.on_event(said, now)
                    self._tell(said)

        await self.run(say)

    # Listeners

    def updates(self, account_id: str) -> Feed[Update]:
        """Listen to an account's order updates from now on."""
        feed: Feed[Update] = Feed(UPDATES_WAITING)
        self._update_feeds.setdefault(account_id, []).append(feed)
        return feed

    def ticks(self) -> Feed[MarketEvent]:
        """Listen to the market from now on."""
        feed: Feed[MarketEvent] = Feed(TICKS_WAITING)
        self._tick_feeds.append(feed)
        return feed

    # The market

    async def _play_on(self) -> None:
        while True:
            target = to_ns(self.clock.now())
            if not self._play(target, time.monotonic() + _TURN_S):
                self.clock.hold_back(self.now())
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(_TURN_S)
            self._collect()

    def _play_a_turn(self) -> None:
        self._play(to_ns(self.clock.now()), time.monotonic() + _TURN_S)
        # Whatever the present moment brings is no command's doing.
        self.venue.on_time(self.now())

    def _play(self, target_ns: int, until: float) -> bool:
        """Play to the target, or until the turn is over; say whether the target was reached.

        It ends where all that was told is before ``_played_ns`` and all else is not: from there a
        restart goes on, and nothing is told twice or never.
        """
        while self._played_ns < target_ns:
            if (event := self._upcoming(target_ns)) is None:
                self._at(target_ns)
                return True
            moment = _told_at(event)
            if time.monotonic() > until and _microsecond(moment) > self._played_ns:
                self._played_ns = _microsecond(moment)
                return False
            self._next_event = None
            self._at(max(moment, self._played_ns))
            self.venue.on_event(event, self.now())
            self._tell(event)
        return True

    def _upcoming(self, target_ns: int) -> MarketEvent | None:
        """Give the next event before the target; None when there is none."""
        if isinstance(self.market, ScriptedMarket):
            return None
        while self._next_event is None:
            self._next_event = next(self._window, None)
            if self._next_event is None:
                if self._window_end_ns >= target_ns:
                    return None
                begin, self._window_end_ns = self._window_end_ns, self._window_end_ns + _WINDOW_NS
                self._window = self.market.events(begin, self._window_end_ns)
        return self._next_event if _told_at(self._next_event) < target_ns else None

    def _at(self, time_ns: int) -> None:
        self._played_ns = time_ns
        self.venue.on_time(self.now())

    def _tell(self, event: MarketEvent) -> None:
        self._tick_feeds = [feed for feed in self._tick_feeds if not feed.ended]
        for feed in self._tick_feeds:
            feed.put(event)

    # The store

    def _collect(self) -> asyncio.Future[None] | None:
        changes = self.venue.take_changes()
        return self._writer.add(changes, self._played_ns) if changes else None

    def _publish(self, changes: Changes) -> None:
        for update in changes.updates:
            feeds = [f for f in self._update_feeds.get(update.account_id, ()) if not f.ended]
            self._update_feeds[update.account_id] = feeds
            for feed in feeds:
                feed.put(update)
            if update.event in (UpdateEvent.FILL, UpdateEvent.PARTIAL_FILL):
                self._maybe_bust(update)

    def _maybe_bust(self, update: Update) -> None:
        delay_s = self.chaos.bust_after_s(update)
        if delay_s is None or update.execution_id is None:
            return
        task = asyncio.get_running_loop().create_task(self._bust(update.execution_id, delay_s))
        self._busts.add(task)
        task.add_done_callback(self._busts.discard)

    async def _bust(self, execution_id: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        try:
            await self.run(lambda venue, now: venue.bust(execution_id, now))
        except AlgoTrendyError as error:
            _logger.warning("could not bust %s: %s", execution_id, error.message)


def _microsecond(time_ns: int) -> int:
    """Give the begin of a moment's microsecond, the finest time that commands and stores know."""
    return time_ns // 1_000 * 1_000


def _told_at(event: MarketEvent) -> int:
    return event.time_ns + getattr(event, "span_ns", 0)
