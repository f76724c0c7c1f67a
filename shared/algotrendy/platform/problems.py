"""Turn every error into a problem document (RFC 9457). The one table of statuses is here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.request_errors import InProgress, KeyReused, TooLarge, TooManyRequests
from algotrendy.kernel.wording import expected_of
from algotrendy.platform import telemetry

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[AlgoTrendyError], int] = {
    Invalid: 422,
    Rejected: 409,
    NotFound: 404,
    Unauthenticated: 401,
    Forbidden: 403,
    Conflict: 409,
    # As draft-ietf-httpapi-idempotency-key-header-07 asks.
    KeyReused: 422,
    InProgress: 409,
    TooManyRequests: 429,
    TooLarge: 413,
    Unavailable: 503,
    # Not 502 or 504: clients and proxies send those again by themselves.
    Unknown: 500,
    AlgoTrendyError: 500,
}

_SECRET_FIELDS = ("password", "token", "secret", "authorization")
_LONGEST_ACTUAL = 120


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """Is a problem on its way to the caller."""

    status: int
    code: str
    title: str
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_facts(self, **facts: Any) -> ProblemDocument:
        """Give the same problem with more facts."""
        return replace(self, facts={**self.facts, **facts})

    def response(self) -> Response:
        """Give the answer for the caller."""
        # The standard members win: a fact named `status` must not lie about the status.
        body = {
            **self.facts,
            "type": f"urn:algotrendy:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "correlation_id": telemetry.correlation_id(),
        }
        return json_response(body, self.status, MEDIA_TYPE, self.headers)


def json_response(
    body: Mapping[str, Any],
    status: int = 200,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Give a JSON answer of any JSON media type."""
    content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(content.encode(), status, dict(headers or {}), media_type)


def of_error(error: AlgoTrendyError) -> ProblemDocument:
    """Describe one of the platform's own errors."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = error.challenge
    if isinstance(error, Unavailable | TooManyRequests | InProgress):
        headers.update(_come_back(error.retry_after_s))
    title = error.code.replace("-", " ").capitalize()
    return ProblemDocument(status, error.code, title, error.message, error.fields(), headers)


def _come_back(after_s: float | None) -> dict[str, str]:
    return {} if after_s is None else {"retry-after": str(max(1, math.ceil(after_s)))}


def of_validation(error: RequestValidationError) -> ProblemDocument:
    """Describe a request that does not fit its schema, field by field."""
    errors = [_wrong(found) for found in error.errors()]
    detail = "; ".join(f"{wrong['field']} must be {wrong['expected']}" for wrong in errors[:3])
    if len(errors) > 3:
        detail += f"; and {len(errors) - 3} more"
    return ProblemDocument(422, Invalid.code, "Invalid", detail, {"errors": errors})


def of_status(
    status: int, detail: str, headers: Mapping[str, str] | None = None
) -> ProblemDocument:
    """Describe what the framework itself refuses, such as an unknown path."""
    title = HTTPStatus(status).phrase
    code = title.lower().replace(" ", "-").replace("'", "")
    return ProblemDocument(status, code, title, detail, headers=dict(headers or {}))


def of_crash() -> ProblemDocument:
    """Describe a defect of ours; the log has what happened, the caller gets the id to quote."""
    detail = "something went wrong on our side; quote the correlation id"
    return ProblemDocument(500, "internal", "Internal error", detail)


def _wrong(found: Mapping[str, Any]) -> dict[str, Any]:
    path: Sequence[Any] = found["loc"]
    # The first part says where the field stands: body, query, path or header.
    name = ".".join(str(part) for part in path[1:]) or str(path[0])
    if found["type"] == "json_invalid":
        return {"field": "body", "expected": "JSON", "actual": "something else"}
    if found["type"] == "missing":
        return {"field": name, "expected": "present", "actual": None}
    return {
        "field": name,
        "expected": expected_of(found),
        "actual": _shown(name, found.get("input")),
    }


def _shown(name: str, value: Any) -> Any:
    if any(word in name.lower() for word in _SECRET_FIELDS):
        return "hidden"
    if value is None or isinstance(value, bool | int):
        return value
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST_ACTUAL else text[:_LONGEST_ACTUAL] + "…"
