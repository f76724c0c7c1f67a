"""Put what history gives and what is told live into one order, each trade once.

A symbol is *behind* when something may have been told that we did not hear: after each connect, and
when what was told could not be handed on. Then live trades are held while history is read from the
newest trade that was handed on. Once history was asked late enough to know all that was made before
the held ones, they follow, without those that history gave. If too many are held, the oldest are
let go, and history has to be asked later: memory is bounded, and nothing is lost.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Iterable

from algotrendy.market_data.streaming.feeds import Told
from algotrendy.market_data.streaming.messages import Fix, Trade

REMEMBERED = 4_096
FUTURE_NS = 60_000_000_000
AHEAD_NS = 10_000_000_000


class Flow:
    """One symbol's way from behind to live.

    Args:
        since: From when on (ns UTC) its trades are wanted.
        most_held: How many live trades are held while it is behind.
        remembered: How many trades are known again.

    Attributes:
        since: Time of the newest trade that was handed on, from which history is to be asked.
        let_go: How many held trades were let go: history gives them again.
    """

    def __init__(self, since: int, most_held: int, remembered: int = REMEMBERED) -> None:
        self.since = since
        self.let_go = 0
        self._most_held = most_held
        self._remembered = remembered
        self._known: Counter[Hashable] = Counter()
        self._order: deque[Hashable] = deque()
        self._held: deque[Trade] = deque()
        self._uncovered: float | None = None

    @property
    def is_behind(self) -> bool:
        """Say whether live trades are held."""
        return self._uncovered is not None

    @property
    def uncovered(self) -> float:
        """Give up to when (seconds of the loop) something may have been missed."""
        return float("-inf") if self._uncovered is None else self._uncovered

    def fall_behind(self, now: float) -> None:
        """Say that up to now (seconds of the loop) something may have been missed."""
        self._uncovered = now

    def live(self, trade: Trade, now: float) -> list[Trade]:
        """Take a trade as it is told; give what is to be handed on."""
        if not self.is_behind:
            return self._new(trade, is_live=True)
        self._held.append(trade)
        if len(self._held) > self._most_held:
            self._held.popleft()
            self.let_go += 1
            # What is let go now, history must be asked for after now.
            self._uncovered = now
        return []

    def page(self, told: Iterable[Told]) -> list[Told]:
        """Take a page of history; give what is to be handed on, oldest first."""
        found: list[Told] = []
        for item in told:
            if isinstance(item, Fix):
                found.append(item)
                continue
            # A trade that is earlier than this one and not known by now is not in the history.
            while self._held and self._held[0].time < item.time:
                found += self._new(self._held.popleft(), is_live=False)
            if not self._knows_again(item):
                found.append(item)
                self._remember(item)
        return found

    def caught_up(self, asked: float, settle_s: float) -> list[Trade] | None:
        """Note that history was read to its end.

        Args:
            asked: When it was asked, in seconds of the loop.
            settle_s: How long a trade needs to get into the history.

        Returns:
            What was held and is to be handed on: from now on it is live. None: ask once more.
        """
        if asked < self.uncovered + settle_s:
            return None
        return self.go_live()

    def go_live(self) -> list[Trade]:
        """Be live, whatever was missed; give what was held and is to be handed on."""
        self._uncovered = None
        held, self._held = self._held, deque()
        return [each for trade in held for each in self._new(trade, is_live=False)]

    def _new(self, trade: Trade, *, is_live: bool) -> list[Trade]:
        # Without an id, two equal trades that are told live are two.
        if (trade.id or not is_live) and self._knows_again(trade):
            return []
        self._remember(trade)
        return [trade]

    def _knows_again(self, trade: Trade) -> bool:
        key = _identity(trade)
        if not self._known[key]:
            del self._known[key]
            return False
        if not trade.id:
            # Of equal trades without an id, each stands for one.
            self._known[key] -= 1
        return True

    def _remember(self, trade: Trade) -> None:
        key = _identity(trade)
        self._known[key] += 1
        self._order.append(key)
        if len(self._order) > self._remembered:
            oldest = self._order.popleft()
            self._known[oldest] -= 1
            if self._known[oldest] <= 0:
                del self._known[oldest]
        # A time that is to come would leave out all that is made until then: be it wrong, or their
        # clock ahead of ours, it says no more than that something was told.
        if trade.time <= trade.received:
            self.since = max(self.since, trade.time)
        elif trade.time <= trade.received + FUTURE_NS:
            self.since = max(self.since, trade.received - AHEAD_NS)


def _identity(trade: Trade) -> Hashable:
    # An id may come again on another day.
    if trade.id:
        return trade.venue, trade.id, trade.time
    return trade.time, trade.venue, repr(trade.price), repr(trade.size)
