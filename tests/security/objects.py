"""Make objects of every kind in one tenant: what another one must not reach."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from security.findings import Report
from security.people import Person
from security.routes import Route, call_of
from security.walks import send


def _in_an_hour() -> dict[str, str]:
    return {"ends_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}


def _at_a_price_of_today() -> dict[str, Any]:
    return {
        "type": "limit",
        "limit_price": "1.00",
        "take_profit": {"limit_price": "2.00"},
        "stop_loss": {"stop_price": "0.50"},
    }


_NOW: dict[str, Callable[[], dict[str, Any]]] = {
    "/v1/orders": _at_a_price_of_today,
    "/v1/parent-orders": _in_an_hour,
}
"""What an example cannot say, as it changes with the market and the day."""

_LAST = re.compile(r"^(?P<collection>/v1/[a-z-]+)/\{(?P<name>[a-z_]+)\}")


def make_objects(
    report: Report,
    http: httpx.Client,
    document: Mapping[str, Any],
    routes: Sequence[Route],
    owner: Person,
) -> dict[str, str]:
    """Make one object for each path parameter, by the example of its collection's POST.

    Returns:
        Ids by the name of the path parameter, and the account that they belong to.
    """
    posts = {route.path: route for route in routes if route.method == "POST"}
    owned = {"account": "paper", "symbol": "AAPL"}
    for route in routes:
        found = _LAST.match(route.path)
        if found is None or found["name"] in owned or found["collection"] not in posts:
            continue
        post = posts[found["collection"]]
        call = call_of(post, document, {"account": "paper"})
        call.json.update(_NOW.get(post.path, dict)())
        answer = send(http, call, owner.headers)
        report.check(answer.is_success, f"{post} by its example: {answer.text[:300]}")
        if answer.is_success:
            body = answer.json()
            owned[found["name"]] = str(body.get("id") or body[found["name"]])
    return owned
