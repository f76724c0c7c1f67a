"""The generator writes Python that says what the document says."""

from __future__ import annotations

import ast
import sys
from types import ModuleType
from typing import Any

import pytest

from algotrendy.operations.client_methods import methods_text
from algotrendy.operations.client_models import docstring, models_text, type_of

Json = dict[str, Any]

SCHEMAS: Json = {
    "Side": {"type": "string", "enum": ["buy", "sell short", "2x"]},
    "FillIn": {
        "type": "object",
        "description": "A fill \\ with \"quotes\"",
        "required": ["class", "side"],
        "properties": {
            "class": {"type": "string", "description": "A word of Python."},
            "side": {"$ref": "#/components/schemas/Side"},
            "other": {"$ref": "#/components/schemas/Side", "default": "sell short"},
            "price": {"type": "string", "format": "decimal", "default": "1.50"},
            "fee": {"anyOf": [{"type": "number"}, {"type": "string", "format": "decimal"}]},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "length": {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": {"count": 5}},
            "leg": {"anyOf": [{"$ref": "#/components/schemas/LegIn"}, {"type": "null"}],
                    "default": {"size": 2}},
        },
    },
    "LegIn": {"type": "object", "properties": {"size": {"type": "integer"}}},
    "Page": {
        "type": "object",
        "required": ["fills", "next_cursor"],
        "properties": {
            "fills": {"type": "array", "items": {"$ref": "#/components/schemas/Side"}},
            "next_cursor": {"type": ["string", "null"]},
        },
    },
    "Unused": {"type": "object", "properties": {}},
}  # fmt: skip


def media(schema: Json, kind: str = "application/json") -> Json:
    return {"content": {kind: {"schema": schema}}}


def query(name: str, schema: Json, **more: Any) -> Json:
    return {"name": name, "in": "query", "schema": schema, **more}


DOCUMENT: Json = {
    "paths": {
        "/v1/{account}/fills": {
            "get": {
                "operationId": "list_fills",
                "parameters": [
                    {"name": "account", "in": "path", "schema": {"type": "string"}},
                    query("cursor", {"type": "string"}),
                    query("side", {"$ref": "#/components/schemas/Side"}, required=True),
                    query("since-then", {"type": "string", "format": "date-time"}),
                ],
                "responses": {"200": {
                    "content": media({"$ref": "#/components/schemas/Page"})["content"]
                    | {"text/csv": {"schema": {"type": "string"}}}}},
            },
            "post": {
                "operationId": "book_fill",
                "parameters": [
                    {"name": "account", "in": "path", "schema": {"type": "string"}},
                    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}},
                ],
                "requestBody": media({"$ref": "#/components/schemas/FillIn"}),
                "responses": {"204": {}},
            },
        }
    },
    "components": {"schemas": SCHEMAS},
}  # fmt: skip


@pytest.fixture(scope="module")
def models() -> ModuleType:
    made = ModuleType("made_models")
    sys.modules["made_models"] = made
    exec(compile(models_text(DOCUMENT), "made_models", "exec"), vars(made))
    return made


def test_only_what_is_sent_or_answered_is_written_and_each_behind_what_it_needs(
    models: ModuleType,
) -> None:
    assert models.__all__ == ["FillIn", "LegIn", "Page", "Side"]


def test_a_field_of_a_name_that_python_keeps_has_another_one(models: ModuleType) -> None:
    fill = models.FillIn.model_validate({"class": "a", "side": "buy"})
    assert fill.class_ == "a"
    sent = fill.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert sent == {"class": "a", "side": "buy"}


def test_defaults_are_those_of_the_document(models: ModuleType) -> None:
    fill = models.FillIn.model_validate({"class": "a", "side": "2x"})
    assert fill.side is models.Side._2X
    assert fill.other is models.Side.SELL_SHORT
    assert str(fill.price) == "1.50"
    assert fill.leg.size == 2
    assert (fill.fee, fill.note, fill.length) == (None, None, None)


def test_a_description_cannot_end_its_docstring_early(models: ModuleType) -> None:
    assert models.FillIn.__doc__.strip() == 'A fill \\ with "quotes"'
    for text in ('"""', 'x"', "a\\", "one\n\ntwo"):
        (node,) = ast.parse(docstring(text, 0)).body
        assert isinstance(node, ast.Expr)


def test_methods_say_what_the_operations_take() -> None:
    text = methods_text(DOCUMENT)
    ast.parse(text)
    assert "        side: str | Side" not in text.split("def book_fill")[1]
    for part in (
        "        account: str,\n        *,\n        side: Side | str,\n",
        "        since_then: dt.datetime | None = None,\n",
        '                "since-then": since_then,\n',
        'f"/v1/{quoted(account)}/fills"',
        "    ) -> Iterator[Side]:\n",
        "    def list_fills_csv(\n",
        "            keyed=True,\n",
        "        body: FillIn,\n        *,\n        idempotency_key: str | None = None,\n    ) ->",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("schema", "sent", "answered"),
    [
        ({}, "Any", "Any"),
        ({"const": "a"}, "Literal['a']", "str"),
        ({"enum": [1, 2]}, "Literal[1, 2]", "Literal[1, 2]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, *["dict[str, int]"] * 2),
        ({"type": "object"}, "dict[str, Any]", "dict[str, Any]"),
        ({"type": "array"}, "list[Any]", "list[Any]"),
        ({"oneOf": [{"type": "null"}, {"type": "boolean"}]}, "bool | None", "bool | None"),
        ({"anyOf": [{}, {"type": "null"}]}, "Any", "Any"),
    ],
)  # fmt: skip
def test_a_schema_is_the_type_that_it_means(schema: Json, sent: str, answered: str) -> None:
    assert type_of(schema, is_sent=True) == sent
    assert type_of(schema, is_sent=False) == answered
