"""What a caller, Step Functions and the log see of a handler that raises."""

import json
from typing import Any

import pytest

from fakes.aws_emulator import Emulator

pytestmark = pytest.mark.platform

RAISES = """
    import os

    class OutOfMoney(Exception):
        pass

    def afford(event):
        raise OutOfMoney("short of 12 USD")

    def handler(event, context):
        if event == "pid":
            return os.getpid()
        afford(event)
"""


def test_a_failed_handler_reports_the_class_message_and_stack_of_its_exception(
    emulator: Emulator,
) -> None:
    error = emulator.invoke(emulator.function(RAISES))

    assert error["errorType"] == "OutOfMoney"
    assert error["errorMessage"] == "short of 12 USD"
    assert [frame.split(", in ")[1].split("\n")[0] for frame in error["stackTrace"]] == [
        "handler",
        "afford",
    ]


def test_a_failed_handler_leaves_its_traceback_in_the_log(emulator: Emulator) -> None:
    function = emulator.function(RAISES)
    emulator.invoke(function)

    log = "\n".join(emulator.log(function))

    assert "[ERROR] OutOfMoney: short of 12 USD\nTraceback (most recent call last):" in log


def test_a_worker_that_raised_serves_the_next_call(emulator: Emulator) -> None:
    function = emulator.function(RAISES)
    before = emulator.invoke(function, "pid")

    emulator.invoke(function, "fail")

    assert emulator.invoke(function, "pid") == before


def _task(function: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{function}",
    }


def test_step_functions_retries_the_named_error_only(emulator: Emulator) -> None:
    function = emulator.function("""
        calls = []

        class Busy(Exception):
            pass

        def handler(event, context):
            calls.append(event)
            if len(calls) < 3:
                raise Busy("later")
            return len(calls)
    """)
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 0, "MaxAttempts": 3}]
    machine = {
        "StartAt": "Call",
        "States": {"Call": _task(function) | {"Retry": retry, "End": True}},
    }

    ended = emulator.execute(machine)

    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", "3")


def test_step_functions_catches_an_error_by_its_name_and_shows_its_cause(
    emulator: Emulator,
) -> None:
    invoke = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": emulator.function(RAISES), "Payload": {}},
        "Catch": [{"ErrorEquals": ["OutOfMoney"], "Next": "Compensate"}],
        "End": True,
    }
    machine = {"StartAt": "Call", "States": {"Call": invoke, "Compensate": {"Type": "Succeed"}}}

    ended = emulator.execute(machine)

    assert ended["status"] == "SUCCEEDED"
    caught = json.loads(ended["output"])
    assert caught["Error"] == "OutOfMoney"
    assert json.loads(caught["Cause"])["errorMessage"] == "short of 12 USD"


def test_a_worker_that_dies_in_mid_call_is_an_exit_error_that_can_be_retried(
    emulator: Emulator,
) -> None:
    function = emulator.function("""
        import os, pathlib, signal

        def handler(event, context):
            mark = pathlib.Path(event["mark"])
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return "second life"
    """)
    retry = [{"ErrorEquals": ["Runtime.ExitError"], "IntervalSeconds": 0, "MaxAttempts": 1}]
    machine = {
        "StartAt": "Call",
        "States": {"Call": _task(function) | {"Retry": retry, "End": True}},
    }

    ended = emulator.execute(machine, {"mark": str(emulator.state_dir / "killed-once")})

    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", '"second life"')


def test_a_handler_that_exits_is_an_exit_error(emulator: Emulator) -> None:
    function = emulator.function("import sys\ndef handler(event, context):\n    sys.exit(3)\n")

    assert emulator.invoke(function)["errorType"] == "Runtime.ExitError"


def test_a_missing_module_is_told_to_the_caller_and_in_the_log(emulator: Emulator) -> None:
    function = emulator.function("import not_in_the_layer\n")

    error = emulator.invoke(function)

    assert error["errorType"] == "Runtime.ImportModuleError"
    assert (
        error["errorMessage"] == "Unable to import module 'app': No module named 'not_in_the_layer'"
    )
    assert "No module named 'not_in_the_layer'" in "\n".join(emulator.log(function))


def test_an_exception_at_import_keeps_its_class_name(emulator: Emulator) -> None:
    error = emulator.invoke(emulator.function("limit = int('many')\n"))

    assert error["errorType"] == "ValueError"
    assert "app.py" in error["stackTrace"][-1]


def test_a_missing_handler_is_named(emulator: Emulator) -> None:
    error = emulator.invoke(emulator.function("def handle(event, context): ...\n"))

    assert error["errorType"] == "Runtime.HandlerNotFound"
    assert error["errorMessage"] == "Handler 'handler' missing on module 'app'"
