"""Add to every operation what holds everywhere: who may call, limits, and how it can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from algotrendy.identity.routes import Access, Open
from algotrendy.operations.openapi_schemas import Json, operations_of

BEARER, API_KEY = "bearer", "api_key"
PROBLEM_TYPE = "application/problem+json"
IDEMPOTENCY_KEY = "idempotency-key"

_SECURITY_SCHEMES: Json = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the user pool: of a person, as `algotrendy login` "
        "fetches one, or of a machine client.",
    },
    API_KEY: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "atk_<key id>_<secret>",
        "description": "An API key, sent where a token would be. It may do what it was made for, "
        "and nothing that needs a fresh sign-in.",
    },
}

_HEADERS: Json = {
    "RateLimit-Limit": {
        "description": "How many requests of this class a caller may make in a window.",
        "schema": {"type": "integer"},
        "example": 600,
    },
    "RateLimit-Remaining": {
        "description": "How many of them are left now.",
        "schema": {"type": "integer"},
        "example": 599,
    },
    "RateLimit-Reset": {
        "description": "Seconds until all of them are there again.",
        "schema": {"type": "integer"},
        "example": 1,
    },
    "RateLimit-Policy": {
        "description": "The name of the limit, its quota (q) and its window (w, seconds).",
        "schema": {"type": "string"},
        "example": '"read";q=600;w=60',
    },
    "ETag": {
        "description": "Send it back as If-None-Match: what is the same is answered by 304.",
        "schema": {"type": "string"},
        "example": '"5d41402abc4b2a76b9719d911017c592"',
    },
    "Retry-After": {
        "description": "Seconds to wait before asking again.",
        "schema": {"type": "integer"},
        "example": 1,
    },
    "WWW-Authenticate": {
        "description": "The challenge of RFC 6750.",
        "schema": {"type": "string"},
        "example": 'Bearer realm="algotrendy"',
    },
    "X-Correlation-Id": {
        "description": "Quote it when asking for help; send your own, and it is kept.",
        "schema": {"type": "string"},
        "example": "019aab12-7e6f-7c11-8a55-0d8d1c6a5b10",
    },
}
_RATE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")
_NOT_MODIFIED: Json = {"description": "You have it already: the ETag of If-None-Match is right."}

# Status, name of the component, what it means, and the headers besides the correlation id.
_PROBLEMS: tuple[tuple[int, str, str, tuple[str, ...]], ...] = (
    (401, "NotSignedIn", "Nobody knows who is asking.", ("WWW-Authenticate",)),
    (403, "NotAllowed", "The caller may not, or must sign in again first.", ()),
    (404, "NotFound", "There is no such thing, or none that the caller may see.", _RATE),
    (409, "Refused", "The business says no; the facts say which limit or state.", _RATE),
    (413, "TooLarge", "The body has more bytes than are taken.", ()),
    (422, "Invalid", "A field is wrong; `errors` names each and what was expected.", _RATE),
    (429, "TooManyRequests", "Over the limit; nothing was done.", (*_RATE, "Retry-After")),
    (503, "Unavailable", "Something that is needed does not answer.", ("Retry-After",)),
)
STATUS_OF_PROBLEM: Mapping[str, int] = {name: status for status, name, _, _ in _PROBLEMS}


def with_answers(
    document: Json, routes: Mapping[tuple[str, str], Access], problems: Mapping[str, Any]
) -> Json:
    """Give the document with what is common to its operations, and a word on who may call each.

    Args:
        document: Of all capabilities together.
        routes: What each route needs.
        problems: An example of each kind of problem, by the name of its component.
    """
    parts = document["components"]
    parts["securitySchemes"] = _SECURITY_SCHEMES
    parts["headers"] = _HEADERS
    parts["responses"] = {
        name: _problem(text, headers, problems.get(name)) for _, name, text, headers in _PROBLEMS
    } | {"Problem": _problem("Another problem.", (), None)}
    document["security"] = [{BEARER: []}, {API_KEY: []}]
    for method, path, operation in operations_of(document):
        access = routes.get((method, path))
        is_public = access is not None and access.is_public
        operation.pop("security", None)
        if access is not None:
            _tell_access(operation, access)
        _add_headers(operation, is_public=is_public)
        if method == "GET" and path.startswith("/v1/"):
            operation["responses"].setdefault("304", dict(_NOT_MODIFIED))
            operation["responses"]["200"]["headers"] |= _referred(("ETag",))
        _add_problems(operation, method, path, is_public=is_public)
    return document


def _problem(text: str, headers: tuple[str, ...], example: Any) -> Json:
    body: Json = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if example is not None:
        body["example"] = example
    return {
        "description": text,
        "headers": _referred(("X-Correlation-Id", *headers)),
        "content": {PROBLEM_TYPE: body},
    }


def _referred(names: tuple[str, ...]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _tell_access(operation: Json, access: Access) -> None:
    operation["x-limit-class"] = access.limit_class.value
    if access.is_public:
        operation["security"] = []
        return
    if access.needs is Open.SIGNED_IN:
        words = "For whoever has signed in."
    else:
        permission = operation["x-permission"] = str(access.needs.value)
        words = f"Needs the permission `{permission}`."
    if access.fresh:
        operation["x-fresh-sign-in"] = True
        operation["security"] = [{BEARER: []}]
        words += " For a person who signed in minutes ago; no key and no machine may."
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), words)))


def _add_headers(operation: Json, *, is_public: bool) -> None:
    common = ("X-Correlation-Id", *(() if is_public else _RATE))
    for status, response in operation["responses"].items():
        if status.startswith(("2", "3")):
            response["headers"] = {**response.get("headers", {}), **_referred(common)}
            if status == "202":
                response["headers"]["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}


def _add_problems(operation: Json, method: str, path: str, *, is_public: bool) -> None:
    responses = operation["responses"]
    has_body = "requestBody" in operation
    asks = has_body or bool(operation.get("parameters"))
    possible = {
        401: not is_public,
        403: not is_public,
        404: asks,
        409: method != "GET",
        413: has_body,
        422: asks,
        429: True,
        503: not path.endswith("/health"),
    }
    for status, name, _, _ in _PROBLEMS:
        if possible[status]:
            responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    for rest in ("4XX", "5XX"):
        responses[rest] = {"$ref": "#/components/responses/Problem"}
