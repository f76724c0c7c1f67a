"""Put live strategies in a stack of their own, on the application's gateway."""

from dataclasses import replace

from aws_cdk import Environment, Stack
from constructs import Construct

from infra_cdk.capabilities.live import Live
from infra_cdk.config import StageConfig
from infra_cdk.layers import LayerBuilder
from infra_cdk.patterns.foundation import Layers
from infra_cdk.stacks.application import ApplicationStack
from infra_cdk.stacks.data import DataStack


class LiveStack(Stack):
    """Hold the API of strategies, and the functions that run them and replay their runs.

    Apart from the application, which comes near the number of resources that a stack may have. It
    has its own copies of the layers: a version that another stack imports could never be replaced.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        config: StageConfig,
        data: DataStack,
        application: ApplicationStack,
        builder: LayerBuilder,
        env: Environment,
    ) -> None:
        super().__init__(
            scope,
            config.name("live"),
            env=env,
            description=f"AlgoTrendy {config.stage}: strategies at work, and their parity",
        )
        self.live = Live(
            self,
            "Live",
            foundation=replace(application.foundation, layers=Layers(self, config, builder)),
            market_data=data.market_data,
            operations=data.operations,
            orders=application.trading.orders.queue,
            gateway=application.gateway,
            tokens=data.identity.token_settings(),
        )
        if config.edge:
            application.close_but_for_the_edge(self.live)
