"""Tell a clock that is wrong from a tick that is: what a feed's ticks agree on is its clock.

A tick's time is judged against the time at which it was received. Where this machine's clock is
behind, or a whole feed is ahead, that would refuse every tick. So the time received is moved by
what the last ticks of a feed, of whatever symbol, are ahead by. A trade that is further ahead is
held until as many more were told: then either they agree with it, or it goes as it came, and is
quarantined.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Final, NamedTuple

from algotrendy.market_data.streaming.feeds import Told
from algotrendy.market_data.streaming.messages import LAST_NS, Trade
from algotrendy.market_data.streaming.screening import Limits, is_future

AGREEING: Final = 8

_logger = logging.getLogger(__name__)


class _Held(NamedTuple):
    trade: Trade
    heard: int


class Skew:
    """How far a feed's clock is ahead of ours.

    Attributes:
        ahead: Nanoseconds; 0 where it is less than half of what two clocks may be apart.
        heard: How many ticks told their time.
    """

    def __init__(self, feed: str, limits: Limits) -> None:
        self.ahead = 0
        self.heard = 0
        self._feed = feed
        self._limits = limits
        self._leads: deque[int] = deque(maxlen=AGREEING)
        self._held: list[_Held] = []

    def hear(self, time: int, received: int) -> None:
        """Take into account that a tick of a time came; both ns UTC."""
        if time <= 0:
            return
        self.heard += 1
        self._leads.append(time - received)
        if len(self._leads) < AGREEING:
            return
        agreed = sorted(self._leads)[(AGREEING - 1) // 2]
        ahead = agreed if agreed > self._limits.ahead_ns // 2 else 0
        if bool(ahead) is not bool(self.ahead):
            if ahead:
                _logger.warning(
                    "%s is %.1f s ahead of this machine's clock: set the clock right; until then"
                    " its trades are stored as if received so much later",
                    *(self._feed, ahead / 1e9),
                )
            else:
                _logger.info("%s and this machine's clock agree again", self._feed)
        self.ahead = ahead

    def take(self, trade: Trade) -> list[Trade]:
        """Take a trade as it is told; give those that are not held, or no more, in order."""
        self.hear(trade.time, trade.received)
        self._held.append(_Held(trade, self.heard))
        return self.due()

    def due(self) -> list[Trade]:
        """Give what is held no more; each as it came."""
        held, self._held = self._held, []
        due: list[Trade] = []
        first: dict[str, int] = {}
        for item in held:
            trade = item.trade
            is_young = self.heard - item.heard < AGREEING
            follows = trade.symbol in first and trade.time >= first[trade.symbol]
            if follows or (is_young and self.doubts(trade)):
                # What is of later stays behind it.
                first[trade.symbol] = min(trade.time, first.get(trade.symbol, trade.time))
                self._held.append(item)
            else:
                due.append(trade)
        return due

    def holds(self, symbol: str) -> bool:
        """Say whether trades of a symbol are held."""
        return any(item.trade.symbol == symbol for item in self._held)

    def doubts(self, item: Told) -> bool:
        """Say whether something is a trade of the future, whatever is wrong with our clock."""
        return isinstance(item, Trade) and is_future(
            item.time, item.received + self.ahead, self._limits
        )

    def moved(self, trade: Trade) -> Trade:
        """Move the time at which a trade was received to the feed's clock."""
        if not self.ahead:
            return trade
        return trade._replace(received=min(LAST_NS, trade.received + self.ahead))
