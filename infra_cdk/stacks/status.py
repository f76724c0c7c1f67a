"""Put the status page in a stack that knows no other one, and that the laptop leaves out."""

from aws_cdk import Environment, Stack
from constructs import Construct

from infra_cdk.capabilities.status import StatusPage
from infra_cdk.config import StageConfig
from infra_cdk.layers import LayerBuilder
from infra_cdk.patterns.foundation import Foundation, Layers
from infra_cdk.patterns.topic import alarm_topic


class StatusStack(Stack):
    """Hold the page with its own layers and its own alarms.

    Nothing in it imports from another stack: each can be broken, deployed anew or deleted, and the
    page goes on. The laptop runs ``services/status`` instead.
    """

    def __init__(
        self, scope: Construct, *, config: StageConfig, builder: LayerBuilder, env: Environment
    ) -> None:
        super().__init__(
            scope,
            config.name("status"),
            env=env,
            description=f"AlgoTrendy {config.stage}: public status page",
        )
        topic = alarm_topic(self, config, "status-alarms")
        self.page = StatusPage(
            self,
            "Page",
            foundation=Foundation(
                config=config, layers=Layers(self, config, builder), alarm_topic=topic
            ),
        )
