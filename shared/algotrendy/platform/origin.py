"""Let requests in through the distribution alone, where a stage has one.

CloudFront adds a header with a secret that only it and the app know. Whoever calls the API's own
address goes around the firewall, and is refused.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

from algotrendy.kernel.errors import Forbidden, Rejected
from algotrendy.platform.settings import settings

HEADER: Final = b"x-origin-verify"


class WentAround(Forbidden):
    """Says that a request came to the API's own address, and not through its domain."""

    def __init__(self) -> None:
        Rejected.__init__(self, "requests come through the API's own domain")
        self.needed = self.held = ()
        self.permission = None


def require_origin(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Do nothing if a request came the right way, or any way is right.

    Raises:
        WentAround: If it came around the distribution.
        Unavailable: If the secret cannot be read: nobody comes in then.
    """
    secret = settings().optional("origin_secret")
    if secret is None:
        return
    given = [value for name, value in headers if name.lower() == HEADER]
    if len(given) != 1 or not hmac.compare_digest(given[0], secret.encode()):
        raise WentAround
