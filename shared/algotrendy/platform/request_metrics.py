"""Measure one HTTP request: how long it took, by its route, and whether it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from algotrendy.platform.metrics import count, observe

NO_ROUTE: Final = "none"


def measure_request(scope: Mapping[str, Any], status: int, elapsed_s: float) -> None:
    """Take an answered request; ``status`` 0 says that nobody was there to hear the answer."""
    if not status:
        return
    route = route_of(scope)
    observe("RequestSeconds", elapsed_s, route=route)
    if status >= 500:
        count("RequestsFailed", route=route)
    elif status >= 400:
        count("RequestsRefused", status=status)


def route_of(scope: Mapping[str, Any]) -> str:
    """Name the route as the API's document does, such as ``GET /v1/orders/{order_id}``.

    A path of which there is no route says nothing of it: anybody may ask for any path.
    """
    path = getattr(scope.get("route"), "path", None)
    return f"{scope['method']} {path}" if path else NO_ROUTE
