"""Real prices played again through feed, folds and hub, and what one client hears of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from algotrendy.market_data.adapters.feed_replay import ReplayFeed
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.market_data.charts.of_bars import trades_of_bars
from algotrendy.market_data.series import session_date
from algotrendy.market_data.streaming.bars import Fold, Stored, told
from algotrendy.market_data.streaming.encoding import bar_fields
from algotrendy.market_data.streaming.feeds import Ended
from algotrendy.market_data.streaming.hub import Hub
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.streaming.pressure import Backlog
from algotrendy.market_data.streaming.protocol import parse_server
from algotrendy.market_data.streaming.tails import Bar
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic

BEGIN_NS = 1_795_789_800_000_000_000
"""2026-11-27 14:30 UTC."""
_LATER_NS = BEGIN_NS + 86_400_000_000_000
_Row = tuple[int, float, float]


class SampleYear:
    """Is a ``Recording`` of one year of a sample, each day as four trades."""

    def __init__(self, symbol: str, year: int) -> None:
        bars = next(each.bars for each in read_samples("bokeh") if each.bars.symbol == symbol)
        trades = trades_of_bars(bars.adjusted("raw"), bars.source)
        self._days: dict[str, list[_Row]] = {}
        for row in zip(trades.times, trades.prices, trades.sizes, strict=True):
            day = session_date(row[0])
            if day.year == year:
                self._days.setdefault(str(day), []).append(row)

    def days(self, symbol: str) -> Sequence[str]:
        return list(self._days)

    def trades(self, symbol: str, day: str) -> Sequence[_Row]:
        return self._days[day]


def played(recording: SampleYear, symbol: str, speed: float) -> list[Trade]:
    """Give what the replay feed tells; it begins at ``BEGIN_NS``, and nobody waits."""
    # Asked for the second time it is long past the end: every trade is due.
    moments = chain([BEGIN_NS], (_LATER_NS for _ in count()))
    feed = ReplayFeed(recording, (symbol,), speed, "run", lambda: next(moments))

    async def all_of_it() -> list[Trade]:
        found: list[Trade] = []
        async with feed.open({}) as connection:
            try:
                while True:
                    items = await connection.receive()
                    found += [item for item in items if isinstance(item, Trade)]
            except Ended:
                return found

    return asyncio.run(all_of_it())


def heard_of(
    trades: Sequence[Trade], symbol: str, styles: Sequence[str], comes_after: int
) -> list[dict[str, Any]]:
    """Give what a client is told that comes after so many trades, and takes all at once."""
    hub = Hub(Offer(), lambda: BEGIN_NS)
    seat = hub.join(Backlog(5_000, 4_194_304))
    folds = [Fold(symbol, style) for style in styles]
    stored: dict[str, list[Bar]] = {fold.style: [] for fold in folds}
    messages: list[dict[str, Any]] = []
    for place, trade in enumerate(trades, 1):
        hub.on_trade(trade)
        for fold in folds:
            topic = Topic(symbol, Channel.BARS, fold.style)
            closed = fold.take([Stored(place, trade.time, trade.price, trade.size)])
            new = [_bar(each.number, told(each.bar)) for each in closed]
            stored[fold.style] += new
            hub.add(topic, new)
            partial = fold.partial()
            if partial is not None:
                shown = _bar(fold.bars + 1, told(partial))
                hub.partial(topic.beside(Channel.PARTIALS), shown)
        if place == comes_after:
            hub.subscribe(seat, Topic(symbol, Channel.TRADES), last=1)
            for style, bars in stored.items():
                for channel in (Channel.BARS, Channel.PARTIALS):
                    hub.subscribe(seat, Topic(symbol, channel, style))
                hub.load(Topic(symbol, Channel.BARS, style), bars)
        for message in seat.backlog.take(1_000):
            parse_server(message)
            messages.append(json.loads(message))
    return messages


def _bar(number: int, fields: dict[str, int | float]) -> Bar:
    return Bar(number, bar_fields({"number": number, **fields}))
