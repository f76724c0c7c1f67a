"""Number each request of an HTTP API for X-Ray, so that its authorizer and its function agree.

Stock: hands the caller's headers on and nothing else.

AWS: adds `X-Amzn-Trace-Id: Root=1-<seconds>-<random>` where the caller named no trace, the same for
the authorizer and for the function behind the route.

Fix: the header is added before the request is looked at.
"""

import secrets
import time
from typing import Any

from ministack.services import apigateway

_HEADER = "x-amzn-trace-id"


def _numbered(headers: dict[str, Any]) -> dict[str, Any]:
    if any(name.lower() == _HEADER for name in headers):
        return headers
    return headers | {_HEADER: f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"}


def apply() -> None:
    """Wrap what executes a request."""
    stock = apigateway.handle_execute

    async def handle_execute(
        api_id: Any, stage: Any, path: Any, method: Any, headers: Any, *rest: Any, **more: Any
    ) -> Any:
        return await stock(api_id, stage, path, method, _numbered(headers), *rest, **more)

    apigateway.handle_execute = handle_execute
