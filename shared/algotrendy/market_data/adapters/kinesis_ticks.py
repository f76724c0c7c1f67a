"""Put records into a Kinesis stream; a symbol's records share a shard, and so keep their order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data.adapters.followed_ticks import put_followed
from algotrendy.market_data.streaming.messages import Record, encode
from algotrendy.platform import aws

SERVICE = "kinesis"
# Of PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html.
MOST_RECORDS = 500
MOST_BYTES = 4_500_000

_Entry = dict[str, Any]


class KinesisTicks:
    """Is a ``Sink``: PutRecords, whose failures are told record by record.

    Args:
        stream: Name of the stream.
        client: boto3's; made from the settings by default.
    """

    def __init__(self, stream: str, client: Any = None) -> None:
        self._stream = stream
        self._given = client

    async def put(self, records: Sequence[Record]) -> Sequence[bool]:
        """Put records, as ``Sink.put`` says; of one symbol there is at most one."""
        entries = [{"Data": encode(r), "PartitionKey": r.symbol} for r in records]
        with put_followed(records):
            return await self._put_all(entries)

    async def _put_all(self, entries: Sequence[_Entry]) -> list[bool]:
        taken: list[bool] = []
        for part in _parts(entries):
            try:
                taken += await asyncio.to_thread(self._put, part)
            except Unavailable:
                if not any(taken):
                    raise
                # What was taken is told; the rest comes again, and is refused then with a reason.
                taken += [False] * (len(entries) - len(taken))
                break
        return taken

    def _put(self, entries: list[_Entry]) -> list[bool]:
        with aws.translated(SERVICE):
            client = self._given or aws.client(SERVICE)
            answer = client.put_records(StreamName=self._stream, Records=entries)
        return ["ErrorCode" not in result for result in answer["Records"]]


def _parts(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    part: list[_Entry] = []
    size = 0
    for entry in entries:
        length = len(entry["Data"]) + len(entry["PartitionKey"])
        if part and (len(part) == MOST_RECORDS or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(entry)
        size += length
    if part:
        yield part
