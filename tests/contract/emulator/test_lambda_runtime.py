"""What a Lambda function sees of its runtime, and what its log shows."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from fakes.aws_emulator import Emulator, eventually, zipped

pytestmark = pytest.mark.platform


def _fastest_ms(call: Callable[[], object], times: int = 10) -> float:
    def once() -> float:
        started = time.perf_counter()
        call()
        return (time.perf_counter() - started) * 1000

    return min(once() for _ in range(times))


def test_root_logger_lines_reach_the_log_with_level_time_and_request_id(
    emulator: Emulator,
) -> None:
    function = emulator.function("""
        import logging

        logging.getLogger().setLevel(logging.INFO)

        def handler(event, context):
            logging.info("bars imported")
            return context.aws_request_id
    """)
    request_id = emulator.invoke(function)

    line = next(line for line in emulator.log(function) if "bars imported" in line)

    level, moment, logged_id, message = line.split("\t")
    assert (level, logged_id, message) == ("[INFO]", request_id, "bars imported")
    assert moment.endswith("Z")


def test_a_library_s_debug_lines_stay_out_of_the_log_until_asked_for(emulator: Emulator) -> None:
    function = emulator.function("""
        import logging

        def handler(event, context):
            logging.getLogger("library").info("not asked for")
            logging.getLogger("library").warning("worth knowing")
    """)
    emulator.invoke(function)

    log = "\n".join(emulator.log(function))

    assert "worth knowing" in log
    assert "not asked for" not in log


def test_a_quiet_function_answers_in_less_than_the_wait_for_its_log(emulator: Emulator) -> None:
    function = emulator.function("def handler(event, context): return 1\n")
    emulator.invoke(function)

    assert _fastest_ms(lambda: emulator.invoke(function)) < 40


def test_a_line_after_a_pause_and_an_unfinished_line_stay_with_their_call(
    emulator: Emulator,
) -> None:
    function = emulator.function("""
        import sys, time

        def handler(event, context):
            print(f"first of {event}")
            time.sleep(0.02)
            sys.stdout.write(f"last of {event}")
    """)

    for call in range(5):
        emulator.invoke(function, call)

    lines = [line for line in emulator.log(function) if " of " in line]
    assert lines == [f"{part} of {call}" for call in range(5) for part in ("first", "last")]


def test_an_execution_starts_at_once(emulator: Emulator) -> None:
    machine = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}

    def took_ms() -> float:
        ended = emulator.execute(machine)
        length: float = (ended["stopDate"] - ended["startDate"]).total_seconds() * 1000
        return length

    assert min(took_ms() for _ in range(5)) < 100


def test_a_throttled_task_fails_with_the_name_that_machines_retry_on(emulator: Emulator) -> None:
    function = emulator.function("def handler(event, context): return 1\n")
    emulator.client("lambda").put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=0
    )
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    call = {"Type": "Task", "Resource": arn, "End": True}

    ended = emulator.execute({"StartAt": "Call", "States": {"Call": call}})

    assert ended["error"] == "Lambda.TooManyRequestsException"


def test_a_call_over_its_timeout_is_ended_and_the_next_one_is_served(emulator: Emulator) -> None:
    function = emulator.function(
        """
        import time

        def handler(event, context):
            time.sleep(event)
            return context.get_remaining_time_in_millis()
        """,
        Timeout=1,
    )

    error = emulator.invoke(function, 30)

    assert error["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in error["errorMessage"]
    assert 0 < emulator.invoke(function, 0) <= 1000


def test_a_function_reaches_the_emulator_and_sees_nothing_of_the_shell(
    emulator: Emulator,
) -> None:
    function = emulator.function(
        """
        import os, boto3

        def handler(event, context):
            boto3.client("s3").create_bucket(Bucket="made-by-a-function")
            return dict(os.environ)
        """,
        Environment={"Variables": {"ALGOTRENDY_STAGE": "local"}},
    )

    seen = emulator.invoke(function)

    buckets = [bucket["Name"] for bucket in emulator.client("s3").list_buckets()["Buckets"]]
    assert "made-by-a-function" in buckets
    assert seen["AWS_ENDPOINT_URL"] == emulator.url
    assert seen["ALGOTRENDY_STAGE"] == "local"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert "PYTEST_CURRENT_TEST" not in seen
    assert seen["HOME"].startswith(str(emulator.state_dir))


def test_task_root_holds_the_code_and_a_later_layer_wins(emulator: Emulator) -> None:
    client = emulator.client("lambda")
    layers = [
        client.publish_layer_version(
            LayerName=emulator.name("layer"),
            Content={"ZipFile": zipped({"python/which.py": f"NAME = {name!r}\n"})},
        )["LayerVersionArn"]
        for name in ("first", "second")
    ]
    function = emulator.function(
        """
        import os, which

        def handler(event, context):
            return which.NAME, sorted(os.listdir(os.environ["LAMBDA_TASK_ROOT"]))
        """,
        Layers=layers,
    )

    name, files = emulator.invoke(function)

    assert name == "second"
    assert "app.py" in files


def test_layers_and_code_are_unpacked_once_for_all_workers(emulator: Emulator) -> None:
    layer = emulator.client("lambda").publish_layer_version(
        LayerName=emulator.name("layer"), Content={"ZipFile": zipped({"python/big.py": "X = 1\n"})}
    )["LayerVersionArn"]
    source = "import os, big\ndef handler(event, context): return os.stat(big.__file__).st_ino\n"

    inodes = {
        emulator.invoke(emulator.function(source, Layers=[layer])),
        emulator.invoke(emulator.function(source, Layers=[layer])),
    }

    assert len(inodes) == 1


def test_a_running_handler_dies_with_a_killed_emulator(own_emulator: Emulator) -> None:
    function = own_emulator.function(
        """
        import os, pathlib, time

        def handler(event, context):
            pathlib.Path(event).write_text(str(os.getpid()))
            for _ in range(20):
                time.sleep(1)
        """,
        Timeout=30,
    )
    mark = own_emulator.state_dir / "worker.pid"
    own_emulator.client("lambda").invoke(
        FunctionName=function, InvocationType="Event", Payload=f'"{mark}"'
    )
    eventually(lambda: mark.exists() and mark.read_text())
    worker = psutil.Process(int(mark.read_text()))

    own_emulator.kill()

    eventually(lambda: not _runs(worker), timeout_s=3)


def _runs(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def test_a_burst_of_calls_shares_a_worker_for_each_processor(emulator: Emulator) -> None:
    function = emulator.function("""
        import os
        import time

        def handler(event, context):
            time.sleep(0.2)
            return os.getpid()
    """)
    with ThreadPoolExecutor(6) as callers:
        workers = set(callers.map(lambda _: emulator.invoke(function), range(6)))

    assert len(workers) <= max(2, os.cpu_count() or 1)
