"""Make clients for machines in an Amazon Cognito user pool."""

from __future__ import annotations

from typing import Any

from algotrendy.identity.adapters.cognito import translated
from algotrendy.identity.machines import MachineSecret

ACCESS_TOKEN_MINUTES = 60
_PAGE = 60


class CognitoMachines:
    """Is the MachinePool over a user pool.

    Args:
        client: A boto3 client of ``cognito-idp``.
        user_pool_id: The pool, with a resource server that has the scopes.
        scopes: What a machine's token carries, such as ``algotrendy/act``.
    """

    def __init__(self, client: Any, user_pool_id: str, scopes: tuple[str, ...]) -> None:
        self._client = client
        self._pool = user_pool_id
        self._scopes = scopes

    def ensure_client(self, label: str) -> MachineSecret:
        """Give the client of that label; one that a cut-short run left is taken up."""
        client_id = self._found(label)
        if client_id is None:
            with translated():
                made = self._client.create_user_pool_client(
                    UserPoolId=self._pool,
                    ClientName=label,
                    GenerateSecret=True,
                    AllowedOAuthFlows=["client_credentials"],
                    AllowedOAuthFlowsUserPoolClient=True,
                    AllowedOAuthScopes=list(self._scopes),
                    # Without one named, Cognito allows to refresh, which machines need not.
                    ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
                    AccessTokenValidity=ACCESS_TOKEN_MINUTES,
                    TokenValidityUnits={"AccessToken": "minutes"},
                    EnableTokenRevocation=True,
                )["UserPoolClient"]
            return MachineSecret(made["ClientId"], made["ClientSecret"])
        with translated():
            found = self._client.describe_user_pool_client(
                UserPoolId=self._pool, ClientId=client_id
            )["UserPoolClient"]
        return MachineSecret(client_id, found["ClientSecret"])

    def drop_client(self, client_id: str) -> None:
        """Delete a client."""
        with translated(missing_is_well=True):
            self._client.delete_user_pool_client(UserPoolId=self._pool, ClientId=client_id)

    def _found(self, label: str) -> str | None:
        page: dict[str, str] = {}
        while True:
            with translated():
                answer = self._client.list_user_pool_clients(
                    UserPoolId=self._pool, MaxResults=_PAGE, **page
                )
            for client in answer["UserPoolClients"]:
                if client["ClientName"] == label:
                    return str(client["ClientId"])
            if not answer.get("NextToken"):
                return None
            page = {"NextToken": answer["NextToken"]}
