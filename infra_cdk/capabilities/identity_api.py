"""Build what answers for identity: the gateway's authorizer, and the API of who may come in."""

from constructs import Construct

from infra_cdk.capabilities.audit import AuditHeads
from infra_cdk.capabilities.configuration import Configuration
from infra_cdk.capabilities.identity import IdentityStore
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.patterns.api import HttpGateway, delete, get, post, put, watch_routes
from infra_cdk.patterns.foundation import Foundation
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger

CAPABILITY = "identity"

ROUTES = (
    get("/v1/me"),
    get("/v1/api-keys"),
    post("/v1/api-keys"),
    post("/v1/api-keys/{key_id}/rotate"),
    delete("/v1/api-keys/{key_id}"),
    get("/v1/flags"),
    put("/v1/flags/{name}"),
    put("/v1/live-switch"),
    get("/v1/audit/entries"),
    get("/v1/audit/verification"),
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
AUTHORIZE = FunctionSpec(
    capability=CAPABILITY,
    name="authorize",
    summary="Turns credentials away that prove nothing, before any other function is woken.",
    trigger=Trigger.HTTP,
    layers=("code", "core", "web", "data"),
    # A signature costs processor time, which comes with memory.
    memory_mb=1024,
    # API Gateway waits for ten seconds.
    timeout_s=9,
)


class GatewayAuthorizer(Construct):
    """Hold the function that the gateway asks about each credential, once a minute."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        identity: IdentityStore,
        operations: OperationsStore,
    ) -> None:
        super().__init__(scope, id_)
        self.function = Function(
            self,
            "Authorize",
            foundation=foundation,
            spec=AUTHORIZE,
            environment={
                "ALGOTRENDY_DATABASE_URL": operations.database_url,
                **identity.token_settings(),
            },
        )
        operations.grant_database(self.function)
        identity.grant_verify(self.function)


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
        configuration: Configuration,
        audit_heads: AuditHeads,
    ) -> None:
        super().__init__(scope, id_)
        self.api = Function(
            self,
            "Api",
            foundation=foundation,
            spec=API,
            environment={
                "ALGOTRENDY_DATABASE_URL": operations.database_url,
                **configuration.environment(),
                **audit_heads.environment(),
                **tokens,
            },
        )
        configuration.grant_change(self.api)
        audit_heads.grant_list(self.api)
        operations.grant_database(self.api)
        gateway.add(self.api, ROUTES)
