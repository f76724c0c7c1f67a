"""The client of the API: patient with what passes, clear about what does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from algotrendy.cli.api_client import ApiClient, Refused
from algotrendy.kernel.errors import NotFound, Unauthenticated, Unavailable

BASE = "http://gateway.test/$default"


class Gateway:
    """Answers with what it was given, in order; the last answer goes on."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.now_s = 0.0

    def client(self, token: Callable[[], str] = lambda: "token") -> ApiClient:
        transport = httpx.MockTransport(self._answer)
        return ApiClient(BASE, token, transport, sleep=self._sleep, monotonic=lambda: self.now_s)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds


def problem(status: int, detail: str, **facts: Any) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "detail": detail, **facts})


def test_a_read_bears_the_token_and_stands_under_the_gateways_path() -> None:
    gateway = Gateway(httpx.Response(200, json={"symbols": []}))
    with gateway.client() as api:
        assert api.get("/v1/symbols", limit="5") == {"symbols": []}
    (asked,) = gateway.requests
    assert str(asked.url) == f"{BASE}/v1/symbols?limit=5"
    assert asked.headers["authorization"] == "Bearer token"


def test_a_post_that_fails_in_passing_is_sent_again_under_the_same_key() -> None:
    gateway = Gateway(
        httpx.ConnectError("refused"),
        problem(503, "starting"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(202, json={"id": "1"}),
    )
    with gateway.client() as api:
        assert api.post("/v1/sweeps", {"a": 1}, "my-key") == {"id": "1"}
    assert {asked.headers["idempotency-key"] for asked in gateway.requests} == {"my-key"}
    assert len(gateway.requests) == 4


def test_one_that_never_answered_is_given_up_soon_and_it_says_where_to_look() -> None:
    gateway = Gateway(httpx.ConnectError("connection refused"))
    with gateway.client() as api, pytest.raises(Unavailable, match="algotrendy status"):
        api.get("/v1/symbols")
    assert 2 < gateway.now_s <= 5


def test_one_that_has_answered_is_waited_for_a_minute() -> None:
    gateway = Gateway(httpx.Response(200, json={}), httpx.ConnectError("connection refused"))
    with gateway.client() as api:
        api.get("/v1/symbols")
        with pytest.raises(Unavailable, match="does not answer"):
            api.get("/v1/symbols")
    assert 50 < gateway.now_s <= 60


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (problem(401, "the token has expired"), Unauthenticated, "algotrendy login"),
        (problem(404, "symbol X was not found; near: Y"), NotFound, "near: Y"),
        (
            problem(403, "needs the role researcher", code="forbidden"),
            Refused,
            "needs the role researcher",
        ),
        # The gateway's own answer to what proves nothing.
        (httpx.Response(403, json={"message": "Forbidden"}), Unauthenticated, "algotrendy login"),
        (
            problem(422, "one field is wrong", errors=[{"field": "fast", "expected": "2 or more"}]),
            Refused,
            "fast must be 2 or more",
        ),
        (httpx.Response(400, text="no JSON"), Refused, "Bad Request"),
    ],
)
def test_what_does_not_pass_is_told_at_once(
    answer: httpx.Response, error: type[Exception], words: str
) -> None:
    gateway = Gateway(answer)
    with gateway.client() as api, pytest.raises(error, match=words):
        api.get("/v1/symbols")
    assert len(gateway.requests) == 1


def test_a_signed_address_gets_no_token() -> None:
    gateway = Gateway(httpx.Response(200, content=b"table"))

    def never() -> str:
        raise AssertionError("the token left the house")

    with gateway.client(never) as api:
        assert api.download("http://bucket.test/results.csv?signature=x") == b"table"
    assert "authorization" not in gateway.requests[0].headers


def test_a_refusal_keeps_what_the_problem_document_says_for_programs() -> None:
    breach = {"limit": "order_notional", "allowed": "50000", "actual": "61250"}
    gateway = Gateway(problem(409, "over the limit", breaches=[breach], correlation_id="c"))
    with gateway.client() as api, pytest.raises(Refused, match="over the limit") as caught:
        api.post("/v1/orders", {}, "key")
    assert caught.value.facts == {"status": 409, "breaches": [breach], "correlation_id": "c"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_change_that_fails_in_passing_is_sent_again(method: str) -> None:
    gateway = Gateway(problem(503, "starting"), httpx.Response(200, json={"id": "1"}))
    with gateway.client() as api:
        calls: dict[str, Callable[[], Any]] = {
            "PUT": lambda: api.put("/v1/limits", {"a": 1}, account="paper"),
            "PATCH": lambda: api.patch("/v1/orders/1", {"a": 1}, "key"),
            "DELETE": lambda: api.delete("/v1/orders/1", reason="done"),
        }
        assert calls[method]() == {"id": "1"}
    assert [request.method for request in gateway.requests] == [method, method]
    assert gateway.requests[0].url == gateway.requests[1].url


def test_what_is_not_found_is_named_once() -> None:
    facts = {"kind": "account", "key": "nope"}
    gateway = Gateway(problem(404, "account nope was not found", **facts))
    with gateway.client() as api, pytest.raises(NotFound) as raised:
        api.get("/v1/orders")
    assert str(raised.value) == "account nope was not found"
