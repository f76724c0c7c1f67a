"""Build what every capability stands on: database, event bus, access logs, documents, dashboard."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dsql as dsql
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.config import StageConfig
from infra_cdk.patterns.api import HttpGateway, get, watch_routes
from infra_cdk.patterns.foundation import Foundation, removal
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.permissions import Grantee
from infra_cdk.patterns.queue import DeadLetters
from infra_cdk.patterns.schedule import Schedule
from infra_cdk.patterns.settings import publish_settings

CAPABILITY = "operations"
KEEP_ACCESS_LOGS_DAYS = 90
KEEP_EVENTS_DAYS = 30

ROUTES = (
    get("/docs", public=True),
    get("/docs/{asset}", public=True),
    get("/openapi.json", public=True),
    *watch_routes(CAPABILITY),
)

API = FunctionSpec(
    capability=CAPABILITY,
    name="api",
    summary="Shows the whole API's description, and tells whether the platform works.",
    trigger=Trigger.HTTP,
    layers=("code", "core", "web", "data", "lake"),
    memory_mb=1024,
    timeout_s=29,
)
RELAY_OUTBOX = FunctionSpec(
    capability=CAPABILITY,
    name="relay_outbox",
    summary="Publishes events that were stored but not yet sent.",
    trigger=Trigger.EVENT,
    layers=("code", "core", "data"),
    memory_mb=512,
    timeout_s=50,
)


class OperationsStore(Construct):
    """Hold the database, the event bus and the bucket for access logs."""

    def __init__(self, scope: Construct, id_: str, *, config: StageConfig) -> None:
        super().__init__(scope, id_)
        self._config = config
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-access-logs", expiration=Duration.days(KEEP_ACCESS_LOGS_DAYS)
                )
            ],
            removal_policy=removal(config),
        )
        self.bus = events.EventBus(
            self,
            "Bus",
            event_bus_name=config.prefix,
            description=f"Domain events of AlgoTrendy, stage {config.stage}",
        )
        self.bus_name = self.bus.event_bus_name
        self.cluster: dsql.CfnCluster | None = None
        if config.local:
            # The emulator has no Aurora DSQL: `algotrendy up` runs PostgreSQL on this machine.
            self.database_url = config.local.database_url
        else:
            self.cluster = self._cluster()
            self.database_url = f"dsql://{self.cluster.attr_endpoint}"
            # The emulator knows no archives.
            self.bus.archive(
                "Archive",
                archive_name=config.prefix,
                description="To replay events after a fault in what reads them",
                event_pattern=events.EventPattern(source=["algotrendy"]),
                retention=Duration.days(KEEP_EVENTS_DAYS),
            )
        publish_settings(self, config, event_bus=self.bus_name, database_url=self.database_url)

    def grant_database(self, grantee: Grantee) -> None:
        """Let a function or a service sign in to the database.

        As its administrator: there is one role in the database, which also owns the tables. What
        separates capabilities there is the code alone.
        """
        if self.cluster:
            grantee.grant(
                "SignInToDatabase", ["dsql:DbConnectAdmin"], [self.cluster.attr_resource_arn]
            )

    def grant_publish(self, grantee: Grantee) -> None:
        """Let a function or a service put events on the stage's own bus."""
        grantee.grant("PublishEvents", ["events:PutEvents"], [self.bus.event_bus_arn])

    def _cluster(self) -> dsql.CfnCluster:
        cluster = dsql.CfnCluster(
            self, "Database", deletion_protection_enabled=self._config.stage == "prod"
        )
        cluster.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return cluster


class Operations(Construct):
    """Hold the functions that serve the whole platform."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        store: OperationsStore,
        gateway: HttpGateway,
        tokens: dict[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        self._store = store
        self.api = Function(
            self,
            "Api",
            foundation=foundation,
            spec=API,
            environment={
                "ALGOTRENDY_DATABASE_URL": store.database_url,
                "ALGOTRENDY_EVENT_BUS": store.bus_name,
                **tokens,
            },
        )
        store.grant_database(self.api)
        gateway.add(self.api, ROUTES)
        self.relay = self._relay()
        publish_settings(self, foundation.config, api_url=gateway.url)
        if foundation.cache_url:
            publish_settings(self, foundation.config, cache_url=foundation.cache_url)

    def _relay(self) -> Function:
        dead_letters = DeadLetters(
            self,
            "RelayFailures",
            foundation=self._foundation,
            name=self._foundation.config.name("operations-relay-failures"),
        )
        function = Function(
            self,
            "RelayOutbox",
            foundation=self._foundation,
            spec=RELAY_OUTBOX,
            environment={
                "ALGOTRENDY_DATABASE_URL": self._store.database_url,
                "ALGOTRENDY_EVENT_BUS": self._store.bus_name,
            },
            failures=dead_letters.queue,
        )
        self._store.grant_database(function)
        self._store.grant_publish(function)
        Schedule(
            self,
            "RelaySchedule",
            foundation=self._foundation,
            function=function,
            dead_letters=dead_letters,
            every=Duration.minutes(1),
        )
        return function
