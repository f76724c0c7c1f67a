"""The client is patient with what passes, never does anything twice, and says what it met."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from algotrendy.client import errors
from algotrendy.client.client import Client
from algotrendy.client.models import OrderIn, SwitchIn
from algotrendy.client.sending import Waiting

BASE = "http://gateway.test/$default"
ORDER = OrderIn.model_validate(
    {"account": "paper", "symbol": "AAPL", "side": "buy", "quantity": "10"}
)


class Gateway:
    """Answers with what it was given, in order; the last answer goes on."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self.made = 0

    def client(self, credential: str | Callable[[], str] = "atk_1_x", **options: Any) -> Client:
        return Client(
            BASE,
            credential,
            transport=httpx.MockTransport(self._answer),
            waiting=Waiting(self.waits.append, lambda: sum(self.waits), lambda: 1.0),
            new_key=self._key,
            **options,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _key(self) -> str:
        self.made += 1
        return f"key-{self.made}"


def problem(status: int, code: str = "", headers: Any = None, **members: Any) -> httpx.Response:
    body = {"status": status, "code": code, "detail": "because", "correlation_id": "c", **members}
    return httpx.Response(status, json=body if code else {}, headers=headers)


STATES = httpx.Response(200, json={"strategies": []})
DONE = httpx.Response(202, json={})


def place(api: Client) -> None:
    """Place an order of which the answer is of no matter."""
    api.call("POST", "/v1/orders", dict[str, Any], body=ORDER, keyed=True)


def pull(api: Client) -> None:
    """Post what bears no key."""
    body = SwitchIn.model_validate({"flatten": False, "reason": "prices look wrong"})
    api.call("POST", "/v1/kill-switch", dict[str, Any], body=body)


def test_a_request_bears_the_credential_and_stands_under_the_gateways_path() -> None:
    gateway = Gateway(STATES)
    with gateway.client() as api:
        api.list_strategies()
    (asked,) = gateway.requests
    assert str(asked.url) == f"{BASE}/v1/strategies"
    assert asked.headers["authorization"] == "Bearer atk_1_x"


def test_a_token_is_asked_for_before_each_try() -> None:
    tokens = iter(["old", "new"])
    gateway = Gateway(problem(503, "unavailable"), STATES)
    with gateway.client(lambda: next(tokens)) as api:
        api.list_strategies()
    bearers = [asked.headers["authorization"] for asked in gateway.requests]
    assert bearers == ["Bearer old", "Bearer new"]


def test_a_post_that_fails_in_passing_is_sent_again_under_one_key_made_for_it() -> None:
    gateway = Gateway(
        httpx.ConnectError("refused"),
        httpx.ReadError("cut"),
        httpx.Response(502, text="<html>"),
        problem(503, "unavailable"),
        DONE,
    )
    with gateway.client() as api:
        place(api)
        place(api)
    keys = [asked.headers["idempotency-key"] for asked in gateway.requests]
    assert keys == ["key-1"] * 5 + ["key-2"]
    assert gateway.waits == [0.2, 0.4, 0.8, 1.6]


@pytest.mark.parametrize("answer", [httpx.ReadError("cut"), problem(503, "unavailable")])
def test_what_may_have_been_done_is_not_sent_again_without_a_key(
    answer: httpx.Response | Exception,
) -> None:
    gateway = Gateway(answer)
    with gateway.client() as api, pytest.raises(errors.ApiError):
        pull(api)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), problem(429, "too-many")])
def test_what_was_never_done_is_sent_again_even_without_a_key(
    answer: httpx.Response | Exception,
) -> None:
    gateway = Gateway(answer, DONE)
    with gateway.client() as api:
        pull(api)
    assert len(gateway.requests) == 2


def test_what_is_being_done_under_the_same_key_is_waited_for() -> None:
    gateway = Gateway(
        httpx.ReadTimeout("slow"),
        problem(409, "idempotency-in-progress", {"retry-after": "2"}),
        DONE,
    )
    with gateway.client() as api:
        place(api)
    assert gateway.waits == [0.2, 2.0]
    assert {asked.headers["idempotency-key"] for asked in gateway.requests} == {"key-1"}


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "7"},
        {
            "date": "Sun, 22 Nov 2026 12:00:00 GMT",
            "retry-after": "Sun, 22 Nov 2026 12:00:07 GMT",
        },
    ],
)
def test_a_retry_after_is_kept_to(headers: dict[str, str]) -> None:
    gateway = Gateway(problem(429, "too-many", headers), STATES)
    with gateway.client() as api:
        api.list_strategies()
    assert gateway.waits == [7.0]


def test_a_retry_after_longer_than_patience_is_told_and_not_waited_for() -> None:
    gateway = Gateway(problem(429, "too-many", {"retry-after": "3600"}))
    with gateway.client() as api, pytest.raises(errors.TooManyRequests) as raised:
        api.list_strategies()
    assert raised.value.retry_after_s == 3600
    assert gateway.waits == []


def test_one_that_never_answered_is_given_up_soon() -> None:
    gateway = Gateway(httpx.ConnectError("refused"))
    with gateway.client() as api, pytest.raises(errors.NoAnswer) as raised:
        api.list_strategies()
    assert 2 < sum(gateway.waits) <= 5
    assert raised.value.may_have_happened is False


def test_an_order_whose_answer_is_lost_for_good_may_have_been_placed() -> None:
    gateway = Gateway(httpx.ReadTimeout("slow"))
    with gateway.client() as api, pytest.raises(errors.NoAnswer) as raised:
        place(api)
    assert raised.value.may_have_happened is True


def test_patience_can_be_none() -> None:
    gateway = Gateway(problem(503, "unavailable"))
    with gateway.client(patience_s=0) as api, pytest.raises(errors.Unavailable):
        api.list_strategies()
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(401, "unauthenticated"), errors.NotSignedIn),
        (problem(403, "forbidden"), errors.NotAllowed),
        (problem(403, "fresh-sign-in-needed"), errors.FreshSignInNeeded),
        (problem(404, "not-found"), errors.NotFound),
        (problem(409, "rejected", breaches=[]), errors.Refused),
        (problem(413, "too-large"), errors.TooLarge),
        (problem(422, "invalid"), errors.Invalid),
        (problem(422, "idempotency-key-reused"), errors.KeyReused),
        (problem(400, "bad-request"), errors.Invalid),
        (problem(500, "internal"), errors.Failed),
        (problem(500, "unknown"), errors.OutcomeUnknown),
        (httpx.Response(418, text="no JSON"), errors.Invalid),
    ],
)
def test_what_does_not_pass_is_told_at_once_as_what_it_is(
    answer: httpx.Response, kind: type[errors.ProblemError]
) -> None:
    gateway = Gateway(answer)
    with gateway.client() as api, pytest.raises(errors.ProblemError) as raised:
        api.list_strategies()
    assert type(raised.value) is kind
    assert raised.value.status == answer.status_code
    assert len(gateway.requests) == 1


def test_a_problem_keeps_all_that_was_said() -> None:
    breach = {"limit": "order_notional", "allowed": "50000", "actual": "61250"}
    gateway = Gateway(problem(409, "rejected", breaches=[breach], errors=[{"field": "x"}]))
    with gateway.client() as api, pytest.raises(errors.Refused) as raised:
        place(api)
    found = raised.value
    assert (found.code, found.detail, found.correlation_id) == ("rejected", "because", "c")
    assert found.facts == {"breaches": [breach]}
    assert found.errors == [{"field": "x"}]
    assert str(found) == "409 rejected: because"


def test_a_gateway_that_is_just_starting_is_asked_again() -> None:
    gateway = Gateway(httpx.Response(500, json={"message": "Internal Server Error"}), STATES)
    with gateway.client() as api:
        api.list_strategies()
    assert len(gateway.requests) == 2


def test_an_answer_that_is_not_as_promised_is_said_to_be_so() -> None:
    gateway = Gateway(httpx.Response(200, json={"strategies": 1}))
    with gateway.client() as api, pytest.raises(errors.NotUnderstood, match="strategies"):
        api.list_strategies()


def test_a_signed_address_gets_no_credential() -> None:
    def never() -> str:
        raise AssertionError("the credential left the house")

    gateway = Gateway(httpx.Response(200, content=b"table"))
    with gateway.client(never) as api:
        assert api.download("http://bucket.test/results.csv?signature=x") == b"table"
    assert "authorization" not in gateway.requests[0].headers
