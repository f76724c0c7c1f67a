"""From trades to a client's socket: what the consumer shows on Valkey is what clients are told."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import redis

from algotrendy.kernel.clock import seconds_passed
from algotrendy.market_data.adapters.redis_bars import RedisBars
from algotrendy.market_data.adapters.redis_board import RedisBoard
from algotrendy.market_data.streaming.bars import Closed, Fold, Stored
from algotrendy.market_data.streaming.encoding import bar_fields
from algotrendy.market_data.streaming.stores import Key, Shown
from fakes.stream_clients import StreamService, StreamSocket, admitted, stream_service

STYLE = "renko:size=1"
KEY = Key("BTC/USD", STYLE)
NS = 1_000_000_000
BEGAN = 1_795_789_800 * NS


class Consumer:
    """Folds trades, and shows the bars, as the Lambda does after it stored them."""

    def __init__(self, board: RedisBoard, seed: int) -> None:
        self._random = random.Random(seed)
        self._board = board
        self._fold = Fold(*KEY)
        self._price = 100.0
        self.bars: list[Closed] = []

    def trade(self, count: int, *, shows: bool = True) -> None:
        """Take so many trades; without ``shows`` it dies before anybody sees the bars."""
        trades = []
        for place in range(self._fold.trades + 1, self._fold.trades + count + 1):
            self._price = round(self._price + self._random.uniform(-1.5, 1.5), 2)
            trades.append(Stored(place, BEGAN + place * NS, self._price, 1.0))
        closed = self._fold.take(trades)
        assert closed, "trades of which there is something to tell"
        self.bars += closed
        if shows:
            shown = Shown(KEY, self._fold.bars, closed, self._fold.partial())
            self._board.show([shown], lambda key, after, upto: self.bars[after:upto])

    def told(self, number: int) -> object:
        """Give a bar as clients must be told of it."""
        closed = self.bars[number - 1]
        fields = {name: getattr(closed.bar, name) for name, _ in closed.bar.fields}
        return json.loads(bar_fields({"number": number, **fields}))


@contextmanager
def reading(service: StreamService, url: str, prefix: str) -> Iterator[RedisBars]:
    reader = RedisBars(service.hub, url, prefix, seconds_passed, check_each_s=0.2)
    running = asyncio.run_coroutine_threadsafe(reader.run(), service.loop)
    try:
        yield reader
    finally:
        running.cancel()


def hear_up_to(client: StreamSocket, number: int) -> list[dict[str, object]]:
    """Give the bars told until one of a number comes; partial bars follow on what was told."""
    told: list[dict[str, object]] = []
    while not told or told[-1]["number"] != number:
        message = client.hear_a("bar", "partial", "snapshot")
        if message["type"] == "bar":
            told.append({k: v for k, v in message.items() if k not in ("type", "symbol", "style")})
        elif "bars" in message:
            told += message["bars"]
        elif message["type"] == "partial" and told:
            assert message["number"] == int(str(told[-1]["number"])) + 1
    return told


def test_clients_are_told_the_bars_that_were_made_whatever_dies(valkey_url: str) -> None:
    prefix = f"{uuid4()}:"
    consumer = Consumer(RedisBoard(valkey_url, prefix), seed=5)
    consumer.trade(60)
    with (
        stream_service() as service,
        reading(service, valkey_url, prefix) as reader,
        admitted(service) as client,
    ):
        channels = [f"bars:{STYLE}", f"partials:{STYLE}"]
        client.send({"type": "subscribe", "symbols": ["BTC/USD"], "channels": channels})
        told = hear_up_to(client, len(consumer.bars))
        consumer.trade(40)
        told += hear_up_to(client, len(consumer.bars))
        # The consumer dies after the lake has the bars, and before Valkey has.
        consumer.trade(30, shows=False)
        consumer.trade(30)
        told += hear_up_to(client, len(consumer.bars))
        # Valkey loses what it had.
        redis.Redis.from_url(valkey_url).delete(f"{prefix}bars:BTC/USD:{STYLE}")
        while not reader.losses:
            continue
        consumer.trade(40)
        told += hear_up_to(client, len(consumer.bars))
    assert [each["number"] for each in told] == list(range(1, len(consumer.bars) + 1))
    assert told == [consumer.told(number) for number in range(1, len(consumer.bars) + 1)]
    assert len(told) > 20
