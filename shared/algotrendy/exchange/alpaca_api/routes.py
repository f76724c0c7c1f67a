"""Hang handlers on the app, with their description, and without work that they do not need.

A handler takes the request and gives the response. Nothing is parsed, injected or serialised on
its behalf: at the price of describing bodies and parameters here, an order costs a third less.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp, Receive, Scope, Send

from algotrendy.exchange.alpaca_api.problems import answer_to, is_foreseen
from algotrendy.exchange.floor import Floor

Handler = Callable[[Request], Awaitable[Response]]

_REF: Final = "#/components/schemas/{model}"
_IN_PATH: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
# The page shows what stands under a status itself; under 4XX it finds nothing.
_REFUSALS: Final = {
    400: "Not to be read, or for market data a wrong parameter",
    401: "Keys are missing or wrong",
    403: "Buying power, held quantity, wash trade, or short that cannot be",
    404: "No such thing",
    422: "A field that is missing or wrong, or an order that is over",
    429: "Too many requests, where that is switched on",
}
_KEYED: Final = (401, 403)
_KEYS: Final[dict[str, list[str]]] = {"key_id": [], "secret": []}


class LeanRoute(APIRoute):
    """Calls its handler with the request, and sends what it gives."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Give the handler itself."""
        return self.endpoint


class Problem(BaseModel):
    """Says what went wrong; facts such as ``buying_power`` may stand beside."""

    code: int
    message: str


class Routes:
    """Adds routes to an app and remembers the models that describe them."""

    def __init__(self, app: FastAPI, floor: Floor) -> None:
        self.app = app
        self._floor = floor
        self.exact: dict[tuple[str, str], Handler] = {}
        self._models: set[type[BaseModel]] = {Problem}
        app.openapi = self._document  # type: ignore[method-assign]  # FastAPI's own hook

    def add(
        self,
        methods: str,
        path: str,
        handler: Handler,
        *,
        tag: str,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        result: type[BaseModel] | None = None,
        many: bool = False,
        status: int = 200,
        public: bool = False,
    ) -> None:
        """Add a route; the handler's docstring describes it.

        Args:
            methods: Parted by spaces.
            result: Model of the answer; with ``many``, of each of a list.
            public: Whether it is answered without keys.
        """
        handler = self._after_storing(handler)
        self._models |= {model for model in (body, query, result) if model is not None}
        extra: dict[str, Any] = {"parameters": _parameters(path, query)}
        if body is not None:
            content = {"application/json": {"schema": _reference(body)}}
            extra["requestBody"] = {"content": content, "required": True}
        if not public:
            extra["security"] = [_KEYS]
        if not _IN_PATH.search(path):
            self.exact |= {(method, path): handler for method in methods.split()}
        self.app.router.add_api_route(
            path,
            handler,
            methods=methods.split(),
            tags=[tag],
            summary=(handler.__doc__ or "").partition("\n")[0].rstrip("."),
            status_code=status,
            response_model=None,
            responses={status: _answer(result, many), **refusals(public=public)},
            openapi_extra=extra,
            route_class_override=LeanRoute,
        )

    def _after_storing(self, handler: Handler) -> Handler:
        """Answer when what the answer tells of is stored."""

        @wraps(handler)
        async def answered(request: Request) -> Response:
            response = await handler(request)
            await self._floor.settled()
            return response

        return answered

    def _document(self) -> dict[str, Any]:
        app = self.app
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            ordered = sorted(self._models, key=lambda model: model.__name__)
            _, made = models_json_schema(
                [(model, "validation") for model in ordered], ref_template=_REF
            )
            components = schema.setdefault("components", {})
            components.setdefault("schemas", {}).update(made["$defs"])
            components["securitySchemes"] = {
                "key_id": {"type": "apiKey", "in": "header", "name": "APCA-API-KEY-ID"},
                "secret": {"type": "apiKey", "in": "header", "name": "APCA-API-SECRET-KEY"},
            }
            app.openapi_schema = schema
        return app.openapi_schema


class Shortcut:
    """Takes requests of a path without parameters straight to their handler.

    The app itself would ask six layers and every route before: a fifth of an order's time.

    Args:
        app: Answers what is not here.
        exact: Handlers by method and path.
    """

    def __init__(self, app: ASGIApp, exact: Mapping[tuple[str, str], Handler]) -> None:
        self._app = app
        self._exact = exact

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        handler = None
        if scope["type"] == "http":
            handler = self._exact.get((scope["method"], scope["path"]))
        if handler is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await handler(Request(scope, receive))
        except Exception as error:
            await answer_to(error)(scope, receive, send)
            if not is_foreseen(error):
                raise
        else:
            await response(scope, receive, send)


def _parameters(path: str, query: type[BaseModel] | None) -> Sequence[dict[str, Any]]:
    described: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _IN_PATH.findall(path)
    ]
    if query is None:
        return described
    schema = query.model_json_schema(ref_template=_REF)
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        text = field.pop("description", "")
        described.append(
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": text,
                "schema": field,
            }
        )
    return described


def _answer(result: type[BaseModel] | None, many: bool) -> dict[str, Any]:
    if result is None:
        return {"description": "Done"}
    schema: dict[str, Any] = _reference(result)
    if many:
        schema = {"type": "array", "items": schema}
    return {"description": "What there is", "content": {"application/json": {"schema": schema}}}


def refusals(*, public: bool = False) -> dict[int | str, dict[str, Any]]:
    """Describe the refusals that a route may answer with, each by its status."""
    content = {"application/json": {"schema": _reference(Problem)}}
    return {
        status: {"description": text, "content": content}
        for status, text in _REFUSALS.items()
        if not (public and status in _KEYED)
    }


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REF.format(model=model.__name__)}
