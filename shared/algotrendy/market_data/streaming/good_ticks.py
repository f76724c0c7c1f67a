"""Tell clients what the lake would take: by the same rule, over what this process heard live."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from math import isfinite
from typing import Final

from algotrendy.market_data.streaming.accepting import Standing, Verdict, accept
from algotrendy.market_data.streaming.messages import Quote, Record, Trade
from algotrendy.market_data.streaming.screening import Limits, is_future

_MOST_KNOWN: Final = 400


class GoodTicks:
    """Judges each symbol's live ticks.

    What was stored before the process began it does not know: a first trade jumps from nothing.
    """

    def __init__(self, feed: str, limits: Limits) -> None:
        self._feed = feed
        self._limits = limits
        self._standings: dict[str, Standing] = {}

    def of(self, trade: Trade, ahead: int) -> tuple[list[Trade], bool]:
        """Give what is to be told now, in order, and whether the trade is bad by now.

        A trade that jumps waits for the next one, which tells whether it was one.

        Args:
            ahead: How far the feed's clock is ahead of ours, ns.
        """
        standing = self._standing(trade.symbol)
        verdict = Verdict()
        record = Record(self._feed, "", 0, trade.symbol, (trade,))
        limits = self._limits
        if ahead:
            limits = replace(limits, ahead_ns=limits.ahead_ns + ahead)
        accept(standing, record, 0, limits, verdict)
        if len(standing.known) > _MOST_KNOWN:
            newest = islice(standing.known.items(), _MOST_KNOWN // 2, None)
            standing.known = dict(newest)
        return [item.seen.trade for item in verdict.accepted], bool(verdict.quarantined)

    def is_good(self, quote: Quote, ahead: int) -> bool:
        """Say whether a quote can be one; a quote alone says nothing of jumps."""
        prices = (quote.bid, quote.ask)
        return (
            all(isfinite(price) and price > 0 for price in prices)
            and quote.time > 0
            and not is_future(quote.time, quote.received + ahead, self._limits)
        )

    def tell_clock(self, symbol: str, clock: int) -> None:
        """Take no trade of before any more: the lake was told that all of it was told."""
        standing = self._standing(symbol)
        standing.clock = max(standing.clock, clock)

    def _standing(self, symbol: str) -> Standing:
        standing = self._standings.get(symbol)
        if standing is None:
            standing = self._standings[symbol] = Standing(symbol)
        return standing
