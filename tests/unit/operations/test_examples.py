"""Every example is one that the app takes, or has answered, and fits its schema."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from algotrendy.operations.openapi import whole_api
from algotrendy.operations.openapi_examples import JSON_TYPE, Examples, bodies_of, unexampled
from algotrendy.operations.openapi_schemas import Json, operations_of
from api_examples.asking import World, declared_bodies, send
from api_examples.whole import ASKS, FILE, recorded_text, worlds


@pytest.fixture(scope="module")
def document() -> Json:
    return whole_api()


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return worlds(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def recorded_now(behind: dict[str, World]) -> str:
    return recorded_text(behind)


def test_what_is_recorded_is_what_the_apps_answer_now(recorded_now: str) -> None:
    assert FILE.read_text(encoding="utf-8") == recorded_now, "run: make published"


def test_every_body_has_an_example(document: Json) -> None:
    assert unexampled(document) == [], "add an Ask to tests/api_examples, or say one at the route"


def test_every_example_fits_its_schema(document: Json) -> None:
    wrong = []
    for _, _, operation in operations_of(document):
        bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
        for part, body in bodies.items():
            media = body.get("content", {}).get(JSON_TYPE, {})
            examples = bodies_of(document, media)
            if "example" in media:
                examples["recorded"] = media["example"]
            for name, example in examples.items():
                place = f"{operation['operationId']} {part} {name}"
                wrong += _faults(document, media["schema"], example, place)
    for name, answer in document["components"]["responses"].items():
        (media,) = answer["content"].values()
        if name != "Problem":
            wrong += _faults(document, media["schema"], media["example"], name)
    assert wrong == []


@pytest.mark.usefixtures("recorded_now")
def test_every_body_that_a_route_shows_is_taken(document: Json, behind: dict[str, World]) -> None:
    refused = []
    for method, path, operation in operations_of(document):
        name, tag = operation["operationId"], operation["tags"][0]
        for label, body in declared_bodies(document, operation).items():
            answer = send(behind[tag], method, path, operation, ASKS[name], body)
            if not answer.is_success:
                refused.append(f"{name} {label}: {answer.status_code} {answer.text}")
    assert refused == []


def test_what_has_no_example_is_named() -> None:
    media: Json = {JSON_TYPE: {"schema": {}}}
    operation = {"operationId": "x", "tags": ["t"], "requestBody": {"content": media}}
    bare = {"paths": {"/x": {"post": {**operation, "responses": {"200": {"content": media}}}}}}
    assert unexampled(bare) == ["x: request", "x: 200"]
    assert Examples.of({"operations": {}, "problems": {}}) == Examples()


def _faults(document: Json, schema: Json, example: Any, place: str) -> list[str]:
    whole = {**schema, "components": document["components"]}
    found = Draft202012Validator(whole).iter_errors(example)
    return [f"{place}: {fault.json_path}: {fault.message}" for fault in found]
