"""A real `algotrendy exchange` process, with a PostgreSQL of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from fixtures.exchange import KEY_ID, SECRET

HEADERS = {"APCA-API-KEY-ID": KEY_ID, "APCA-API-SECRET-KEY": SECRET}


class ExchangeProcess:
    """Starts, kills and starts again the exchange of one data folder.

    Args:
        home: Its data folder; under root the database's user must be able to enter it.
    """

    def __init__(self, home: Path, *options: str) -> None:
        self._home = home
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=HEADERS, timeout=30
        )

    def start(self, patience_s: float = 60) -> None:
        """Start it and wait until it takes requests."""
        command = [sys.executable, "-m", "algotrendy.cli.main", "exchange"]
        command += ["--port", str(self.port), *self._options]
        environment = {**os.environ, "ALGOTRENDY_HOME": str(self._home)}
        with (self._home / "exchange.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log()
            try:
                if self.client.get("/exchange/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the exchange did not start: {self.log()}")

    def kill(self) -> None:
        """End it with no time to say anything."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> int:
        """Ask it to end, and give its exit code."""
        self.client.close()
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def log(self) -> str:
        """Give what it wrote."""
        return (self._home / "exchange.log").read_text()
