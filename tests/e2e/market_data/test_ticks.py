"""Records put on the deployed stream end once in the lake, and their bars are to be seen."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import redis

from algotrendy.local.home import read_environment_file
from algotrendy.market_data import wiring
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.streaming.bars import told
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.settings import reset_settings
from fakes.tick_records import record, trades
from fixtures.platform import Platform

pytestmark = pytest.mark.platform

SYMBOL = "E2E/USD"
STYLE = "time:interval=1Min"
T = TypeVar("T")


def eventually(look: Callable[[], T], enough: Callable[[T], bool], for_s: float = 60) -> T:
    """Look until it is enough, and give what was seen last."""
    ends = time.monotonic() + for_s
    while not enough(found := look()) and time.monotonic() < ends:
        time.sleep(0.2)
    return found


class Streamed:
    """The deployed stream, the lake behind it, and Redis."""

    def __init__(self, platform: Platform, values: dict[str, str]) -> None:
        self._kinesis = platform.aws("kinesis")
        self._queues = platform.aws("sqs")
        ssm = platform.aws("ssm")

        def setting(name: str) -> str:
            found = ssm.get_parameter(Name=f"/algotrendy/local/{name}")
            return str(found["Parameter"]["Value"])

        self._stream = setting("tick_stream")
        self._redis: Any = redis.Redis.from_url(setting("cache_url"))
        self.lake: Lake = lake_at(values["ALGOTRENDY_LAKE_URL"])

    def put(self, *data: bytes) -> None:
        for item in data:
            self._kinesis.put_record(StreamName=self._stream, Data=item, PartitionKey=SYMBOL)

    def ids(self) -> list[str]:
        sql = f"SELECT id FROM ticks WHERE symbol = '{SYMBOL}' ORDER BY place"
        return self.lake.query("ticks", sql)["id"] if self.lake.version("ticks") else []

    def shown(self) -> list[dict[str, Any]]:
        rows = self._redis.xrange(f"{wiring.cache_prefix()}bars:{SYMBOL}:{STYLE}")
        return [json.loads(fields[b"bar"]) for _, fields in rows]

    def put_away(self) -> list[dict[str, Any]]:
        url = self._queues.get_queue_url(QueueName="algotrendy-local-tick-failures")["QueueUrl"]
        found = self._queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]


@pytest.fixture
def streamed(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Streamed]:
    values = dict(read_environment_file(platform.home / "data" / "platform.env"))
    parameter = platform.aws("ssm").get_parameter(Name="/algotrendy/local/lake_url")
    values["ALGOTRENDY_LAKE_URL"] = parameter["Parameter"]["Value"]
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    reset_settings()
    yield Streamed(platform, values)
    monkeypatch.undo()
    reset_settings()


def test_ticks_on_the_stream_end_once_in_the_lake_with_the_bars_of_one_batch(
    streamed: Streamed,
) -> None:
    parts = [record(SYMBOL, at, trades(SYMBOL, at * 10, 10)) for at in range(4)]
    streamed.put(parts[0], parts[1], parts[1], b"poison", parts[0], parts[2])
    streamed.put(parts[3])

    ids = eventually(streamed.ids, lambda found: len(found) >= 40)
    assert ids == [str(at) for at in range(40)]

    builder = Builder(STYLE)
    whole = [
        told(bar)
        for trade in trades(SYMBOL, 0, 40)
        for bar in builder.push_one(trade.time, trade.price, trade.size)
    ]
    expected = [{"number": at, **bar} for at, bar in enumerate(whole, start=1)]
    assert eventually(streamed.shown, lambda found: len(found) >= len(whole)) == expected
    assert streamed.lake.mark("ticks", f"ticks:{SYMBOL}") == 40

    [away] = eventually(streamed.put_away, bool)
    assert base64.b64decode(away["data"]) == b"poison"
    assert away["partition_key"] == SYMBOL
