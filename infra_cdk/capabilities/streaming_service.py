"""Build the service that listens to feeds and serves clients: one task, which holds the sockets."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from infra_cdk.capabilities.market_data import CAPABILITY, MarketDataStore
from infra_cdk.capabilities.streaming import TickStream
from infra_cdk.checks.exceptions import except_wildcard
from infra_cdk.config import Network
from infra_cdk.patterns.bucket import MANY_OBJECTS
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.image import service_image
from infra_cdk.patterns.service import HTTPS, Service, ServiceSpec

PORT = 4595

SPEC = ServiceSpec(
    capability=CAPABILITY,
    name="streaming",
    port=PORT,
    health_command=("python", "-m", "services.streaming", "health"),
    cpu=1024,
    memory_mb=2048,
    # A feed takes one socket of an account: the old task ends before the new one begins, and what
    # came meanwhile is caught up with from the feed's history.
    max_tasks=1,
    single_writer=True,
    egress={HTTPS: "AWS and feeds over TLS"},
)
READS = ("ticks/*", "tick_fixes/*", "chart_bars/*")


class StreamingService(Construct):
    """Hold the streaming service, where a stage names symbols to stream.

    Clients reach it on its port from within the network; what lets them in from outside is the
    owner's to choose.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        ticks: TickStream,
        store: MarketDataStore,
        cluster: ecs.ICluster,
        network: Network,
        tokens: dict[str, str],
    ) -> None:
        super().__init__(scope, id_)
        config = foundation.config
        key = f"algotrendy/{config.stage}/stream-key"
        access = foundation.cache_access
        cache = {"ALGOTRENDY_CACHE_URL": foundation.cache_url} if foundation.cache_url else {}
        self.service = Service(
            self,
            "Service",
            foundation=foundation,
            spec=SPEC,
            cluster=cluster,
            image=ecs.ContainerImage.from_asset(**service_image(SPEC.name).asset()),
            environment={
                "ALGOTRENDY_LAKE_URL": store.lake.url,
                "ALGOTRENDY_TICK_STREAM": ticks.stream.stream_name,
                "ALGOTRENDY_STREAM_FEED": config.streaming.feed,
                "ALGOTRENDY_STREAM_SYMBOLS": config.streaming.symbols,
                "ALGOTRENDY_STREAM_STYLES": config.streaming.styles,
                "ALGOTRENDY_STREAM_KEY": f"secret:{key}",
                # Clients come from outside of the task; its security group says from where.
                "ALGOTRENDY_STREAMING_HOST": "0.0.0.0",  # noqa: S104
                "ALGOTRENDY_STREAMING_PORT": str(PORT),
                **cache,
                **tokens,
            },
            security_groups=[access.security_group] if access else [],
        )
        self.service.security_group.add_ingress_rule(
            ec2.Peer.ipv4(network.cidr), ec2.Port.tcp(PORT), "Clients in the network"
        )
        except_wildcard(
            self.service.task.obtain_execution_role(),
            "*",
            "ECR gives the token to sign in with on * alone.",
        )
        ticks.grant_put(self.service)
        self.service.grant(
            "ReadLake",
            ["s3:GetObject"],
            [store.lake.objects(pattern) for pattern in READS],
            because=MANY_OBJECTS,
        )
        self.service.grant("ListLake", ["s3:ListBucket"], [store.lake.arn])
        self.service.grant(
            "ReadFeedKey",
            ["secretsmanager:GetSecretValue"],
            [arn(self, "secretsmanager", f"secret:{key}-*")],
            because="Secrets Manager adds six letters to the name when the secret is made.",
        )
