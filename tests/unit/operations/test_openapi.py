"""The document of the whole API says what a caller needs to know, and stands by the standard."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from algotrendy.identity.routes import ROUTES
from algotrendy.operations.openapi import merged, whole_api
from algotrendy.operations.openapi_answers import API_KEY, BEARER, IDEMPOTENCY_KEY
from algotrendy.operations.openapi_schemas import operations_of, tidied
from algotrendy.platform.http import create_app

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return whole_api()


def test_every_operation_has_a_name_that_reads_as_what_it_does(document: Json) -> None:
    names = [operation["operationId"] for _, _, operation in operations_of(document)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)+", name)] == []


def test_every_operation_says_in_a_sentence_what_it_is_for(document: Json) -> None:
    for _, path, operation in operations_of(document):
        assert 10 <= len(operation["summary"]) <= 120, path
        assert operation["description"], path


def test_every_reference_leads_somewhere(document: Json) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for step in reference.split("/"):
            found = found[step]


def test_every_schema_is_one_of_json_schema(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert re.fullmatch(r"[A-Z]\w*", name)


def test_no_word_of_pydantic_is_left_that_json_schema_does_not_know(document: Json) -> None:
    words = {"gt", "ge", "lt", "le", "decimal_places", "max_digits"}
    found = set(re.findall(r'"(\w+)":', json.dumps(document["components"]["schemas"])))
    assert not found & words


def test_money_is_a_decimal_in_a_string(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["MoneyOut"]["properties"]["cash"]["format"] == "decimal"
    number, text = schemas["AccountLimitsIn"]["properties"]["leverage"]["anyOf"][0]["anyOf"]
    assert number == {"type": "number", "exclusiveMinimum": 0.0, "exclusiveMaximum": 1000.0}
    assert text == {"type": "string", "format": "decimal"}


def test_every_operation_says_what_the_table_of_routes_says(document: Json) -> None:
    for method, path, operation in operations_of(document):
        access = ROUTES[method, path]
        secured = operation.get("security", document["security"])
        if access.is_public:
            assert secured == []
        elif access.fresh:
            assert secured == [{BEARER: []}]
            assert operation["x-fresh-sign-in"] is True
        else:
            assert secured == [{BEARER: []}, {API_KEY: []}]
        assert operation["x-limit-class"] == access.limit_class
        assert {"401", "403"} <= operation["responses"].keys() or access.is_public


def test_every_answer_to_a_caller_tells_their_limits(document: Json) -> None:
    for method, path, operation in operations_of(document):
        if not ROUTES[method, path].is_public:
            for status, answer in operation["responses"].items():
                assert not status.startswith("2") or "RateLimit-Remaining" in answer["headers"]
            assert operation["responses"]["429"] == {
                "$ref": "#/components/responses/TooManyRequests"
            }


def test_what_acts_by_post_takes_an_idempotency_key_or_is_the_same_twice(document: Json) -> None:
    without = {
        operation["operationId"]
        for method, _, operation in operations_of(document)
        if method == "POST"
        and IDEMPOTENCY_KEY
        not in {each["name"].lower() for each in operation.get("parameters", [])}
    }
    assert without <= {"cancel_sweep", "cancel_walk_forward", "decide_approval", "pull_kill_switch"}


def test_every_read_says_how_to_be_asked_less(document: Json) -> None:
    for method, path, operation in operations_of(document):
        if method == "GET" and path.startswith("/v1/"):
            assert "304" in operation["responses"]
            assert "ETag" in operation["responses"]["200"]["headers"]


def test_two_operations_of_one_name_are_refused() -> None:
    def app(path: str) -> FastAPI:
        made = FastAPI(generate_unique_id_function=lambda route: route.name)
        made.get(path, tags=["one"])(same)
        return made

    def same() -> str:
        """Tell the same."""
        return ""

    with pytest.raises(ValueError, match="name same"):
        merged([app("/v1/one"), app("/v1/two")])


def test_two_schemas_that_would_have_one_name_are_refused() -> None:
    schemas: Json = {"Limits-Input": {}, "LimitsIn": {}}
    with pytest.raises(ValueError, match="LimitsIn"):
        tidied({"components": {"schemas": schemas}})


def test_the_apps_keep_what_they_said_of_themselves() -> None:
    app = create_app("One", "one")
    before = json.dumps(app.openapi())
    tidied(merged([app]))
    assert json.dumps(app.openapi()) == before
