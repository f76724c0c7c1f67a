"""Put what the apps answered into the document, as the examples of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from algotrendy.operations.openapi_schemas import Json, operations_of, schema_of

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Examples:
    """Holds what was recorded, and nothing that somebody made up.

    Args:
        operations: By operation: ``request``, the body that was sent, where one is taken, and
            ``responses``, the body that came, by status.
        problems: A problem document of each kind, by the name of its response.
    """

    operations: Mapping[str, Json] = field(default_factory=dict)
    problems: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of(cls, recorded: Json) -> Self:
        """Read them from what was recorded."""
        return cls(recorded["operations"], recorded["problems"])


def with_examples(document: Json, examples: Examples) -> Json:
    """Give the document with the examples; a route that declares its own bodies keeps them.

    What a model declares of itself gives way to what was answered.
    """
    for _, _, operation in operations_of(document):
        recorded = examples.operations.get(operation["operationId"])
        if recorded is None:
            continue
        if "request" in recorded and "requestBody" in operation:
            media = operation["requestBody"]["content"][JSON_TYPE]
            if not bodies_of(document, media):
                media["examples"] = {"recorded": {"value": recorded["request"]}}
        for status, body in recorded["responses"].items():
            content = operation["responses"].get(status, {}).get("content", {})
            if JSON_TYPE in content:
                content[JSON_TYPE]["example"] = body
                schema_of(document, content[JSON_TYPE].get("schema", {})).pop("examples", None)
    return document


def bodies_of(document: Json, media: Json) -> dict[str, Any]:
    """Give the examples of a body by name, wherever they are declared."""
    named = {name: each["value"] for name, each in media.get("examples", {}).items()}
    schema = media.get("schema", {})
    listed = [*schema.get("examples", ()), *schema_of(document, schema).get("examples", ())]
    return named | {f"schema {number}": each for number, each in enumerate(listed, 1)}


def unexampled(document: Json) -> list[str]:
    """Name each body of a request and of an answer that has no example."""
    missing = []
    for _, _, operation in operations_of(document):
        bodies = {"request": operation.get("requestBody", {})} | {
            status: answer
            for status, answer in operation["responses"].items()
            if status.startswith("2")
        }
        for part, body in bodies.items():
            media = body.get("content", {}).get(JSON_TYPE)
            if media is not None and "example" not in media and not bodies_of(document, media):
                missing.append(f"{operation['operationId']}: {part}")
    return missing
