"""Ticks as Lambda hands them over from Kinesis, and days of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from algotrendy.market_data.streaming.messages import Record, Trade, encode

SECOND = 1_000_000_000
NOON = 1_700_049_600 * SECOND


def trades(symbol: str, first: int, count: int, step_s: int = 20) -> tuple[Trade, ...]:
    """Make trades with ids from ``first`` on, ``step_s`` seconds apart, of prices near 100."""
    return tuple(
        Trade(symbol, time, 100.0 + at % 7, 1.0 + at % 3, "V", str(at), time + 5_000_000)
        for at in range(first, first + count)
        for time in (NOON + at * step_s * SECOND,)
    )


def record(symbol: str, number: int, told: Sequence[Trade] = (), clock: int = 0) -> bytes:
    """Write the record of a run of the paper feed."""
    return encode(Record("paper", "a-run", number, symbol, tuple(told), (), clock))


def kinesis_event(*data: bytes, first: int = 1) -> dict[str, Any]:
    """Make the event of a batch; sequence numbers count from ``first``."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "key",
                    "sequenceNumber": str(first + at),
                    "data": base64.b64encode(item).decode(),
                    "approximateArrivalTimestamp": NOON / SECOND + 1e6,
                },
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-000000000000:{first + at}",
                "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/ticks",
            }
            for at, item in enumerate(data)
        ]
    }
