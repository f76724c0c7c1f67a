"""What a Kinesis event source mapping does with a batch that fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.aws_emulator import Emulator, eventually

pytestmark = pytest.mark.platform

# Writes every record that it is done with to a file, and cannot take "poison".
CONSUMER = """
    import base64

    def handler(event, context):
        failures = []
        for record in event["Records"]:
            text = base64.b64decode(record["kinesis"]["data"]).decode()
            if text.startswith("poison"):
                if MODE == "raise":
                    raise ValueError(text)
                failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
                break
            with open("PATH", "a") as out:
                out.write(text + "\\n")
        return {"batchItemFailures": failures}
"""


class Consumer:
    """A stream, a function that reads it, and a queue for what the function cannot take."""

    def __init__(self, emulator: Emulator, folder: Path, mode: str, **mapping: Any) -> None:
        self._emulator = emulator
        self._done = folder / "done.txt"
        self.stream = emulator.name("stream")
        kinesis, queues = emulator.client("kinesis"), emulator.client("sqs")
        kinesis.create_stream(StreamName=self.stream, ShardCount=1)
        eventually(lambda: self._description()["StreamStatus"] == "ACTIVE")
        self.queue = queues.create_queue(QueueName=emulator.name("failures"))["QueueUrl"]
        queue_arn = queues.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        source = CONSUMER.replace("MODE", repr(mode)).replace("PATH", str(self._done))
        emulator.client("lambda").create_event_source_mapping(
            FunctionName=emulator.function(source),
            EventSourceArn=self._description()["StreamARN"],
            StartingPosition="TRIM_HORIZON",
            DestinationConfig={"OnFailure": {"Destination": queue_arn}},
            **mapping,
        )

    def _description(self) -> dict[str, Any]:
        described = self._emulator.client("kinesis").describe_stream(StreamName=self.stream)
        return dict(described["StreamDescription"])

    def put(self, *texts: str) -> list[str]:
        """Put records in one call and give their sequence numbers."""
        records = [{"Data": text.encode(), "PartitionKey": "one"} for text in texts]
        put = self._emulator.client("kinesis").put_records(StreamName=self.stream, Records=records)
        return [record["SequenceNumber"] for record in put["Records"]]

    def done(self) -> list[str]:
        return self._done.read_text().split() if self._done.exists() else []

    def failures(self) -> list[dict[str, Any]]:
        queues = self._emulator.client("sqs")
        received = queues.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_a_reported_record_is_tried_again_and_those_after_it_are_not_lost(
    emulator: Emulator, tmp_path: Path
) -> None:
    consumer = Consumer(
        emulator,
        tmp_path,
        "report",
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
        BatchSize=3,
    )
    numbers = consumer.put("one", "poison", "two", "three")

    eventually(lambda: "three" in consumer.done())

    (failure,) = eventually(consumer.failures)
    batch = failure["KinesisBatchInfo"]
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 2
    assert batch["startSequenceNumber"] == numbers[1]
    # The whole rest of the batch is given up, as AWS does without bisecting.
    assert consumer.done()[0] == "one"


def test_bisecting_gives_up_the_poisoned_record_alone(emulator: Emulator, tmp_path: Path) -> None:
    consumer = Consumer(
        emulator, tmp_path, "raise", BisectBatchOnFunctionError=True, MaximumRetryAttempts=0
    )
    numbers = consumer.put("poison", "one", "two", "three")

    eventually(lambda: "three" in consumer.done())

    (failure,) = eventually(consumer.failures)
    batch = failure["KinesisBatchInfo"]
    assert (batch["startSequenceNumber"], batch["batchSize"]) == (numbers[0], 1)
    assert consumer.done() == ["one", "two", "three"]


def test_a_failed_batch_is_given_up_after_its_retries_and_the_shard_goes_on(
    emulator: Emulator, tmp_path: Path
) -> None:
    consumer = Consumer(emulator, tmp_path, "raise", MaximumRetryAttempts=1, BatchSize=1)
    consumer.put("poison", "after")

    eventually(lambda: consumer.done() == ["after"])

    (failure,) = eventually(consumer.failures)
    assert failure["requestContext"]["approximateInvokeCount"] == 2
    assert failure["KinesisBatchInfo"]["streamArn"].endswith(consumer.stream)


def test_a_record_that_is_too_old_is_given_up(emulator: Emulator, tmp_path: Path) -> None:
    consumer = Consumer(
        emulator, tmp_path, "raise", MaximumRecordAgeInSeconds=1, MaximumRetryAttempts=-1
    )
    consumer.put("poison")

    (failure,) = eventually(consumer.failures)

    assert failure["requestContext"]["condition"] == "RecordAgeExceeded"
