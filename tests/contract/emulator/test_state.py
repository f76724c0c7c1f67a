"""What outlives an emulator that is stopped or killed."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from fakes.aws_emulator import Emulator, eventually, zipped

pytestmark = pytest.mark.platform


def _parameters(emulator: Emulator) -> list[str]:
    found = emulator.client("ssm").describe_parameters()["Parameters"]
    return [one["Name"] for one in found]


def _put(emulator: Emulator, name: str) -> None:
    emulator.client("ssm").put_parameter(Name=name, Value="1", Type="String")


def _saved(emulator: Emulator, service: str, text: str) -> bool:
    file = emulator.state_dir / "services" / f"{service}.json"
    return file.exists() and text in file.read_text()


def _wait_for_a_snapshot(emulator: Emulator) -> None:
    """Wait for the snapshot that holds everything done before; stock takes none."""
    name = emulator.name("/snapshot")
    _put(emulator, name)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not _saved(emulator, "ssm", name):
        time.sleep(0.05)


def test_state_outlives_a_kill(own_emulator: Emulator) -> None:
    _put(own_emulator, "/kept")
    _wait_for_a_snapshot(own_emulator)

    own_emulator.kill()
    own_emulator.start()

    assert "/kept" in _parameters(own_emulator)


def test_a_clean_stop_keeps_what_no_snapshot_had_yet(own_emulator: Emulator) -> None:
    _put(own_emulator, "/last")

    own_emulator.stop()
    own_emulator.start()

    assert "/last" in _parameters(own_emulator)


def test_a_function_with_its_layer_works_after_a_kill_and_lambda_json_stays_small(
    own_emulator: Emulator,
) -> None:
    padding = "x" * 300_000
    layer = own_emulator.client("lambda").publish_layer_version(
        LayerName="layer",
        Content={"ZipFile": zipped({"python/answer.py": "ANSWER = 42\n", "padding": padding})},
    )["LayerVersionArn"]
    function = own_emulator.function(
        "import answer\ndef handler(event, context): return answer.ANSWER\n", Layers=[layer]
    )
    _wait_for_a_snapshot(own_emulator)

    own_emulator.kill()
    own_emulator.start()

    assert own_emulator.invoke(function) == 42
    assert (own_emulator.state_dir / "services" / "lambda.json").stat().st_size < 100_000


def test_objects_outlive_a_kill_at_once(own_emulator: Emulator) -> None:
    store = own_emulator.client("s3")
    store.create_bucket(Bucket="lake")
    store.put_object(Bucket="lake", Key="a/b=1/c.json", Body=b"{}")

    own_emulator.kill()
    own_emulator.start()

    assert store.get_object(Bucket="lake", Key="a/b=1/c.json")["Body"].read() == b"{}"


def test_an_execution_that_ran_when_the_emulator_died_has_failed_after_the_restart(
    own_emulator: Emulator,
) -> None:
    states = own_emulator.client("stepfunctions")
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    machine = states.create_state_machine(
        name="waits",
        definition=json.dumps({"StartAt": "Wait", "States": {"Wait": wait}}),
        roleArn="arn:aws:iam::000000000000:role/test",
    )["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, name="lost")["executionArn"]
    _wait_for_a_snapshot(own_emulator)

    own_emulator.kill()
    own_emulator.start()

    lost = states.describe_execution(executionArn=arn)
    assert (lost["status"], lost["error"]) == ("FAILED", "States.ServiceRestart")


def test_a_clean_stop_does_not_wait_for_work_that_runs(own_emulator: Emulator) -> None:
    function = own_emulator.function(
        """
        import pathlib, time

        def handler(event, context):
            pathlib.Path(event).touch()
            time.sleep(20)
        """,
        Timeout=30,
    )
    mark = own_emulator.state_dir / "running"
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    task: dict[str, Any] = {"Type": "Task", "Resource": arn, "End": True}
    each = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Call", "States": {"Call": task}},
        "MaxConcurrency": 1,
        "End": True,
    }
    states = own_emulator.client("stepfunctions")
    machine = states.create_state_machine(
        name="long",
        definition=json.dumps({"StartAt": "Each", "States": {"Each": each}}),
        roleArn="arn:aws:iam::000000000000:role/test",
    )["stateMachineArn"]
    states.start_execution(stateMachineArn=machine, input=json.dumps([str(mark)] * 3))
    eventually(mark.exists)

    assert own_emulator.stop() < 10


def test_nothing_is_left_of_a_killed_emulator_s_workers(own_emulator: Emulator) -> None:
    own_emulator.invoke(own_emulator.function("def handler(event, context): ...\n"))
    scratch = Path(own_emulator.state_dir) / "tmp"
    assert list(scratch.glob("ministack-lambda-*"))

    own_emulator.kill()
    own_emulator.start()

    assert not list(scratch.glob("ministack-lambda-*"))
