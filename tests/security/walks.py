"""Walk every route as every role, as nobody, and as somebody of another tenant."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from algotrendy.identity.permissions import GRANTS, Permission
from security.findings import Report
from security.people import Person
from security.routes import Call, Route, call_of

_PATIENCE_S = 60.0
_ASKED_AGAIN = 3


def send(http: httpx.Client, call: Call, headers: Mapping[str, str]) -> httpx.Response:
    """Send a call; where the caller is too quick, wait as long as the answer says."""
    for _ in range(_ASKED_AGAIN):
        answer = http.request(
            call.method,
            call.url,
            params=call.params,
            json=call.json,
            headers={**call.headers, **headers},
        )
        if answer.status_code != 429:
            return answer
        time.sleep(min(_PATIENCE_S, float(answer.headers.get("retry-after", "1"))))
    return answer


def walk_as_nobody(
    report: Report, http: httpx.Client, document: Mapping[str, Any], routes: Sequence[Route]
) -> None:
    """Without a token, every route but the public ones answers 401, and tells nothing."""
    for route in routes:
        answer = send(http, call_of(route, document), {})
        wanted = answer.status_code < 500 if route.is_public else answer.status_code == 401
        report.check(
            wanted and answer.status_code != 403, f"{route} without a token: {answer.status_code}"
        )


def walk_as_roles(
    report: Report,
    http: httpx.Client,
    document: Mapping[str, Any],
    routes: Sequence[Route],
    people: Sequence[Person],
) -> None:
    """Each role gets 403 exactly where the table of roles does not grant what a route needs."""
    for person in people:
        for route in routes:
            needed = route.operation.get("x-permission")
            if route.is_public or needed is None:
                continue
            may = Permission(needed) in GRANTS[person.role]
            answer = send(http, call_of(route, document, _nobodys(route)), person.headers)
            # Another 403 is of what was asked for: a key with more rights than its maker's.
            refused = answer.status_code == 403 and answer.json().get("permission") == needed
            report.check(
                refused != may and answer.status_code != 401 and answer.status_code < 500,
                f"{route} as {person.role}, who {'may' if may else 'may not'}: "
                f"{answer.status_code} {answer.text[:200]}",
            )


def _nobodys(route: Route) -> dict[str, str]:
    """Name an account that is not there, so that a walk changes nothing of what is."""
    return {"account": "nowhere"} if route.method != "GET" else {}


def walk_across(
    report: Report,
    http: httpx.Client,
    document: Mapping[str, Any],
    routes: Sequence[Route],
    owned: Mapping[str, str],
    intruder: Person,
) -> None:
    """Nobody finds, changes or sees anything by another tenant's ids, whatever the route.

    Args:
        owned: By the name of a path parameter, the id of an object of the first tenant.
    """
    secrets = [value for name, value in owned.items() if name not in ("symbol", "account")]
    for route in routes:
        names = route.parameters("path")
        missing = [name for name in names if name not in owned and name not in _NOT_A_TENANTS]
        report.check(not missing, f"{route}: the walk has no object for {missing}")
        if route.is_public or missing:
            continue
        answer = send(http, call_of(route, document, owned), intruder.headers)
        is_theirs = any(name in owned and name not in _NOT_A_TENANTS for name in names)
        if is_theirs or (route.has_account() and route.method != "GET"):
            report.check(
                answer.status_code in (403, 404, 405, 409, 422) and answer.status_code != 200,
                f"{route} across tenants: {answer.status_code} {answer.text[:200]}",
            )
        told = [value for value in secrets if value in answer.text and value not in str(answer.url)]
        report.check(not told, f"{route} across tenants tells {told}")


_NOT_A_TENANTS = frozenset({"symbol", "asset", "name"})
"""Path parameters of what belongs to no tenant."""
