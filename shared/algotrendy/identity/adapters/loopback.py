"""Wait on this machine for a browser that comes back from signing in."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from algotrendy.kernel.errors import Unauthenticated, Unavailable

PATH = "/callback"
# The ports whose callback the user pool knows: infra_cdk/capabilities/identity.py names them too.
PORTS = (47_651, 47_652, 47_653)
_LONGEST_QUERY = 4_096
_PAGE = (
    b"<!doctype html><meta charset=utf-8><title>AlgoTrendy</title>"
    b"<p>Signed in, or not: the terminal says which. You can close this page."
)


class Loopback:
    """Listens on 127.0.0.1 for one answer, on the first port of those that is free.

    Raises:
        Unavailable: If none is free.
    """

    def __init__(self, ports: tuple[int, ...] = PORTS) -> None:
        self._answer: dict[str, str] | None = None
        self._is_ours: Callable[[dict[str, str]], bool] = lambda _: False
        self._server = self._listening(ports)

    @property
    def redirect_uri(self) -> str:
        """Give the address that the browser is sent back to."""
        return f"http://localhost:{self._server.server_port}{PATH}"

    def wait(
        self,
        timeout_s: float,
        is_ours: Callable[[dict[str, str]], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> dict[str, str]:
        """Wait for the browser, and give what it came back with.

        Args:
            timeout_s: How long.
            is_ours: Tells an answer to this sign-in from what any page may send here; that is
                turned away, and the wait goes on.
            monotonic: Tells the seconds that pass.

        Raises:
            Unauthenticated: If it does not come in time.
        """
        self._is_ours = is_ours
        until = monotonic() + timeout_s
        while self._answer is None:
            left = until - monotonic()
            if left <= 0:
                raise Unauthenticated(f"no browser came back within {timeout_s:g} s")
            self._server.timeout = left
            self._server.handle_request()
        return self._answer

    def close(self) -> None:
        """Stop listening."""
        self._server.server_close()

    def _listening(self, ports: tuple[int, ...]) -> HTTPServer:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            # A neighbour that connects and says nothing must not hold the sign-in up.
            timeout = 5

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                if asked.path != PATH or len(asked.query) > _LONGEST_QUERY:
                    self.send_error(404)
                    return
                answer = dict(parse_qsl(asked.query))
                if not outer._is_ours(answer):
                    self.send_error(400)
                    return
                outer._answer = answer
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(_PAGE)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(_PAGE)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing: the line would hold the code."""

        for port in ports:
            with suppress(OSError):
                return HTTPServer(("127.0.0.1", port), Handler)
        tried = ", ".join(map(str, ports))
        raise Unavailable("the callback of the browser", f"none of the ports {tried} is free")
