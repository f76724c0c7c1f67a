"""Build what identity is made of from the settings, once a process and on first use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from algotrendy.identity.adapters.jwks import JwksOverHttp
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import SystemClock
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from algotrendy.identity.adapters.cognito import CognitoUsers


@cache
def verifier() -> TokenVerifier:
    """Verify the tokens of this deployment's user pool."""
    chosen, clock = settings(), SystemClock()
    return TokenVerifier(
        issuer=chosen.need("token_issuer"),
        client_id=chosen.need("user_pool_client_id"),
        keys=JwksOverHttp(chosen.need("token_jwks_url"), clock),
        clock=clock,
    )


def check_database() -> None:
    """Raise unless the database answers."""
    from algotrendy.platform.database import database

    database().ping()


@cache
def users() -> CognitoUsers:
    """Speak with this deployment's user pool."""
    # Here and not above: an API that only verifies tokens stays free of boto3.
    from algotrendy.identity.adapters.cognito import CognitoUsers
    from algotrendy.platform import aws

    chosen = settings()
    return CognitoUsers(
        client=aws.client("cognito-idp"),
        user_pool_id=chosen.need("user_pool_id"),
        client_id=chosen.need("user_pool_client_id"),
        clock=SystemClock(),
    )
