"""Write the models of the Python client from the document: one class for each named schema."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from algotrendy.operations.openapi_schemas import DECIMAL, SCHEMAS, Json, operations_of

HEADER = '"""{}\n\nMade by `make published` from docs/openapi.json: do not edit.\n"""\n\n'
_WIDTH = 96
_PLAIN = {"boolean": "bool", "integer": "int", "number": "float", "null": "None"}
_TEXT = {"date-time": "dt.datetime", "date": "dt.date", "uuid": "UUID", DECIMAL: "Number"}
_IMPORTS = """\
from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from algotrendy.client.values import Answer, Number, Request, Word
"""


def models_text(document: Json) -> str:
    """Write the module of models.

    What is only sent refuses a field that the document does not know; what is answered keeps it.
    Bounds are left to the server, whose word on them is the last.
    """
    schemas = document["components"]["schemas"]
    sent, answered = _reached(document, is_sent=True), _reached(document, is_sent=False)
    parts = [HEADER.format("Hold what goes over the wire."), _IMPORTS]
    names = list(_in_order(schemas, sent | answered))
    for name in names:
        if "enum" in schemas[name]:
            parts.append(_words(name, schemas[name]))
        else:
            is_sent = name in sent and name not in answered
            parts.append(_model(document, name, is_sent=is_sent))
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    parts.append(f"\n\n__all__ = [\n{listed}]\n")
    return "".join(parts)


def type_of(schema: Json, *, is_sent: bool) -> str:
    """Write the Python type of a schema. A list of words is open where it is answered."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(SCHEMAS)
    if "anyOf" in schema or "oneOf" in schema:
        return _union(schema.get("anyOf") or schema["oneOf"], is_sent=is_sent)
    if isinstance(schema.get("type"), list):
        return _union([{**schema, "type": kind} for kind in schema["type"]], is_sent=is_sent)
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if words is not None and (is_sent or not all(isinstance(word, str) for word in words)):
        return f"Literal[{', '.join(map(repr, words))}]"
    match schema.get("type"):
        case "string":
            return _TEXT.get(schema.get("format", ""), "str")
        case "array":
            return f"list[{type_of(schema.get('items', {}), is_sent=is_sent)}]"
        case "object":
            others = schema.get("additionalProperties", True)
            value = type_of(others, is_sent=is_sent) if isinstance(others, dict) else "Any"
            return f"dict[str, {value}]"
        case kind:
            return _PLAIN.get(str(kind), "str" if words else "Any")


def docstring(text: str, indent: int) -> str:
    """Write a docstring, wrapped, with what would end it early escaped."""
    pad = " " * indent
    escaped = text.replace("\\", "\\\\").replace('"""', "'''").strip()
    wrapped = [_wrapped(part, _WIDTH - indent) for part in escaped.split("\n\n")]
    body = textwrap.indent("\n\n".join(wrapped), pad).strip()
    end = f"\n{pad}" if "\n" in body or body.endswith('"') else ""
    return f'{pad}"""{body}{end}"""\n'


def _wrapped(paragraph: str, width: int) -> str:
    if "\n " in paragraph:  # laid out by hand
        return paragraph
    return textwrap.fill(paragraph, width, break_long_words=False, break_on_hyphens=False)


def _union(schemas: list[Json], *, is_sent: bool) -> str:
    kinds = [each.get("type") for each in schemas]
    formats = [each.get("format") for each in schemas]
    if kinds == ["number", "string"] and formats[1] == DECIMAL:
        return "Number"
    types = (type_of(each, is_sent=is_sent) for each in schemas)
    alternatives = dict.fromkeys(part for whole in types for part in whole.split(" | "))
    alternatives |= {"None": alternatives.pop("None")} if "None" in alternatives else {}
    return "Any" if "Any" in alternatives else " | ".join(alternatives)


def _words(name: str, schema: Json) -> str:
    lines = "".join(f"    {_member(word)} = {json.dumps(word)}\n" for word in schema["enum"])
    text = schema.get("description") or f"One of {', '.join(map(str, schema['enum']))}."
    return f"\n\nclass {name}(Word):\n{docstring(text, 4)}\n{lines}"


def _member(word: str) -> str:
    name = re.sub(r"\W+", "_", word).upper()
    return name if name.isidentifier() else f"_{name}"


def _model(document: Json, name: str, *, is_sent: bool) -> str:
    schema = document["components"]["schemas"][name]
    needed = set(schema.get("required", ()))
    base = "Request" if is_sent else "Answer"
    text = f"\n\nclass {name}({base}):\n{docstring(schema.get('description') or name, 4)}"
    for field, inner in schema.get("properties", {}).items():
        text += "\n" if text.endswith('"""\n') else ""
        text += (
            f"    {_field(document, field, inner, is_needed=field in needed, is_sent=is_sent)}\n"
        )
        if "description" in inner:
            text += docstring(inner["description"], 4)
    return text


def _field(document: Json, name: str, schema: Json, *, is_needed: bool, is_sent: bool) -> str:
    kind = type_of(schema, is_sent=is_sent)
    python = name if name.isidentifier() and not keyword.iskeyword(name) else _safe(name)
    alias = "" if python == name else f"alias={name!r}"
    if is_needed:
        return f"{python}: {kind}" + (f" = Field({alias})" if alias else "")
    if isinstance(schema.get("default"), dict) and not _named(schema) and "dict" not in kind:
        # Said in a form that the schema itself does not allow: left to the server.
        schema = {name: value for name, value in schema.items() if name != "default"}
    if "default" not in schema and "None" not in kind.split(" | "):
        kind = kind if kind == "Any" else f"{kind} | None"
    default = _default(document, schema)
    if alias:
        default = f"Field(default={default}, {alias})"
    return f"{python}: {kind} = {default}"


def _safe(name: str) -> str:
    return re.sub(r"\W", "_", name) + ("_" if keyword.iskeyword(name) else "")


def _default(document: Json, schema: Json) -> str:
    """Write a default. Only what is set is sent: this is for who reads."""
    value = schema.get("default")
    names = _named(schema)
    if isinstance(value, str) and names:
        name = names[0]
        if value in document["components"]["schemas"][name].get("enum", ()):
            return f"{name}.{_member(value)}"
    if isinstance(value, dict) and names:
        return f"Field(default_factory=lambda: {names[0]}.model_validate({value!r}))"
    if isinstance(value, str) and "Number" in type_of(schema, is_sent=True):
        return f'Decimal("{value}")'
    return repr(value)


def _named(schema: Json) -> list[str]:
    parts = [each for each in (schema, *schema.get("anyOf", ())) if "$ref" in each]
    return [str(each["$ref"]).removeprefix(SCHEMAS) for each in parts]


def _reached(document: Json, *, is_sent: bool) -> set[str]:
    parts: list[Any] = []
    for _, _, operation in operations_of(document):
        if is_sent:
            parts += [operation.get("requestBody", {}), operation.get("parameters", [])]
        else:
            good = [each for status, each in operation["responses"].items() if status[0] == "2"]
            parts += good
    found: set[str] = set()
    while parts:
        for name in _references(parts.pop()):
            if name not in found:
                found.add(name)
                parts.append(document["components"]["schemas"][name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str) and target.startswith(SCHEMAS):
            yield target.removeprefix(SCHEMAS)
        for name, value in part.items():
            if name not in {"example", "examples", "default"}:
                yield from _references(value)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def _in_order(schemas: Json, names: set[str]) -> Iterator[str]:
    """Give names so that each stands behind those that it needs; alphabetically otherwise."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for needed in sorted(set(_references(schemas[name]))):
            yield from visit(needed)
        yield name

    for name in sorted(names):
        yield from visit(name)
