"""Put a request on the wire only while somebody waits for it.

Looking up a name and connecting take as long as they like, and a thread that does it cannot be
stopped. So leave is asked for before a connection is made, and again when it stands: nothing of a
request leaves without it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

UNHEARD_S = 5.0
"""For so long the system repeats what nobody acknowledged, where it can be told so (Linux)."""

_may_send: ContextVar[Callable[[], bool]] = ContextVar("may_send", default=lambda: True)


class NeverSent(Exception):  # noqa: N818 - reads as what it means
    """Says that nothing of the request left: it cannot have been heard."""


@contextmanager
def sending_while(may_send: Callable[[], bool]) -> Iterator[None]:
    """Let what this thread sends leave only while it may; else ``NeverSent`` is raised."""
    token = _may_send.set(may_send)
    try:
        yield
    finally:
        _may_send.reset(token)


class Wire(HTTPAdapter):
    """Connects for requests, which asks for leave."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **terms: Any
    ) -> None:
        """Make the pools, of connections that ask."""
        terms["socket_options"] = _socket_options()
        super().init_poolmanager(connections, maxsize, block, **terms)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Connection(HTTPConnection):
    def connect(self) -> None:
        _require_leave()
        super().connect()
        _require_leave()

    def request(self, *terms: Any, **named: Any) -> None:
        # A connection that stood already is not made anew.
        _require_leave()
        super().request(*terms, **named)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _require_leave() -> None:
    if not _may_send.get()():
        raise NeverSent("it was too late to send it")


def _socket_options() -> list[tuple[int, int, int]]:
    """Bound for how long an unheard request is repeated, even by a connection that was closed."""
    usual = HTTPConnection.default_socket_options
    options = [(level, option, int(value)) for level, option, value in usual]
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNHEARD_S * 1000)))
    return options
