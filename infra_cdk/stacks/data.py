"""Put what must never be lost in a stack of its own, which an application deploy never touches."""

from aws_cdk import Environment, Stack
from constructs import Construct

from infra_cdk.capabilities.audit import AuditHeads
from infra_cdk.capabilities.backtest import BacktestStore
from infra_cdk.capabilities.edge import origin_secret
from infra_cdk.capabilities.identity import IdentityStore
from infra_cdk.capabilities.market_data import MarketDataStore
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.config import StageConfig


class DataStack(Stack):
    """Hold the stores of every capability."""

    def __init__(self, scope: Construct, *, config: StageConfig, env: Environment) -> None:
        super().__init__(
            scope,
            config.name("data"),
            env=env,
            description=f"AlgoTrendy {config.stage}: data, users and events",
            termination_protection=config.stage == "prod",
        )
        if config.edge:
            origin_secret(self, config)
        self.operations = OperationsStore(self, "Operations", config=config)
        access_logs = self.operations.access_logs
        self.identity = IdentityStore(self, "Identity", config=config)
        self.audit_heads = AuditHeads(self, "AuditHeads", config=config, access_logs=access_logs)
        self.market_data = MarketDataStore(
            self, "MarketData", config=config, access_logs=access_logs
        )
        self.backtest = BacktestStore(self, "Backtest", config=config, access_logs=access_logs)
