"""Tell what comes from a feed to whoever listens within the process: clients, and the newest.

The producer calls listeners on its event loop's thread, in the order in which things came from the
feed. They hear what is live, and not what history fills in later: that is in the lake, and in the
bars. What the feed tells twice is told once here, as far as the process remembers. Bad ticks,
those that the lake would refuse, go to its quarantine alone (``good_ticks``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

from algotrendy.market_data.streaming.messages import Fix, Quote, Trade


class FeedState(StrEnum):
    """How a feed stands.

    CONNECTING: not connected, trying. CATCHING_UP: connected, history is being asked for what was
    missed, or what it tells cannot be handed on. LIVE: connected, nothing is missing. MUTE:
    connected, its market is open, and nothing came for too long; it will be connected anew. CLOSED:
    it has told all that it ever will.
    """

    CONNECTING = "connecting"
    CATCHING_UP = "catching_up"
    LIVE = "live"
    MUTE = "mute"
    CLOSED = "closed"


class StateChange(NamedTuple):
    """Says that a feed stands otherwise since ``time`` (ns UTC); ``reason`` is for a person."""

    feed: str
    state: FeedState
    time: int
    reason: str = ""


class Listener(Protocol):
    """Hears of everything; must return at once, and raises nothing."""

    def on_trade(self, trade: Trade) -> None:
        """Take a trade."""
        ...

    def on_quote(self, quote: Quote) -> None:
        """Take a quote."""
        ...

    def on_fix(self, fix: Fix) -> None:
        """Take a cancel or a correction of a trade."""
        ...

    def on_state(self, change: StateChange) -> None:
        """Take a change of the feed."""
        ...


class Listeners:
    """Any number of listeners as one; who comes late is told the newest state at once."""

    def __init__(self) -> None:
        self._all: tuple[Listener, ...] = ()
        self._newest: StateChange | None = None

    def add(self, listener: Listener) -> None:
        """Tell one more from now on."""
        self._all = (*self._all, listener)
        if self._newest is not None:
            listener.on_state(self._newest)

    def remove(self, listener: Listener) -> None:
        """Tell one no more; no fault where it was not told."""
        self._all = tuple(each for each in self._all if each is not listener)

    def on_trade(self, trade: Trade) -> None:
        """Tell all of a trade."""
        for listener in self._all:
            listener.on_trade(trade)

    def on_quote(self, quote: Quote) -> None:
        """Tell all of a quote."""
        for listener in self._all:
            listener.on_quote(quote)

    def on_fix(self, fix: Fix) -> None:
        """Tell all of a fix."""
        for listener in self._all:
            listener.on_fix(fix)

    def on_state(self, change: StateChange) -> None:
        """Tell all of a change of the feed."""
        self._newest = change
        for listener in self._all:
            listener.on_state(change)
