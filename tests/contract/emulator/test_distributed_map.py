"""A Distributed Map over a JSON file in S3, as the sweep uses it."""

import json
from typing import Any

import pytest

from fakes.aws_emulator import Emulator

pytestmark = pytest.mark.platform

SHARD = """
    import json, os, pathlib, threading, time

    class ShardFailed(Exception):
        pass

    def handler(event, context):
        folder = pathlib.Path(event["folder"])
        with open(folder / f"{event['shard']}.txt", "a") as out:
            out.write(f"{time.time()} ")
        time.sleep(0.1)
        with open(folder / f"{event['shard']}.txt", "a") as out:
            out.write(f"{time.time()}\\n")
        calls = (folder / f"{event['shard']}.txt").read_text().count("\\n")
        if event["shard"] in event["fails"] and calls <= event["fails"][event["shard"]]:
            raise ShardFailed(event["shard"])
        return {"shard": event["shard"], "key": event["key"]}
"""


def _machine(emulator: Emulator) -> dict[str, Any]:
    function = emulator.function(SHARD)
    run = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "ResultSelector": {"shard.$": "$.Payload.shard", "key.$": "$.Payload.key"},
        "Retry": [{"ErrorEquals": ["ShardFailed"], "IntervalSeconds": 0, "MaxAttempts": 2}],
        "End": True,
    }
    shards = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "sweeps", "Key.$": "States.Format('{}/shards.json', $.sweep)"},
        },
        "ItemSelector": {
            "shard.$": "$$.Map.Item.Value.shard",
            "folder.$": "$.folder",
            "fails.$": "$.fails",
            "key.$": "States.Format('{}/{}', $.sweep, $$.Map.Item.Value.shard)",
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Run",
            "States": {"Run": run},
        },
        "MaxConcurrency": 2,
        "ToleratedFailurePercentage": 0,
        "ResultPath": "$.results",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Record"}],
        "End": True,
    }
    return {"StartAt": "Shards", "States": {"Shards": shards, "Record": {"Type": "Succeed"}}}


@pytest.fixture
def sweep(emulator: Emulator) -> str:
    store = emulator.client("s3")
    store.create_bucket(Bucket="sweeps")
    name = emulator.name("sweep")
    shards = [{"shard": f"s{number}"} for number in range(5)]
    store.put_object(Bucket="sweeps", Key=f"{name}/shards.json", Body=json.dumps(shards))
    return name


def test_every_item_of_the_file_is_run_once_with_at_most_the_concurrency_asked_for(
    emulator: Emulator, sweep: str, tmp_path: Any
) -> None:
    ended = emulator.execute(
        _machine(emulator), {"sweep": sweep, "folder": str(tmp_path), "fails": {}}
    )

    results = json.loads(ended["output"])["results"]
    spans = sorted(
        tuple(map(float, line.split()))
        for file in tmp_path.glob("*.txt")
        for line in file.read_text().splitlines()
    )
    at_once = [sum(a <= start < b for a, b in spans) for start, _ in spans]
    assert results == [{"shard": f"s{n}", "key": f"{sweep}/s{n}"} for n in range(5)]
    assert len(spans) == 5
    assert max(at_once) <= 2


def test_a_failed_item_is_tried_again_alone(emulator: Emulator, sweep: str, tmp_path: Any) -> None:
    ended = emulator.execute(
        _machine(emulator), {"sweep": sweep, "folder": str(tmp_path), "fails": {"s3": 2}}
    )

    calls = {file.stem: file.read_text().count("\n") for file in tmp_path.glob("*.txt")}
    assert len(json.loads(ended["output"])["results"]) == 5
    assert calls == {"s0": 1, "s1": 1, "s2": 1, "s3": 3, "s4": 1}


def test_an_item_that_keeps_failing_is_caught_by_the_map(
    emulator: Emulator, sweep: str, tmp_path: Any
) -> None:
    ended = emulator.execute(
        _machine(emulator), {"sweep": sweep, "folder": str(tmp_path), "fails": {"s3": 9}}
    )

    output = json.loads(ended["output"])
    assert ended["status"] == "SUCCEEDED"
    assert output["error"]["Error"] == "States.ExceedToleratedFailureThreshold"


def test_a_missing_file_is_caught_by_the_map(emulator: Emulator, tmp_path: Any) -> None:
    emulator.client("s3").create_bucket(Bucket="sweeps")

    ended = emulator.execute(
        _machine(emulator), {"sweep": "none", "folder": str(tmp_path), "fails": {}}
    )

    assert json.loads(ended["output"])["error"]["Error"] == "States.ItemReaderFailed"
