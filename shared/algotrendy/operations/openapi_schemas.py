"""Bring what pydantic says of a model into plain JSON Schema, under names that clients can bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
DECIMAL = "decimal"
_DECIMAL_PATTERN = r"^-?\d+(\.\d+)?$"
# Pydantic's words for the bounds of a decimal, which JSON Schema does not know.
_BOUNDS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
}
_PLACES, _DIGITS = "decimal_places", "max_digits"


def tidied(document: Json) -> Json:
    """Give the document with schemas of one name each, and decimals that say that they are such.

    Where a model differs as it comes in from as it goes out, ``LimitsIn`` is what comes in and
    ``Limits`` what goes out; pydantic says ``Limits-Input`` and ``Limits-Output``.

    Raises:
        ValueError: If a name that this makes is taken.
    """
    schemas: Json = document["components"]["schemas"]
    names = {name: _plain_name(name) for name in schemas}
    twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
    if twice:
        raise ValueError(f"two schemas would be named {', '.join(twice)}")
    references = {SCHEMAS + old: SCHEMAS + new for old, new in names.items()}
    document["components"]["schemas"] = {names[name]: schemas[name] for name in schemas}
    tidy: Json = _changed(document, lambda part: _tidy(part, references))
    for schema in tidy["components"]["schemas"].values():
        if "examples" in schema:
            schema["examples"] = [_with_nulls(tidy, schema, each) for each in schema["examples"]]
    return tidy


def schema_of(document: Json, schema: Json) -> Json:
    """Follow a reference to the schema that it names; any other schema is itself."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix(SCHEMAS)]
    return schema


def operations_of(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Give each operation with its method, in capitals, and its path."""
    for path, ways in document["paths"].items():
        for method, operation in ways.items():
            yield method.upper(), path, operation


def _plain_name(name: str) -> str:
    if name.endswith("-Input"):
        return name.removesuffix("-Input") + "In"
    return name.removesuffix("-Output")


def _changed(part: Any, change: Callable[[Json], Json]) -> Any:
    if isinstance(part, dict):
        return change({name: _changed(value, change) for name, value in part.items()})
    if isinstance(part, list):
        return [_changed(value, change) for value in part]
    return part


def _tidy(part: Json, references: dict[str, str]) -> Json:
    target = part.get("$ref")
    if isinstance(target, str) and target in references:
        return {**part, "$ref": references[target]}
    if part.get("pattern") == _DECIMAL_PATTERN:
        return {**part, "format": DECIMAL}
    kinds = [each.get("type") for each in part.get("anyOf", ()) if isinstance(each, dict)]
    if kinds == ["number", "string"]:
        return _number_or_text(part)
    if part.get("type") == "string" and _PLACES in part:
        bare = {name: value for name, value in part.items() if not _is_bound(name)}
        return {**bare, "format": DECIMAL}
    return part


def _number_or_text(part: Json) -> Json:
    number, text = part["anyOf"]
    bounds = {_BOUNDS[name]: float(value) for name, value in part.items() if name in _BOUNDS}
    bare = {name: value for name, value in part.items() if not _is_bound(name)}
    if _PLACES in part:
        places = f"At most {part[_PLACES]} decimal places."
        bare["description"] = " ".join(filter(None, (bare.get("description"), places)))
    return {**bare, "anyOf": [{**number, **bounds}, {**text, "format": DECIMAL}]}


def _with_nulls(document: Json, schema: Json, value: Any) -> Any:
    """Put the nulls of an example back, which FastAPI leaves out of the whole document."""
    whole = schema_of(document, schema)
    for each in whole.get("anyOf", ()):
        if value is not None and schema_of(document, each).get("type") in {"object", "array"}:
            value = _with_nulls(document, each, value)
    if isinstance(value, list):
        return [_with_nulls(document, whole.get("items", {}), each) for each in value]
    if not isinstance(value, dict):
        return value
    fields = whole.get("properties", {})
    left_out = [name for name in whole.get("required", ()) if name not in value]
    nulls = {name: None for name in left_out if {"type": "null"} in fields[name].get("anyOf", ())}
    return {
        name: _with_nulls(document, fields.get(name, {}), each)
        for name, each in (value | nulls).items()
    }


def _is_bound(name: str) -> bool:
    return name in _BOUNDS or name in {_PLACES, _DIGITS}
