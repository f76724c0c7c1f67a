"""Some records of ticks are followed: producer and consumer know the same trace by their name."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from algotrendy.market_data.adapters.followed_ticks import EVERY, taken_followed
from algotrendy.market_data.adapters.kinesis_ticks import KinesisTicks
from algotrendy.market_data.streaming.consuming import Arrived
from algotrendy.market_data.streaming.messages import Record, decode


class Stream:
    """Is the part of boto3's Kinesis client that is used."""

    def __init__(self) -> None:
        self.data: list[bytes] = []

    def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:  # noqa: N803
        assert StreamName == "ticks"
        self.data += [each["Data"] for each in Records]
        return {"Records": [{} for _ in Records]}


def record(symbol: str, number: int) -> Record:
    return Record("paper", "run-1", number, symbol, clock=1)


def test_a_followed_record_is_one_trace_on_both_sides_of_the_stream(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = Stream()
    sent = [record("AAPL", 0), record("MSFT", 1), record("IBM", EVERY)]
    asyncio.run(KinesisTicks("ticks", stream).put(sent))
    arrived = time.time_ns()
    with taken_followed([Arrived(decode(data), arrived) for data in stream.data]):
        pass
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    by_trace: dict[str, list[str]] = {}
    for line in lines:
        by_trace.setdefault(line["trace_id"], []).append(line["span"]["name"])
    assert list(by_trace.values()) == [["put ticks", "stream of ticks", "take ticks"]] * 2
    assert {line["span"]["facts"]["symbol"] for line in lines} == {"AAPL", "IBM"}
    assert {line["correlation_id"] for line in lines} == {"run-1"}
    assert all(line["span"]["parent"] is None for line in lines)


def test_what_was_not_put_or_taken_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), taken_followed([Arrived(record("AAPL", 0), 1)]):
        raise RuntimeError
    assert capsys.readouterr().err == ""
