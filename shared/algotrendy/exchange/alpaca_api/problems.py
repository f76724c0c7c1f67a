"""Say no in Alpaca's shape: ``{"code": 42210000, "message": "..."}`` and what else is known."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from algotrendy.exchange.alpaca_api.wire import Json, number_text
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, NotFound, Rejected, Unavailable

_logger = logging.getLogger(__name__)


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    content = orjson.dumps(body, default=_written)
    return Response(content, status, dict(headers or {}), "application/json")


def nothing() -> Response:
    """Answer that it is done, and that there is nothing to say."""
    return Response(status_code=204)


def refusal(reason: Reason, message: str, **facts: object) -> Response:
    """Answer a refusal that nobody raised."""
    return answer(problem_json(reason.number, message, facts), reason.status)


def problem_json(number: int, message: str, facts: Mapping[str, object] | None = None) -> Json:
    """Write a refusal's body; code and message win over facts of these names."""
    written: Json = {name: _plain(fact) for name, fact in (facts or {}).items()}
    return written | {"code": number, "message": message}


def refused_json(error: Refused) -> Json:
    """Write the body of what the venue refused."""
    return problem_json(error.reason.number, error.message, error.facts)


def answer_in_alpacas_shape(app: FastAPI) -> None:
    """Let every error of the app leave it in this shape."""
    for kind in (AlgoTrendyError, HTTPException, Exception):
        app.add_exception_handler(kind, _answered)


def answer_to(error: Exception) -> Response:
    """Answer an error."""
    if isinstance(error, Refused):
        return answer(refused_json(error), error.reason.status)
    if isinstance(error, AlgoTrendyError):
        return _answer_error(error)
    if isinstance(error, HTTPException):
        return _answer_http(error)
    # The server logs it.
    return refusal(Reason.INTERNAL, "internal server error occurred")


def is_foreseen(error: Exception) -> bool:
    """Say whether the answer is all there is to say of an error."""
    return isinstance(error, AlgoTrendyError | HTTPException)


async def _answered(_: Request, error: Exception) -> Response:
    return answer_to(error)


def _answer_error(error: AlgoTrendyError) -> Response:
    if isinstance(error, Invalid):
        return refusal(Reason.INVALID, error.message)
    if isinstance(error, NotFound):
        return refusal(Reason.NOT_FOUND, error.message)
    if isinstance(error, Rejected):
        return refusal(Reason.UNPROCESSABLE, error.message)
    _logger.warning("%s", error.message, exc_info=error)
    if isinstance(error, Unavailable):
        after = str(max(1, round(error.retry_after_s or 1)))
        body = problem_json(50310000, error.message)
        return answer(body, HTTPStatus.SERVICE_UNAVAILABLE, {"retry-after": after})
    return refusal(Reason.INTERNAL, error.message)


def _answer_http(error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refusal(Reason.NOT_FOUND, "endpoint not found")
    # Alpaca's codes begin with the status.
    body = problem_json(error.status_code * 100_000 + 10_000, str(error.detail).lower())
    return answer(body, error.status_code, error.headers)


def _plain(fact: object) -> bool | int | str | None:
    if fact is None or isinstance(fact, bool | int):
        return fact
    return number_text(fact) if isinstance(fact, Decimal) else str(fact)


def _written(value: object) -> str:
    if isinstance(value, Decimal):
        return number_text(value)
    raise TypeError(f"{type(value).__name__} has no JSON")
