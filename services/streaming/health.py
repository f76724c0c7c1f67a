"""Answer over HTTP how the streaming service is: ``/health``, ``/ready`` and ``/metrics``."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from algotrendy.kernel.errors import JsonValue
from algotrendy.platform.service_metrics import CONTENT_TYPE, ServiceMetrics
from services.streaming.assembly import Streaming


def health_routes(
    current: Callable[[], Streaming | None],
    clients: Callable[[], dict[str, JsonValue]],
    measured: ServiceMetrics,
) -> list[BaseRoute]:
    """Give the routes of all three.

    Args:
        current: Gives the service; None while it cannot be made yet.
        clients: Says who listens, and how it went.
        measured: What ``/metrics`` tells.

    ``/health`` answers 200 as long as the process turns: where it ends by itself, it is started
    anew. ``/ready`` answers 200 once everything that it needs is there, else 503. How each feed
    stands is in the answer, and how old its newest trade is: a feed that is down is no reason to
    start the process anew.
    """

    async def health(_request: Request) -> Response:
        return _answer(current(), clients(), HTTPStatus.OK)

    async def ready(_request: Request) -> Response:
        streaming = current()
        status = HTTPStatus.SERVICE_UNAVAILABLE if streaming is None else HTTPStatus.OK
        return _answer(streaming, clients(), status)

    async def metrics(_request: Request) -> Response:
        return Response(measured.text(), media_type=CONTENT_TYPE)

    return [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]


def _answer(
    streaming: Streaming | None, clients: dict[str, JsonValue], status: HTTPStatus
) -> Response:
    told = {} if streaming is None else streaming.describe()
    body = {"ready": streaming is not None, **told, "clients": clients}
    return JSONResponse(body, status.value)
