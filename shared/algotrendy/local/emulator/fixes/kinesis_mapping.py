"""Treat the failures of a Kinesis event source mapping as the mapping says.

Stock: ignores ReportBatchItemFailures, so records after a failed one are lost; ignores
BisectBatchOnFunctionError, MaximumRetryAttempts, MaximumRecordAgeInSeconds and the on-failure
destination, so one poisoned record blocks its shard for ever.

AWS: goes on at the lowest failed sequence number; splits a failed batch in halves without counting
that as an attempt; after the last attempt, or when a record is too old, describes the batch to the
destination (SQS or SNS) and goes on behind it.

Fix: the poller asks this module which records to send next and what the answer means. The counts
are lost in a restart: a batch may be tried more often, never less.
"""

import itertools
import json
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import lambda_svc, sns, sqs

from . import source_text

_log = logging.getLogger("kinesis_mapping")

_ASK_AFTER = """\
                raw_records, result = _settle_kinesis_batch(
                    esm, func_rec, shard_id, raw_records, _execute_function(func_rec, event)
                )
"""

Record = dict[str, Any]
Result = dict[str, Any]


@dataclass
class _Shard:
    """How far one mapping has split and retried one shard."""

    # Where batches that failed end, by their last sequence number; the next one to try is last.
    ends: list[str] = field(default_factory=list)
    first: str = ""
    attempts: int = 0

    def count(self, first: str) -> int:
        self.attempts = self.attempts + 1 if first == self.first else 1
        self.first = first
        return self.attempts


_shards: dict[tuple[str, str], _Shard] = {}


def _shard(mapping: dict[str, Any], shard_id: str) -> _Shard:
    return _shards.setdefault((mapping["UUID"], shard_id), _Shard())


def next_batch(
    mapping: dict[str, Any], shard_id: str, records: list[Record], position: int, size: int
) -> list[Record]:
    """Give the records to send: of a batch that failed, no more than it had."""
    batch = records[position : position + size]
    ends = _shard(mapping, shard_id).ends
    while batch and ends and int(ends[-1]) < int(batch[0]["SequenceNumber"]):
        ends.pop()
    if not ends:
        return batch
    end = int(ends[-1])
    return list(itertools.takewhile(lambda one: int(one["SequenceNumber"]) <= end, batch))


def settle(
    mapping: dict[str, Any],
    function: dict[str, Any],
    shard_id: str,
    batch: list[Record],
    result: Result,
) -> tuple[list[Record], Result]:
    """Decide what an answer means.

    Returns:
        The records that are done with, and the result; an error repeats the batch.
    """
    if result.get("throttle"):
        return batch, result
    done = 0 if result.get("error") else _succeeded(mapping, batch, result)
    if done == len(batch):
        return batch, result
    shard, rest = _shard(mapping, shard_id), batch[done:]
    attempts = shard.count(rest[0]["SequenceNumber"])
    # What is tried again is these records, without those that have come since.
    shard.ends.append(rest[-1]["SequenceNumber"])
    condition = _given_up(mapping, rest, attempts)
    if mapping.get("BisectBatchOnFunctionError") and len(rest) > 1 and not done:
        shard.attempts = 0
        shard.ends.append(rest[len(rest) // 2 - 1]["SequenceNumber"])
    elif condition:
        _describe(mapping, function, shard_id, rest, attempts, condition)
        return batch, {"body": None, "log": result.get("log", "")}
    if done:
        return batch[:done], result
    return batch, result | {"error": True}


def _succeeded(mapping: dict[str, Any], batch: list[Record], result: Result) -> int:
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return len(batch)
    body = result.get("body")
    failures = (body.get("batchItemFailures") or []) if isinstance(body, dict) else []
    failed = {one.get("itemIdentifier") for one in failures}
    positions = [i for i, one in enumerate(batch) if one["SequenceNumber"] in failed]
    # An identifier that is not of this batch makes the whole batch fail.
    return min(positions, default=0) if failed else len(batch)


def _given_up(mapping: dict[str, Any], batch: list[Record], attempts: int) -> str:
    retries, age_s = mapping.get("MaximumRetryAttempts"), mapping.get("MaximumRecordAgeInSeconds")
    if retries is not None and 0 <= int(retries) < attempts:
        return "RetryAttemptsExhausted"
    oldest = float(batch[0]["ApproximateArrivalTimestamp"])
    if age_s is not None and 0 <= int(age_s) < time.time() - oldest:
        return "RecordAgeExceeded"
    return ""


def _describe(
    mapping: dict[str, Any],
    function: dict[str, Any],
    shard_id: str,
    batch: list[Record],
    attempts: int,
    condition: str,
) -> None:
    on_failure = (mapping.get("DestinationConfig") or {}).get("OnFailure") or {}
    arrivals = [float(one["ApproximateArrivalTimestamp"]) for one in (batch[0], batch[-1])]
    first, last = (_instant(arrival) for arrival in arrivals)
    message = json.dumps(
        {
            "requestContext": {
                "requestId": new_uuid(),
                "functionArn": (function.get("config") or function)["FunctionArn"],
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": _instant(time.time()),
            "KinesisBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": batch[0]["SequenceNumber"],
                "endSequenceNumber": batch[-1]["SequenceNumber"],
                "approximateArrivalOfFirstRecord": first,
                "approximateArrivalOfLastRecord": last,
                "batchSize": len(batch),
                "streamArn": mapping["EventSourceArn"],
            },
        }
    )
    _send(on_failure.get("Destination", ""), message)


def _send(destination: str, message: str) -> None:
    if ":sns:" in destination:
        sns._fanout(destination, new_uuid(), message, "", "", {})
    elif sqs._queue_by_arn(destination):
        url = sqs._queue_url(destination.rsplit(":", 1)[1])
        sqs._act_send_message({"MessageBody": message}, url)
    elif destination:
        _log.warning("The on-failure destination %s does not exist: %s", destination, message)


def _instant(epoch_s: float) -> str:
    moment = datetime.fromtimestamp(epoch_s, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def apply() -> None:
    """Let the poller ask before it sends a batch and after the answer."""
    lambda_svc._next_kinesis_batch = next_batch
    lambda_svc._settle_kinesis_batch = settle
    source_text.recompile(
        lambda_svc._poll_kinesis,
        (
            'shard["records"][pos:pos + batch_size]',
            '_next_kinesis_batch(esm, shard_id, shard["records"], pos, batch_size)',
        ),
        (
            "                result = _execute_function(func_rec, event)\n",
            _ASK_AFTER,
        ),
    )
