"""What breaks a client is found, and told once; what does not is let pass."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from algotrendy.operations.compatibility import Declared, breaking_changes
from algotrendy.operations.openapi import whole_api
from algotrendy.operations.schema_changes import Change

Json = dict[str, Any]

DOCUMENT: Json = {
    "paths": {
        "/v1/fills": {
            "get": {
                "operationId": "list_fills",
                "x-permission": "accounts:read",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 99}},
                    {
                        "name": "side",
                        "in": "query",
                        "schema": {"$ref": "#/components/schemas/Side"},
                    },
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "array",
                                    "items": {"$ref": "#/components/schemas/Fill"},
                                }
                            }
                        }
                    }
                },
            },
            "post": {
                "operationId": "book_fill",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/FillIn"}}
                    }
                },
                "responses": {
                    "201": {
                        "headers": {"Location": {}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Fill"}}
                        },
                    }
                },
            },
        }
    },
    "components": {
        "schemas": {
            "Side": {"type": "string", "enum": ["buy", "sell"]},
            "FillIn": {
                "type": "object",
                "additionalProperties": False,
                "required": ["price"],
                "properties": {
                    "price": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                    "side": {"$ref": "#/components/schemas/Side", "default": "buy"},
                    "note": {"type": "string", "maxLength": 99},
                },
            },
            "Fill": {
                "type": "object",
                "required": ["price", "side"],
                "properties": {
                    "price": {"type": "string", "format": "decimal"},
                    "side": {"$ref": "#/components/schemas/Side"},
                    "order": {"anyOf": [{"$ref": "#/components/schemas/Order"}, {"type": "null"}]},
                },
            },
            "Order": {
                "type": "object",
                "properties": {
                    "fills": {"type": "array", "items": {"$ref": "#/components/schemas/Fill"}}
                },
            },
        }
    },
}


def changes(change: Callable[[Json, Json, Json], object]) -> list[str]:
    """Change a copy of the document's GET, POST and schemas; give what that breaks."""
    new = copy.deepcopy(DOCUMENT)
    ways, schemas = new["paths"]["/v1/fills"], new["components"]["schemas"]
    change(ways.get("get"), ways.get("post"), schemas)
    return [f"{each.kind}: {each.where}" for each in breaking_changes(DOCUMENT, new)]


BREAKING: list[tuple[str, Callable[[Json, Json, Json], object]]] = [
    ("operation-renamed: GET /v1/fills", lambda g, p, s: g.update(operationId="fills")),
    ("access-narrowed: GET /v1/fills", lambda g, p, s: g.update({"x-permission": "admin"})),
    ("access-narrowed: POST /v1/fills", lambda g, p, s: p.update({"x-fresh-sign-in": True})),
    ("parameter-removed: GET /v1/fills query limit", lambda g, p, s: g["parameters"].pop(0)),
    (
        "parameter-required: GET /v1/fills query limit",
        lambda g, p, s: g["parameters"][0].update(required=True),
    ),
    (
        "parameter-required: POST /v1/fills header key",
        lambda g, p, s: p.update(
            parameters=[{"name": "Key", "in": "header", "required": True, "schema": {}}]
        ),
    ),
    (
        "bound-tightened: GET /v1/fills query limit",
        lambda g, p, s: g["parameters"][0]["schema"].update(maximum=50),
    ),
    (
        "bound-tightened: GET /v1/fills query limit",
        lambda g, p, s: g["parameters"][0]["schema"].update(exclusiveMinimum=0),
    ),
    ("body-removed: POST /v1/fills request", lambda g, p, s: p.pop("requestBody")),
    ("body-required: POST /v1/fills request", lambda g, p, s: p["requestBody"].update(required=1)),
    ("answer-removed: POST /v1/fills 201", lambda g, p, s: p.update(responses={"202": {}})),
    (
        "header-removed: POST /v1/fills 201 Location",
        lambda g, p, s: p["responses"]["201"].pop("headers"),
    ),
    (
        "media-type-removed: POST /v1/fills 201",
        lambda g, p, s: p["responses"]["201"].update(content={"text/csv": {}}),
    ),
    (
        "type-widened: GET /v1/fills 200",
        lambda g, p, s: g["responses"]["200"]["content"]["application/json"].update(
            schema={"type": "object"}
        ),
    ),
    (
        "field-required: FillIn (request).note",
        lambda g, p, s: s["FillIn"]["required"].append("note"),
    ),
    ("field-removed: FillIn (request).note", lambda g, p, s: s["FillIn"]["properties"].pop("note")),
    (
        "bound-tightened: FillIn (request).note",
        lambda g, p, s: s["FillIn"]["properties"]["note"].update(pattern="^a"),
    ),
    (
        "type-narrowed: FillIn (request).price",
        lambda g, p, s: s["FillIn"]["properties"].update(price={"type": "string"}),
    ),
    (
        "default-changed: FillIn (request).side",
        lambda g, p, s: s["FillIn"]["properties"]["side"].update(default="sell"),
    ),
    ("field-removed: Fill (answer).price", lambda g, p, s: s["Fill"]["properties"].pop("price")),
    ("field-optional: Fill (answer).side", lambda g, p, s: s["Fill"]["required"].remove("side")),
    (
        "format-changed: Fill (answer).price",
        lambda g, p, s: s["Fill"]["properties"]["price"].pop("format"),
    ),
    (
        "type-widened: Fill (answer).price",
        lambda g, p, s: s["Fill"]["properties"]["price"].update(type=["string", "null"]),
    ),
    (
        "type-widened: Fill (answer).order",
        lambda g, p, s: s["Fill"]["properties"]["order"]["anyOf"].append({"type": "string"}),
    ),
    ("field-removed: Order (answer).fills", lambda g, p, s: s["Order"]["properties"].clear()),
]


@pytest.mark.parametrize(("found", "change"), BREAKING)
def test_what_breaks_a_client_is_named(
    found: str, change: Callable[[Json, Json, Json], object]
) -> None:
    assert changes(change) == [found]


def test_a_word_that_is_gone_breaks_what_is_sent_and_what_is_read() -> None:
    assert changes(lambda g, p, s: s["Side"]["enum"].remove("sell")) == [
        "word-removed: Side (request)",
        "word-removed: Side (answer)",
    ]


def test_a_route_that_is_gone_breaks() -> None:
    new = copy.deepcopy(DOCUMENT)
    del new["paths"]["/v1/fills"]["post"]
    assert breaking_changes(DOCUMENT, new) == [Change("route-removed", "POST /v1/fills", "is gone")]


HARMLESS: list[Callable[[Json, Json, Json], object]] = [
    lambda g, p, s: None,
    lambda g, p, s: s["Side"]["enum"].append("short"),
    lambda g, p, s: s["Fill"]["properties"].update(venue={"type": "string"}),
    lambda g, p, s: s["Fill"]["required"].append("order"),
    lambda g, p, s: s["Fill"]["properties"]["order"]["anyOf"].pop(),
    lambda g, p, s: s["FillIn"]["properties"].update(venue={"type": "string"}),
    lambda g, p, s: s["FillIn"]["required"].clear(),
    lambda g, p, s: s["FillIn"]["properties"]["note"].update(maxLength=100),
    lambda g, p, s: s["FillIn"]["properties"].update(note={"type": ["string", "null"]}),
    lambda g, p, s: s["FillIn"].update(additionalProperties=True),
    lambda g, p, s: g["parameters"][0].update(schema={"type": "number"}),
    lambda g, p, s: g["parameters"].append({"name": "x", "in": "query", "schema": {}}),
    lambda g, p, s: p["responses"].update({"200": {}}),
]


@pytest.mark.parametrize("change", HARMLESS)
def test_what_breaks_no_client_is_let_pass(change: Callable[[Json, Json, Json], object]) -> None:
    assert changes(change) == []


def test_a_declared_change_is_let_pass_and_a_stale_declaration_is_named() -> None:
    text = """
    [[change]]
    kind = "field-removed"
    where = "Fill (*"
    reason = "Nobody could say what it was for."
    [[change]]
    kind = "route-removed"
    where = "GET /v1/gone"
    reason = "It has been gone for a long time now."
    """
    gone = Change("field-removed", "Fill (answer).price", "is gone")
    other = Change("field-removed", "Order (answer).fills", "is gone")
    declared = Declared.read(text)
    assert declared.undeclared([gone, other]) == [other]
    assert [each.kind for each in declared.unused([gone, other])] == ["route-removed"]


@pytest.mark.parametrize(
    "text",
    ['[[change]]\nkind="a"\nwhere="b"', '[[change]]\nkind="a"\nwhere="b"\nreason="because"'],
)
def test_a_declaration_without_a_reason_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="reason"):
        Declared.read(text)


def test_the_document_breaks_nothing_of_itself() -> None:
    document = whole_api()
    assert breaking_changes(document, document) == []
