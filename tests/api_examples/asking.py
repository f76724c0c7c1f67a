"""Ask an app one example, and keep what it answered in a form that reads well."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from zlib import crc32

import httpx

from algotrendy.operations.openapi_answers import IDEMPOTENCY_KEY
from algotrendy.operations.openapi_examples import JSON_TYPE, bodies_of
from algotrendy.operations.openapi_schemas import Json, operations_of

EVERY_ROLE = ("viewer", "researcher", "trader", "risk_manager", "admin")
CORRELATION_ID = "019aab12-7e6f-7c11-8a55-0d8d1c6a5b10"
# As much of a list as shows what it is.
_MOST = 2
_MEASURED = {"latency_ms": 1.5}


@dataclass(frozen=True, slots=True)
class Ask:
    """Says how to ask an operation.

    Args:
        path: What stands in the path, by its name: a thing of the world, or text.
        query: What stands behind the path, in the same way.
        body: What is sent, where the route itself declares no example.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class World(Protocol):
    """Is what stands behind the apps of a capability."""

    things: dict[str, str]

    def renew(self) -> None:
        """Begin anew: the same things, and nothing that was done since."""
        ...

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request to the app, as somebody who may do everything."""
        ...


def send(
    world: World, method: str, path: str, operation: Json, ask: Ask, body: Any = None
) -> httpx.Response:
    """Ask an operation; of what changes something, in a new world."""
    if method != "GET":
        world.renew()
    for name, thing in ask.path.items():
        path = path.replace(f"{{{name}}}", world.things.get(thing, thing))
    options: dict[str, Any] = {
        "params": {name: world.things.get(thing, thing) for name, thing in ask.query.items()},
        "headers": {"x-correlation-id": CORRELATION_ID},
    }
    for each in operation.get("parameters", ()):
        if each["name"].lower() == IDEMPOTENCY_KEY and each.get("required"):
            said = f"{path} {json.dumps(body, sort_keys=True)}"
            options["headers"][IDEMPOTENCY_KEY] = f"example-{crc32(said.encode())}"
    if body is not None:
        options["json"] = body
    return world.send(method, path, **options)


def declared_bodies(document: Json, operation: Json) -> dict[str, Any]:
    """Give the bodies that a route itself declares, by name."""
    media = operation.get("requestBody", {}).get("content", {}).get(JSON_TYPE, {})
    return {name: body for name, body in bodies_of(document, media).items() if name != "recorded"}


def recorded(document: Json, worlds: Mapping[str, World], asks: Mapping[str, Ask]) -> Json:
    """Ask every operation that there is an example of; give what was said and answered."""
    found: Json = {}
    for method, path, operation in operations_of(document):
        name = operation["operationId"]
        if name not in asks:
            continue
        ask = asks[name]
        bodies = declared_bodies(document, operation)
        body = next(iter(bodies.values()), ask.body)
        answer = send(worlds[operation["tags"][0]], method, path, operation, ask, body)
        assert answer.is_success, f"{name}: {answer.status_code} {answer.text}"
        kept: Json = {"responses": {}}
        if body is not None:
            kept["request"] = body
        if answer.content:
            kept["responses"][str(answer.status_code)] = shown(answer.json())
        found[name] = kept
    return found


def shown(value: Any) -> Any:
    """Cut lists to what shows what they are, and replace what a clock of the machine measured."""
    if isinstance(value, dict):
        return {name: _MEASURED.get(name, shown(each)) for name, each in value.items()}
    if isinstance(value, list):
        return [shown(each) for each in value[:_MOST]]
    if isinstance(value, str):
        value = re.sub(r"^file://\S*/", "https://results.example/", value)
        # The secret of a key, which is another one each time.
        return re.sub(r"^(atk_[0-9a-f]+_)\S{20,}$", r"\1" + "x" * 43, value)
    return value
