"""Give an API's handlers the caller, after the app has verified the token itself.

The gateway has verified it once. Verifying again here means that no route is open because of a
mistake in the gateway's configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from algotrendy.identity import wiring
from algotrendy.identity.principal import Principal, Role
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.errors import Unauthenticated

# Declares the scheme in OpenAPI; the header is read below, where a missing one becomes our error.
_bearer = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="An access token of the user pool; `algotrendy login` fetches one.",
    auto_error=False,
)


def token_verifier() -> TokenVerifier:
    """Give the verifier of this deployment; a test overrides this dependency."""
    return wiring.verifier()


def current_principal(
    request: Request,
    verifier: Annotated[TokenVerifier, Depends(token_verifier)],
    _scheme: Annotated[object, Depends(_bearer)],
) -> Principal:
    """Verify the bearer token, and keep the caller in ``request.state.principal``.

    Raises:
        Unauthenticated: If there is no token, or it proves nothing.
    """
    principal = verifier.verify(bearer_token(request.headers.getlist("authorization")))
    request.state.principal = principal
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]


def require(*roles: Role) -> Callable[[Principal], Principal]:
    """Make a dependency that lets a caller pass who has any of the roles.

    For a parameter, ``Annotated[Principal, Depends(require(Role.RESEARCHER))]``, or for a whole
    router, ``dependencies=[Depends(require(Role.VIEWER))]``.
    """

    def allowed(principal: CurrentPrincipal) -> Principal:
        principal.require(*roles)
        return principal

    return allowed


def bearer_token(headers: list[str]) -> str:
    """Take the token out of the values of the Authorization header.

    Raises:
        Unauthenticated: If there is no header, more than one, or not of the form ``Bearer token``.
    """
    if not headers:
        raise Unauthenticated("send an access token as Authorization: Bearer", presented=False)
    scheme, token = get_authorization_scheme_param(headers[0])
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or " " in token:
        raise Unauthenticated("the Authorization header must be one Bearer token")
    return token
