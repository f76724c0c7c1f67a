"""Build market data: the lake, and the API that reads bars from it."""

from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.config import StageConfig
from infra_cdk.patterns.api import HttpGateway, get, watch_routes
from infra_cdk.patterns.bucket import DataBucket
from infra_cdk.patterns.foundation import Foundation
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.settings import publish_settings

CAPABILITY = "market_data"

ROUTES = (
    # Greedy: a symbol such as BTC/USD has a slash of its own.
    get("/v1/bars/{symbol+}"),
    get("/v1/bars"),
    get("/v1/symbols"),
    get("/v1/quotes"),
    get("/v1/quality"),
    *watch_routes(CAPABILITY),
)

API = FunctionSpec(
    capability=CAPABILITY,
    name="api",
    summary="Answers requests for bars and symbols.",
    trigger=Trigger.HTTP,
    layers=("code", "core", "web", "data", "lake"),
    memory_mb=1769,
    timeout_s=29,
)


class MarketDataStore(Construct):
    """Hold the lake."""

    def __init__(
        self, scope: Construct, id_: str, *, config: StageConfig, access_logs: s3.IBucket
    ) -> None:
        super().__init__(scope, id_)
        self.lake = DataBucket(self, "Lake", config=config, folder="lake", access_logs=access_logs)
        publish_settings(self, config, lake_url=self.lake.url)


class MarketData(Construct):
    """Hold the functions of market data."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        store: MarketDataStore,
        operations: OperationsStore,
        gateway: HttpGateway,
        tokens: dict[str, str],
    ) -> None:
        super().__init__(scope, id_)
        cache = {"ALGOTRENDY_CACHE_URL": foundation.cache_url} if foundation.cache_url else {}
        # Where bars are fetched, its readiness says when they are late.
        source = foundation.config.repair_source
        fetched = {"ALGOTRENDY_REPAIR_SOURCE": source} if source else {}
        self.api = Function(
            self,
            "Api",
            foundation=foundation,
            spec=API,
            environment={
                "ALGOTRENDY_LAKE_URL": store.lake.url,
                # Where API keys are.
                "ALGOTRENDY_DATABASE_URL": operations.database_url,
                **cache,
                **fetched,
                **tokens,
            },
            vpc=True,
        )
        operations.grant_database(self.api)
        store.lake.grant_read(self.api, "*")
        gateway.add(self.api, ROUTES)
