"""Know the API's routes by its document, and make a request of each out of its examples."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
NOBODYS = "0198c0de-0000-7000-8000-000000000000"
"""An id that no object has."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the document."""

    method: str
    path: str
    operation: Mapping[str, Any]

    def __str__(self) -> str:
        """Name it as people do."""
        return f"{self.method} {self.path}"

    @property
    def is_public(self) -> bool:
        """Whether anybody may ask."""
        return self.operation.get("security") == []

    def parameters(self, place: str) -> list[str]:
        """Name the parameters of a place, such as ``path``, that must be given."""
        return [
            each["name"]
            for each in self.operation.get("parameters", [])
            if each["in"] == place and each.get("required", False)
        ]

    def has_account(self) -> bool:
        """Tell whether a query names an account."""
        return any(each["name"] == "account" for each in self.operation.get("parameters", []))


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is ready to be sent."""

    method: str
    url: str
    params: dict[str, str]
    json: Any
    headers: dict[str, str]


def routes_of(document: Mapping[str, Any]) -> list[Route]:
    """Give every operation of the document."""
    return [
        Route(method.upper(), path, operations[method])
        for path, operations in document["paths"].items()
        for method in METHODS
        if method in operations
    ]


def call_of(
    route: Route, document: Mapping[str, Any], given: Mapping[str, str] | None = None
) -> Call:
    """Make a request of a route: its own examples, but for what is given by name.

    Raises:
        LookupError: If a parameter that must be there has neither.
    """
    known = {**_EVERYWHERE, **(given or {})}
    url, params, headers = route.path, {}, {}
    for each in route.operation.get("parameters", []):
        name, place = each["name"], each["in"]
        if name.lower() == "idempotency-key":
            continue
        if not each.get("required", False) and name not in known:
            continue
        value = known.get(name) or _example(each)
        if value is None:
            raise LookupError(f"{route}: parameter {name} has no example")
        if place == "path":
            url = url.replace("{" + name + "}", value)
        elif place == "query":
            params[name] = value
        elif place == "header":
            headers[name] = value
    if route.method != "GET":
        headers["idempotency-key"] = f"security-{uuid.uuid4()}"
    body = _body(route, document)
    return Call(route.method, url, params, _with(body, known), headers)


_EVERYWHERE = {
    "symbol": "AAPL",
    "symbols": "AAPL",
    "account": "paper",
    "reason": "a check",
    # Of a list of who gets at an account.
    "version": "0",
    # Of a flag.
    "name": "rate_limits.read.burst",
}


def _example(parameter: Mapping[str, Any]) -> str | None:
    schema = parameter.get("schema", {})
    for found in (
        parameter.get("example"),
        *_values(parameter.get("examples")),
        *_values(schema.get("examples")),
        schema.get("default"),
    ):
        if found is not None:
            return str(found)
    if schema.get("format") == "uuid" or parameter["name"].endswith("_id"):
        return NOBODYS
    if schema.get("format") == "date":
        return "2013-03-01"
    return None


def _body(route: Route, document: Mapping[str, Any]) -> Any:
    content = route.operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = content.get("schema", {})
    beside = schema.get("examples")
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = [
        content.get("example"),
        *_values(content.get("examples")),
        *_values(beside),
        *_values(schema.get("examples")),
    ]
    return next((value for value in found if value is not None), {})


def _values(examples: Any) -> Iterator[Any]:
    if isinstance(examples, Mapping):
        for each in examples.values():
            yield each.get("value") if isinstance(each, Mapping) else each
    elif isinstance(examples, list):
        yield from examples


def _with(body: Any, known: Mapping[str, str]) -> Any:
    """Name in a body's example what is given, where the example names one."""
    if not isinstance(body, dict):
        return body
    return {name: known.get(name, value) if isinstance(value, str) else value
            for name, value in body.items()}  # fmt: skip
