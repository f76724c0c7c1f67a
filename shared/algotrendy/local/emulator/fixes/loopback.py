"""Listen on loopback only.

Stock: BIND_HOST is heeded by the HTTP port alone. The wire proxies of RDS and Aurora DSQL, the
MQTT listener and the probes for free ports bind 0.0.0.0.

AWS: does not apply; nothing of a laptop's platform may be reachable from the network.

Fix: a socket of the emulator that would bind every address binds loopback.
"""

import socket
from typing import Any

_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def apply() -> None:
    """Wrap the bind of all sockets in this process."""
    stock = socket.socket.bind

    def bind(self: socket.socket, address: Any, /) -> None:
        if isinstance(address, tuple) and address[0] in _LOOPBACK:
            host = "::1" if self.family == socket.AF_INET6 else _LOOPBACK[address[0]]
            address = (host, *address[1:])
        stock(self, address)

    socket.socket.bind = bind  # type: ignore[method-assign, assignment]
