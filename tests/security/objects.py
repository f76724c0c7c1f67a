"""Make objects of every kind in one tenant: what another one must not reach."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from security.findings import Report
from security.people import Person
from security.routes import Route, call_of
from security.walks import send

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
        answer = send(http, call_of(post, document, {"account": "paper"}), owner.headers)
        report.check(answer.is_success, f"{post} by its example: {answer.text[:300]}")
        if answer.is_success:
            body = answer.json()
            owned[found["name"]] = str(body.get("id") or body[found["name"]])
    return owned
