"""Records go into a Kinesis stream by symbol; what it does not take comes again."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data.adapters.kinesis_ticks import KinesisTicks
from algotrendy.market_data.streaming.messages import Record, Trade, decode
from algotrendy.market_data.streaming.sender import Sender, SendingTerms


def trade(symbol: str, at: int, id_: str = "") -> Trade:
    return Trade(symbol, at, 1.0, 1.0, "V", id_ or str(at), at)


def record(symbol: str, number: int = 0) -> Record:
    return Record("f", "r", number, symbol, (trade(symbol, number + 1),))


@pytest.fixture
def kinesis(aws_cloud: None) -> Any:
    client = boto3.client("kinesis", region_name="us-east-1")
    client.create_stream(StreamName="ticks", ShardCount=2)
    return client


def stored(kinesis: Any) -> list[tuple[str, Record]]:
    """Read all of the stream, shard by shard: (shard, record)."""
    found = []
    for shard in kinesis.list_shards(StreamName="ticks")["Shards"]:
        name = shard["ShardId"]
        iterator = kinesis.get_shard_iterator(
            StreamName="ticks", ShardId=name, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        rows = kinesis.get_records(ShardIterator=iterator, Limit=10_000)["Records"]
        found += [(name, decode(row["Data"])) for row in rows]
        assert all(decode(row["Data"]).symbol == row["PartitionKey"] for row in rows)
    return found


class Unreliable:
    """A client whose PutRecords fails in part, or whole, as it is told to."""

    def __init__(self, client: Any, failures: list[str]) -> None:
        self._client = client
        self._failures = failures
        self.calls: list[int] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> Any:  # noqa: N803
        self.calls.append(len(Records))
        fate = self._failures.pop(0) if self._failures else ""
        if fate == "whole":
            return self._client.put_records(StreamName="no-such-stream", Records=Records)
        answer = self._client.put_records(StreamName=StreamName, Records=Records[::2])
        if fate == "part":
            refused = {"ErrorCode": "ProvisionedThroughputExceededException"}
            results = [refused] * len(Records)
            results[::2] = answer["Records"]
            return {"FailedRecordCount": len(Records) // 2, "Records": results}
        if Records[1::2]:
            self._client.put_records(StreamName=StreamName, Records=Records[1::2])
        return {"FailedRecordCount": 0, "Records": [{"SequenceNumber": "1"}] * len(Records)}


def test_records_arrive_whole_and_a_symbols_share_a_shard(kinesis: Any) -> None:
    sink = KinesisTicks("ticks", kinesis)

    async def scenario() -> None:
        for number in range(3):
            sent = [record(symbol, number) for symbol in ("AAPL", "MSFT", "BTC/USD")]
            assert await sink.put(sent) == [True, True, True]

    asyncio.run(scenario())
    found = stored(kinesis)
    for symbol in ("AAPL", "MSFT", "BTC/USD"):
        mine = [(shard, r) for shard, r in found if r.symbol == symbol]
        assert [r for _, r in mine] == [record(symbol, number) for number in range(3)]
        assert len({shard for shard, _ in mine}) == 1


def test_a_stream_that_is_not_there_is_unavailable(kinesis: Any) -> None:
    with pytest.raises(Unavailable, match="kinesis"):
        asyncio.run(KinesisTicks("nowhere", kinesis).put([record("AAPL")]))


def test_what_one_call_cannot_hold_goes_in_several(kinesis: Any) -> None:
    client = Unreliable(kinesis, [])
    many = [record(f"S{number}") for number in range(501)]
    assert asyncio.run(KinesisTicks("ticks", client).put(many)) == [True] * 501
    assert client.calls == [500, 1]
    wide = tuple(trade("AAPL", at, f"{at:0128d}") for at in range(500))
    heavy = [Record("f", "r", 0, f"H{number}", wide) for number in range(70)]
    client.calls.clear()
    assert all(asyncio.run(KinesisTicks("ticks", client).put(heavy)))
    assert len(client.calls) > 1
    assert sum(client.calls) == 70


def test_when_a_later_call_fails_what_was_taken_before_is_told(kinesis: Any) -> None:
    client = Unreliable(kinesis, ["", "whole"])
    many = [record(f"S{number}") for number in range(501)]
    taken = asyncio.run(KinesisTicks("ticks", client).put(many))
    assert taken == [True] * 500 + [False]


def test_what_was_refused_comes_again_in_the_order_of_its_symbol(kinesis: Any) -> None:
    client = Unreliable(kinesis, ["part", "whole", "part", "part", "whole"])
    symbols = ("AAPL", "MSFT", "IBM", "BTC/USD")

    async def scenario() -> Sender:
        terms = SendingTerms(backoff_s=(0.001, 0.002))
        sender = Sender(KinesisTicks("ticks", client), "f", "r", lambda: 0.5, terms)
        running = asyncio.create_task(sender.run())
        for at in range(40):
            for symbol in symbols:
                sender.add(symbol, [trade(symbol, at)])
            await asyncio.sleep(0.001)
        async with asyncio.timeout(20):
            await sender.drain()
        running.cancel()
        return sender

    sender = asyncio.run(scenario())
    assert sender.retries > 0
    assert sender.trouble == ""
    for symbol in symbols:
        mine = [r for _, r in stored(kinesis) if r.symbol == symbol]
        assert [r.number for r in mine] == list(range(len(mine)))
        assert [t.time for r in mine for t in r.trades] == list(range(40))
