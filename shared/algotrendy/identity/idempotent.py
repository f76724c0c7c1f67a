"""Let a route act once under an Idempotency-Key, by whoever signed in."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar, get_type_hints

from fastapi import Depends, Header, Request, Response
from fastapi.encoders import jsonable_encoder

from algotrendy.identity.principal import Principal
from algotrendy.kernel.errors import Unauthenticated
from algotrendy.platform import idempotency
from algotrendy.platform.idempotency import Answer, Asked, Once

REPLAYED: Final = "idempotency-replayed"
_PARAMETER: Final = "asked_once_"
Route = TypeVar("Route", bound=Callable[..., Any])

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Yours, unique for this request: sent again with it within a day, nothing is "
        "done twice, and the same is answered.",
        pattern="^[!-~]{1,128}$",
    ),
]


async def doing_once() -> Callable[[], Once]:
    """Give where to get what does things once; a test overrides this dependency."""
    # Not the thing itself: a request without a key needs no database for it.
    return idempotency.once


class AskedOnce:
    """Is a request with its key, and what keeps the answer."""

    def __init__(self, request: Request, asked: Asked | None, once: Callable[[], Once]) -> None:
        self._request = request
        self._asked = asked
        self._once = once

    def answer(self, act: Callable[[], Any], response: Response | None, hide: set[str]) -> Any:
        """Act, or answer as the time before, with what is hidden left out of it."""
        if self._asked is None:
            return act()
        done: list[Any] = []

        def acted() -> Answer:
            found = act()
            done.append(found)
            body = jsonable_encoder(found)
            kept = {**body, **dict.fromkeys(hide & body.keys())} if hide else body
            headers = {} if response is None else dict(response.headers)
            return Answer(self._request.scope["route"].status_code or 200, kept, headers)

        answer = self._once().run(self._asked, acted)
        if done and answer.status < 400:
            return done[0]
        return _shown(answer)


async def asked_once(
    request: Request,
    once: Annotated[Callable[[], Once], Depends(doing_once)],
    key: KeyHeader = None,
) -> AskedOnce:
    """Read the key, if there is one, and what it is for."""
    if key is None:
        return AskedOnce(request, None, once)
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise Unauthenticated("nobody has asked who you are", presented=False)
    payload = b"\n".join(
        [
            request.method.encode(),
            request.url.path.encode(),
            request.url.query.encode(),
            await request.body(),
        ]
    )
    caller = f"{principal.tenant}:{principal.subject}"
    return AskedOnce(request, Asked(caller, key, payload), once)


def idempotent(*, hide: tuple[str, ...] = ()) -> Callable[[Route], Route]:
    """Make a route act once under an Idempotency-Key.

    Stands between the route's own decorator and a plain function; a parameter of it that is a
    ``Response`` is named ``response``.

    Args:
        hide: Fields of the answer that are null when it is given again: secrets, which are told
            once and kept nowhere.
    """

    def decorated(route: Route) -> Route:
        if inspect.iscoroutinefunction(route):
            raise TypeError(f"{route.__name__} must be a plain function: records are waited for")
        hints = get_type_hints(route, include_extras=True)
        signature = inspect.signature(route)
        given = [
            parameter.replace(annotation=hints.get(name, parameter.annotation))
            for name, parameter in signature.parameters.items()
        ]
        own = inspect.Parameter(
            _PARAMETER,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[AskedOnce, Depends(asked_once)],
        )

        @functools.wraps(route)
        def acting(**values: Any) -> Any:
            asked: AskedOnce = values.pop(_PARAMETER)
            act = functools.partial(route, **values)
            return asked.answer(act, values.get("response"), set(hide))

        acting.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*given, own], return_annotation=hints.get("return", Any)
        )
        return acting  # type: ignore[return-value]

    return decorated


def _shown(answer: Answer) -> Response:
    is_text = isinstance(answer.body, str) and answer.status >= 400
    content = answer.body if is_text else json.dumps(answer.body, ensure_ascii=False)
    headers = {
        name: value for name, value in answer.headers.items() if name.lower() != "content-length"
    }
    if answer.is_replayed:
        headers[REPLAYED] = "true"
    kind = "application/problem+json" if answer.status >= 400 else "application/json"
    return Response(content.encode(), answer.status, headers, kind)
