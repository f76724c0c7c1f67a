"""Hand batches of the stream of ticks to the consumer, and put away what can never be taken."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, Protocol

from algotrendy.kernel.errors import AlgoTrendyError, Invalid, Unavailable
from algotrendy.market_data.adapters.followed_ticks import taken_followed
from algotrendy.market_data.streaming.consuming import Arrived, Consumer, Outcome
from algotrendy.market_data.streaming.messages import decode
from algotrendy.platform import aws
from algotrendy.platform.metrics import count
from algotrendy.platform.records import StreamRecord
from algotrendy.platform.telemetry import logger

_LONGEST_REASON = 1_000


class Poisoned(Protocol):
    """Where records go that can never be taken, for a person to look at."""

    def put(self, record: StreamRecord, error: Exception) -> None:
        """Put one away.

        Raises:
            Unavailable: If it is not put away, so that it must come again.
        """
        ...


class PoisonQueue:
    """An SQS queue with an alarm on it; Lambda puts there what it gives up, too.

    Args:
        client: A boto3 client of SQS; by default the one of this process.
    """

    def __init__(self, queue_url: str, client: Any = None) -> None:
        self._queue_url = queue_url
        self._given = client

    def put(self, record: StreamRecord, error: Exception) -> None:
        """Send the record as it came, with why it cannot be taken."""
        client = self._given if self._given is not None else aws.client("sqs")
        body = {
            "stream": record.stream,
            "sequence_number": record.number,
            "partition_key": record.key,
            "reason": str(error)[:_LONGEST_REASON],
            "data": base64.b64encode(record.data).decode(),
        }
        text = json.dumps(body)
        if len(text) > 200_000:
            # SQS takes 256 kB; the stream has the record for as long as it keeps it.
            text = json.dumps(body | {"data": None})
        with aws.translated("queue of poisoned ticks"):
            client.send_message(QueueUrl=self._queue_url, MessageBody=text)


class NoQueue:
    """Nowhere, so that Lambda itself gives such records up after its retries."""

    def put(self, record: StreamRecord, error: Exception) -> None:
        """Refuse."""
        reason = f"no queue for record {record.number}, which cannot be taken: {error}"
        raise Unavailable("queue of poisoned ticks", reason)


def take_batch(
    consumer: Consumer, poisoned: Poisoned, records: Sequence[StreamRecord]
) -> int | None:
    """Take a batch of one shard; gives the place of the first record that must come again."""
    batch: list[Arrived] = []
    places: list[int] = []
    faults: dict[int, Exception] = {}
    for at, record in enumerate(records):
        try:
            batch.append(Arrived(decode(record.data), record.arrived))
            places.append(at)
        except Invalid as error:
            faults[at] = error
    outcome = Outcome()
    try:
        if batch:
            with taken_followed(batch):
                outcome = consumer.take(batch)
    except AlgoTrendyError as error:
        logger.error("ticks wait: %s", error.message, records=len(records))
        count("TickBatchesDelayed")
        return 0
    faults |= {places[at]: error for at, error in outcome.poisoned.items()}
    _measure(outcome, len(faults))
    for at in sorted(faults):
        record = records[at]
        logger.error("a record cannot be taken: %s", faults[at], sequence_number=record.number)
        try:
            poisoned.put(record, faults[at])
        except Unavailable as error:
            logger.error("%s", error.message)
            return at
    return None


def _measure(outcome: Outcome, poisoned: int) -> None:
    for key, error in outcome.stuck.items():
        logger.error("bars cannot go on: %s", error.message, symbol=key.symbol, style=key.style)
    counts = {
        "TicksStored": outcome.stored,
        "TicksRepeated": outcome.repeated,
        "TicksQuarantined": outcome.quarantined,
        "TickFixes": outcome.fixes,
        "StreamHoles": outcome.lacking,
        "StreamSilences": outcome.silences,
        "TickRecordsMissing": outcome.holes,
        "TickRecordsPoisoned": poisoned,
        "BarsClosed": outcome.bars,
        "BarsStuck": len(outcome.stuck),
    }
    for name, many in counts.items():
        count(name, many)
