"""Build the API of identity: who the caller is, and what lets others in."""

from constructs import Construct

from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.patterns.api import HttpGateway, get, watch_routes
from infra_cdk.patterns.foundation import Foundation
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger

CAPABILITY = "identity"

ROUTES = (
    get("/v1/me"),
    *watch_routes(CAPABILITY),
)

API = FunctionSpec(
    capability=CAPABILITY,
    name="api",
    summary="Answers who the caller is, and keeps what lets others in.",
    trigger=Trigger.HTTP,
    layers=("code", "core", "web", "data"),
    memory_mb=1024,
    timeout_s=20,
)


class IdentityApi(Construct):
    """Hold the function that answers for identity."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        operations: OperationsStore,
        gateway: HttpGateway,
        tokens: dict[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self.api = Function(
            self,
            "Api",
            foundation=foundation,
            spec=API,
            environment={"ALGOTRENDY_DATABASE_URL": operations.database_url, **tokens},
        )
        operations.grant_database(self.api)
        gateway.add(self.api, ROUTES)
