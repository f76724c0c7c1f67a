"""Make the app of a capability with the guard of every route in it: who calls, and may they?

The gateway has verified the caller once. Verifying again here means that no route is open because
of a mistake in the gateway's configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.security.utils import get_authorization_scheme_param

from algotrendy.identity import wiring
from algotrendy.identity.account_access import AccountAccess, Reach, reach_of
from algotrendy.identity.api_keys import MARK, parse_key
from algotrendy.identity.credentials import Verifier
from algotrendy.identity.permissions import Role
from algotrendy.identity.principal import Principal
from algotrendy.identity.routes import ROUTES, Access, Open
from algotrendy.identity.throttling import count_refusals, throttled
from algotrendy.kernel.clock import Clock, SystemClock
from algotrendy.kernel.errors import Forbidden, Unauthenticated
from algotrendy.platform.http import create_app
from algotrendy.platform.probes import Checks

_BEARER = "bearer"


class _OfDeployment:
    """Is made of the settings when the first credential comes: a public route needs none."""

    def verify(self, token: str, /) -> Principal:
        return wiring.verifier().verify(token)


class _KeysOfDeployment:
    def verify(self, text: str, /) -> Principal:
        parse_key(text)  # what is none needs no database to be refused
        return wiring.api_keys().verify(text)


async def token_verifier() -> Verifier:
    """Give the verifier of access tokens of this deployment; a test overrides this dependency."""
    return _OfDeployment()


async def key_verifier() -> Verifier:
    """Give the verifier of API keys of this deployment; a test overrides this dependency."""
    return _KeysOfDeployment()


async def guard_clock() -> Clock:
    """Give the time that a sign-in is held against; a test overrides this dependency."""
    return SystemClock()


async def routes_table() -> Mapping[tuple[str, str], Access]:
    """Give the table of routes; a test of the guard itself overrides this dependency."""
    return ROUTES


def permitted(
    request: Request,
    tokens: Annotated[Verifier, Depends(token_verifier)],
    keys: Annotated[Verifier, Depends(key_verifier)],
    clock: Annotated[Clock, Depends(guard_clock)],
    table: Annotated[Mapping[tuple[str, str], Access], Depends(routes_table)],
) -> None:
    """Let the caller pass whom the table lets, and keep them in ``request.state.principal``.

    ``request.state.access`` is the route's row, for those who come after.

    Raises:
        Unauthenticated: If there is no credential, or it proves nothing.
        Forbidden: If the caller has not what the route needs, or the route has no row.
        FreshSignInNeeded: If the route needs that, and it was too long ago.
    """
    access = table.get((request.method, request.scope["route"].path_format))
    if access is None:
        raise Forbidden((), (), "a row in the table of routes")
    request.state.access = access
    if access.is_public:
        return
    credential = bearer_token(request.headers.getlist("authorization"))
    principal = (keys if credential.startswith(MARK) else tokens).verify(credential)
    request.state.principal = principal
    if not isinstance(access.needs, Open):
        principal.require(access.needs)
    if access.fresh:
        principal.require_fresh(clock.now())


async def current_principal(request: Request) -> Principal:
    """Give the caller whom the guard let pass.

    Raises:
        Unauthenticated: If no guard stood before the route, or the route is public.
    """
    principal = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):
        raise Unauthenticated("nobody has asked who you are", presented=False)
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


async def account_access() -> Callable[[], AccountAccess]:
    """Give the lists of those who get at accounts; a test overrides this dependency."""
    # Not the lists themselves: an admin's request needs no database to find out.
    return wiring.account_access


def current_reach(
    request: Request,
    principal: CurrentPrincipal,
    lists: Annotated[Callable[[], AccountAccess], Depends(account_access)],
) -> Reach:
    """Work out at which accounts the caller gets with this request.

    Raises:
        Unavailable: If the lists cannot be read.
    """
    needs = request.state.access.needs
    permission = None if isinstance(needs, Open) else needs
    if Role.ADMIN in principal.roles:
        return reach_of(principal, permission)
    return reach_of(principal, permission, lists().of_tenant(principal.tenant))


CurrentReach = Annotated[Reach, Depends(current_reach)]

# What every request passes before its handler, in this order.
GUARDS: Sequence[Any] = (Depends(permitted), Depends(throttled))


def create_guarded_app(
    title: str,
    capability: str,
    checks: Checks | None = None,
    version: str = "1",
) -> FastAPI:
    """Make the app of a capability as ``create_app`` does, with the guard before every route."""
    app = create_app(title, capability, checks, version)
    # Whether a process lives is asked by those who guard it: the probes stand before the guard.
    app.router.dependencies.extend(GUARDS)
    count_refusals(app)
    described = app.openapi

    def openapi() -> dict[str, Any]:
        return _with_access(described())

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own hook
    return app


def bearer_token(headers: list[str]) -> str:
    """Take the credential out of the values of the Authorization header.

    Raises:
        Unauthenticated: If there is no header, more than one, or not of the form ``Bearer token``.
    """
    if not headers:
        raise Unauthenticated("send an access token as Authorization: Bearer", presented=False)
    scheme, token = get_authorization_scheme_param(headers[0])
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or " " in token:
        raise Unauthenticated("the Authorization header must be one Bearer token")
    return token


def _with_access(document: dict[str, Any]) -> dict[str, Any]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            access = ROUTES.get((method.upper(), path))
            if access is None:
                continue
            operation["security"] = [] if access.is_public else [{_BEARER: []}]
            operation["x-limit-class"] = access.limit_class.value
            if not isinstance(access.needs, Open):
                operation["x-permission"] = access.needs.value
            if access.fresh:
                operation["x-fresh-sign-in"] = True
    return document
