"""Events and messages: rules, queues, schedules, dead letters."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from fakes.aws_emulator import ROLE, Emulator, eventually

pytestmark = pytest.mark.platform

RECORDS = """
    import json

    def handler(event, context):
        failures = []
        for record in event["Records"]:
            with open("PATH", "a") as out:
                out.write(json.dumps(record) + "\\n")
            if "poison" in record["body"]:
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}
"""


def _rule_to_function(path: Path) -> dict[str, Any]:
    source = RECORDS.replace("PATH", str(path)).replace("\n    ", "\n")
    pattern = {"source": ["algotrendy"], "detail-type": ["SweepRequested"]}
    resources: dict[str, tuple[str, dict[str, Any]]] = {
        "Bus": ("Events::EventBus", {"Name": "algotrendy"}),
        "Dead": ("SQS::Queue", {}),
        "Queue": (
            "SQS::Queue",
            {
                "VisibilityTimeout": 2,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                    "maxReceiveCount": 2,
                },
            },
        ),
        "Rule": (
            "Events::Rule",
            {
                "EventBusName": {"Ref": "Bus"},
                "EventPattern": pattern,
                "Targets": [{"Id": "queue", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            },
        ),
        "Function": (
            "Lambda::Function",
            {
                "Code": {"ZipFile": source},
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": ROLE,
                "Timeout": 1,
            },
        ),
        "Mapping": (
            "Lambda::EventSourceMapping",
            {
                "FunctionName": {"Ref": "Function"},
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        ),
    }
    return {
        name: {"Type": f"AWS::{kind}", "Properties": properties}
        for name, (kind, properties) in resources.items()
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_matching_event_reaches_the_function_and_a_poisoned_one_the_dead_letters(
    emulator: Emulator, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.jsonl"
    ids = emulator.deploy(_rule_to_function(seen))

    emulator.client("events").put_events(
        Entries=[
            {
                "EventBusName": "algotrendy",
                "Source": "algotrendy",
                "DetailType": kind,
                "Detail": json.dumps({"sweep": sweep}),
                "TraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
            }
            for kind, sweep in [
                ("SweepRequested", "good"),
                ("SweepRequested", "poison"),
                ("SweepFailed", "not for us"),
            ]
        ]
    )

    queues = emulator.client("sqs")
    (dead,) = eventually(
        lambda: queues.receive_message(QueueUrl=ids["Dead"], WaitTimeSeconds=1).get("Messages")
    )
    sweeps = [json.loads(record["body"])["detail"]["sweep"] for record in _lines(seen)]
    assert json.loads(dead["Body"])["detail"]["sweep"] == "poison"
    assert set(sweeps) == {"good", "poison"}
    assert sweeps.count("poison") == 2


def test_message_attributes_and_the_trace_header_reach_the_function(
    emulator: Emulator, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.jsonl"
    queues = emulator.client("sqs")
    queue = queues.create_queue(QueueName=emulator.name("queue"))["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    emulator.client("lambda").create_event_source_mapping(
        FunctionName=emulator.function(RECORDS.replace("PATH", str(seen))),
        EventSourceArn=attributes["Attributes"]["QueueArn"],
    )
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    queues.send_message(
        QueueUrl=queue,
        MessageBody="hello",
        MessageAttributes={"x-correlation-id": {"DataType": "String", "StringValue": "c-1"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}},
    )

    (record,) = eventually(lambda: _lines(seen))
    assert record["messageAttributes"]["x-correlation-id"]["stringValue"] == "c-1"
    assert record["attributes"]["AWSTraceHeader"] == trace


def test_a_presigned_url_gives_the_object_without_credentials(emulator: Emulator) -> None:
    store = emulator.client("s3")
    store.create_bucket(Bucket="reports")
    store.put_object(Bucket="reports", Key="a report.html", Body=b"<p>", ContentType="text/html")
    url = store.generate_presigned_url(
        "get_object", Params={"Bucket": "reports", "Key": "a report.html"}, ExpiresIn=60
    )

    with urllib.request.urlopen(url, timeout=10) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"<p>", "text/html")
