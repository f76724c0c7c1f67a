"""Put what watches the stage in a stack that the laptop leaves out."""

from aws_cdk import Environment, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra_cdk.capabilities.observability import Observability
from infra_cdk.config import StageConfig


class ObservabilityStack(Stack):
    """Hold alarms on objectives and metrics, dashboards and saved queries.

    Apart from the application, which comes near the number of resources that a stack may have. The
    emulator knows no composite alarms, and no saved queries.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        config: StageConfig,
        stage: apigateway.IHttpStage,
        topic: sns.ITopic,
        env: Environment,
    ) -> None:
        super().__init__(
            scope,
            config.name("observability"),
            env=env,
            description=f"AlgoTrendy {config.stage}: alarms, dashboards, queries",
        )
        self.observability = Observability(
            self, "Observability", config=config, stage=stage, topic=topic
        )
