"""Make the FastAPI app of a capability: errors as problem+json, limits, ids, health, OpenAPI.

Everything that a caller sees on every path is here, once. A capability adds its routes.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.platform import problems, telemetry
from algotrendy.platform.edge import Edge
from algotrendy.platform.negotiated import Negotiated
from algotrendy.platform.probes import CHECK_TIMEOUT_S, Checks, add_probes
from algotrendy.platform.settings import settings
from algotrendy.platform.traced_requests import TracedRequests

_BEARER = "bearer"


class WrongField(BaseModel):
    """Names one wrong field of the request."""

    field: str
    expected: str
    actual: Any = None


class Problem(BaseModel):
    """Says what went wrong, as RFC 9457 has it; other members carry the facts of the error."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="What kind of problem; the same kind has the same type.")
    title: str
    status: int
    detail: str
    code: str = Field(description="The kind again, as one word to branch on.")
    correlation_id: str = Field(description="Quote it when asking for help.")
    errors: list[WrongField] | None = None


def create_app(
    title: str,
    capability: str,
    checks: Checks | None = None,
    version: str = "1",
    check_timeout_s: float = CHECK_TIMEOUT_S,
) -> FastAPI:
    """Make the app of a capability.

    Args:
        title: What the capability offers, for the reader of the API's description.
        capability: Its name: ``/{capability}/health`` and ``/{capability}/ready`` answer.
        checks: What the capability needs to work, by name; a check raises when it does not.
        version: Version of the API.
        check_timeout_s: A check that takes longer has failed.
    """
    problem: dict[str, Any] = {
        "description": "A problem",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        responses={"4XX": problem, "5XX": problem},
        generate_unique_id_function=_operation_id,
    )
    app.add_exception_handler(AlgoTrendyError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_middleware(TracedRequests)
    app.add_middleware(Negotiated)
    # Added last, it stands outermost.
    app.add_middleware(Edge, max_body_bytes=settings().max_body_bytes)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's own hook
    add_probes(app, capability, dict(checks or {}), check_timeout_s)
    return app


def lambda_handler(app: FastAPI) -> telemetry.Handler:
    """Serve the app to HTTP API events, with log context, traces and metrics."""
    from mangum import Mangum

    adapter = Mangum(app, lifespan="off")

    @telemetry.observed
    def handler(event: Any, context: Any) -> Any:
        # A request without an id has been given one: the app answers with the same.
        headers = {**(event.get("headers") or {}), telemetry.HEADER: telemetry.correlation_id()}
        return adapter({**event, "headers": headers}, context)

    return handler


def _operation_id(route: APIRoute) -> str:
    # What generated clients call it by. Every capability has probes; no two another route's name.
    owner = [] if route.path_format.startswith("/v1/") else route.tags[:1]
    return "_".join([*map(str, owner), route.name])


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AlgoTrendyError)  # noqa: S101 - what the handler is registered for
    problem = problems.of_error(error)
    if problem.status >= 500:
        telemetry.logger.warning(error.message, exc_info=error)
    return problem.response()


async def _answer_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return problems.of_validation(error).response()


async def _answer_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return problems.of_status(error.status_code, str(error.detail), error.headers).response()


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, routes=app.routes, description=app.description
        )
        components = schema.setdefault("components", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components.setdefault("schemas", {}).update({**problem.pop("$defs"), "Problem": problem})
        components.setdefault("securitySchemes", {})[_BEARER] = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token that `algotrendy login` gets from Cognito.",
        }
        schema["security"] = [{_BEARER: []}]
        app.openapi_schema = schema
    return app.openapi_schema
