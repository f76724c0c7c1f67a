"""Bring what happens to every client that asked for it; nobody waits for anybody.

The hub is told of trades and quotes by the feed, and of bars by whoever reads the store of bars.
It runs on one thread: between a snapshot and the update after it nothing can happen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from algotrendy.kernel.errors import JsonValue
from algotrendy.market_data.streaming import encoding
from algotrendy.market_data.streaming.listening import StateChange
from algotrendy.market_data.streaming.messages import Fix, Quote, Trade
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.protocol import USUAL_BARS, Reason, StatusOut
from algotrendy.market_data.streaming.tails import Bar, Tail
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic

KEPT_TRADES: Final = 200
LIVE: Final = "live"
INTERRUPTED: Final = "interrupted"
_STATUS: Final = "status"


@dataclass(slots=True)
class _Wanted:
    """How a client wants a topic told: the last bars, or all after a number."""

    last: int = USUAL_BARS
    after: int | None = None
    reason: Reason = Reason.SUBSCRIBED


@dataclass(slots=True, eq=False)
class Seat:
    """One client, as far as the hub knows it."""

    backlog: Backlog
    wanted: dict[Topic, _Wanted] = field(default_factory=dict)


class Hub:
    """Hears everything, as ``listening.Listener`` says, and tells the seats.

    Args:
        offer: What is streamed.
        now: Tells nanoseconds since 1970 UTC.
    """

    def __init__(self, offer: Offer, now: Callable[[], int]) -> None:
        self.offer = offer
        self.told = 0
        self.holes = 0
        self.figures_of_bars: Callable[[], dict[str, JsonValue]] = dict
        """Gives the counters of whoever reads the store of bars."""
        self._now = now
        self._seats: dict[Seat, None] = {}
        self._subscribed: dict[Topic, dict[Seat, None]] = {}
        self._trades: dict[str, deque[Trade]] = {}
        self._quotes: dict[str, Quote] = {}
        self._tails: dict[Topic, Tail] = {}
        self._partials: dict[Topic, Bar] = {}
        self._statuses: dict[str, StatusOut] = {}

    # Clients

    def join(self, backlog: Backlog) -> Seat:
        """Take a client in, and tell it how the sources stand."""
        seat = Seat(backlog)
        self._seats[seat] = None
        for status in self._statuses.values():
            backlog.put(_STATUS, _written(status))
        return seat

    def leave(self, seat: Seat) -> None:
        """Tell a client nothing more."""
        self._seats.pop(seat, None)
        for topic in list(seat.wanted):
            self.unsubscribe(seat, topic)

    def subscribe(
        self, seat: Seat, topic: Topic, last: int = USUAL_BARS, after: int | None = None
    ) -> None:
        """Tell a client a topic from a snapshot on; one that it has already is told anew."""
        reason = Reason.SUBSCRIBED if after is None else Reason.RESUMED
        seat.wanted[topic] = _Wanted(last, after, reason)
        self._subscribed.setdefault(topic, {})[seat] = None
        # Without what is stored there is nothing to go on from: the reader loads it first.
        tails = self._tails
        if topic.channel is not Channel.BARS or tails.setdefault(topic, Tail()).is_loaded:
            self._show(seat, topic)

    def unsubscribe(self, seat: Seat, topic: Topic) -> None:
        """Tell a client no more of a topic; no fault where it was not told."""
        seat.wanted.pop(topic, None)
        seat.backlog.forget(topic)
        seats = self._subscribed.get(topic, {})
        seats.pop(seat, None)
        if not seats:
            self._subscribed.pop(topic, None)
            self._tails.pop(topic, None)
            self._partials.pop(topic, None)

    # The feed

    def on_trade(self, trade: Trade) -> None:
        """Tell a trade to all that listen to the symbol's."""
        kept = self._trades.get(trade.symbol)
        if kept is None:
            kept = self._trades[trade.symbol] = deque(maxlen=KEPT_TRADES)
        kept.append(trade)
        topic = Topic(trade.symbol, Channel.TRADES)
        if topic in self._subscribed:
            self._tell(topic, encoding.update(topic, encoding.trade_fields(trade)))

    def on_quote(self, quote: Quote) -> None:
        """Tell a quote; a client that is behind gets only the newest."""
        self._quotes[quote.symbol] = quote
        topic = Topic(quote.symbol, Channel.QUOTES)
        if topic in self._subscribed:
            self._tell_newest(topic, encoding.update(topic, encoding.quote_fields(quote)))

    def on_fix(self, fix: Fix) -> None:
        """Tell a fix to all that listen to the symbol's trades; snapshots have trades as fixed."""
        kept = self._trades.get(fix.symbol, ())
        if any((trade.venue, trade.id) == (fix.venue, fix.id) for trade in kept):
            self._trades[fix.symbol] = deque(_fixed(kept, fix), KEPT_TRADES)
        topic = Topic(fix.symbol, Channel.TRADES)
        if topic in self._subscribed:
            self._tell(topic, encoding.fix_message(fix))

    def on_state(self, change: StateChange) -> None:
        """Tell everybody how the feed stands."""
        self._announce(
            StatusOut(
                source="feed",
                feed=change.feed,
                state=change.state.value,
                reason=change.reason,
                time=encoding.moment(change.time),
            )
        )

    # The store of bars

    def positions(self) -> dict[Topic, int | None]:
        """Give each topic of bars that somebody listens to, with the newest number known.

        None: nothing is known yet; -1: it is known that there is none yet.
        """
        return {
            topic: None if not tail.is_loaded else -1 if tail.newest is None else tail.newest
            for topic, tail in self._tails.items()
        }

    def partial_topics(self) -> list[Topic]:
        """Give each topic of unfinished bars that somebody listens to."""
        return [topic for topic in self._subscribed if topic.channel is Channel.PARTIALS]

    def load(self, topic: Topic, bars: Iterable[Bar]) -> None:
        """Take what is stored of a topic that nothing was known of; tells those who wait."""
        tail = self._tails.get(topic)
        if tail is not None and not tail.is_loaded:
            tail.load(bars)
            for seat in self._subscribed.get(topic, ()):
                self._show(seat, topic)

    def add(self, topic: Topic, bars: Iterable[Bar], *, lost: bool = False) -> None:
        """Take bars that were closed since, oldest first, and tell them.

        Where numbers are missing, or the store is known to have ``lost`` what it had, clients get a
        snapshot that says so.
        """
        tail = self._tails.get(topic)
        if tail is None or not tail.is_loaded:
            return
        before = tail.newest
        new, has_hole = tail.add(bars)
        if new and (has_hole or lost):
            self.holes += has_hole
            reason = Reason.LOST if lost else Reason.HOLE
            for seat in self._subscribed.get(topic, ()):
                # Who waits for a snapshot was not told what came before.
                if not seat.backlog.awaits_snapshot(topic):
                    seat.wanted[topic].after = before
                    seat.wanted[topic].reason = reason
                self._show(seat, topic)
        else:
            for bar in new:
                self._tell(topic, encoding.update(topic, bar.fields))
        held = self._partials.get(topic.beside(Channel.PARTIALS))
        if held is not None and new:
            self.partial(topic.beside(Channel.PARTIALS), held)

    def agrees(self, topic: Topic, bar: Bar) -> bool:
        """Say whether a stored bar is the one known by its number, or later than all known."""
        tail = self._tails.get(topic)
        return tail is None or tail.agrees(bar)

    def restart(self, topic: Topic, bars: Iterable[Bar]) -> None:
        """Take what is stored of a topic whose numbers begin anew, and tell it anew."""
        tail = self._tails.get(topic)
        if tail is None:
            return
        tail.load(bars)
        for seat in self._subscribed.get(topic, ()):
            seat.wanted[topic] = _Wanted(seat.wanted[topic].last, None, Reason.LOST)
            self._show(seat, topic)

    def partial(self, topic: Topic, bar: Bar | None) -> None:
        """Take how the unfinished bar stands, None: there is none.

        It is told once the bar before it was.
        """
        if bar is None:
            self._partials.pop(topic, None)
        if bar is None or topic not in self._subscribed:
            return
        self._partials[topic] = bar
        if self._is_next(topic, bar):
            self._tell_newest(topic, encoding.update(topic, bar.fields))

    def on_bars(self, state: str, reason: str = "") -> None:
        """Tell everybody how the store of bars stands, ``live`` or ``interrupted``."""
        known = self._statuses.get("bars")
        if (known is None and state != LIVE) or (known is not None and known.state != state):
            time = encoding.moment(self._now())
            self._announce(StatusOut(source="bars", state=state, reason=reason, time=time))

    # Figures

    def describe(self) -> dict[str, JsonValue]:
        """Say how many listen to how much, as JSON values."""
        boxes = [seat.backlog for seat in self._seats]
        return {
            "clients": len(self._seats),
            "topics": len(self._subscribed),
            "subscriptions": sum(len(seat.wanted) for seat in self._seats),
            "told": self.told,
            "holes": self.holes,
            "waiting": sum(len(box) for box in boxes),
            "bars": self.figures_of_bars(),
            "sources": {name: status.state for name, status in self._statuses.items()},
        }

    # How seats are told

    def _tell(self, topic: Topic, message: bytes) -> None:
        supersedes = _unfinished(topic)
        for seat in self._subscribed.get(topic, ()):
            seat.backlog.put(topic, message, supersedes)
            self.told += 1

    def _tell_newest(self, topic: Topic, message: bytes) -> None:
        for seat in self._subscribed.get(topic, ()):
            seat.backlog.newest(topic, message)
            self.told += 1

    def _announce(self, status: StatusOut) -> None:
        self._statuses[status.feed or status.source] = status
        for seat in self._seats:
            seat.backlog.put(_STATUS, _written(status))

    def _show(self, seat: Seat, topic: Topic) -> None:
        make = partial(self._snapshot, topic, seat.wanted[topic])
        seat.backlog.snapshot(topic, make, _unfinished(topic))

    def _snapshot(self, topic: Topic, wanted: _Wanted) -> bytes:
        match topic.channel:
            case Channel.TRADES:
                kept = list(self._trades.get(topic.symbol, ()))
                trades = kept[len(kept) - min(wanted.last, len(kept)) :]
                return encoding.snapshot(topic, wanted.reason, map(encoding.trade_fields, trades))
            case Channel.QUOTES:
                quote = self._quotes.get(topic.symbol)
                fields = [] if quote is None else [encoding.quote_fields(quote)]
                return encoding.snapshot(topic, wanted.reason, fields)
            case Channel.PARTIALS:
                bar = self._partials.get(topic)
                shown = [] if bar is None or not self._is_next(topic, bar) else [bar.fields]
                return encoding.snapshot(topic, wanted.reason, shown)
            case Channel.BARS:
                return self._bars_snapshot(topic, wanted)

    def _is_next(self, topic: Topic, bar: Bar) -> bool:
        """Say whether an unfinished bar follows on the closed ones, where these are known."""
        tail = self._tails.get(topic.beside(Channel.BARS))
        return tail is None or tail.newest is None or bar.number == tail.newest + 1

    def _bars_snapshot(self, topic: Topic, wanted: _Wanted) -> bytes:
        tail = self._tails[topic]
        after = wanted.after
        part = tail.last(wanted.last) if after is None else tail.after(after)
        reason = Reason.LOST if part.is_behind else wanted.reason
        return encoding.snapshot(topic, reason, part.bars, part.missing)


def _fixed(trades: Iterable[Trade], fix: Fix) -> Iterator[Trade]:
    for trade in trades:
        if (trade.venue, trade.id) != (fix.venue, fix.id):
            yield trade
        elif fix.kind == "correct":
            yield trade._replace(price=fix.price, size=fix.size, id=fix.new_id or fix.id)


def _written(status: StatusOut) -> bytes:
    return status.model_dump_json(exclude_none=True).encode()


def _unfinished(topic: Topic) -> Topic | None:
    """Name what is out of date once bars of the topic are told."""
    return topic.beside(Channel.PARTIALS) if topic.channel is Channel.BARS else None
