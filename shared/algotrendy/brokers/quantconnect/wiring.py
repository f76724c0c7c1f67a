"""Build the client from what the environment says."""

from __future__ import annotations

import os

from algotrendy.brokers.quantconnect.client import POLL_S, QuantConnect
from algotrendy.brokers.quantconnect.connection import URL, Connection, Credentials
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Unauthenticated

USER_ID_VARIABLE = "ALGOTRENDY_QUANTCONNECT_USER_ID"
TOKEN_VARIABLE = "ALGOTRENDY_QUANTCONNECT_TOKEN"  # noqa: S105 - a name, not a secret


def credentials() -> Credentials:
    """Read user id and token.

    Raises:
        Unauthenticated: If one is not there; says where both are found.
    """
    found = {name: os.environ.get(name, "") for name in (USER_ID_VARIABLE, TOKEN_VARIABLE)}
    missing = [name for name, value in found.items() if not value]
    if missing:
        where = "both stand on https://www.quantconnect.com/settings, under API access"
        raise Unauthenticated(f"set {' and '.join(missing)}; {where}", presented=False)
    return Credentials(found[USER_ID_VARIABLE], found[TOKEN_VARIABLE])


def client(url: str = URL, poll_s: float = POLL_S) -> QuantConnect:
    """Build a client; close it, or use it with ``async with``."""
    return QuantConnect(Connection(credentials(), SystemClock(), url=url), poll_s)
