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
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
_STORE_PATIENCE_S = 20.0
_STUCK_S = 5.0
_STORE_RETRY_S = 0.25
_IDLE_SAVE_S = 2.0


def to_ns(moment: datetime) -> int:
    """Turn a time into nanoseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def from_ns(time_ns: int) -> datetime:
    """Turn nanoseconds since 1970 into a time, microseconds kept."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)


@dataclass(slots=True)
class _Unsaved:
    """What one command or a turn of the market changed, and who waits for it to be stored."""

    changes: Changes
    played_ns: int
    stored: asyncio.Future[None]


class Floor:
    """The paper exchange at work. Make it, ``start`` it on a running loop, ``stop`` it.

    Args:
        calendar: When equities are traded; the venue's own.
        store: Where the venue's state is kept.
        clock: Tells the market's time; a clock of speed 0 moves by ``advance`` alone.
    """

    def __init__(
        self,
        venue: Venue,
        market: MarketSource,
        calendar: TradingCalendar,
        store: Store,
        clock: MarketClock,
        chaos: Chaos | None = None,
    ) -> None:
        self.venue = venue
        self.market = market
        self.calendar = calendar
        self.clock = clock
        self.chaos = chaos or Chaos(seed=0)
        self.chaos.watch(lambda _: venue.cut_fills(self.chaos.partial_fills))
        venue.cut_fills(self.chaos.partial_fills)
        self._store = store
        self._played_ns = to_ns(clock.now())
        self._window: Iterator[MarketEvent] = iter(())
        self._window_end_ns = self._played_ns
        self._next_event: MarketEvent | None = None
        self._unsaved: list[_Unsaved] = []
        self._saving: list[_Unsaved] = []
        self._work = asyncio.Event()
        self._stuck_since: float | None = None
        self.broken: BaseException | None = None
        self.on_break: Callable[[], None] | None = None
        self._saved_ns: int | None = None
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
            asyncio.create_task(self._save_on(), name="store"),
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
        _give_up_waiting((*self._saving, *self._unsaved), f"the exchange broke: {error}")
        self._unsaved.clear()
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
        waiting = [each.stored for each in (*self._saving, *self._unsaved)]
        if waiting:
            await asyncio.wait(waiting, timeout=_STUCK_S)
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
            raise Unavailable("exchange", "it broke and must be restarted; see its log")
        if self._stuck_since is not None and time.monotonic() - self._stuck_since > _STUCK_S:
            raise Unavailable("exchange", "its store does not answer", retry_after_s=1.0)
        self._play(to_ns(self.clock.now()), time.monotonic() + _TURN_S)
        try:
            result = command(self.venue, self.now())
        except AlgoTrendyError:
            raise
        except Exception as error:
            self._break("venue", error)
            raise Unknown("the command", f"the exchange broke: {error}") from error
        unsaved = self._collect()
        if unsaved is not None:
            await unsaved.stored
        return result

    async def advance(self, seconds: float) -> datetime:
        """Move the market's clock ahead, play all that happens till then, and store it."""
        target = to_ns(self.clock.advance(timedelta(seconds=seconds)))
        while not self._play(target, time.monotonic() + _TURN_S):  # noqa: ASYNC110 - works
            await asyncio.sleep(0)
        unsaved = self._collect()
        if unsaved is not None:
            await unsaved.stored
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

        def say(venue: Venue, now: datetime) -> None:
            for event in events:
                stamped = replace(event, time_ns=max(event.time_ns, to_ns(now)))
                for said in market.push(stamped):
                    venue.on_event(said, now)
                    self._tell(said)

        market = self.market
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

    def _play(self, target_ns: int, until: float) -> bool:
        """Play to the target, or until the turn is over; say whether the target was reached."""
        while self._played_ns < target_ns:
            if (event := self._upcoming(target_ns)) is None:
                self._at(target_ns)
                return True
            self._next_event = None
            moment = _told_at(event)
            self._at(max(moment, self._played_ns))
            self.venue.on_event(event, self.now())
            self._tell(event)
            if time.monotonic() > until:
                return False
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

    def _collect(self) -> _Unsaved | None:
        changes = self.venue.take_changes()
        if not changes:
            return None
        # The venue goes on to change its entities while a thread stores these.
        still = replace(
            changes,
            accounts={key: value.still() for key, value in changes.accounts.items()},
            orders={key: value.still() for key, value in changes.orders.items()},
            positions={key: value.still() for key, value in changes.positions.items()},
        )
        loop = asyncio.get_running_loop()
        unsaved = _Unsaved(still, self._played_ns, loop.create_future())
        self._unsaved.append(unsaved)
        self._work.set()
        return unsaved

    async def _save_on(self) -> None:
        while True:
            idle = asyncio.get_running_loop().call_later(_IDLE_SAVE_S, self._work.set)
            await self._work.wait()
            idle.cancel()
            self._work.clear()
            batch, self._unsaved = self._unsaved, []
            self._saving = batch
            played = batch[-1].played_ns if batch else self._played_ns
            if batch or played != self._saved_ns:
                await self._save(batch, played)
            for unsaved in batch:
                self._publish(unsaved.changes.updates)
                if not unsaved.stored.done():
                    unsaved.stored.set_result(None)

    async def _save(self, batch: Sequence[_Unsaved], played_ns: int) -> None:
        """Store a batch, however long the store is away: what was done must not be lost."""
        changes = [unsaved.changes for unsaved in batch]
        while True:
            try:
                await asyncio.to_thread(self._store.save, changes, played_ns)
            except (Unavailable, Unknown) as error:
                # A save is idempotent: one whose outcome is unknown is sent again.
                if self._stuck_since is None:
                    self._stuck_since = time.monotonic()
                    _logger.warning("the store does not answer: %s", error.message)
                if time.monotonic() - self._stuck_since > _STORE_PATIENCE_S:
                    _give_up_waiting((*batch, *self._unsaved), "the store does not answer")
                await asyncio.sleep(_STORE_RETRY_S)
            else:
                self._stuck_since = None
                self._saved_ns = played_ns
                return

    def _publish(self, updates: Sequence[Update]) -> None:
        for update in updates:
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


def _give_up_waiting(batch: Sequence[_Unsaved], reason: str) -> None:
    for unsaved in batch:
        if not unsaved.stored.done():
            unsaved.stored.set_exception(Unknown("the command", reason))
            # Nobody waits for what the market itself did; then nobody else asks for this.
            unsaved.stored.exception()


def _told_at(event: MarketEvent) -> int:
    return event.time_ns + getattr(event, "span_ns", 0)
