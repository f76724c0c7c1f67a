"""Measure feeds and clients of the streaming service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from algotrendy.market_data.streaming.listening import FeedState, StateChange
from algotrendy.market_data.streaming.messages import Fix, Quote, Trade
from algotrendy.platform.metrics import count, gauge

_TICKS = {"trades": "trade", "quotes": "quote", "fixes": "fix"}
_COUNTS = {
    "bad": "FeedTicksBad",
    "connects": "FeedConnects",
    "mutes": "FeedMutes",
    "retries": "TickPutRetries",
}
_CLIENTS = {"sent": "StreamMessages", "conflated": "StreamConflated"}


class StreamMeasures:
    """Is a ``Listener``, to know when each feed told something last.

    Args:
        monotonic: Seconds of a clock that never steps.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._heard: dict[str, float] = {}
        self._began = monotonic()
        self._told: dict[tuple[str, ...], int] = {}

    def on_trade(self, trade: Trade) -> None:
        """Note that a symbol's feed told something."""
        self._heard[trade.symbol] = self._monotonic()

    def on_quote(self, quote: Quote) -> None:
        """Note that a symbol's feed told something."""
        self._heard[quote.symbol] = self._monotonic()

    def on_fix(self, fix: Fix) -> None:
        """Note that a symbol's feed told something."""
        self._heard[fix.symbol] = self._monotonic()

    def on_state(self, change: StateChange) -> None:
        """Leave it: how feeds stand is looked at."""

    def look(self, feeds: Mapping[str, Mapping[str, Any]], clients: Mapping[str, Any]) -> None:
        """Set the gauges, and count what was added since the last look.

        Args:
            feeds: By name, as the service describes them.
            clients: As the socket describes them.
        """
        for name, feed in feeds.items():
            heard = [self._heard.get(symbol, self._began) for symbol in feed["symbols"]]
            age_s = self._monotonic() - max(heard, default=self._began)
            gauge("FeedAgeSeconds", age_s, feed=name)
            gauge("FeedLive", float(feed["state"] == FeedState.LIVE.value), feed=name)
            gauge("TicksPending", feed["pending"], feed=name)
            for field, kind in _TICKS.items():
                count("FeedTicks", self._more((name, field), feed[field]), feed=name, kind=kind)
            for field, metric in _COUNTS.items():
                count(metric, self._more((name, field), feed[field]), feed=name)
        gauge("StreamClients", clients["clients"])
        for field, metric in _CLIENTS.items():
            count(metric, self._more((field,), clients[field]))

    def _more(self, place: tuple[str, ...], now: int) -> int:
        """Give what was added; a sum that fell, as a client left, begins anew."""
        before, self._told[place] = self._told.get(place, 0), now
        return max(0, now - before)
