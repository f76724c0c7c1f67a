"""A running AWS emulator for tests: real processes, loopback only, a state folder of its own."""

import io
import json
import os
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from algotrendy.local import emulator as local_emulator

REPOSITORY = Path(__file__).parents[2]
PYTHON = REPOSITORY / ".venv-emulator" / "bin" / "python"
# For showing that a test fails without our fixes: EMULATOR_STOCK=1 pytest tests/contract/emulator
STOCK = os.environ.get("EMULATOR_STOCK") == "1"
ROLE = "arn:aws:iam::000000000000:role/test"

T = TypeVar("T")


def eventually(probe: Callable[[], T | None], timeout_s: float = 10.0) -> T:
    """Ask until the answer is neither None nor empty nor False, and give it."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"nothing after {timeout_s} s: {answer!r}"
        time.sleep(0.05)


def free_port() -> int:
    """Find a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def zipped(files: dict[str, str]) -> bytes:
    """Pack files into a Lambda package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, dedent(text))
    return buffer.getvalue()


class Emulator:
    """One emulator process; `kill` and `start` it as often as a test wants."""

    def __init__(
        self, state_dir: Path, variables: dict[str, str] | None = None, **options: Any
    ) -> None:
        self.port = free_port()
        self.state_dir = state_dir
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = local_emulator.environment(self.port, state_dir, **options)
        self._environment |= variables or {}
        self._names = 0
        self.client = cache(self._client)

    def start(self) -> None:
        command = [str(PYTHON), "-m", "ministack"] if STOCK else local_emulator.command(PYTHON)
        with (self.state_dir / "emulator.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        eventually(self._answers, timeout_s=30)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.state_dir / "emulator.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> float:
        """Stop cleanly and tell how many seconds that took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return time.monotonic() - started

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=local_emulator.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def name(self, kind: str) -> str:
        """Make a name that no other test has."""
        self._names += 1
        return f"{kind}-{self._names}"

    def function(self, source: str, **settings: Any) -> str:
        """Deploy a handler and give its name."""
        name: str = settings.pop("FunctionName", None) or self.name("function")
        settings = {"Timeout": 10, "Runtime": "python3.13", "Role": ROLE} | settings
        self.client("lambda").create_function(
            FunctionName=name,
            Handler="app.handler",
            Code={"ZipFile": zipped({"app.py": source})},
            **settings,
        )
        return name

    def invoke(self, function: str, event: object = None) -> Any:
        """Call a function and give what it returned, or the error that it reports."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(answer["Payload"])

    def log(self, function: str) -> list[str]:
        """Give every line that a function has logged."""
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")
        return [event["message"] for event in events["events"]]

    def execute(self, definition: dict[str, Any], payload: object = None) -> dict[str, Any]:
        """Run a state machine to its end and describe the execution."""
        states = self.client("stepfunctions")
        machine = states.create_state_machine(
            name=self.name("machine"), definition=json.dumps(definition), roleArn=ROLE
        )
        execution = states.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(payload or {})
        )
        return eventually(lambda: self._ended(execution["executionArn"]), timeout_s=20)

    def _ended(self, execution_arn: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self.client("stepfunctions").describe_execution(
            executionArn=execution_arn
        )
        return found if found["status"] != "RUNNING" else None

    def deploy(self, resources: dict[str, Any], stack: str | None = None) -> dict[str, str]:
        """Create or update a CloudFormation stack and give the physical ids."""
        formation = self.client("cloudformation")
        template = json.dumps({"Resources": resources})
        stack = stack or self.name("stack")
        formation.create_stack(StackName=stack, TemplateBody=template)
        formation.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
        )
        found = formation.describe_stack_resources(StackName=stack)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


@contextmanager
def running(state_dir: Path, **options: Any) -> Iterator[Emulator]:
    """Run an emulator for the length of a block; no process of it is left after."""
    emulator = Emulator(state_dir, **options)
    try:
        emulator.start()
        yield emulator
    finally:
        if emulator.process.poll() is None:
            emulator.kill()
