"""A shard that is split or merged while ticks flow: each is stored once, and bars are unchanged.

The emulator goes on putting into a shard that was split, so that shards are modelled here by the
rules of Kinesis: a key lies where its MD5 does, and what a closed shard has stays there. Batches go
by the code behind the handler into a real lake, as Lambda delivers them: a shard's to their end
before those of the shards made of it, and what was not acknowledged again, beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from algotrendy.market_data import wiring
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.streaming.bars import told
from algotrendy.market_data.streaming.consuming import Arrived, Consumer, Outcome
from algotrendy.market_data.streaming.messages import decode
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.settings import reset_settings
from fakes.tick_records import NOON, record, trades

STYLE = "time:interval=1Min"
# One in the first quarter of the hashes, one in the second, two in the second half.
SYMBOLS = ("AMZN", "ETH/USD", "AAPL", "MSFT")
ALL = 2**128
RECORDS, A_RECORD = 12, 5
Batch = list[Arrived]


@dataclass
class Shard:
    """A range of hashes, and what was put while it was open."""

    first: int
    end: int
    records: Batch = field(default_factory=list)


class Shards:
    """A stream; ``closed`` are those that were split or merged."""

    def __init__(self, *bounds: int) -> None:
        edges = (0, *bounds, ALL)
        self.open = [Shard(*pair) for pair in pairwise(edges)]
        self.closed: list[Shard] = []

    def put(self, symbol: str, number: int) -> None:
        place = int(hashlib.md5(symbol.encode(), usedforsecurity=False).hexdigest(), 16)
        (shard,) = [item for item in self.open if item.first <= place < item.end]
        data = record(symbol, number, trades(symbol, number * A_RECORD, A_RECORD))
        shard.records.append(Arrived(decode(data), NOON * 2))

    def reshard(self, *bounds: int) -> None:
        self.closed, self.open = self.open, Shards(*bounds).open


class Workers:
    """Each call of ``begin`` gives a new process; the ones before live on."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def begin(self) -> Consumer:
        wiring.tick_consumer.cache_clear()
        return wiring.tick_consumer()

    def take(self, consumer: Consumer, batch: Batch) -> None:
        self.outcomes.append(consumer.take(batch))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", tmp_path.as_uri())
    monkeypatch.setenv("ALGOTRENDY_STREAM_STYLES", STYLE)
    for build in (reset_settings, wiring.tick_consumer.cache_clear):
        build()
    yield lake_at(tmp_path.as_uri())
    for build in (reset_settings, wiring.tick_consumer.cache_clear):
        build()


def parts(records: Batch, of: int) -> list[Batch]:
    return [records[at : at + of] for at in range(0, len(records), of)]


@pytest.mark.parametrize(
    ("before", "after"),
    [((), (ALL // 2,)), ((ALL // 2,), ()), ((ALL // 2,), (ALL // 4, ALL // 2))],
    ids=["split", "merge", "one of two is split"],
)
def test_a_tick_is_stored_once_whichever_shard_it_comes_from(
    lake: Lake, before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    stream, workers = Shards(*before), Workers()
    for number, symbol in product(range(RECORDS), SYMBOLS):
        if (number, symbol) == (RECORDS // 2, SYMBOLS[0]):
            stream.reshard(*after)
        stream.put(symbol, number)
    deliver(stream, workers)

    assert len(stream.closed) != len(stream.open)
    assert all(shard.records for shard in (*stream.closed, *stream.open))
    total = RECORDS * A_RECORD
    assert sum(outcome.stored for outcome in workers.outcomes) == total * len(SYMBOLS)
    assert {(outcome.quarantined, outcome.holes) for outcome in workers.outcomes} == {(0, 0)}
    for symbol in SYMBOLS:
        assert stored(lake, symbol) == [str(at) for at in range(total)]
        assert bars(lake, symbol) == of_one_batch(symbol, total)


def deliver(stream: Shards, workers: Workers) -> None:
    unacknowledged: list[tuple[Consumer, Batch]] = []
    for shard in stream.closed:
        worker = workers.begin()
        for batch in parts(shard.records, 7):
            workers.take(worker, batch)
            unacknowledged.append((worker, batch))
    for shard in stream.open:
        worker = workers.begin()
        for batch in parts(shard.records, 5):
            workers.take(worker, batch)
            # The last of a parent again: to the one that took it, and to one that knows nothing.
            for zombie, again in unacknowledged[-2:]:
                workers.take(zombie, again)
            workers.take(workers.begin(), unacknowledged[0][1])


def stored(lake: Lake, symbol: str) -> list[str]:
    sql = f"SELECT id FROM ticks WHERE symbol = '{symbol}' ORDER BY place"
    return lake.query("ticks", sql)["id"]


def bars(lake: Lake, symbol: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM chart_bars WHERE symbol = '{symbol}' ORDER BY number"
    found = lake.query("chart_bars", sql)
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    assert [row["number"] for row in rows] == [*range(1, len(rows) + 1)]
    fields = of_one_batch(symbol, RECORDS)[0]
    return [{name: row[name] for name in fields} for row in rows]


def of_one_batch(symbol: str, count: int) -> list[dict[str, Any]]:
    builder = Builder(STYLE)
    return [
        told(bar)
        for trade in trades(symbol, 0, count)
        for bar in builder.push_one(trade.time, trade.price, trade.size)
    ]
