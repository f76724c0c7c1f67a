"""Consume records of a Kinesis stream, a batch at a time: what failed comes again, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes import KinesisStreamEvent
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record of a stream.

    Attributes:
        number: Its sequence number, within its shard.
        key: Its partition key.
        arrived: When the stream took it, about; ns since 1970 UTC.
    """

    stream: str
    number: str
    key: str
    arrived: int
    data: bytes


def stream_batch(
    batch: dict[str, Any],
    context: Any,
    work: Callable[[Sequence[StreamRecord]], int | None],
) -> dict[str, Any]:
    """Hand a batch of one shard to ``work``, which gives the place of the first that failed.

    That one and all behind it come again, so ``work`` must bear with what it took already. None:
    all are taken.

    Returns:
        The record that Lambda goes on at, as it wants it: ``{"batchItemFailures": [...]}``.

    Raises:
        BatchProcessingError: If the first of the batch failed, so that Lambda counts an error.
    """
    failed = work([_record(record) for record in KinesisStreamEvent(batch).records])
    settled = 0

    def settle(record: KinesisStreamRecord) -> None:  # noqa: ARG001 - so named by Powertools
        nonlocal settled
        settled += 1
        if failed is not None and settled > failed:
            raise _ComesAgain

    answer = process_partial_response(
        event=batch,
        record_handler=settle,
        processor=BatchProcessor(event_type=EventType.KinesisDataStreams),
        context=context,
    )
    # The first is where Lambda goes on; the others come with it.
    return {"batchItemFailures": cast("list[Any]", answer["batchItemFailures"])[:1]}


class _ComesAgain(Exception):  # noqa: N818 - tells what happens to a record, and is no fault
    pass


def _record(record: KinesisStreamRecord) -> StreamRecord:
    told = record.kinesis
    return StreamRecord(
        stream=record.event_source_arn,
        number=told.sequence_number,
        key=told.partition_key,
        # A float of seconds: exact to well below a millisecond.
        arrived=int(told.approximate_arrival_timestamp * 1_000) * (_NS // 1_000),
        data=told.data_as_bytes(),
    )
