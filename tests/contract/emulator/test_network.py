"""Where the emulator listens, and which ministack it accepts."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from algotrendy.local import emulator as local_emulator
from fakes.aws_emulator import PYTHON, REPOSITORY, Emulator, eventually, free_port, running

pytestmark = pytest.mark.platform


def _listeners(process: psutil.Process) -> set[tuple[str, int]]:
    sockets = [socket for one in _family(process) for socket in one.net_connections("all")]
    return {
        (socket.laddr.ip, socket.laddr.port)
        for socket in sockets
        if socket.status == psutil.CONN_LISTEN and socket.laddr
    }


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def test_it_opens_the_one_port_on_loopback(own_emulator: Emulator) -> None:
    own_emulator.invoke(own_emulator.function("def handler(event, context): ...\n"))

    listeners = _listeners(psutil.Process(own_emulator.process.pid))

    assert listeners == {("127.0.0.1", own_emulator.port)}


def test_a_listener_that_would_take_every_address_is_on_loopback_too(tmp_path: Path) -> None:
    broker = free_port()
    switched_on = {"IOT_MTLS_ENABLED": "1", "IOT_MTLS_PORT": str(broker)}

    with running(tmp_path, variables=switched_on) as emulator:
        process = psutil.Process(emulator.process.pid)
        eventually(lambda: len(_listeners(process)) > 1)

        assert _listeners(process) == {("127.0.0.1", emulator.port), ("127.0.0.1", broker)}


def _metadata(folder: Path, version: str) -> None:
    package = folder / f"ministack-{version}.dist-info"
    package.mkdir()
    text = f"Metadata-Version: 2.1\nName: ministack\nVersion: {version}\n"
    (package / "METADATA").write_text(text)


@pytest.mark.parametrize("version", ["1.6.0", "none"])
def test_another_ministack_is_refused_with_what_to_do(tmp_path: Path, version: str) -> None:
    if version != "none":
        _metadata(tmp_path, version)

    refused = subprocess.run(
        local_emulator.command(Path(sys.executable)),
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert refused.returncode == 1
    assert "written for ministack 1.5.33" in refused.stderr
    assert f"holds {version}" in refused.stderr
    assert "uv sync" in refused.stderr


def test_a_ministack_whose_text_has_changed_is_refused(tmp_path: Path) -> None:
    program = """
from ministack.core import lambda_runtime
program = lambda_runtime._PYTHON_WORKER_SCRIPT
lambda_runtime._PYTHON_WORKER_SCRIPT = program.replace("handler_fn(event, context)", "call()")
from algotrendy.local.emulator import fixes
fixes.apply_all()
"""

    refused = subprocess.run(
        [str(PYTHON), "-c", program],
        env={"PYTHONPATH": str(REPOSITORY / "shared"), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert refused.returncode == 1
    assert "ChangedMinistackError: expected exactly one match, found 0" in refused.stderr
