"""Send what nobody should: each has an answer that is defined."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx

from security.findings import Report
from security.people import Person

_ORDERS = "/v1/orders"
_DEEP = 100_000
_TEN_MB = 10 * 1024 * 1024
_ORDER: dict[str, Any] = {"account": "nowhere", "symbol": "AAPL", "side": "buy", "quantity": "1"}


def bad_input(report: Report, http: httpx.Client, person: Person) -> None:
    """Send bodies and headers that are wrong, and say which answer is not the defined one."""

    def post(name: str, wanted: set[int], body: bytes, **headers: str) -> None:
        sent = {**person.headers, "content-type": "application/json", **headers}
        answer = http.post(_ORDERS, content=body, headers=sent)
        is_defined = answer.status_code in wanted
        report.check(is_defined, f"{name}: {answer.status_code} {answer.text[:200]}")
        if is_defined and answer.headers.get("content-type", "").startswith("application/problem"):
            told = answer.json()
            report.check(
                bool(told.get("code")) and "Traceback" not in answer.text, f"{name}: {told}"
            )

    post("a body of 10 MB", {413}, b'{"a": "' + b"a" * _TEN_MB + b'"}')
    post("arrays 100,000 deep", {400, 422}, b"[" * _DEEP + b"]" * _DEEP)
    post("objects 30,000 deep", {400, 422}, b'{"a":' * 30_000 + b"1" + b"}" * 30_000)
    post(
        "a million members",
        {400, 413, 422},
        json.dumps({f"k{i}": 1 for i in range(40_000)}).encode(),
    )
    post("no JSON", {400, 422}, b"{")
    post("NaN", {400, 422}, b'{"quantity": NaN}')
    post("no text", {400, 422}, b"\xff\xfe\x00")
    post("another media type", {400, 415, 422}, b"<a/>", **{"content-type": "text/xml"})
    post("a field twice", {400, 422}, b'{"account":"paper","account":"nowhere","symbol":"AAPL"}')
    for name, value in {
        "a header that is coded to become two": "a%0d%0ax-evil: 1",
        "a header of text that is no id": "<script>alert(1)</script>",
    }.items():
        answer = http.get("/v1/me", headers={**person.headers, "x-correlation-id": value})
        given = answer.headers.get("x-correlation-id", "")
        report.check(
            "x-evil" not in answer.headers and given != value and answer.status_code < 500,
            f"{name}: {answer.status_code}, answered {given!r}",
        )
    _keys(report, http, person)


def _keys(report: Report, http: httpx.Client, person: Person) -> None:
    """The same key with another body is refused, and with the same body does nothing twice."""
    headers = {**person.headers, "idempotency-key": f"security-{uuid.uuid4()}"}
    order = {**_ORDER, "account": "paper", "type": "limit", "limit_price": "1.00"}
    first = http.post(_ORDERS, json=order, headers=headers)
    again = http.post(_ORDERS, json=order, headers=headers)
    other = http.post(_ORDERS, json={**order, "quantity": "2"}, headers=headers)
    report.check(first.status_code == 202, f"an order: {first.status_code} {first.text[:300]}")
    report.check(
        again.status_code in (200, 202) and again.json().get("id") == first.json().get("id"),
        f"the same key again: {again.status_code} {again.text[:200]}",
    )
    report.check(
        other.status_code in (409, 422),
        f"the same key with another body: {other.status_code} {other.text[:200]}",
    )
