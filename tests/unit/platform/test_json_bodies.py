"""What JSON may come in: of a bounded shape, each name once, and nothing that only Python reads."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from algotrendy.kernel.errors import Invalid
from algotrendy.platform.http import create_app
from algotrendy.platform.json_bodies import MOST_DEPTH, MOST_VALUES, check_json
from fakes.app_client import AppClient

JSON = {"content-type": "application/json"}

NAMES = st.text(max_size=8)


class Note(BaseModel):
    text: str
    more: Any = None


@pytest.fixture(scope="module")
def client() -> AppClient:
    app: FastAPI = create_app("Notes", "notes")

    @app.post("/v1/notes")
    def post_note(note: Note) -> str:
        return note.text

    return AppClient(app)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (nested(MOST_DEPTH + 1), "nested at most 32 deep"),
        (nested(100_000), "nested at most 32 deep"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "nested at most 32 deep"),
        (b"[" * 100_000, "nested at most 32 deep"),
        (b"[" + b"1," * MOST_VALUES + b"1]", "of at most 20000 values"),
        (b'{"text":"a","text":"b"}', "body: text must be given once in its object, was 'twice'"),
        (b'{"text":"a","more":{"x":1,"y":2,"x":3}}', "body: x must be given once"),
        (b'{"text":"a","te\\u0078t":"b"}', "body: text must be given once"),
        (b'{"text":"a","more":NaN}', "was 'NaN'"),
        (b'{"text":"a","more":-Infinity}', "was '-Infinity'"),
        (b'{"text":"a","more":1e999}', "numbers of at most 64 bits"),
        (b'{"text":"a","more":9223372036854775808}', "whole numbers of at most 64 bits"),
        (b'{"text":"a","more":' + b"9" * 100_000 + b"}", "whole numbers of at most 64 bits"),
        (b'{"text":"\\u0000"}', "without a NUL"),
        (b'{"\\u0000":1}', "without a NUL"),
        (b'{"text":"a","more":[{"why":"\\u0000"}]}', "more.0.why must be text without a NUL"),
        (b'{"text":"\\ud800"}', "half of a surrogate"),
        (b'{"text":"\xff"}', "JSON in UTF-8"),
        ('{"text":"a"}'.encode("utf-16"), "JSON in UTF-8"),
        (b'{"text":"a"} trailing', "must be JSON"),
        (b'{"text":"a"', "must be JSON"),
        (b'\xef\xbb\xbf{"text":"a"}', "must be JSON"),
    ],
)
def test_what_is_no_plain_json_is_refused_with_a_reason(
    client: AppClient, body: bytes, says: str
) -> None:
    answer = client.post("/v1/notes", content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid"
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"text":"a","more":%s}' % nested(MOST_DEPTH - 1),
        b'{"text":"a","more":-9223372036854775808}',
        json.dumps({"text": "[" * 1000, "more": "]{,\\" * 9000}).encode(),
        json.dumps({"text": "\\u0000 is how NUL is written"}).encode(),
        json.dumps({"text": "\U0001f600"}).encode(),
        '{"text":"prix à 3 €"}'.encode(),
    ],
)
def test_what_only_looks_odd_is_taken(client: AppClient, body: bytes) -> None:
    assert client.post("/v1/notes", content=body, headers=JSON).status_code == 200


def test_a_body_without_a_kind_is_looked_at_too(client: AppClient) -> None:
    answer = client.post("/v1/notes", content=nested(1000), headers={"content-type": ""})
    assert "nested" in answer.json()["detail"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
        max_leaves=10,
    )
)
def test_whatever_json_our_own_side_writes_is_taken(value: Any) -> None:
    text = json.dumps(value)
    if "\\u0000" not in text:
        check_json(text.encode())


@given(st.binary(max_size=300))
def test_no_body_does_more_than_be_refused(body: bytes) -> None:
    with suppress(Invalid):
        check_json(body)


@pytest.mark.parametrize("piece", [b'"', b"\\", b'"\\', b'\\"', b"[,", b'{"a":', b'"\\"'])
def test_the_worst_body_of_the_largest_size_takes_a_fraction_of_a_second(piece: bytes) -> None:
    # Many brackets, none deep: then every letter is looked at.
    body = (b"[]" * 40 + piece * (262_144 // len(piece)))[:262_144]
    started = time.perf_counter()
    with pytest.raises(Invalid):
        check_json(body)
    assert time.perf_counter() - started < 1
