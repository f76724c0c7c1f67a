"""Make sure that a port is free before something is told to listen on it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

import psutil

from algotrendy.kernel.errors import Unavailable
from algotrendy.local.processes import describe

LOOPBACK = "127.0.0.1"


def check_port(service: str, port: int, option: str, variable: str) -> None:
    """Refuse a port that something already listens on.

    Raises:
        Unavailable: Names the port, who holds it if that can be found, and how to choose another.
    """
    try:
        if not _is_taken(port):
            return
    except OSError as error:
        reason = f"port {port} on {LOOPBACK} cannot be opened ({error}); choose with {option}"
        raise Unavailable(service, reason) from error
    holder = holder_of(port)
    by = f"by {holder}" if holder else "by another process (run as its owner or root to see which)"
    raise Unavailable(
        service,
        f"port {port} on {LOOPBACK} is taken {by}; stop that process, "
        f"or choose another port with {option} or {variable}",
    )


def holder_of(port: int) -> str | None:
    """Describe the process that listens on a TCP port, or None when it cannot be found."""
    # macOS shows other processes' sockets to root only.
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            is_listener = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            if is_listener and connection.pid and connection.pid != os.getpid():
                return describe(psutil.Process(connection.pid))
    return None


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, so that connections in TIME_WAIT do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise
    # BSD sockets let a specific address be bound beside a wildcard listener.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        return client.connect_ex((LOOPBACK, port)) == 0
