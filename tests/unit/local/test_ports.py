import os
import socket
import subprocess
import sys

import pytest

from algotrendy.kernel.errors import Unavailable
from algotrendy.local.ports import check_port

LISTEN = (
    "import socket, time; s = socket.create_server(('127.0.0.1', 0)); "
    "print(s.getsockname()[1], flush=True); time.sleep(60)"
)


def check(port: int) -> None:
    check_port("emulator", port, "--emulator-port", "ALGOTRENDY_EMULATOR_PORT")


def test_a_free_port_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    check(port)


def test_a_taken_port_names_port_holder_and_the_way_out() -> None:
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        try:
            with pytest.raises(Unavailable) as caught:
                check(port)
        finally:
            holder.kill()
    message = str(caught.value)
    assert f"port {port} on 127.0.0.1 is taken" in message
    assert f"process {holder.pid} (" in message
    assert "--emulator-port or ALGOTRENDY_EMULATOR_PORT" in message


def test_a_port_taken_on_every_address_is_taken_on_loopback_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(Unavailable):
        check(server.getsockname()[1])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every port")
def test_a_port_that_may_not_be_opened_says_so() -> None:
    with pytest.raises(Unavailable, match=r"port 1 on 127.0.0.1 cannot be opened"):
        check(1)
