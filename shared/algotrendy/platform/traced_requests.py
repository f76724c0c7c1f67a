"""Serve each request within a span, which goes on with the trace that the caller named."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from algotrendy.platform import tracing
from algotrendy.platform.tracing import TraceParent, read_traceparent

# Asked every few seconds by whoever supervises: no story worth telling.
_PROBES = ("/health", "/ready", "/metrics")
_SERVER_ERRORS = 500


class TracedRequests:
    """Is the middleware within ``Edge``, which has bound the correlation id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; what is not HTTP, and what is a probe, passes through."""
        if scope["type"] != "http" or scope["path"].endswith(_PROBES):
            await self._app(scope, receive, send)
            return
        # In a Lambda the gateway's span is under way already.
        parent = tracing.current() or _named(scope["headers"])
        method = scope["method"]
        with (
            tracing.continued(parent),
            tracing.span(str(method), "server", begins=True, method=method) as span,
        ):
            status = 0

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await self._app(scope, receive, noted)
            finally:
                if span is not None:
                    # Only now is it known which route it was: a path has ids in it.
                    route = getattr(scope.get("route"), "path", None)
                    span.rename(f"{method} {route or 'unknown path'}")
                    span.note(path=route, status=status)
                    if status >= _SERVER_ERRORS:
                        span.fail(str(status))


def _named(headers: Iterable[tuple[bytes, bytes]]) -> TraceParent | None:
    wanted = tracing.HEADER.encode("ascii")
    for name, value in headers:
        if name.lower() == wanted:
            return read_traceparent(value.decode("latin-1"))
    return None
