"""What every capability's app answers: problems, probes, its description, and Lambda events."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel import errors, request_errors
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Forbidden,
    FreshSignInNeeded,
    Invalid,
    InvalidRows,
    NotFound,
    Rejected,
    RowError,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.request_errors import InProgress, KeyReused, TooLarge, TooManyRequests
from algotrendy.platform import problems
from algotrendy.platform.http import create_app, lambda_handler
from algotrendy.platform.settings import reset_settings
from algotrendy.platform.telemetry import HEADER, correlation_id
from fakes.app_client import AppClient

LIMIT = 1000
RAISED: dict[str, tuple[AlgoTrendyError, int]] = {
    "AlgoTrendyError": (AlgoTrendyError("odd"), 500),
    "Invalid": (Invalid("parameters.fast", "between 2 and 500", 1), 422),
    "InvalidRows": (InvalidRows("bars.csv", [RowError(3, "high", "is below low")]), 422),
    "Rejected": (Rejected("too many sweeps", limit=5, actual=7), 409),
    "NotFound": (NotFound("symbol", "AAPLE", "did you mean AAPL?"), 404),
    "Unauthenticated": (Unauthenticated("the token has expired"), 401),
    "Forbidden": (Forbidden(["researcher"], ["viewer"]), 403),
    "FreshSignInNeeded": (FreshSignInNeeded("api_key", None, 300), 403),
    "KeyReused": (KeyReused("k-1"), 422),
    "InProgress": (InProgress("k-1", 0.5), 409),
    "TooManyRequests": (TooManyRequests("trade", 20, 60, 0.05), 429),
    "Conflict": (Conflict("the key was used for another sweep"), 409),
    "TooLarge": (TooLarge(100, 101), 413),
    "Unavailable": (Unavailable("database", "it does not answer", retry_after_s=1.2), 503),
    "Unknown": (Unknown("commit", "the connection broke"), 500),
}


class Order(BaseModel):
    symbol: str
    quantity: int = Field(ge=1)
    password: str = Field("", max_length=3)


class Reason(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=5)]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("ALGOTRENDY_MAX_BODY_BYTES", str(LIMIT))
    reset_settings()
    made = create_app("Orders", "trading", {"database": lambda: None})

    @made.get("/v1/raise/{name}")
    def raise_it(name: str) -> None:
        raise RAISED[name][0]

    @made.get("/v1/crash")
    def crash() -> None:
        raise RuntimeError("the password is hunter2")

    @made.post("/v1/orders")
    def order(order: Order, n: Annotated[int, Query(le=9)] = 1) -> dict[str, str]:
        return {"symbol": order.symbol, "correlation_id": correlation_id()}

    @made.get("/v1/header")
    def header(x_limit: Annotated[int, Header()]) -> dict[str, int]:
        return {"limit": x_limit}

    return made


@pytest.fixture
def client(app: FastAPI) -> AppClient:
    return AppClient(app)


def test_the_list_of_errors_above_is_the_whole_tree() -> None:
    kinds = {
        name
        for name, kind in {**vars(errors), **vars(request_errors)}.items()
        if isinstance(kind, type) and issubclass(kind, AlgoTrendyError)
    }
    assert kinds == set(RAISED)


@pytest.mark.parametrize("name", RAISED)
def test_every_error_becomes_its_problem(client: AppClient, name: str) -> None:
    error, status = RAISED[name]
    answer = client.get(f"/v1/raise/{name}", headers={HEADER: "c-1"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        **json.loads(json.dumps(error.fields())),
        "type": f"urn:algotrendy:problem:{error.code}",
        "title": error.code.replace("-", " ").capitalize(),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "correlation_id": "c-1",
    }


def test_an_error_of_a_capability_takes_the_status_of_its_nearest_kin() -> None:
    class Throttled(Rejected):
        code = "throttled"

    document = problems.of_error(Throttled("slow down"))
    assert (document.status, document.code) == (409, "throttled")


def test_a_fact_cannot_take_the_place_of_a_standard_member() -> None:
    response = problems.of_error(Rejected("no", status=200, code="fine")).response()
    body = json.loads(bytes(response.body))
    assert response.status_code == body["status"] == 409
    assert body["code"] == "rejected"


def test_one_who_must_sign_in_is_told_how(client: AppClient) -> None:
    answer = client.get("/v1/raise/Unauthenticated")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="algotrendy"')


@pytest.mark.parametrize(
    ("name", "seconds"), [("Unavailable", "2"), ("TooManyRequests", "1"), ("InProgress", "1")]
)
def test_one_who_may_come_back_is_told_when(client: AppClient, name: str, seconds: str) -> None:
    assert client.get(f"/v1/raise/{name}").headers["retry-after"] == seconds


def test_a_crash_tells_nothing_but_the_id_to_quote(
    client: AppClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get("/v1/crash", headers={HEADER: "c-1"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.json()["correlation_id"] == answer.headers[HEADER] == "c-1"
    assert "hunter2" not in answer.text
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    crashed = [line for line in lines if line["message"] == "request crashed"]
    assert "hunter2" in crashed[0]["exception"]
    assert crashed[0]["correlation_id"] == "c-1"


@pytest.mark.parametrize(
    ("body", "query", "expected"),
    [
        (
            {"quantity": 0},
            "",
            [
                {"field": "symbol", "expected": "present", "actual": None},
                {"field": "quantity", "expected": "greater than or equal to 1", "actual": 0},
            ],
        ),
        (
            {"symbol": "A", "quantity": 1},
            "?n=10",
            [{"field": "n", "expected": "less than or equal to 9", "actual": "10"}],
        ),
        (
            {"symbol": "A", "quantity": 1, "password": "hunter2"},
            "",
            [
                {
                    "field": "password",
                    "expected": "at most 3 characters",
                    "actual": "hidden",
                }
            ],
        ),
        (
            [1],
            "",
            [
                {
                    "field": "body",
                    "expected": "a JSON object",
                    "actual": "[1]",
                }
            ],
        ),
    ],
)
def test_a_request_that_does_not_fit_is_told_every_field(
    client: AppClient, body: Any, query: str, expected: list[dict[str, Any]]
) -> None:
    answer = client.post(f"/v1/orders{query}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == expected
    assert answer.json()["code"] == "invalid"


def test_a_missing_header_is_named(client: AppClient) -> None:
    answer = client.get("/v1/header")
    assert [wrong["field"] for wrong in answer.json()["errors"]] == ["x-limit"]


def test_a_body_that_is_not_json_says_so(client: AppClient) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post("/v1/orders", content=b'{"symbol": ', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "body", "expected": "JSON", "actual": "something else"}
    ]


def test_a_long_wrong_value_is_not_repeated_at_length(client: AppClient) -> None:
    answer = client.post("/v1/orders", json={"symbol": "A", "quantity": "9" * 500 + "x"})
    assert len(answer.json()["errors"][0]["actual"]) <= 121


def test_an_unknown_path_and_a_wrong_method_are_problems_too(client: AppClient) -> None:
    unknown = client.get("/v1/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    wrong = client.request("PUT", "/v1/orders")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert wrong.headers["allow"] == "POST"
    for answer in (unknown, wrong):
        assert answer.headers["content-type"] == "application/problem+json"


def test_health_needs_nothing_and_readiness_asks_everything() -> None:
    client = AppClient(create_app("T", "backtest", {"lake": lambda: 1, "database": lambda: None}))
    assert client.get("/backtest/health").json() == {"status": "alive"}
    answer = client.get("/backtest/ready")
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert list(checks) == ["lake", "database"]
    assert all(check["ok"] and check["latency_ms"] >= 0 for check in checks.values())


def test_one_failing_check_makes_the_capability_unready_and_tells_strangers_no_more() -> None:
    def gone() -> None:
        raise Unavailable("database", "10.0.0.7: password authentication failed for user ada")

    def broken() -> None:
        raise RuntimeError("the password is hunter2")

    checks = {"lake": lambda: 1, "database": gone, "cache": broken}
    answer = AppClient(create_app("T", "backtest", checks)).get("/backtest/ready")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["detail"] == "backtest is unavailable: database, cache failed"
    assert body["checks"]["lake"]["ok"] is True
    assert body["checks"]["database"]["reason"] == "unavailable"
    assert body["checks"]["cache"]["reason"] == "RuntimeError"
    assert not any(inner in answer.text for inner in ("10.0.0.7", "ada", "hunter2"))


def test_a_check_that_hangs_fails_in_time() -> None:
    checks = {"slow": lambda: time.sleep(0.5)}
    app = create_app("T", "backtest", checks, check_timeout_s=0.05)
    check = AppClient(app).get("/backtest/ready").json()["checks"]["slow"]
    assert check["ok"] is False
    assert check["reason"] == "no answer in 0.05 s"
    assert check["latency_ms"] < 400


def test_the_description_names_problems_and_the_bearer_token(app: FastAPI) -> None:
    schema = app.openapi()
    components = schema["components"]
    assert components["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert set(components["schemas"]["Problem"]["required"]) >= {"type", "title", "status"}
    assert "WrongField" in components["schemas"]
    assert schema["security"] == [{"bearer": []}]
    assert schema["paths"]["/trading/health"]["get"]["security"] == []
    order = schema["paths"]["/v1/orders"]["post"]
    assert "security" not in order
    reference = {"$ref": "#/components/schemas/Problem"}
    for status in ("4XX", "5XX"):
        assert order["responses"][status]["content"] == {
            "application/problem+json": {"schema": reference}
        }
    assert "422" not in order["responses"]
    assert app.openapi() is schema


def test_a_lambda_serves_the_app_under_one_id(app: FastAPI, lambda_event_loop: None) -> None:
    handler = lambda_handler(app)
    context = SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=128,
        invoked_function_arn="arn",
        aws_request_id="r",
        tenant_id=None,
    )

    def call(**headers: str) -> Any:
        event = {
            "version": "2.0",
            "rawPath": "/v1/orders",
            "rawQueryString": "",
            "headers": {"content-type": "application/json", **headers},
            "requestContext": {
                "http": {"method": "POST", "path": "/v1/orders", "sourceIp": "1.2.3.4"},
                "stage": "$default",
            },
            "body": json.dumps({"symbol": "A", "quantity": 1}),
            "isBase64Encoded": False,
        }
        return handler(event, context)

    answer = call(**{HEADER: "mine-1"})
    assert answer["statusCode"] == 200
    assert answer["headers"][HEADER] == "mine-1"
    assert json.loads(answer["body"]) == {"symbol": "A", "correlation_id": "mine-1"}

    answer = call()
    assert json.loads(answer["body"])["correlation_id"] == answer["headers"][HEADER]
    assert call()["headers"][HEADER] != answer["headers"][HEADER]


def test_what_is_wrong_with_a_field_reads_as_a_sentence() -> None:
    app = create_app("Orders", "trading")

    @app.post("/v1/reasons")
    def post_reason(body: Reason) -> str:
        return body.reason

    bodies: list[Any] = [{"reason": "x" * 6}, {"reason": ""}, {"reason": "x", "why": 1}, []]
    client = AppClient(app)
    details = [client.post("/v1/reasons", json=body).json()["detail"] for body in bodies]
    assert details == [
        "reason must be at most 5 characters",
        "reason must be at least 1 character",
        "why must be left out: nobody knows it",
        "body must be a JSON object",
    ]
