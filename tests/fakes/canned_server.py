"""A server on this machine that answers what it was told to, and remembers what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Canned:
    """One answer.

    Attributes:
        body: JSON, or bytes to be sent as they are.
        breaks: End the connection instead.
        delay_s: Wait so long first.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks: bool = False
    delay_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request; its body is read as JSON, and that of a form is left as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class CannedServer:
    """Gives its answers in their order; one too few is a 599."""

    def __init__(self, answers: tuple[Canned, ...]) -> None:
        self.answers = deque(answers)
        self.asked: list[Asked] = []
        self.ending = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """Give method and path of each request."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextmanager
def canned(*answers: Canned) -> Iterator[CannedServer]:
    """Serve the answers on a free port."""
    script = CannedServer(answers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    server.daemon_threads = True
    script.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """Give a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _handler(script: CannedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            is_form = "form" in (self.headers.get("Content-Type") or "")
            body = sent if is_form else json.loads(sent) if sent else None
            script.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            answer = script.answers.popleft() if script.answers else Canned(599)
            if answer.delay_s:
                script.ending.wait(answer.delay_s)
            if answer.breaks:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            data = answer.body
            if not isinstance(data, bytes):
                data = b"" if data is None else json.dumps(data).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    return Handler
