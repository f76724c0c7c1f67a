"""The Lambda handler takes Kinesis batches into a real lake, and shows bars on a real Valkey."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.tick_batches import NoQueue, PoisonQueue, take_batch
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.streaming.bars import told
from algotrendy.market_data.streaming.messages import Hole, Record, encode
from algotrendy.platform.cache import PREFIX
from algotrendy.platform.lake import Lake, lake_at
from algotrendy.platform.records import StreamRecord
from algotrendy.platform.settings import reset_settings
from fakes.functions import Context, load_handler
from fakes.tick_records import NOON, SECOND, kinesis_event, record, trades

STYLES = ("time:interval=1Min", "renko:size=2")
Handler = Callable[[Any, Any], Any]


def forget() -> None:
    """Do what the end of a process does."""
    for build in (wiring.tick_consumer, wiring.poisoned_ticks, wiring.page_cache):
        build.cache_clear()
    reset_settings()


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", tmp_path.as_uri())
    monkeypatch.setenv("ALGOTRENDY_STREAM_STYLES", ";".join(STYLES))
    forget()
    yield lake_at(tmp_path.as_uri())
    forget()


@pytest.fixture
def shown(lake: Lake, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    monkeypatch.setenv("ALGOTRENDY_CACHE_URL", valkey_url)
    forget()
    return redis.Redis.from_url(valkey_url)


def handle(*data: bytes, first: int = 1) -> dict[str, Any]:
    answer: dict[str, Any] = load_handler("market_data", "on_ticks")(
        kinesis_event(*data, first=first), Context()
    )
    return answer


def stored(lake: Lake, symbol: str = "AAPL") -> list[str]:
    sql = f"SELECT id FROM ticks WHERE symbol = '{symbol}' ORDER BY place"
    return lake.query("ticks", sql)["id"]


def bars(lake: Lake, style: str) -> list[dict[str, Any]]:
    found = lake.query("chart_bars", f"SELECT * FROM chart_bars WHERE style = '{style}'")
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    return sorted(rows, key=lambda row: row["number"])


def of_one_batch(style: str, count: int) -> list[dict[str, Any]]:
    builder = Builder(style)
    made = [
        bar
        for trade in trades("AAPL", 0, count)
        for bar in builder.push_one(trade.time, trade.price, trade.size)
    ]
    return [told(bar) for bar in made]


def test_ticks_end_once_in_the_lake_and_their_bars_are_those_of_one_batch(lake: Lake) -> None:
    parts = [record("AAPL", at, trades("AAPL", at * 10, 10)) for at in range(3)]
    assert handle(parts[0], parts[1]) == {"batchItemFailures": []}
    assert handle(parts[1], parts[2], record("BTC/USD", 0, trades("BTC/USD", 0, 3)))
    forget()
    handle(*parts)

    assert stored(lake) == [str(at) for at in range(30)]
    assert stored(lake, "BTC/USD") == ["0", "1", "2"]
    for style in STYLES:
        expected = of_one_batch(style, 30)
        found = [row for row in bars(lake, style) if row["symbol"] == "AAPL"]
        assert [row["number"] for row in found] == [*range(1, len(expected) + 1)]
        assert [{name: row[name] for name in expected[0]} for row in found] == expected
    assert lake.mark("ticks", "ticks:AAPL") == 30
    assert set(lake.query("ticks", "SELECT DISTINCT source FROM ticks")["source"]) == {
        "stream:paper"
    }


def key(lake: Lake, kind: str, style: str) -> str:
    assert wiring.cache_prefix().startswith(PREFIX)
    return f"{wiring.cache_prefix()}{kind}:AAPL:{style}"


def numbers(shown: redis.Redis, lake: Lake, style: str) -> list[int]:
    rows: Any = shown.xrange(key(lake, "bars", style))
    assert [json.loads(fields[b"bar"])["number"] for _, fields in rows] == [
        int(id_.partition(b"-")[0]) for id_, _ in rows
    ]
    return [int(id_.partition(b"-")[0]) for id_, _ in rows]


def test_bars_are_shown_and_a_clock_closes_them(lake: Lake, shown: redis.Redis) -> None:
    handle(record("AAPL", 0, trades("AAPL", 0, 10)))
    assert numbers(shown, lake, STYLES[0]) == [1, 2, 3]
    partial: Any = shown.get(key(lake, "partial", STYLES[0]))
    assert json.loads(partial)["number"] == 4
    assert json.loads(partial)["known"] == 0

    handle(record("AAPL", 1, clock=NOON + 240 * SECOND), first=2)
    assert numbers(shown, lake, STYLES[0]) == [1, 2, 3, 4]
    assert shown.get(key(lake, "partial", STYLES[0])) is None
    assert [row["ticks_before"] for row in bars(lake, STYLES[0])] == [3, 6, 9, 10]


def test_what_redis_lost_is_shown_again_from_the_lake(lake: Lake, shown: redis.Redis) -> None:
    handle(record("AAPL", 0, trades("AAPL", 0, 10)))
    shown.flushall()
    forget()
    handle(record("AAPL", 1, trades("AAPL", 10, 3)), first=2)
    assert numbers(shown, lake, STYLES[0]) == [1, 2, 3, 4]


def test_a_dead_redis_costs_nothing_but_the_show(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALGOTRENDY_CACHE_URL", "redis://127.0.0.1:1/0")
    forget()
    assert handle(record("AAPL", 0, trades("AAPL", 0, 10))) == {"batchItemFailures": []}
    assert len(bars(lake, STYLES[0])) == 3


class Queue:
    """SQS, as far as a poisoned record goes."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        assert QueueUrl.endswith("/failures")
        self.bodies.append(json.loads(MessageBody))


def batch(*data: bytes) -> list[StreamRecord]:
    return [StreamRecord("stream", str(at), "AAPL", NOON, item) for at, item in enumerate(data)]


def test_a_poisoned_record_is_put_away_and_those_around_it_are_taken(lake: Lake) -> None:
    queue = Queue()
    good = [record("AAPL", at, trades("AAPL", at, 1)) for at in range(2)]
    away = PoisonQueue("http://sqs/failures", queue)
    assert take_batch(wiring.tick_consumer(), away, batch(good[0], b"{", good[1])) is None
    assert stored(lake) == ["0", "1"]
    (body,) = queue.bodies
    assert (body["sequence_number"], body["partition_key"]) == ("1", "AAPL")
    assert "record must be JSON" in body["reason"]


def test_without_a_queue_a_poisoned_record_comes_again_and_nothing_is_lost(lake: Lake) -> None:
    good = [record("AAPL", at, trades("AAPL", at, 1)) for at in range(2)]
    found = take_batch(wiring.tick_consumer(), NoQueue(), batch(good[0], b"{", good[1]))
    assert found == 1
    assert stored(lake) == ["0", "1"]
    answer = handle(good[0], b"{", good[1], first=7)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "8"}]}


def test_a_hole_is_a_row_and_a_metric_once_however_often_it_comes(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    hole = Hole("AAPL", "trades", NOON, NOON + 7 * SECOND, "the plan has no history")
    silence = hole._replace(what="silence", reason="it said nothing")
    told = encode(Record("paper", "a-run", 0, "AAPL", holes=(hole, silence)))
    assert handle(told) == {"batchItemFailures": []}
    out = capsys.readouterr().out
    assert '"StreamHoles": [1]' in out
    assert '"StreamSilences": [1]' in out
    forget()
    assert handle(told, record("AAPL", 1, trades("AAPL", 0, 4))) == {"batchItemFailures": []}
    assert "StreamHoles" not in capsys.readouterr().out
    assert len(stored(lake)) == 4
    found = lake.query("stream_holes", "SELECT * FROM stream_holes ORDER BY number")
    assert (found["what"], found["reason"][0]) == (["trades", "silence"], hole.reason)


class NoLake:
    """A lake that does not answer."""

    def __getattr__(self, name: str) -> Any:
        raise Unavailable("lake", "it is down")


def test_a_lake_that_is_down_lets_the_whole_batch_come_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = wiring.tick_consumer()
    there = consumer._lake
    consumer._lake = NoLake()
    items = batch(record("AAPL", 0, trades("AAPL", 0, 10)))
    assert take_batch(consumer, NoQueue(), items) == 0
    consumer._lake = there
    assert take_batch(consumer, NoQueue(), items) is None
    assert len(stored(lake)) == 10
