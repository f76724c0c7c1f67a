"""Put everything that can be thrown away and deployed again in one stack."""

from dataclasses import replace

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra_cdk.capabilities.audit import AuditSeal
from infra_cdk.capabilities.backtest import Backtest
from infra_cdk.capabilities.configuration import Configuration
from infra_cdk.capabilities.identity_api import GatewayAuthorizer, IdentityApi
from infra_cdk.capabilities.key_rotation import KeyRotation
from infra_cdk.capabilities.market_data import MarketData
from infra_cdk.capabilities.market_data_upkeep import MarketDataUpkeep
from infra_cdk.capabilities.operations import Operations
from infra_cdk.capabilities.streaming import TickStream
from infra_cdk.capabilities.streaming_service import StreamingService
from infra_cdk.capabilities.trading import Trading
from infra_cdk.config import StageConfig
from infra_cdk.layers import LayerBuilder
from infra_cdk.patterns.api import HttpGateway
from infra_cdk.patterns.dashboard import StageDashboard
from infra_cdk.patterns.foundation import Foundation, Layers, arn
from infra_cdk.patterns.function import Function
from infra_cdk.patterns.topic import alarm_topic
from infra_cdk.stacks.data import DataStack
from infra_cdk.stacks.network import NetworkStack


class ApplicationStack(Stack):
    """Hold the API, the functions, the workflows, their alarms and the dashboard."""

    def __init__(
        self,
        scope: Construct,
        *,
        config: StageConfig,
        data: DataStack,
        network: NetworkStack | None,
        builder: LayerBuilder,
        env: Environment,
    ) -> None:
        super().__init__(
            scope,
            config.name("app"),
            env=env,
            description=f"AlgoTrendy {config.stage}: API, functions and workflows",
        )
        self.foundation = Foundation(
            config=config,
            layers=Layers(self, config, builder),
            alarm_topic=alarm_topic(self, config),
            cache_access=network.access if network else None,
            cache_url=_cache_url(config, network),
            namespace=network.namespace if network else None,
        )
        tokens = data.identity.token_settings()
        self.authorizer = GatewayAuthorizer(
            self,
            "Authorizer",
            foundation=self.foundation,
            identity=data.identity,
            operations=data.operations,
        )
        self.gateway = HttpGateway(
            self,
            "Gateway",
            foundation=self.foundation,
            authorizer=self.authorizer.function,
            grant_verify=data.identity.grant_verify,
        )
        self.configuration = Configuration(
            self,
            "Configuration",
            foundation=self.foundation,
            watched=[self.gateway.errors_alarm],
        )
        self.foundation = replace(self.foundation, flags=self.configuration.access)
        self.identity = IdentityApi(
            self,
            "IdentityApi",
            foundation=self.foundation,
            operations=data.operations,
            gateway=self.gateway,
            tokens=tokens,
            configuration=self.configuration,
            audit_heads=data.audit_heads,
        )
        self.seal = AuditSeal(
            self,
            "AuditSeal",
            foundation=self.foundation,
            heads=data.audit_heads,
            operations=data.operations,
        )
        self.market_data = MarketData(
            self,
            "MarketData",
            foundation=self.foundation,
            store=data.market_data,
            operations=data.operations,
            gateway=self.gateway,
            tokens=tokens,
        )
        self.upkeep = MarketDataUpkeep(
            self,
            "Upkeep",
            foundation=self.foundation,
            store=data.market_data,
            operations=data.operations,
        )
        self.ticks = TickStream(
            self,
            "Ticks",
            foundation=self.foundation,
            store=data.market_data,
            operations=data.operations,
        )
        self.backtest = Backtest(
            self,
            "Backtest",
            foundation=self.foundation,
            store=data.backtest,
            market_data=data.market_data,
            operations=data.operations,
            gateway=self.gateway,
            tokens=tokens,
        )
        self.trading = Trading(
            self,
            "Trading",
            foundation=self.foundation,
            operations=data.operations,
            gateway=self.gateway,
            tokens=tokens,
            vpc=network.vpc if network else None,
        )
        self.key_rotation = KeyRotation(
            self,
            "KeyRotation",
            foundation=self.foundation,
            execution=self.trading.execution,
        )
        # The emulator runs no containers: `algotrendy up` runs the service as a process.
        self.streaming: StreamingService | None = None
        if self.trading.execution and config.network and config.streaming.symbols:
            self.streaming = StreamingService(
                self,
                "Streaming",
                foundation=self.foundation,
                ticks=self.ticks,
                store=data.market_data,
                cluster=self.trading.execution.cluster,
                network=config.network,
                tokens=tokens,
            )
        self.operations = Operations(
            self,
            "Operations",
            foundation=self.foundation,
            store=data.operations,
            gateway=self.gateway,
            tokens=tokens,
        )
        self._watch(config)
        if config.edge:
            self.close_but_for_the_edge(self)
        CfnOutput(self, "ApiUrl", value=self.gateway.url, description="Where the API answers")

    def close_but_for_the_edge(self, scope: Construct) -> None:
        """Let every app below a construct ask for the secret that the distribution adds."""
        name = self.foundation.config.origin_secret_name
        for function in scope.node.find_all():
            if isinstance(function, Function) and function.spec.name == "api":
                function.function.add_environment("ALGOTRENDY_ORIGIN_SECRET", f"secret:{name}")
                function.function.add_environment("ALGOTRENDY_TRUSTED_PROXIES", "1")
                function.grant(
                    "ReadOriginSecret",
                    ["secretsmanager:GetSecretValue"],
                    [arn(self, "secretsmanager", f"secret:{name}-*")],
                    because="Secrets Manager adds six letters to the name of a secret.",
                )

    def _watch(self, config: StageConfig) -> None:
        consumer, orders = self.backtest.consumer, self.trading.orders
        StageDashboard(
            self,
            "Dashboard",
            config=config,
            gateway=self.gateway,
            sagas=[self.trading.saga, *self.backtest.sagas],
            queues=[
                orders.queue,
                orders.dead_letters.queue,
                consumer.queue,
                consumer.dead_letters.queue,
                self.ticks.failures.queue,
            ],
            functions=[
                self.trading.api,
                self.trading.sweeper,
                self.authorizer.function,
                self.identity.api,
                self.market_data.api,
                self.upkeep.keeper,
                self.backtest.api,
                self.operations.api,
                self.operations.relay,
                self.ticks.consumer,
            ],
            graphs=self.ticks.graphs,
        )
        if not config.is_local:
            # The emulator knows no composite alarms.
            studies = cloudwatch.CompositeAlarm(
                self,
                "StudiesStuck",
                composite_alarm_name=config.name("studies-stuck"),
                alarm_description="Sweeps or walk-forwards fail, or requests do not reach them.",
                alarm_rule=cloudwatch.AlarmRule.any_of(
                    *(alarm for saga in self.backtest.sagas for alarm in saga.alarms),
                    consumer.dead_letters.alarm,
                ),
            )
            self.foundation.alarm(studies)
            stuck = cloudwatch.CompositeAlarm(
                self,
                "OrdersStuck",
                composite_alarm_name=config.name("orders-stuck"),
                alarm_description="Orders fail, or do not reach the service that sends them.",
                alarm_rule=cloudwatch.AlarmRule.any_of(*self.trading.alarms),
            )
            self.foundation.alarm(stuck)


def _cache_url(config: StageConfig, network: NetworkStack | None) -> str | None:
    if config.local:
        return config.local.cache_url
    return network.cache_url if network else None
