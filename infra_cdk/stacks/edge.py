"""Put the outermost ring in a stack of its own, which AWS wants in us-east-1."""

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from infra_cdk.capabilities.edge import REGION, ApiDistribution, Firewall
from infra_cdk.config import Edge, StageConfig


class EdgeStack(Stack):
    """Hold the firewall and the distribution, where a stage has a domain of its own."""

    def __init__(
        self, scope: Construct, *, config: StageConfig, edge: Edge, account: str | None
    ) -> None:
        super().__init__(
            scope,
            config.name("edge"),
            env=Environment(account=account, region=REGION),
            description=f"AlgoTrendy {config.stage}: domain and firewall",
        )
        firewall = Firewall(self, "Firewall", config=config, edge=edge)
        self.distribution = ApiDistribution(
            self, "Api", config=config, edge=edge, firewall=firewall
        )
        CfnOutput(
            self,
            "Target",
            value=self.distribution.domain_name,
            description=f"Where {edge.domain} must lead: a CNAME, or an alias",
        )
